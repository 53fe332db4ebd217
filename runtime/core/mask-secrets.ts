/**
 * What is shown of secrets: nothing. Pure.
 *
 * I1  An option whose name says that it is secret shows no value, whatever stands between the words
 *     of its name; so does a field of that name in a value.
 * I2  In every text: user names and passwords of URLs, whatever is in the password; what a name
 *     that says so is given (`password=`, `"apiKey":`); keys and tokens that are known by their
 *     looks. Where it cannot be told where a password ends, too much is hidden.
 * I3  `maskUserInfo` leaves JSON valid: it hides nothing across the end of a text in it. The others
 *     take texts before they are JSON.
 * I4  The time is linear in the text.
 */

/** What stands for a value that nobody may read. As Flink's. */
export const MASKED = '******';

/**
 * Flink's, and what others call the same; between their words may stand anything.
 *
 * @see org.apache.flink.configuration.GlobalConfiguration#isSensitive
 */
const SECRET_WORDS: readonly string[] = [
  ...['pass word', 'passwd', 'pwd', 'pass phrase', 'secret', 'token', 'credential', 'api key'],
  ...['access key', 'private key', 'service key', 'account key', 'auth params', 'basic auth'],
  ...['jaas config', 'http headers', 'authorization', 'signature'],
];
const NAMES = SECRET_WORDS.map((words) => words.replace(' ', '[._-]?')).join('|');
const SECRET_NAME = new RegExp(NAMES, 'i');
/** Of parameters of a URL: there, short names mean nothing else. */
const SECRET_PARAMETER = new RegExp(`${NAMES}|^(key|sig|code|auth|x-amz-.*)$`, 'i');

