/** Ready-made assigners in the form of custom ones, for the operator that takes any. */
import type { AlignedWindowAssigner, SessionWindowAssigner, WindowAssigner } from './assigners.ts';
import type { CustomWindowAssigner, WindowAssignerContext } from './custom-assigner.ts';
import { EventTimeTrigger, ProcessingTimeTrigger } from './time-triggers.ts';
import { TimeWindow, windowStartMs } from './time-window.ts';
import type { Trigger } from './trigger.ts';

/** @param random from 0 to 1, for windows that begin at a random time in each subtask. */
export function generalAssigner<T>(
  assigner: WindowAssigner<T>,
  random: () => number,
): CustomWindowAssigner<T> {
  if (assigner.kind === undefined) return assigner;
  return assigner.kind === 'aligned' ? aligned(assigner, random) : session(assigner);
}

/** The trigger that windows have when none is given. */
export function defaultTrigger<T>(assigner: WindowAssigner<T>): Trigger<T> {
  if (assigner.kind === undefined) return assigner.getDefaultTrigger();
  return assigner.isEventTime ? EventTimeTrigger.create() : ProcessingTimeTrigger.create();
}

/** Windows of a key may become one. */
export function merges<T>(assigner: WindowAssigner<T>): boolean {
  if (assigner.kind === undefined) return assigner.mergeWindows !== undefined;
  return assigner.kind === 'session';
}

function aligned(assigner: AlignedWindowAssigner, random: () => number): CustomWindowAssigner {
  const { name, isEventTime, sizeMs, slideMs, offsetMs } = assigner;
  let staggerMs: number | undefined;
  return {
    name,
    isEventTime,
    assignWindows: (_element, recordTimestampMs, ctx) => {
      const timestampMs = isEventTime ? recordTimestampMs : ctx.getCurrentProcessingTime();
      staggerMs ??= staggerMsOf(assigner, random, ctx);
      const shiftMs = (offsetMs + staggerMs) % slideMs;
      const lastStartMs = windowStartMs(timestampMs, shiftMs, slideMs);
      const windows: TimeWindow[] = [];
      for (let startMs = lastStartMs; startMs + sizeMs > timestampMs; startMs -= slideMs) {
        windows.push(new TimeWindow(startMs, startMs + sizeMs));
      }
      return windows;
    },
    getDefaultTrigger: () => defaultTrigger(assigner),
  };
}

function staggerMsOf(
  { sizeMs, stagger }: AlignedWindowAssigner,
  random: () => number,
  ctx: WindowAssignerContext,
): number {
  if (stagger === 'RANDOM') return Math.floor(random() * sizeMs);
  if (stagger !== 'NATURAL') return 0;
  const nowMs = ctx.getCurrentProcessingTime();
  return nowMs - windowStartMs(nowMs, 0, sizeMs);
}

function session(assigner: SessionWindowAssigner): CustomWindowAssigner {
  const { name, isEventTime, gapMs } = assigner;
  return {
    name,
    isEventTime,
    assignWindows: (_element, timestampMs, ctx) => {
      const startMs = isEventTime ? timestampMs : ctx.getCurrentProcessingTime();
      return [new TimeWindow(startMs, startMs + gapMs)];
    },
    getDefaultTrigger: () => defaultTrigger(assigner),
    mergeWindows: (windows, callback) => TimeWindow.mergeWindows(windows, callback),
  };
}
