/**
 * Sessions whose gap each record says.
 *
 * @see Flink `DynamicEventTimeSessionWindows`, `DynamicProcessingTimeSessionWindows`
 */
import { StreamError } from '../core/index.ts';
import type { CustomWindowAssigner } from './custom-assigner.ts';
import { EventTimeTrigger, ProcessingTimeTrigger } from './time-triggers.ts';
import { TimeWindow } from './time-window.ts';
import { checkCallback } from './window-arguments.ts';

/** The gap after this record, in ms; or an object with `extract`. */
export type SessionWindowTimeGapExtractor<T> =
  | ((element: T) => number)
  | { extract(element: T): number };

/** @throws {StreamError} kind `invalid`, code `WINDOW_INVALID`, unless given an extractor. */
export function dynamicSessions<T>(
  isEventTime: boolean,
  extractor: SessionWindowTimeGapExtractor<T>,
): CustomWindowAssigner<T> {
  const called = `Dynamic${isEventTime ? 'Event' : 'Processing'}TimeSessionWindows()`;
  const gapMs = typeof extractor === 'function' ? extractor : extractor?.extract?.bind(extractor);
  checkCallback(called, 'a function that answers the gap in ms', gapMs);
  return {
    name: called,
    isEventTime,
    assignWindows: (element, timestampMs, ctx) => {
      const startMs = isEventTime ? timestampMs : ctx.getCurrentProcessingTime();
      return [new TimeWindow(startMs, startMs + checkedGapMs(gapMs(element), called))];
    },
    getDefaultTrigger: () =>
      isEventTime ? EventTimeTrigger.create() : ProcessingTimeTrigger.create(),
    mergeWindows: (windows, callback) => TimeWindow.mergeWindows(windows, callback),
  };
}

function checkedGapMs(gapMs: number, assigner: string): number {
  if (Number.isSafeInteger(gapMs) && gapMs > 0) return gapMs;
  throw new StreamError({
    kind: 'user',
    code: 'SESSION_GAP_INVALID',
    message: `the gap of a session must be whole milliseconds over 0, make the extractor answer such: gapMs=${String(gapMs)} assigner=${assigner}`,
    details: { gapMs: String(gapMs), assigner },
  });
}
