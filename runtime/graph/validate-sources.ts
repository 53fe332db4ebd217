import type { FileSystem } from '../core/index.ts';
import type { StreamGraph } from './stream-graph.ts';

/**
 * Asks every source whether its input is there, before anything runs; called by clusters whose
 * slots cost money, so that a job without input never gets any.
 *
 * @throws {StreamError} what the first source that refuses says.
 */
export async function validateSources(
  graph: StreamGraph,
  ctx: { readonly fileSystem: FileSystem; readonly restoring: boolean },
): Promise<void> {
  for (const { body } of graph.nodes) {
    if (body.kind === 'source') await body.source.validate?.(ctx);
  }
}
