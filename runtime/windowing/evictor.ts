/**
 * Evictors take records out of a window when it fires: before the window function sees them, or
 * after it.
 *
 * @see Flink `Evictor`, `CountEvictor`, `TimeEvictor`, `DeltaEvictor`
 */
import { type Duration, NO_TIMESTAMP_MS } from '../core/index.ts';
import type { OperatorMetrics } from '../operators/index.ts';
import type { DeltaFunction } from './element-triggers.ts';
import type { TimeWindow } from './time-window.ts';
import { checkCallback, checkThreshold, positiveCount, positiveMs } from './window-arguments.ts';

export interface TimestampedValue<T> {
  readonly value: T;
  /** `NO_TIMESTAMP_MS` where the record has none. */
  readonly timestampMs: number;
}

export interface EvictorContext {
  /** Milliseconds since 1970. */
  getCurrentProcessingTime(): number;
  /** In ms; `MIN_TIMESTAMP_MS` before the first. */
  getCurrentWatermark(): number;
  getMetricGroup(): OperatorMetrics;
}

export interface Evictor<T = unknown> {
  /** In the plan. @defaultValue the name of its class */
  readonly name?: string;
  /**
   * Before the window function: removes from the array, in place, what it must not see.
   *
   * @param elements in order of arrival.
   * @param size their number.
   */
  evictBefore(
    elements: TimestampedValue<T>[],
    size: number,
    window: TimeWindow,
    ctx: EvictorContext,
  ): void;
  /** After it: removes, in place, what the window's next firing must not see. */
  evictAfter(
    elements: TimestampedValue<T>[],
    size: number,
    window: TimeWindow,
    ctx: EvictorContext,
  ): void;
}

/** Keeps the last so many records. */
export const CountEvictor = {
  /** @throws {StreamError} kind `invalid`, code `WINDOW_INVALID`, unless a whole number over 0. */
  of: (maxCount: number, doEvictAfter = false): Evictor => {
    positiveCount('CountEvictor', 'maxCount', maxCount);
    return evictor(`CountEvictor(${maxCount})`, doEvictAfter, (elements) => {
      if (elements.length > maxCount) elements.splice(0, elements.length - maxCount);
    });
  },
} as const;

/** Keeps the records of the last so many milliseconds before the latest timestamp. */
export const TimeEvictor = {
  /** @throws {StreamError} kind `invalid`, code `WINDOW_INVALID`, unless longer than 0. */
  of: (windowSize: Duration, doEvictAfter = false): Evictor => {
    const sizeMs = positiveMs('TimeEvictor', 'windowSize', windowSize);
    return evictor(`TimeEvictor(${sizeMs})`, doEvictAfter, (elements) => {
      if (elements[0]?.timestampMs === NO_TIMESTAMP_MS) return;
      const latestMs = elements.reduce((ms, one) => Math.max(ms, one.timestampMs), -Infinity);
      keep(elements, ({ timestampMs }) => timestampMs > latestMs - sizeMs);
    });
  },
} as const;

/** Keeps the records closer than the threshold to the last one. */
export const DeltaEvictor = {
  /** @throws {StreamError} kind `invalid`, code `WINDOW_INVALID`. */
  of: <T>(threshold: number, deltaFunction: DeltaFunction<T>, doEvictAfter = false): Evictor<T> => {
    checkThreshold('DeltaEvictor', threshold);
    checkCallback('DeltaEvictor', 'a delta function', deltaFunction);
    return evictor<T>(`DeltaEvictor(${threshold})`, doEvictAfter, (elements) => {
      const last = elements.at(-1);
      if (last === undefined) return;
      keep(elements, ({ value }) => !(deltaFunction(value, last.value) >= threshold));
    });
  },
} as const;

function evictor<T>(
  name: string,
  doEvictAfter: boolean,
  evict: (elements: TimestampedValue<T>[]) => void,
): Evictor<T> {
  return {
    name,
    evictBefore: (elements) => (doEvictAfter ? undefined : evict(elements)),
    evictAfter: (elements) => (doEvictAfter ? evict(elements) : undefined),
  };
}

/** In place, in order. */
function keep<E>(elements: E[], isKept: (element: E) => boolean): void {
  const kept = elements.filter(isKept);
  elements.length = 0;
  for (const element of kept) elements.push(element);
}
