/**
 * Assigners of one's own, and the ready-made ones in the same form.
 *
 * @see Flink `WindowAssigner`, `MergingWindowAssigner`
 */

import type { MergeCallback, TimeWindow } from './time-window.ts';
import type { Trigger } from './trigger.ts';

export interface WindowAssignerContext {
  /** Milliseconds since 1970. */
  getCurrentProcessingTime(): number;
}

/** Says which windows each record of type `T` belongs to. */
export interface CustomWindowAssigner<T = unknown> {
  readonly kind?: undefined;
  /** In the plan. @defaultValue the name of its class */
  readonly name?: string;
  /** False: windows end by the clock, and nothing is late. */
  readonly isEventTime: boolean;
  /** @param timestampMs of the record; `NO_TIMESTAMP_MS` where it has none. */
  assignWindows(element: T, timestampMs: number, ctx: WindowAssignerContext): Iterable<TimeWindow>;
  getDefaultTrigger(): Trigger<T>;
  /**
   * Windows merge: says which of a key's windows become one. Called for each record with all of
   * them and the record's own; the others stay as they are.
   */
  mergeWindows?(windows: readonly TimeWindow[], callback: MergeCallback): void;
}
