/**
 * What sequences, collections and generators share: a source whose records are a function of
 * their index.
 */
import { StreamError } from '../../core/index.ts';
import type { Boundedness, Source } from '../source.ts';
import { SplitQueueEnumerator, type SplitQueueState } from '../split-queue-enumerator.ts';
import { IndexReader, type IndexReaderInit } from './index-reader.ts';
import { type IndexSplit, lengthOf } from './index-split.ts';

export type IndexSource<T> = Source<T, IndexSplit, SplitQueueState<IndexSplit>>;

export interface IndexSourceInit<T> extends IndexReaderInit<T> {
  readonly name: string;
  readonly boundedness: Boundedness;
  readonly maxParallelism?: number;
  readonly splits: (parallelism: number) => readonly IndexSplit[];
  /** Readers take turns with all their splits from the start. @defaultValue false */
  readonly inShares?: boolean;
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

/** @throws {StreamError} kind `invalid`. */
export function refuse(code: string, message: string): never {
  throw new StreamError({ kind: 'invalid', code, message });
}
