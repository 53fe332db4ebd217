/**
 * Triggers that go by the records themselves.
 *
 * @see Flink `CountTrigger`, `DeltaTrigger`
 */
import { ReducingStateDescriptor, ValueStateDescriptor } from '../state/index.ts';
import type { Trigger } from './trigger.ts';
import { checkCallback, checkThreshold, positiveCount } from './window-arguments.ts';

const COUNT = new ReducingStateDescriptor<number>('count', (a, b) => a + b);

/** Fires with every so many records of a window. */
export const CountTrigger = {
  /** @throws {StreamError} kind `invalid`, code `WINDOW_INVALID`, unless a whole number over 0. */
  of: (maxCount: number): Trigger => {
    positiveCount('CountTrigger', 'maxCount', maxCount);
    return {
      name: `CountTrigger(${maxCount})`,
      onElement: (_element, _timestampMs, _window, ctx) => {
        const count = ctx.getPartitionedState(COUNT);
        count.add(1);
        if ((count.get() ?? 0) < maxCount) return 'CONTINUE';
        count.clear();
        return 'FIRE';
      },
      onProcessingTime: () => 'CONTINUE',
      onEventTime: () => 'CONTINUE',
      canMerge: () => true,
      onMerge: (_window, ctx) => ctx.mergePartitionedState(COUNT),
      clear: (_window, ctx) => ctx.getPartitionedState(COUNT).clear(),
    };
  },
} as const;

/** How far two records are from each other. */
export type DeltaFunction<T> = (oldElement: T, newElement: T) => number;

/** Fires with a record further than the threshold from the one that fired last, or the first. */
export const DeltaTrigger = {
  /** @throws {StreamError} kind `invalid`, code `WINDOW_INVALID`. */
  of: <T>(threshold: number, deltaFunction: DeltaFunction<T>): Trigger<T> => {
    checkThreshold('DeltaTrigger', threshold);
    checkCallback('DeltaTrigger', 'a delta function', deltaFunction);
    const last = new ValueStateDescriptor<T>('last-element');
    return {
      name: `DeltaTrigger(${threshold})`,
      onElement: (element, _timestampMs, _window, ctx) => {
        const state = ctx.getPartitionedState(last);
        const before = state.value();
        if (before === undefined) {
          state.update(element);
          return 'CONTINUE';
        }
        if (!(deltaFunction(before, element) > threshold)) return 'CONTINUE';
        state.update(element);
        return 'FIRE';
      },
      onProcessingTime: () => 'CONTINUE',
      onEventTime: () => 'CONTINUE',
      clear: (_window, ctx) => ctx.getPartitionedState(last).clear(),
    };
  },
} as const;
