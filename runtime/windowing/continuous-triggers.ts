/**
 * Triggers that fire again and again while a window is open.
 *
 * @see Flink `ContinuousEventTimeTrigger`, `ContinuousProcessingTimeTrigger`
 */
import { type Duration, MAX_TIMESTAMP_MS } from '../core/index.ts';
import { ReducingStateDescriptor } from '../state/index.ts';
import type { TimeWindow } from './time-window.ts';
import type { Trigger, TriggerContext } from './trigger.ts';
import { positiveMs } from './window-arguments.ts';

const FIRE_TIME = new ReducingStateDescriptor<number>('fire-time', (a, b) => Math.min(a, b));

/** Fires every interval of event time, counted from 1970, and at the end of the window. */
export const ContinuousEventTimeTrigger = {
  /** @throws {StreamError} kind `invalid`, code `WINDOW_INVALID`, unless longer than 0. */
  of: (interval: Duration): Trigger => {
    const intervalMs = positiveMs('ContinuousEventTimeTrigger', 'interval', interval);
    return {
      name: `ContinuousEventTimeTrigger(${intervalMs})`,
      onElement: (_element, timestampMs, window, ctx) => {
        if (window.maxTimestamp() <= ctx.getCurrentWatermark()) return 'FIRE';
        ctx.registerEventTimeTimer(window.maxTimestamp());
        if (ctx.getPartitionedState(FIRE_TIME).get() === undefined) {
          nextEventTime(timestampMs - (timestampMs % intervalMs), intervalMs, window, ctx);
        }
        return 'CONTINUE';
      },
      onProcessingTime: () => 'CONTINUE',
      onEventTime: (timestampMs, window, ctx) => {
        if (timestampMs === window.maxTimestamp()) return 'FIRE';
        const fireTime = ctx.getPartitionedState(FIRE_TIME);
        if (fireTime.get() !== timestampMs) return 'CONTINUE';
        fireTime.clear();
        nextEventTime(timestampMs, intervalMs, window, ctx);
        return 'FIRE';
      },
      canMerge: () => true,
      onMerge: (_window, ctx) => {
        ctx.mergePartitionedState(FIRE_TIME);
        const nextMs = ctx.getPartitionedState(FIRE_TIME).get();
        if (nextMs !== undefined) ctx.registerEventTimeTimer(nextMs);
      },
      clear: (window, ctx) => {
        const fireTime = ctx.getPartitionedState(FIRE_TIME);
        const nextMs = fireTime.get();
        if (nextMs !== undefined) ctx.deleteEventTimeTimer(nextMs);
        fireTime.clear();
        ctx.deleteEventTimeTimer(window.maxTimestamp());
      },
    };
  },
} as const;

/** Fires every interval of processing time, counted from 1970. */
export const ContinuousProcessingTimeTrigger = {
  /** @throws {StreamError} kind `invalid`, code `WINDOW_INVALID`, unless longer than 0. */
  of: (interval: Duration): Trigger => {
    const intervalMs = positiveMs('ContinuousProcessingTimeTrigger', 'interval', interval);
    return {
      name: `ContinuousProcessingTimeTrigger(${intervalMs})`,
      onElement: (_element, _timestampMs, window, ctx) => {
        if (ctx.getPartitionedState(FIRE_TIME).get() !== undefined) return 'CONTINUE';
        const nowMs = ctx.getCurrentProcessingTime();
        nextProcessingTime(nowMs - (nowMs % intervalMs), intervalMs, window, ctx);
        return 'CONTINUE';
      },
      onProcessingTime: (epochMs, window, ctx) => {
        const fireTime = ctx.getPartitionedState(FIRE_TIME);
        if (fireTime.get() !== epochMs) return 'CONTINUE';
        fireTime.clear();
        nextProcessingTime(epochMs, intervalMs, window, ctx);
        return 'FIRE';
      },
      onEventTime: () => 'CONTINUE',
      canMerge: () => true,
      onMerge: (_window, ctx) => {
        ctx.mergePartitionedState(FIRE_TIME);
        const nextMs = ctx.getPartitionedState(FIRE_TIME).get();
        if (nextMs !== undefined) ctx.registerProcessingTimeTimer(nextMs);
      },
      clear: (_window, ctx) => {
        const fireTime = ctx.getPartitionedState(FIRE_TIME);
        const nextMs = fireTime.get();
        if (nextMs !== undefined) ctx.deleteProcessingTimeTimer(nextMs);
        fireTime.clear();
      },
    };
  },
} as const;

function nextEventTime(
  fromMs: number,
  intervalMs: number,
  window: TimeWindow,
  ctx: TriggerContext,
): void {
  const endMs = window.maxTimestamp();
  // A window without an end has one firing left when the input has ended, not one an interval.
  const isLast = endMs >= MAX_TIMESTAMP_MS && ctx.getCurrentWatermark() >= MAX_TIMESTAMP_MS;
  const nextMs = isLast ? endMs : Math.min(fromMs + intervalMs, endMs);
  ctx.getPartitionedState(FIRE_TIME).add(nextMs);
  ctx.registerEventTimeTimer(nextMs);
}

/** The window's end comes first where it is still to come, as it is in processing time only. */
function nextProcessingTime(
  fromMs: number,
  intervalMs: number,
  window: TimeWindow,
  ctx: TriggerContext,
): void {
  const endMs = window.maxTimestamp();
  const nextMs = endMs > fromMs ? Math.min(fromMs + intervalMs, endMs) : fromMs + intervalMs;
  ctx.getPartitionedState(FIRE_TIME).add(nextMs);
  ctx.registerProcessingTimeTimer(nextMs);
}
