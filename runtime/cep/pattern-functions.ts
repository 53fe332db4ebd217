import type { Collector, OutputTag, RichFunction } from '../operators/index.ts';
import type { PatternMatch } from './nfa.ts';

/** Valid during the call it is given to. */
export interface PatternProcessContext {
  /** Event time of the match's last event, or when its time was over; in ms. */
  readonly timestamp: number;
  /** Milliseconds since 1970. */
  currentProcessingTime(): number;
  /** Sends to a side output. */
  output<X>(tag: OutputTag<X>, value: X): void;
}

/** Makes results of matches; with `processTimedOutMatch`, also of what was not complete in time. */
export interface PatternProcessFunction<T, O>
  extends RichFunction,
    Partial<TimedOutPartialMatchHandler<T>> {
  processMatch(match: PatternMatch<T>, ctx: PatternProcessContext, out: Collector<O>): void;
}

export type PatternProcessLike<T, O> =
  | PatternProcessFunction<T, O>
  | ((match: PatternMatch<T>, ctx: PatternProcessContext, out: Collector<O>) => void);

/** Gets partial matches whose time is over; results go to side outputs. */
export interface TimedOutPartialMatchHandler<T> {
  processTimedOutMatch(match: PatternMatch<T>, ctx: PatternProcessContext): void;
}

export type PatternSelect<T, O> = (match: PatternMatch<T>) => O;
export type PatternFlatSelect<T, O> = (match: PatternMatch<T>, out: Collector<O>) => void;
/** @param timestampMs when the time of the partial match was over. */
export type PatternTimeout<T, O> = (match: PatternMatch<T>, timestampMs: number) => O;
export type PatternFlatTimeout<T, O> = (
  match: PatternMatch<T>,
  timestampMs: number,
  out: Collector<O>,
) => void;

/** `select` and `flatSelect` are process functions too. */
export function flatSelecting<T, O, X>(
  flatSelect: PatternFlatSelect<T, O>,
  timeout?: { readonly tag: OutputTag<X>; readonly flatTimeout: PatternFlatTimeout<T, X> },
): PatternProcessFunction<T, O> {
  const processMatch = (
    match: PatternMatch<T>,
    _ctx: PatternProcessContext,
    out: Collector<O>,
  ): void => flatSelect(match, out);
  if (timeout === undefined) return { processMatch };
  const { tag, flatTimeout } = timeout;
  return {
    processMatch,
    processTimedOutMatch: (match, ctx) =>
      flatTimeout(match, ctx.timestamp, { collect: (value) => ctx.output(tag, value) }),
  };
}
