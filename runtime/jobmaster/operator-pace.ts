/** How often an operator puts something out, and whether its silence is longer than usual. Pure. */
import type { DiagnosedOperator, KnownSubtask } from './diagnosed-job.ts';

/** A silence that is shorter tells nothing. */
const SHORT_MS = 10_000;
/** Of what has put out at one moment only, nobody knows its pace before. */
const UNKNOWN_MS = 30_000;
/** What puts out more often is no slow one. */
const SPARSE_MS = 5_000;

/** Of one subtask, or of the slowest of several. */
export interface Pace {
  readonly silentForMs: number;
  /** From one moment with output to the next, on average. Undefined: there was one such moment. */
  readonly usualGapMs: number | undefined;
  /** A silence beyond it is unusual. */
  readonly toleratedMs: number;
}

/** Undefined: it has put out nothing, or nobody told. */
export function paceOf(
  { metrics }: KnownSubtask,
  position: number,
  nowEpochMs: number,
): Pace | undefined {
  const told = metrics.recent?.paces?.[position];
  if (told?.lastAtEpochMs === undefined || told.firstAtEpochMs === undefined) return undefined;
  const { momentCount, firstAtEpochMs, lastAtEpochMs, longestGapMs = 0 } = told;
  const silentForMs = Math.max(0, nowEpochMs - lastAtEpochMs);
  if (momentCount < 2) return { silentForMs, usualGapMs: undefined, toleratedMs: UNKNOWN_MS };
  const usualGapMs = (lastAtEpochMs - firstAtEpochMs) / (momentCount - 1);
  const toleratedMs = Math.max(SHORT_MS, 3 * usualGapMs, 1.5 * longestGapMs);
  return { silentForMs, usualGapMs, toleratedMs };
}

/** Of all subtasks that have put something out: the shortest silence, the longest of usual gaps. */
export function operatorPace(
  { subtasks, position }: DiagnosedOperator,
  nowEpochMs: number,
): Pace | undefined {
  const paces = subtasks.flatMap(({ subtask }) => paceOf(subtask, position, nowEpochMs) ?? []);
  const [first, ...others] = paces;
  if (first === undefined) return undefined;
  return others.reduce((one, other) => {
    const gaps = [one.usualGapMs, other.usualGapMs].filter((gap) => gap !== undefined);
    return {
      silentForMs: Math.min(one.silentForMs, other.silentForMs),
      usualGapMs: gaps.length === 0 ? undefined : Math.max(...gaps),
      toleratedMs: Math.max(one.toleratedMs, other.toleratedMs),
    };
  }, first);
}

/** It has been silent for no longer than it usually is. */
export function isInPace(pace: Pace | undefined): boolean {
  return pace !== undefined && pace.silentForMs <= pace.toleratedMs;
}

/** One whose records come so seldom that others wait for them, as they should. */
export function isSparse(pace: Pace | undefined): boolean {
  if (pace === undefined || !isInPace(pace)) return false;
  const { usualGapMs, silentForMs } = pace;
  return usualGapMs === undefined ? silentForMs >= SPARSE_MS : usualGapMs >= SPARSE_MS;
}
