/** What stands for a value that nobody may read. As Flink's. */
export const MASKED = '******';

/** @see org.apache.flink.configuration.GlobalConfiguration#isSensitive */
const SENSITIVE =
  /password|secret|token|credential|api-?key|auth-params|service-key|account\.key|basic-auth|jaas\.config|http-headers/i;
/** User name and password of a URL. */
const USER_INFO = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi;

/** Options as they may be shown: those whose name says that they are secret are masked. */
export function maskSecrets(
  options: Readonly<Record<string, unknown>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => {
      if (SENSITIVE.test(name)) return [name, MASKED];
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      return [name, (text ?? '').replaceAll(USER_INFO, `$1${MASKED}@`)];
    }),
  );
}
