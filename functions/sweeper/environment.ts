import { StreamError } from '../../runtime/core/index.ts';

export interface SweeperEnvironment {
  readonly prefix: string;
  readonly jobsTable: string;
}

/** @throws {StreamError} `ENVIRONMENT_INCOMPLETE` */
export function readSweeperEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): SweeperEnvironment {
  const required = (name: string): string => {
    const value = environment[name];
    if (value !== undefined && value !== '') return value;
    throw new StreamError({
      kind: 'invalid',
      code: 'ENVIRONMENT_INCOMPLETE',
      message: `a function lacks a variable that its stack gives it: deploy again variable=${name}`,
      details: { variable: name },
    });
  };
  return { prefix: required('SLUICE_PREFIX'), jobsTable: required('SLUICE_JOBS_TABLE') };
}
