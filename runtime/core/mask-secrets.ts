/** What stands for a value that nobody may read. As Flink's. */
export const MASKED = '******';

/** @see org.apache.flink.configuration.GlobalConfiguration#isSensitive */
const SENSITIVE =
  /password|secret|token|credential|api-?key|auth-params|service-key|account\.key|basic-auth|jaas\.config|http-headers|authorization/i;
/** What ends user name and password of a URL. */
const END_OF_USER_INFO = /[\s/@"'\\<>]/g;

const URL_REST = /:\/\/[^\s"'\\<>]+/g;

/** Options as they may be shown: those whose name says that they are secret are masked. */
export function maskSecrets(
  options: Readonly<Record<string, unknown>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => {
      if (SENSITIVE.test(name)) return [name, MASKED];
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      return [name, maskQueries(maskUserInfo(text ?? ''))];
    }),
  );
}

/** A text without the user names and passwords of the URLs in it. */
export function maskUserInfo(text: string): string {
  let masked = '';
  let fromChar = 0;
  for (let at = text.indexOf('://'); at >= 0; at = text.indexOf('://', at + 1)) {
    END_OF_USER_INFO.lastIndex = at + 3;
    const end = END_OF_USER_INFO.exec(text)?.index ?? text.length;
    if (text[end] !== '@' || end === at + 3) continue;
    masked += `${text.slice(fromChar, at + 3)}${MASKED}`;
    fromChar = end;
  }
  return fromChar === 0 ? text : masked + text.slice(fromChar);
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
