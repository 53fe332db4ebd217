import { graphError } from './errors.ts';
import type { JobType } from './job-graph.ts';
import type { StreamNode } from './stream-graph.ts';

/** `execution.runtime-mode`; AUTOMATIC is BATCH for jobs whose sources all end. */
export type RuntimeExecutionMode = 'STREAMING' | 'BATCH' | 'AUTOMATIC';

/**
 * How a job of these nodes runs.
 *
 * @throws {StreamError} `UNBOUNDED_SOURCE`: in BATCH every source has an end.
 * @see Flink `StreamGraphGenerator#shouldExecuteInBatchMode`
 */
export function jobTypeOf(
  nodes: readonly Pick<StreamNode, 'name' | 'body'>[],
  mode: RuntimeExecutionMode,
): JobType {
  if (mode === 'STREAMING') return 'STREAMING';
  const unbounded = nodes.filter(
    ({ body }) => body.kind === 'source' && body.source.boundedness !== 'BOUNDED',
  );
  const [first] = unbounded;
  if (first === undefined) return 'BATCH';
  if (mode === 'AUTOMATIC') return 'STREAMING';
  const names = unbounded.map(({ name }) => `'${name}'`).join(', ');
  throw graphError(
    'UNBOUNDED_SOURCE',
    `a job in BATCH ends with its sources, and ${names} has no end: give it a bounded source, or ` +
      "run the job with 'execution.runtime-mode: STREAMING' or AUTOMATIC " +
      `operator='${first.name}'`,
    { operator: first.name },
  );
}
