/**
 * Which windows a record belongs to. Names, arguments and refusals as in Flink; all times in ms.
 */
import { type Duration, parseDurationMs } from '../core/index.ts';
import type { CustomWindowAssigner } from './custom-assigner.ts';
import { dynamicSessions, type SessionWindowTimeGapExtractor } from './dynamic-sessions.ts';
import { windowInvalid } from './window-arguments.ts';

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
  /** Absent: aligned. */
  readonly stagger?: WindowStagger;
}

/**
 * Whether windows of all subtasks begin at the same time, or each subtask's at a time of its own,
 * so that they do not all fire at once: a random one, or that of its first record.
 */
export const WindowStagger = { ALIGNED: 'ALIGNED', RANDOM: 'RANDOM', NATURAL: 'NATURAL' } as const;

export type WindowStagger = (typeof WindowStagger)[keyof typeof WindowStagger];

/** Windows that grow with the records and end after a gap without any. */
export interface SessionWindowAssigner extends AssignerBase {
  readonly kind: 'session';
  readonly gapMs: number;
}

/** Says which windows a record of type `T` belongs to. */
export type WindowAssigner<T = unknown> =
  | AlignedWindowAssigner
  | SessionWindowAssigner
  | CustomWindowAssigner<T>;

export const TumblingEventTimeWindows = {
  /** @throws {StreamError} kind `invalid`, code `WINDOW_INVALID`, unless abs(offset) < size. */
  of: (
    size: Duration,
    offset: Duration = 0,
    stagger: WindowStagger = WindowStagger.ALIGNED,
  ): AlignedWindowAssigner =>
    staggered(tumbling('TumblingEventTimeWindows', true, ms(size), ms(offset)), stagger),
} as const;

export const TumblingProcessingTimeWindows = {
  /** @throws {StreamError} kind `invalid`, code `WINDOW_INVALID`, unless abs(offset) < size. */
  of: (
    size: Duration,
    offset: Duration = 0,
    stagger: WindowStagger = WindowStagger.ALIGNED,
  ): AlignedWindowAssigner =>
    staggered(tumbling('TumblingProcessingTimeWindows', false, ms(size), ms(offset)), stagger),
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
  /** Each record says the gap after it, in ms. */
  withDynamicGap: <T>(extractor: SessionWindowTimeGapExtractor<T>): CustomWindowAssigner<T> =>
    dynamicSessions(true, extractor),
} as const;

export const ProcessingTimeSessionWindows = {
  /** @throws {StreamError} kind `invalid`, code `WINDOW_INVALID`, unless the gap is positive. */
  withGap: (gap: Duration): SessionWindowAssigner =>
    session('ProcessingTimeSessionWindows', false, ms(gap)),
  /** Each record says the gap after it, in ms. */
  withDynamicGap: <T>(extractor: SessionWindowTimeGapExtractor<T>): CustomWindowAssigner<T> =>
    dynamicSessions(false, extractor),
} as const;

/** As `EventTimeSessionWindows.withDynamicGap`. */
export const DynamicEventTimeSessionWindows = {
  withDynamicGap: EventTimeSessionWindows.withDynamicGap,
} as const;

/** As `ProcessingTimeSessionWindows.withDynamicGap`. */
export const DynamicProcessingTimeSessionWindows = {
  withDynamicGap: ProcessingTimeSessionWindows.withDynamicGap,
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

function staggered(assigner: AlignedWindowAssigner, stagger: WindowStagger): AlignedWindowAssigner {
  if (stagger === WindowStagger.ALIGNED) return assigner;
  if (Object.hasOwn(WindowStagger, stagger)) return { ...assigner, stagger };
  const known = Object.keys(WindowStagger).join(', ');
  throw windowInvalid(`${assigner.name} needs one of ${known} as stagger`, { stagger });
}

function check(
  word: string,
  rule: string,
  valid: boolean,
  values: Readonly<Record<string, number>>,
): void {
  if (!valid) throw windowInvalid(`${word} needs whole milliseconds with ${rule}`, values);
}
