import { StreamError } from '../../runtime/core/index.ts';

/** A handler in the place of a function that this release does not have: it says so, loudly. */
export function notDeployed(name: string): (event: unknown) => Promise<never> {
  return () =>
    Promise.reject(
      new StreamError({
        kind: 'invalid',
        code: 'NOT_DEPLOYED',
        message: `this release has no such function: deploy a later one function=${name}`,
        details: { function: name },
      }),
    );
}