const URL_REST = /:\/\/[^\s"'\\<>]+/g;
const PARAMETER = /([?&;#])([\w.%-]{1,100})=([^?&;#\s"'\\<>]+)/g;
/** Not `token = next()`, as in a line of code: what is a password is written closely. */
const GIVEN = new RegExp(`(?:${NAMES})[\\w.-]{0,40}=`, 'gi');
/** In JSON, or in JSON that is a text of JSON. */
const FIELD = new RegExp(
  `\\\\{0,7}["'][\\w.-]{0,64}(?:${NAMES})[\\w.-]{0,64}\\\\{0,7}["']\\s{0,8}:\\s{0,8}`,
  'gi',
);
/** What ends a value that is not in quotes. */
const END_OF_GIVEN = /[\s,;&"'<>()]/g;
const END_OF_FIELD = /[\s,{}[\]"']/g;
const QUOTED = /\\{0,7}["']/y;
/** What every secret has before it or in it. */
const MAY_BE_SECRET = /[=:]|(?:AKIA|ASIA)[0-9A-Z]|(?:Bearer|Basic) /;
const KEY_ID = /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g;
const CREDENTIALS = /\b(Bearer|Basic) [\w.~+/-]{16,4096}=*/g;

/** The longest user name and password that are looked for, and the longest value. */
const MAX_USER_INFO_CHARS = 512;
const MAX_VALUE_CHARS = 8192;
/** What a host ends with is no password, unless an `@` follows. */
const PORT = /:\d{1,5}(?![\w@:!$%^&*~-])(?![^\s"'/]{0,512}@)/y;
/** After a quote: it ends a text. */
const AFTER_TEXT = /[\s,:;}\])]|$/y;

/** Whether an option, or a field, of this name is secret. I1. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** Options as they may be shown: I1, I2, and the values in queries of URLs, whatever their names. */
export function maskSecrets(
  options: Readonly<Record<string, unknown>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => {
      if (isSecretName(name)) return [name, MASKED];
      const masked = maskValue(value, (text) => maskQueries(maskText(text)));
      return [name, typeof masked === 'string' ? masked : (JSON.stringify(masked) ?? '')];
    }),
  );
}

/** A value of JSON whose fields and texts may be shown. I1, I2. */
export function maskValue(value: unknown, mask: (text: string) => string = maskText): unknown {
  if (typeof value === 'string') return mask(value);
  if (Array.isArray(value)) return value.map((one) => maskValue(one, mask));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => {
      return [name, isSecretName(name) ? MASKED : maskValue(one, mask)];
    }),
  );
}

/** I2. */
export function maskText(text: string): string {
  if (!MAY_BE_SECRET.test(text)) return text;
  const fields = maskValuesAfter(FIELD, END_OF_FIELD, maskUserInfo(text));
  return maskValuesAfter(GIVEN, END_OF_GIVEN, fields)
    .replace(PARAMETER, (whole: string, mark: string, name: string) => {
      return SECRET_PARAMETER.test(name) ? `${mark}${name}=${MASKED}` : whole;
    })
    .replace(KEY_ID, MASKED)
    .replace(CREDENTIALS, `$1 ${MASKED}`);
}

/** A text without the user names and passwords of the URLs in it. */
export function maskUserInfo(text: string): string {
  let masked = '';
  let fromChar = 0;
  for (let at = text.indexOf('://'); at >= 0; at = text.indexOf('://', at + 1)) {
    if (at < fromChar) continue;
    const endChar = endOfUserInfo(text, at + 3);
    if (endChar === undefined) continue;
    masked += `${text.slice(fromChar, at + 3)}${MASKED}`;
    fromChar = endChar;
  }
  return fromChar === 0 ? text : masked + text.slice(fromChar);
}

/** Where its `@` is: without a password the first, with one the last that may be of it. */
function endOfUserInfo(text: string, startChar: number): number | undefined {
  let hasPassword = false;
  let found: number | undefined;
  if (text[startChar] === '[') return undefined;
  for (let at = startChar; at < startChar + MAX_USER_INFO_CHARS; at += 1) {
    const char = text[at];
    const next = text[at + 1];
    if (char === '@') {
      if (at > startChar) found = at;
      if (!hasPassword) return found;
    } else if (char === ':') {
      if (text.startsWith('://', at) || (!hasPassword && isAt(PORT, text, at))) return found;
      hasPassword = true;
    } else if (char === '\\') {
      if (!hasPassword || next === 'n' || next === 'r') return found;
      if (next === '"' || next === '\\') at += 1;
    } else if (char === ' ' || char === '/' || char === '?' || char === '#' || char === ',') {
      // After an `@`, these are of the host's side; but for a slash, of which nobody knows.
      if (!hasPassword || (char !== '/' && found !== undefined)) return found;
    } else if (char === '"' || char === "'" || char === '<' || char === '>') {
      if (!hasPassword || isAt(AFTER_TEXT, text, at + 1)) return found;
    } else if (char === undefined || /\s/.test(char)) return found;
  }
  return found;
}

function isAt(pattern: RegExp, text: string, atChar: number): boolean {
  pattern.lastIndex = atChar;
  return pattern.test(text);
}

/** The value after each match is hidden: in its quotes, or up to what ends it. */
function maskValuesAfter(names: RegExp, endOfBare: RegExp, text: string): string {
  let masked = '';
  let fromChar = 0;
  names.lastIndex = 0;
  for (let match = names.exec(text); match !== null; match = names.exec(text)) {
    const startChar = match.index + match[0].length;
    QUOTED.lastIndex = startChar;
    const quote = QUOTED.exec(text)?.[0] ?? '';
    const endChar =
      quote === '' ? firstOf(endOfBare, text, startChar) : endOfQuoted(text, startChar, quote);
    if (endChar === startChar) continue;
    const marks = quote === '' && endOfBare === END_OF_FIELD ? '"' : quote;
    masked += `${text.slice(fromChar, startChar)}${marks}${MASKED}${marks}`;
    fromChar = endChar;
    names.lastIndex = endChar;
  }
  return fromChar === 0 ? text : masked + text.slice(fromChar);
}

/** Behind the quote that ends it; quotes within have more backslashes before them than it has. */
function endOfQuoted(text: string, startChar: number, quote: string): number {
  const mark = quote.slice(-1);
  const backslashes = quote.length - 1;
  const limit = Math.min(text.length, startChar + MAX_VALUE_CHARS);
  let run = 0;
  for (let at = startChar + quote.length; at < limit; at += 1) {
    const char = text[at];
    if (char === mark && run % (2 * (backslashes + 1)) === backslashes) return at + 1;
    run = char === '\\' ? run + 1 : 0;
  }
  return limit;
}

function firstOf(pattern: RegExp, text: string, startChar: number): number {
  pattern.lastIndex = startChar;
  return pattern.exec(text)?.index ?? text.length;
}

/** The values in queries and fragments of URLs are masked; their names stay. */
function maskQueries(text: string): string {
  return text.replace(URL_REST, (url) => {
    const at = url.search(/[?#]/);
    if (at < 0) return url;
    const rest = url.slice(at).replace(/([?&#;])([^?&#;=]*=)?([^?&#;]+)/g, hideValue);
    return url.slice(0, at) + rest;
  });
}

function hideValue(_: string, mark: string, name = ''): string {
  return `${mark}${name}${MASKED}`;
}
