import { type IndexSource, indexSource, refuse } from './index-source.ts';
import { contiguousSplits } from './index-split.ts';

/**
 * The integers `from` to `to`, both included, cut into one contiguous range a subtask.
 *
 * @throws {StreamError} `BAD_SEQUENCE` unless both are safe integers and `from <= to`.
 * @see Flink NumberSequenceSource
 */
export function sequenceSource(from: number, to: number): IndexSource<number> {
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from > to) {
    refuse('BAD_SEQUENCE', `a sequence needs two integers, from <= to from=${from} to=${to}`);
  }
  return indexSource({
    name: `sequence(${from}, ${to})`,
    boundedness: 'BOUNDED',
    splits: (parallelism) => contiguousSplits(from, to + 1, parallelism),
    valueAt: (index) => index,
  });
}

/** The given values in order; read by one subtask. The array must not change afterwards. */
export function collectionSource<T>(values: readonly T[]): IndexSource<T> {
  return indexSource({
    name: `collection(${values.length})`,
    boundedness: 'BOUNDED',
    maxParallelism: 1,
    splits: () => contiguousSplits(0, values.length, 1),
    valueAt: (index) => values[index] as T,
  });
}
