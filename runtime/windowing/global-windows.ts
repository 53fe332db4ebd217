import { MAX_TIMESTAMP_MS, MIN_TIMESTAMP_MS } from '../core/index.ts';
import type { CustomWindowAssigner } from './custom-assigner.ts';
import { EndOfStreamTrigger, NeverTrigger } from './time-triggers.ts';
import { TimeWindow } from './time-window.ts';
import type { Trigger } from './trigger.ts';

const globalWindow = new TimeWindow(MIN_TIMESTAMP_MS, MAX_TIMESTAMP_MS);

/** The one window of all time; its results have the timestamp `MAX_TIMESTAMP_MS`. */
export const GlobalWindow = { get: (): TimeWindow => globalWindow } as const;

/** All records of a key in one window. */
export const GlobalWindows = {
  /** Never fires by itself: needs a trigger. */
  create: (): CustomWindowAssigner => globalWindows(NeverTrigger.create()),
  /** Fires when the input has ended. */
  createWithEndOfStreamTrigger: (): CustomWindowAssigner =>
    globalWindows(EndOfStreamTrigger.create()),
} as const;

function globalWindows(trigger: Trigger): CustomWindowAssigner {
  return {
    name: 'GlobalWindows()',
    isEventTime: false,
    assignWindows: () => [globalWindow],
    getDefaultTrigger: () => trigger,
  };
}
