/** What the verbs that drive a cluster share. */
import { StreamError, toStreamError } from '../../runtime/core/index.ts';
import { type ClusterClient, locationFor } from './cluster-client.ts';
import type { ConsoleWorld } from './console-world.ts';
import { badArguments, type ParsedOptions } from './parse-options.ts';

/** Runs one verb. @returns the exit code. */
export type ClusterCommand = (options: ParsedOptions, world: ConsoleWorld) => Promise<number>;

/** As Flink's `parseJobId`; lower case. */
export function parseJobId(text: string | undefined): string {
  if (text === undefined) throw badArguments('Missing JobId');
  if (/^[0-9a-fA-F]{32}$/.test(text)) return text.toLowerCase();
  throw badArguments(
    `Cannot parse JobID from "${text}". The expected format is [0-9a-fA-F]{32}, ` +
      'e.g. fd72014d4c864993a2e5a9287b4a9c5d.',
  );
}

/** Of `-type`. */
export function savepointTypeOf({ values }: ParsedOptions): 'CANONICAL' | 'NATIVE' {
  const type = (values.get('type')?.[0] ?? 'canonical').toUpperCase();
  if (type === 'CANONICAL' || type === 'NATIVE') return type;
  throw badArguments(`The savepoint type must be canonical or native: ${type.toLowerCase()}`);
}

/** Null: the cluster's own. */
export function directoryOf(
  path: string | undefined,
  world: ConsoleWorld,
  client: ClusterClient,
): string | null {
  return path === undefined ? null : locationFor(path, world, client);
}

/** Flink's sentence, caused by what went wrong. @throws {StreamError} */
export async function failing<T>(message: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const cause = toStreamError(thrown);
    // How the command was called is said as it is, above the help.
    if (cause.code === 'BAD_ARGUMENTS') throw cause;
    throw new StreamError({ kind: cause.kind, code: cause.code, message, cause });
  }
}
