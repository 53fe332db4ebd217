/**
 * Triggers around another trigger.
 *
 * @see Flink `PurgingTrigger`, `ProcessingTimeoutTrigger`
 */
import type { Duration } from '../core/index.ts';
import { ValueStateDescriptor } from '../state/index.ts';
import {
  componentName,
  isFire,
  isPurge,
  type Trigger,
  type TriggerContext,
  type TriggerResult,
} from './trigger.ts';
import { checkTrigger, positiveMs } from './window-arguments.ts';

/** Fires as the trigger within; what the window holds goes each time. */
export const PurgingTrigger = {
  /** @throws {StreamError} kind `invalid`, code `WINDOW_INVALID`, unless given a trigger. */
  of: <T>(nested: Trigger<T>): Trigger<T> => {
    checkTrigger(nested, 'PurgingTrigger');
    const purging = (result: TriggerResult): TriggerResult =>
      isFire(result) ? 'FIRE_AND_PURGE' : result;
    return {
      name: `PurgingTrigger(${componentName(nested)})`,
      onElement: (element, timestampMs, window, ctx) =>
        purging(nested.onElement(element, timestampMs, window, ctx)),
      onProcessingTime: (epochMs, window, ctx) =>
        purging(nested.onProcessingTime(epochMs, window, ctx)),
      onEventTime: (timestampMs, window, ctx) =>
        purging(nested.onEventTime(timestampMs, window, ctx)),
      canMerge: () => nested.canMerge?.() ?? false,
      onMerge: (window, ctx) => nested.onMerge?.(window, ctx),
      clear: (window, ctx) => nested.clear(window, ctx),
    };
  },
} as const;

const TIMEOUT = new ValueStateDescriptor<number>('timeout');

/** Fires as the trigger within, and so long after the first record if that has not fired. */
export const ProcessingTimeoutTrigger = {
  /**
   * @param resetTimerOnNewRecord the time begins anew with each record. @defaultValue false
   * @param shouldClearOnTimeout the trigger within begins anew after it. @defaultValue true
   * @throws {StreamError} kind `invalid`, code `WINDOW_INVALID`.
   */
  of: <T>(
    nested: Trigger<T>,
    timeout: Duration,
    resetTimerOnNewRecord = false,
    shouldClearOnTimeout = true,
  ): Trigger<T> => {
    checkTrigger(nested, 'ProcessingTimeoutTrigger');
    const timeoutMs = positiveMs('ProcessingTimeoutTrigger', 'timeout', timeout);
    const clear: Trigger<T>['clear'] = (window, ctx) => {
      dropTimeout(ctx);
      nested.clear(window, ctx);
    };
    const firing = (result: TriggerResult): TriggerResult =>
      isPurge(result) ? 'FIRE_AND_PURGE' : 'FIRE';
    return {
      name: `TimeoutTrigger(${componentName(nested)})`,
      onElement: (element, timestampMs, window, ctx) => {
        const result = nested.onElement(element, timestampMs, window, ctx);
        if (isFire(result)) {
          clear(window, ctx);
          return result;
        }
        if (resetTimerOnNewRecord) dropTimeout(ctx);
        const state = ctx.getPartitionedState(TIMEOUT);
        if (state.value() === undefined) {
          const atMs = ctx.getCurrentProcessingTime() + timeoutMs;
          state.update(atMs);
          ctx.registerProcessingTimeTimer(atMs);
        }
        return result;
      },
      onProcessingTime: (epochMs, window, ctx) => {
        const result = nested.onProcessingTime(epochMs, window, ctx);
        if (shouldClearOnTimeout) clear(window, ctx);
        return firing(result);
      },
      onEventTime: (timestampMs, window, ctx) => {
        const result = nested.onEventTime(timestampMs, window, ctx);
        if (shouldClearOnTimeout) clear(window, ctx);
        return firing(result);
      },
      clear,
    };
  },
} as const;

function dropTimeout(ctx: TriggerContext): void {
  const state = ctx.getPartitionedState(TIMEOUT);
  const atMs = state.value();
  if (atMs === undefined) return;
  ctx.deleteProcessingTimeTimer(atMs);
  state.clear();
}
