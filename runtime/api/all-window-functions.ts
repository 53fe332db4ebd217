import { type Collector, lifeCycleOf, type RichFunction } from '../operators/index.ts';
import type { ProcessWindowContext, ProcessWindowLike, TimeWindow } from '../windowing/index.ts';
import type { NotCallable } from './field-types.ts';

/** As `ProcessWindowFunction`, for windows without a key. */
export interface ProcessAllWindowFunction<I, O> extends RichFunction {
  /** @param elements the window's records in order of arrival, or the one result before it. */
  process(ctx: ProcessWindowContext, elements: Iterable<I>, out: Collector<O>): void;
  /** The window goes, and may never have fired: clears what is in `windowState`. */
  clear?(ctx: ProcessWindowContext): void;
}

export type ProcessAllWindowLike<I, O> =
  | ProcessAllWindowFunction<I, O>
  | ((ctx: ProcessWindowContext, elements: Iterable<I>, out: Collector<O>) => void);

/** As `WindowFunction`, for windows without a key. */
export interface AllWindowFunction<I, O> extends RichFunction {
  apply(window: TimeWindow, elements: Iterable<I>, out: Collector<O>): void;
}

export type AllWindowLike<I, O> =
  | NotCallable<AllWindowFunction<I, O>>
  | ((window: TimeWindow, elements: Iterable<I>, out: Collector<O>) => void);

/** Puts the key that a window over all has not in front. */
export function withoutKey<I, O>(
  fn: ProcessAllWindowLike<I, O> | AllWindowFunction<I, O>,
): ProcessWindowLike<I, O, unknown> {
  if (typeof fn === 'function') return (_key, ctx, elements, out) => fn(ctx, elements, out);
  return {
    process: (_key, ctx, elements, out) =>
      'process' in fn ? fn.process(ctx, elements, out) : fn.apply(ctx.window, elements, out),
    ...('clear' in fn && fn.clear !== undefined && { clear: fn.clear.bind(fn) }),
    ...lifeCycleOf(fn),
  };
}
