/**
 * What is shown of secrets: nothing. Pure.
 *
 * I1  An option whose name says that it is secret shows no value, whatever stands between the words
 *     of its name; so does a field of that name in a value.
 * I2  In every text: user names and passwords of URLs, whatever is in the password, and of URLs in
 *     URLs; what a name that says so is given (`password=`, `"apiKey":`, `--token x`,
 *     `Authorization: x`); keys and
 *     tokens that are known by their looks. Where it cannot be told where a password ends, too much
 *     is hidden.
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
  ...['pass word', 'passwd', 'pwd', 'pass phrase', 'secret', 'credential', 'api key'],
  ...['access key', 'private key', 'service key', 'account key', 'auth params', 'basic auth'],
  ...['jaas config', 'http headers', 'authorization', 'signature'],
];
/** `tokenize`, `tokenizer` and `tokenization` are no secrets. */
const TOKEN = 'token(?!i[sz])';
const NAMES = [TOKEN, ...SECRET_WORDS.map((words) => words.replace(' ', '[._-]?'))].join('|');
const SECRET_NAME = new RegExp(NAMES, 'i');
/** Of parameters of a URL: there, short names mean nothing else. */
const SECRET_PARAMETER = new RegExp(`${NAMES}|^(key|sig|code|auth|x-amz-.*)$`, 'i');

