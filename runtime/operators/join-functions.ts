import type { Collector, RichFunction } from './functions.ts';
import type { OutputTag } from './output-tag.ts';

/** Of a pair of an interval join. Valid during the call it is given to. */
export interface ProcessJoinContext {
  /** Event time of the left record, in ms. */
  getLeftTimestamp(): number;
  /** Event time of the right record, in ms. */
  getRightTimestamp(): number;
  /** Of the pair, and of its results: the later of the two. */
  getTimestamp(): number;
  /** Sends to a side output, with the timestamp of the pair. */
  output<X>(tag: OutputTag<X>, value: X): void;
}

/** Called for each pair of an interval join. */
export interface ProcessJoinFunction<A, B, O> extends RichFunction {
  processElement(left: A, right: B, ctx: ProcessJoinContext, out: Collector<O>): void;
}
export type ProcessJoinLike<A, B, O> =
  | ProcessJoinFunction<A, B, O>
  | ((left: A, right: B, ctx: ProcessJoinContext, out: Collector<O>) => void);
