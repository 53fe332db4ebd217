import {
  type Collector,
  lifeCycleOf,
  type OutputTag,
  type RichFunction,
} from '../operators/index.ts';
import type { KeyedStateStore } from '../state/index.ts';
import type { TimeWindow } from './time-window.ts';

/** Valid during the call it is given to. */
export interface ProcessWindowContext {
  readonly window: TimeWindow;
  /** In ms; `MIN_TIMESTAMP_MS` before the first. */
  currentWatermark(): number;
  /** Milliseconds since 1970. */
  currentProcessingTime(): number;
  /**
   * States of the key in this window alone. The function must have `clear`, which clears them when
   * the window goes; refused for windows that merge.
   */
  windowState(): KeyedStateStore;
  /** States of the key, whatever the window. Nobody clears them. */
  globalState(): KeyedStateStore;
  /** Sends to a side output, with the window's last millisecond as timestamp. */
  output<X>(tag: OutputTag<X>, value: X): void;
}

/** Called for a key's window when it fires, and again for late records within the lateness. */
export interface ProcessWindowFunction<I, O, K> extends RichFunction {
  /**
   * @param elements the window's records in order of arrival, or the one result of the aggregation
   * before it; the caller must not keep or change it.
   */
  process(key: K, ctx: ProcessWindowContext, elements: Iterable<I>, out: Collector<O>): void;
  /** The window goes, and may never have fired: clears what is in `windowState`. */
  clear?(ctx: ProcessWindowContext): void;
}

export type ProcessWindowLike<I, O, K> =
  | ProcessWindowFunction<I, O, K>
  | ((key: K, ctx: ProcessWindowContext, elements: Iterable<I>, out: Collector<O>) => void);

/** The plainer form, without a context. */
export interface WindowFunction<I, O, K> extends RichFunction {
  apply(key: K, window: TimeWindow, elements: Iterable<I>, out: Collector<O>): void;
}

export type WindowLike<I, O, K> =
  | WindowFunction<I, O, K>
  | ((key: K, window: TimeWindow, elements: Iterable<I>, out: Collector<O>) => void);

/** A {@link WindowFunction} as a {@link ProcessWindowFunction}. */
export function processWindowFunction<I, O, K>(
  fn: WindowLike<I, O, K>,
): ProcessWindowLike<I, O, K> {
  if (typeof fn === 'function') {
    return (key, ctx, elements, out) => fn(key, ctx.window, elements, out);
  }
  return {
    process: (key, ctx, elements, out) => fn.apply(key, ctx.window, elements, out),
    ...lifeCycleOf(fn),
  };
}
