import type { EncodedKey } from '../core/index.ts';
import type { Tracked } from '../state/index.ts';

/** A key's run of records without a gap; grows, and ends up in another one when they touch. */
export interface Session<A> extends Tracked {
  readonly key: EncodedKey;
  /** Counts sessions of the operator from the first: equal ends fire in this order. */
  readonly order: number;
  startMs: number;
  endMs: number;
  accumulator: A;
  /** The end with which the session fired last, if nothing has come since that may fire. */
  firedEndMs: number | undefined;
  /** When the queue looks at it next; other entries of the queue are stale. */
  queuedMs: number;
  /** Joined into another session, or cleaned up. */
  dead: boolean;
}

/** A session in a snapshot, under its key and order. */
export interface SessionSnapshot<A> {
  readonly startMs: number;
  readonly endMs: number;
  /** It fired with this end and what it holds. */
  readonly fired: boolean;
  readonly accumulator: A;
}
