import type { FileSystem } from '../core/index.ts';
import type { StreamGraph } from './stream-graph.ts';

/**
 * Asks every sink whether it can work, before anything runs; called once, by the client.
 *
 * @throws {StreamError} what the first sink that refuses says.
 */
export async function validateSinks(
  graph: StreamGraph,
  ctx: { readonly fileSystem: FileSystem; readonly restoring?: boolean },
): Promise<void> {
  const validation = { restoring: false, ...ctx };
  for (const { sink } of graph.nodes) await sink?.validate?.(validation);
}
