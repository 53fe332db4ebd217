import { isStreamError, StreamError } from '../../core/index.ts';
import { checkKnownOptions } from '../known-options.ts';
import { type IndexSource, indexSource, refuse } from './index-source.ts';
import { contiguousSplits, type IndexSplit } from './index-split.ts';

export interface GeneratorSourceOptions<T> {
  /** Makes the record of an index, counted from 0. Must answer the same for the same index. */
  readonly generate: (index: number) => T;
  /** How many records there are; undefined: the source never ends. */
  readonly count?: number;
  /**
   * Records a second of the whole source, in equal parts for its subtasks.
   *
   * @defaultValue unlimited
   */
  readonly ratePerSecond?: number;
  /**
   * Split i of n makes i, i + n, i + 2n, …, whatever the parallelism: records of a split stay in
   * order when the job is restored with more or fewer readers, and as many readers have work.
   *
   * @defaultValue by parallelism
   */
  readonly splits?: number;
}

const GENERATOR_SOURCE_OPTIONS: readonly (keyof GeneratorSourceOptions<unknown>)[] = [
  'generate',
  'count',
  'ratePerSecond',
  'splits',
];

/**
 * Records made from their index. With a `count`, each subtask makes one contiguous range of the
 * indexes; without one, subtask i of n makes i, i + n, i + 2n, …, so that indexes grow evenly.
 *
 * @throws {StreamError} `BAD_GENERATOR` for a count, rate or number of splits that cannot be.
 * @see Flink DataGeneratorSource
 */
export function generatorSource<T>(options: GeneratorSourceOptions<T>): IndexSource<T> {
  checkKnownOptions('generatorSource', options, GENERATOR_SOURCE_OPTIONS);
  const { generate, count, ratePerSecond, splits } = options;
  if (typeof generate !== 'function') {
    refuse('BAD_GENERATOR', 'a generator source needs a function generate(index)');
  }
  if (count !== undefined && !(Number.isSafeInteger(count) && count >= 0)) {
    refuse('BAD_GENERATOR', `count must be an integer of at least 0 count=${count}`);
  }
  if (ratePerSecond !== undefined && !(ratePerSecond > 0 && ratePerSecond < Infinity)) {
    refuse('BAD_GENERATOR', `ratePerSecond must be above 0 ratePerSecond=${ratePerSecond}`);
  }
  if (splits !== undefined && !(Number.isSafeInteger(splits) && splits >= 1)) {
    refuse('BAD_GENERATOR', `splits must be an integer of at least 1 splits=${splits}`);
  }
  return indexSource({
    name: count === undefined ? 'generator' : `generator(${count})`,
    boundedness: count === undefined ? 'CONTINUOUS_UNBOUNDED' : 'BOUNDED',
    inShares: count === undefined || splits !== undefined,
    splits: (parallelism) =>
      count === undefined || splits !== undefined
        ? interleavedSplits(splits ?? parallelism, count)
        : contiguousSplits(0, count, parallelism),
    valueAt: (index) => generateOne(generate, index),
    ratePerSecond,
  });
}

function interleavedSplits(parts: number, count = Number.MAX_SAFE_INTEGER): IndexSplit[] {
  return Array.from({ length: Math.min(parts, count) }, (_, index) => ({
    id: `${index}`,
    start: index,
    next: index,
    end: count,
    step: parts,
  }));
}

function generateOne<T>(generate: (index: number) => T, index: number): T {
  try {
    return generate(index);
  } catch (thrown) {
    if (isStreamError(thrown)) throw thrown;
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new StreamError({
      kind: 'user',
      code: 'GENERATE_FAILED',
      message: `the generate function of a source threw: ${reason} index=${index}`,
      details: { index },
      cause: thrown,
    });
  }
}
