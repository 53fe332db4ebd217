/**
 * What sequences, collections and generators share: a source whose records are a function of
 * their index.
 */
import { StreamError } from '../../core/index.ts';
import type { Boundedness, Source } from '../source.ts';
import { SplitQueueEnumerator, type SplitQueueState } from '../split-queue-enumerator.ts';
import { IndexReader } from './index-reader.ts';

/** The indexes `next`, `next + step`, … below `end`; `start` is where the split began. JSON. */
export interface IndexSplit {
  readonly id: string;
  readonly start: number;
  /** The position: the first index not emitted yet. */
  readonly next: number;
  /** Exclusive. */
  readonly end: number;
  readonly step: number;
}

export type IndexSource<T> = Source<T, IndexSplit, SplitQueueState<IndexSplit>>;

export interface IndexSourceInit<T> {
  readonly name: string;
  readonly boundedness: Boundedness;
  readonly maxParallelism?: number;
  readonly splits: (parallelism: number) => readonly IndexSplit[];
  /** Readers take turns with all their splits from the start. @defaultValue false */
  readonly inShares?: boolean;
  readonly valueAt: (index: number) => T;
  /** Of the whole source; undefined: unlimited. */
  readonly ratePerSecond?: number | undefined;
}

export function indexSource<T>(init: IndexSourceInit<T>): IndexSource<T> {
  const { name, boundedness, maxParallelism, splits, inShares = false } = init;
  return {
    name,
    boundedness,
    ...(maxParallelism === undefined ? {} : { maxParallelism }),
    createEnumerator: (ctx, state) =>
      new SplitQueueEnumerator({
        ctx,
        state,
        inShares,
        find: () => splits(ctx.parallelism),
        ...(boundedness === 'BOUNDED' ? { progressOf: lengthOf } : {}),
      }),
    createReader: (ctx) => new IndexReader(ctx, init),
  };
}

/**
 * The integers from `start` up to, not including, `end` in contiguous, nearly equal parts.
 *
 * @see Flink NumberSequenceSource.splitNumberRange
 */
export function contiguousSplits(start: number, end: number, parts: number): IndexSplit[] {
  const total = end - start;
  const count = Math.min(parts, total);
  // Integer arithmetic: a product such as total * index may pass 2^53.
  const [share, longer] = [Math.floor(total / count), total % count];
  let next = start;
  return Array.from({ length: count }, (_, index) => {
    const length = share + (index < longer ? 1 : 0);
    const splitEnd = index === count - 1 ? end : next + length;
    const split = { id: `${next}`, start: next, next, end: splitEnd, step: 1 };
    next = splitEnd;
    return split;
  });
}

/** The number of records of a whole split. */
export function lengthOf({ start, end, step }: IndexSplit): number {
  return Math.max(0, Math.ceil((end - start) / step));
}

/** @throws {StreamError} kind `invalid`. */
export function refuse(code: string, message: string): never {
  throw new StreamError({ kind: 'invalid', code, message });
}
