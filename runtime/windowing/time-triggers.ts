/**
 * Triggers that go by the end of the window: the defaults of the assigners.
 *
 * @see Flink `EventTimeTrigger`, `ProcessingTimeTrigger`, `GlobalWindows`
 */
import type { Trigger } from './trigger.ts';

const eventTimeTrigger: Trigger = {
  name: 'EventTimeTrigger()',
  onElement: (_element, _timestampMs, window, ctx) => {
    if (window.maxTimestamp() <= ctx.getCurrentWatermark()) return 'FIRE';
    ctx.registerEventTimeTimer(window.maxTimestamp());
    return 'CONTINUE';
  },
  onProcessingTime: () => 'CONTINUE',
  onEventTime: (timestampMs, window) =>
    timestampMs === window.maxTimestamp() ? 'FIRE' : 'CONTINUE',
  canMerge: () => true,
  onMerge: (window, ctx) => {
    // One that has ended already fires with the record that merged it.
    if (window.maxTimestamp() > ctx.getCurrentWatermark()) {
      ctx.registerEventTimeTimer(window.maxTimestamp());
    }
  },
  clear: (window, ctx) => ctx.deleteEventTimeTimer(window.maxTimestamp()),
};

const processingTimeTrigger: Trigger = {
  name: 'ProcessingTimeTrigger()',
  onElement: (_element, _timestampMs, window, ctx) => {
    ctx.registerProcessingTimeTimer(window.maxTimestamp());
    return 'CONTINUE';
  },
  onProcessingTime: () => 'FIRE',
  onEventTime: () => 'CONTINUE',
  canMerge: () => true,
  onMerge: (window, ctx) => {
    if (window.maxTimestamp() > ctx.getCurrentProcessingTime()) {
      ctx.registerProcessingTimeTimer(window.maxTimestamp());
    }
  },
  clear: (window, ctx) => ctx.deleteProcessingTimeTimer(window.maxTimestamp()),
};

const neverTrigger: Trigger = {
  name: 'NeverTrigger()',
  onElement: () => 'CONTINUE',
  onProcessingTime: () => 'CONTINUE',
  onEventTime: () => 'CONTINUE',
  canMerge: () => true,
  onMerge: () => {},
  clear: () => {},
};

const endOfStreamTrigger: Trigger = {
  ...eventTimeTrigger,
  name: 'EndOfStreamTrigger()',
  onElement: (_element, _timestampMs, window, ctx) => {
    ctx.registerEventTimeTimer(window.maxTimestamp());
    return 'CONTINUE';
  },
};

/** Fires when the watermark passes the end of the window, and for each record after that. */
export const EventTimeTrigger = { create: (): Trigger => eventTimeTrigger } as const;

/** Fires when the clock passes the end of the window. */
export const ProcessingTimeTrigger = { create: (): Trigger => processingTimeTrigger } as const;

/** Never fires. */
export const NeverTrigger = { create: (): Trigger => neverTrigger } as const;

/** Fires when the input has ended. */
export const EndOfStreamTrigger = { create: (): Trigger => endOfStreamTrigger } as const;
