import { isStreamError, StreamError } from '../../core/index.ts';
import { checkKnownOptions } from '../known-options.ts';
import {
  contiguousSplits,
  type IndexSource,
  type IndexSplit,
  indexSource,
  refuse,
} from './index-source.ts';

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
}

/**
 * Records made from their index. With a `count`, each subtask makes one contiguous range of the
 * indexes; without one, subtask i of n makes i, i + n, i + 2n, …, so that indexes grow evenly.
 *
 * @throws {StreamError} `BAD_GENERATOR` for a count or rate that cannot be.
 * @see Flink DataGeneratorSource
 */
export function generatorSource<T>(options: GeneratorSourceOptions<T>): IndexSource<T> {
  checkKnownOptions('generatorSource', options, ['generate', 'count', 'ratePerSecond']);
  const { generate, count, ratePerSecond } = options;
  if (typeof generate !== 'function') {
    refuse('BAD_GENERATOR', 'a generator source needs a function generate(index)');
  }
  if (count !== undefined && !(Number.isSafeInteger(count) && count >= 0)) {
    refuse('BAD_GENERATOR', `count must be an integer of at least 0 count=${count}`);
  }
  if (ratePerSecond !== undefined && !(ratePerSecond > 0 && ratePerSecond < Infinity)) {
    refuse('BAD_GENERATOR', `ratePerSecond must be above 0 ratePerSecond=${ratePerSecond}`);
  }
  return indexSource({
    name: count === undefined ? 'generator' : `generator(${count})`,
    boundedness: count === undefined ? 'CONTINUOUS_UNBOUNDED' : 'BOUNDED',
    splits: (parallelism) =>
      count === undefined ? endlessSplits(parallelism) : contiguousSplits(0, count, parallelism),
    valueAt: (index) => generateOne(generate, index),
    ratePerSecond,
  });
}

function endlessSplits(parallelism: number): IndexSplit[] {
  return Array.from({ length: parallelism }, (_, index) => ({
    id: `${index}`,
    start: index,
    next: index,
    end: Number.MAX_SAFE_INTEGER,
    step: parallelism,
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