const URL_REST = /:\/\/[^\s"'\\<>]+/g;
const PARAMETER = /([?&;#])([\w.%-]{1,100})=([^?&;#\s"'\\<>]+)/g;
/** Not `token = next()`, as in a line of code: what is a password is written closely. */
const GIVEN = new RegExp(`(?:${NAMES})[\\w.-]{0,40}=`, 'gi');
/** Of a command line, or of a list of what is on one: what follows belongs to it. */
const ARGUMENT = new RegExp(
  `(?<![\\w-])--?[\\w.-]{0,64}(?:${NAMES})[\\w.-]{0,64}(?:\\s{1,8}|\\\\{0,7}["'],\\s{0,8})(?!-)`,
  'gi',
);
/** In JSON, or in JSON that is a text of JSON. */
const FIELD = new RegExp(
  `\\\\{0,7}["'][\\w.-]{0,64}(?:${NAMES})[\\w.-]{0,64}\\\\{0,7}["']\\s{0,8}:\\s{0,8}`,
  'gi',
);
/** A line of a header, of YAML, or of an object as Node prints it; no word of a parser. */
const NAMED = new RegExp(`(?<!unexpected )(?:${NAMES})[\\w.-]{0,40}:[ \\t]{1,8}`, 'gi');
/** What ends a value that is not in quotes: a semicolon where another name follows. */
const END_OF_GIVEN = /[\s&"']|;(?=[\w.-]{1,64}=|\s|$)/g;
const END_OF_FIELD = /[\s,{}[\]"']/g;
const OPENING = /[[{]/;
/** Its word is not yet the secret. */
const SCHEME = /(?:Basic|Bearer|Digest|Negotiate|Token)[ \t]{1,8}/iy;
const QUOTED = /\\{0,7}["']/y;
/** What every secret has before it or in it. */
const MAY_BE_SECRET = /[=:%]|-\w|(?:AKIA|ASIA)[0-9A-Z]|(?:Bearer|Basic) /;
const KEY_ID = /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g;
const CREDENTIALS = /\b(Bearer|Basic) [\w.~+/-]{16,4096}=*/g;

/** The longest user name and password that are looked for, and the longest value. */
const MAX_USER_INFO_CHARS = 512;
const MAX_VALUE_CHARS = 8192;
const MAX_ENCODED_CHARS = 3 * MAX_USER_INFO_CHARS;
/** What a host ends with is no password, unless an `@` follows. */
const PORT = /:\d{1,5}(?![\w@:!$%^&*~-])(?![^\s"']{0,512}@)/y;
/** Of what is no user name for sure, an `@` in the path is of the path. */
const PORT_OF_ADDRESS = /:\d{1,5}(?![\w@:!$%^&*~-])(?![^\s"'/]{0,512}@)/y;
const ADDRESS = /^(?:localhost|\d{1,3}(?:\.\d{1,3}){3})$/i;
/** Some write JSON with a backslash before each slash. */
const START = /:\\{0,7}\/\\{0,7}\//g;
/** `://`, as it is in the query of another URL, or in one that is in one. */
const ENCODED_START = /%(?:25){0,4}3A(?:%(?:25){0,4}2F){2}/gi;
const END_OF_ENCODED = /[\s"'<>&=?#,;\\]/g;
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
  if (Array.isArray(value)) {
    return value.map((one, index) => {
      return isArgumentName(value[index - 1], one) ? MASKED : maskValue(one, mask);
    });
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => {
      return [name, isSecretName(name) ? MASKED : maskValue(one, mask)];
    }),
  );
}

/** `--password`, and then what it is. */
function isArgumentName(name: unknown, value: unknown): boolean {
  const isName = typeof name === 'string' && /^--?[\w.-]{1,128}$/.test(name);
  const isValue = typeof value === 'string' ? !value.startsWith('-') : typeof value === 'number';
  return isName && isSecretName(name) && isValue;
}

/** I2. */
export function maskText(text: string): string {
  if (!MAY_BE_SECRET.test(text)) return text;
  const fields = maskValuesAfter(FIELD, END_OF_FIELD, maskUserInfo(text));
  const named = maskValuesAfter(NAMED, END_OF_GIVEN, fields);
  const given = maskValuesAfter(GIVEN, END_OF_GIVEN, named);
  return maskValuesAfter(ARGUMENT, END_OF_GIVEN, given)
    .replace(PARAMETER, (whole: string, mark: string, name: string) => {
      return SECRET_PARAMETER.test(decoded(name)) ? `${mark}${name}=${MASKED}` : whole;
    })
    .replace(KEY_ID, MASKED)
    .replace(CREDENTIALS, `$1 ${MASKED}`);
}

/** A text without the user names and passwords of the URLs in it. */
export function maskUserInfo(text: string): string {
  return maskEncodedUserInfo(maskPlainUserInfo(text));
}

function maskPlainUserInfo(text: string): string {
  let masked = '';
  let fromChar = 0;
  for (const { 0: start, index: atChar } of text.matchAll(START)) {
    if (atChar < fromChar) continue;
    const startChar = atChar + start.length;
    const endChar = endOfUserInfo(text, startChar);
    if (endChar === undefined) continue;
    masked += `${text.slice(fromChar, startChar)}${MASKED}`;
    fromChar = endChar;
  }
  return fromChar === 0 ? text : masked + text.slice(fromChar);
}

/** The same of URLs in which every mark is written as `%3A`. */
function maskEncodedUserInfo(text: string): string {
  if (!text.includes('%')) return text;
  let masked = '';
  let fromChar = 0;
  const starts = [...text.matchAll(ENCODED_START)];
  for (const [index, { 0: start, index: atChar }] of starts.entries()) {
    if (atChar < fromChar) continue;
    const startChar = atChar + start.length;
    // What is encoded more often is in the password.
    const next = starts.slice(index + 1, index + 9).find(([one]) => one.length <= start.length);
    const limitChar = Math.min(next?.index ?? text.length, startChar + MAX_ENCODED_CHARS);
    const endOfText = firstOf(END_OF_ENCODED, text.slice(0, limitChar), startChar);
    const endChar = Math.min(limitChar, endOfText);
    const chars = [...text.slice(startChar, endChar).matchAll(encodedChar(start))];
    const plain = chars.map(([char, code]) => {
      return code === undefined ? char.slice(-1) : String.fromCharCode(Number.parseInt(code, 16));
    });
    const found = chars[endOfUserInfo(plain.join(''), 0) ?? chars.length];
    if (found === undefined) continue;
    masked += `${text.slice(fromChar, startChar)}${MASKED}`;
    fromChar = startChar + found.index;
  }
  return fromChar === 0 ? text : masked + text.slice(fromChar);
}

/** What is encoded as often as the start is of the URL; quotes end nothing there. */
function encodedChar(start: string): RegExp {
  const { length = 0 } = /^%((?:25)*)/.exec(start)?.[1] ?? '';
  return new RegExp(`%(?:25){${length / 2}}(?:2[27]|3[CE]|5C|([0-9A-F]{2}))|.`, 'gis');
}

/** Where its `@` is: without a password the first, with one the last that may be of it. */
function endOfUserInfo(text: string, startChar: number): number | undefined {
  let passwordChar: number | undefined;
  let found: number | undefined;
  if (text[startChar] === '[') return undefined;
  for (let at = startChar; at < startChar + MAX_USER_INFO_CHARS; at += 1) {
    const char = text[at];
    const next = text[at + 1];
    if (char === '@') {
      // A user name may be an address of mail: a password may follow.
      if (at > startChar) found = at;
      else if (passwordChar === undefined) return undefined;
    } else if (char === ':') {
      if (text.startsWith('://', at)) return found;
      if (
        passwordChar === undefined &&
        isPort(text, { startChar: (found ?? startChar - 1) + 1, atChar: at })
      ) {
        return found;
      }
      passwordChar ??= at;
    } else if (char === '\\') {
      if (passwordChar === undefined || next === 'n' || next === 'r') return found;
      if (next === '"' || next === '\\') at += 1;
    } else if (char === ' ' || char === '/' || char === '?' || char === '#' || char === ',') {
      // After an `@`, these are of the host's side; but for a slash, of which nobody knows.
      if (passwordChar === undefined) return found;
      const isOfHost = found !== undefined && (char === ' ' || found > passwordChar);
      if (char !== '/' && isOfHost) return found;
    } else if (char === '"' || char === "'" || char === '<' || char === '>') {
      if (passwordChar === undefined || isAt(AFTER_TEXT, text, at + 1)) return found;
    } else if (char === undefined || /\s/.test(char)) return found;
  }
  return found;
}

/** What may be a user name is not believed to be a host, if an `@` follows anywhere. */
function isPort(
  text: string,
  { startChar, atChar }: { readonly startChar: number; readonly atChar: number },
): boolean {
  const isAddress = ADDRESS.test(text.slice(startChar, atChar));
  return isAt(isAddress ? PORT_OF_ADDRESS : PORT, text, atChar);
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
    const startChar = startOfValue(text, match.index + match[0].length, endOfBare);
    QUOTED.lastIndex = startChar;
    const quote = QUOTED.exec(text)?.[0] ?? '';
    const endChar = endOfValue(text, startChar, quote, endOfBare);
    if (endChar === startChar) continue;
    const marks = quote === '' && endOfBare === END_OF_FIELD ? '"' : quote;
    masked += `${text.slice(fromChar, startChar)}${marks}${MASKED}${marks}`;
    fromChar = endChar;
    names.lastIndex = endChar;
  }
  return fromChar === 0 ? text : masked + text.slice(fromChar);
}

function startOfValue(text: string, startChar: number, endOfBare: RegExp): number {
  if (endOfBare === END_OF_FIELD) return startChar;
  SCHEME.lastIndex = startChar;
  return startChar + (SCHEME.exec(text)?.[0].length ?? 0);
}

function endOfValue(text: string, startChar: number, quote: string, endOfBare: RegExp): number {
  const isField = endOfBare === END_OF_FIELD;
  if (quote !== '') {
    const endChar = endOfQuoted(text, startChar, quote);
    const goesOn = !isField && /\w/.test(text[endChar] ?? '');
    return goesOn ? firstOf(endOfBare, text, endChar) : endChar;
  }
  if (isField && OPENING.test(text[startChar] ?? '')) return endOfNested(text, startChar);
  return firstOf(endOfBare, text, startChar);
}

/** Behind the bracket that ends a list or an object, or as far as is looked. */
function endOfNested(text: string, startChar: number): number {
  const limit = Math.min(text.length, startChar + MAX_VALUE_CHARS);
  let depth = 0;
  let isText = false;
  for (let at = startChar; at < limit; at += 1) {
    const char = text[at] ?? '';
    if (char === '\\') at += 1;
    else if (char === '"') isText = !isText;
    else if (!isText && (char === '[' || char === '{')) depth += 1;
    else if (!isText && (char === ']' || char === '}')) depth -= 1;
    if (depth === 0) return at + 1;
  }
  return limit;
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

function decoded(name: string): string {
  return name.replaceAll(/%([0-9a-f]{2})/gi, (_, code: string) => {
    return String.fromCharCode(Number.parseInt(code, 16));
  });
}

function hideValue(_: string, mark: string, name = ''): string {
  return `${mark}${name}${MASKED}`;
}
