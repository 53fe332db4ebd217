/** Accumulators as far as they fit into a row of what clients are shown. Pure. */
import type { VertexSnapshot } from '../../../jobmaster/index.ts';
import type { AccumulatorRecord } from '../../../protocol/index.ts';

/** Of all vertices of a job: a row takes 400 KB, and has more to hold. */
export const MAX_SHOWN_CHARS = 100 * 1024;

/** What does not fit has a reason in its place; numbers always do. */
export function boundedAccumulators(
  vertices: readonly VertexSnapshot[],
): readonly VertexSnapshot[] {
  let leftChars = MAX_SHOWN_CHARS;
  const bounded = (record: AccumulatorRecord): AccumulatorRecord => {
    if (record.type !== 'ListAccumulator' && record.type !== 'Histogram') return record;
    const sizeChars = JSON.stringify(record).length;
    if (sizeChars <= leftChars) {
      leftChars -= sizeChars;
      return record;
    }
    const reason = `what all subtasks hold is too large to be shown: sizeChars=${sizeChars}`;
    return { name: record.name, type: 'Failed', reason };
  };
  return vertices.map((vertex) => {
    const { accumulators } = vertex;
    return accumulators === undefined
      ? vertex
      : { ...vertex, accumulators: accumulators.map(bounded) };
  });
}
