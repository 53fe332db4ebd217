/**
 * What a hybrid source keeps in checkpoints, and what its enumerator and its readers say to each
 * other. Plain JSON. Sources are known by their index in the chain, counted from 0.
 */
import { StreamError } from '../../core/index.ts';
import type { Source } from '../source.ts';
import { splitIdOf } from '../split-id.ts';

/** A split of one of the sources. Persisted. */
export interface HybridSourceSplit {
  readonly sourceIndex: number;
  /** Of all sources; absent: the source does not name its splits. */
  readonly id?: string;
  /** As its source made it. */
  readonly split: unknown;
}

/** How a source was when all of it was read; null: nobody will ask. Persisted. */
export type FinalState = { readonly enumerator?: unknown } | null;

/** Persisted. */
export interface HybridSourceEnumeratorState {
  /** Of the source that is being read. */
  readonly sourceIndex: number;
  /** The state of its enumerator; absent: it has none. */
  readonly enumerator?: unknown;
  /** Of the sources before it, in order. */
  readonly finalStates: readonly FinalState[];
  /** Their sizes in the unit of their progress, in order; null: unknown. */
  readonly totals: readonly (number | null)[];
  /** Splits of the sources before it that are with no reader: whose reader failed. */
  readonly returned: readonly ReturnedSplit[];
  /** Only of one that goes on with the same readers. */
  readonly readers?: readonly HybridReaderState[];
}

export interface ReturnedSplit {
  /** Whose it was. */
  readonly subtaskIndex: number;
  readonly split: HybridSourceSplit;
}

/** What the enumerator knows of a reader. */
export interface HybridReaderState {
  readonly subtaskIndex: number;
  /** The source it was sent to; null: none yet. */
  readonly sourceIndex: number | null;
  /** The first of the sources after that of which it has splits already; null: none. */
  readonly heldSourceIndex: number | null;
  /** It has read its share of that source. */
  readonly isFinished: boolean;
  /** It was told that no more splits of that source come. */
  readonly isTold: boolean;
  /** It wants a split. */
  readonly isAsking: boolean;
}

/** Reader → enumerator. */
export type HybridReaderEvent =
  /** `sourceIndex` is null when a reader begins, with or without splits of a checkpoint. */
  | {
      readonly type: 'source-finished';
      readonly sourceIndex: number | null;
      readonly heldSourceIndex: number | null;
    }
  | { readonly type: 'request-split'; readonly sourceIndex: number }
  | { readonly type: 'custom'; readonly sourceIndex: number; readonly payload: unknown };

/** Enumerator → reader. */
export type HybridSourceEvent =
  /** `finalStates` as far as they are needed to make this source. */
  | {
      readonly type: 'switch-source';
      readonly sourceIndex: number;
      readonly finalStates: readonly FinalState[];
    }
  /** Of the last source the reader is told as of any. */
  | { readonly type: 'no-more-splits'; readonly sourceIndex: number }
  | { readonly type: 'custom'; readonly sourceIndex: number; readonly payload: unknown };

export function wrapSplit(
  sourceIndex: number,
  source: Pick<Source<unknown, unknown, unknown>, 'splitId'>,
  split: unknown,
): HybridSourceSplit {
  const own = splitIdOf(source, split);
  return { sourceIndex, ...(own === undefined ? {} : { id: idOfAll(sourceIndex, own) }), split };
}

/** Two sources may give a split the same id. */
export function idOfAll(sourceIndex: number, splitId: string): string {
  return `${sourceIndex}:${splitId}`;
}

/** The ids of splits of one source, as that source has them. */
export function ownIds(sourceIndex: number, splitIds: readonly string[]): readonly string[] {
  const prefix = idOfAll(sourceIndex, '');
  return splitIds.filter((id) => id.startsWith(prefix)).map((id) => id.slice(prefix.length));
}

/**
 * What a checkpoint has is of a source that the job still has.
 *
 * @throws {StreamError} `HYBRID_SOURCE_CHANGED`.
 */
export function checkSourceIndex(sourceIndex: unknown, name: string, count: number): void {
  if (Number.isInteger(sourceIndex) && (sourceIndex as number) < count) return;
  const place = Number.isInteger(sourceIndex) ? `source ${Number(sourceIndex) + 1}` : 'no source';
  throw new StreamError({
    kind: 'invalid',
    code: 'HYBRID_SOURCE_CHANGED',
    message:
      `what is restored is a state of ${place} of a hybrid source, and ${name} has ${count}: ` +
      'keep the sources and their order, and add new ones behind them; or give the source ' +
      'another uid, so that it begins anew',
    details: { source: name, sources: count },
  });
}
