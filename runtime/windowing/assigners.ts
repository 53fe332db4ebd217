/**
 * Which windows a record belongs to. Names, arguments and refusals as in Flink; all times in ms.
 */
import { type Duration, parseDurationMs, StreamError } from '../core/index.ts';

interface AssignerBase {
  /** Shown in the plan, e.g. `TumblingEventTimeWindows(10000)`. */
  readonly name: string;
  /** False: windows of processing time. */
  readonly isEventTime: boolean;
}

/** Windows of one size that begin every slide; tumbling when size and slide are the same. */
export interface AlignedWindowAssigner extends AssignerBase {
  readonly kind: 'aligned';
  readonly sizeMs: number;
  readonly slideMs: number;
  readonly offsetMs: number;
}

/** Windows that grow with the records and end after a gap without any. */
export interface SessionWindowAssigner extends AssignerBase {
  readonly kind: 'session';
  readonly gapMs: number;
}

export type WindowAssigner = AlignedWindowAssigner | SessionWindowAssigner;

export const TumblingEventTimeWindows = {
  /** @throws {StreamError} kind `invalid`, code `WINDOW_INVALID`, unless abs(offset) < size. */
  of: (size: Duration, offset: Duration = 0): AlignedWindowAssigner =>
    tumbling('TumblingEventTimeWindows', true, ms(size), ms(offset)),
} as const;

export const TumblingProcessingTimeWindows = {
  /** @throws {StreamError} kind `invalid`, code `WINDOW_INVALID`, unless abs(offset) < size. */
  of: (size: Duration, offset: Duration = 0): AlignedWindowAssigner =>
    tumbling('TumblingProcessingTimeWindows', false, ms(size), ms(offset)),
} as const;

export const SlidingEventTimeWindows = {
  /** @throws {StreamError} kind `invalid`, code `WINDOW_INVALID`, unless abs(offset) < slide. */
  of: (size: Duration, slide: Duration, offset: Duration = 0): AlignedWindowAssigner =>
    sliding('SlidingEventTimeWindows', true, ms(size), ms(slide), ms(offset)),
} as const;

export const SlidingProcessingTimeWindows = {
  /** @throws {StreamError} kind `invalid`, code `WINDOW_INVALID`, unless abs(offset) < slide. */
  of: (size: Duration, slide: Duration, offset: Duration = 0): AlignedWindowAssigner =>
    sliding('SlidingProcessingTimeWindows', false, ms(size), ms(slide), ms(offset)),
} as const;

export const EventTimeSessionWindows = {
  /** @throws {StreamError} kind `invalid`, code `WINDOW_INVALID`, unless the gap is positive. */
  withGap: (gap: Duration): SessionWindowAssigner =>
    session('EventTimeSessionWindows', true, ms(gap)),
} as const;

export const ProcessingTimeSessionWindows = {
  /** @throws {StreamError} kind `invalid`, code `WINDOW_INVALID`, unless the gap is positive. */
  withGap: (gap: Duration): SessionWindowAssigner =>
    session('ProcessingTimeSessionWindows', false, ms(gap)),
} as const;

function tumbling(
  word: string,
  isEventTime: boolean,
  sizeMs: number,
  offsetMs: number,
): AlignedWindowAssigner {
  check(word, 'size > 0 and abs(offset) < size', isSize(sizeMs) && isOffset(offsetMs, sizeMs), {
    sizeMs,
    offsetMs,
  });
  const name = `${word}(${sizeMs})`;
  return { kind: 'aligned', name, isEventTime, sizeMs, slideMs: sizeMs, offsetMs };
}

function sliding(
  word: string,
  isEventTime: boolean,
  sizeMs: number,
  slideMs: number,
  offsetMs: number,
): AlignedWindowAssigner {
  const valid = isSize(sizeMs) && isSize(slideMs) && isOffset(offsetMs, slideMs);
  check(word, 'size > 0, slide > 0 and abs(offset) < slide', valid, { sizeMs, slideMs, offsetMs });
  const name = `${word}(${sizeMs}, ${slideMs})`;
  return { kind: 'aligned', name, isEventTime, sizeMs, slideMs, offsetMs };
}

function session(word: string, isEventTime: boolean, gapMs: number): SessionWindowAssigner {
  check(word, 'gap > 0', isSize(gapMs), { gapMs });
  return { kind: 'session', name: `${word}(${gapMs})`, isEventTime, gapMs };
}

const isSize = (ms: number): boolean => Number.isSafeInteger(ms) && ms > 0;
/** Text is parsed, a number is taken as it is: an offset may be negative. */
const ms = (duration: Duration): number =>
  typeof duration === 'string' ? parseDurationMs(duration) : duration;

const isOffset = (ms: number, limitMs: number): boolean =>
  Number.isSafeInteger(ms) && Math.abs(ms) < limitMs;

function check(
  word: string,
  rule: string,
  valid: boolean,
  values: Readonly<Record<string, number>>,
): void {
  if (valid) return;
  const given = Object.entries(values).map(([name, value]) => `${name}=${String(value)}`);
  throw new StreamError({
    kind: 'invalid',
    code: 'WINDOW_INVALID',
    message: `${word} needs whole milliseconds with ${rule}: ${given.join(' ')}`,
    details: Object.fromEntries(Object.entries(values).map(([k, v]) => [k, String(v)])),
  });
}
