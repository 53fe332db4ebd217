/** The failures that made a job restart or fail, for people. Plain JSON, newest first. */
import type { StreamErrorRecord } from '../core/index.ts';
import type { SubtaskRef } from '../protocol/index.ts';
import type { SlotPlace } from './slot-launcher.ts';

export interface ExceptionRecord {
  readonly timestampEpochMs: number;
  readonly error: StreamErrorRecord;
  /** Absent: a failure of the job as a whole. */
  readonly task?: SubtaskRef;
  /** `map (2/4)`. */
  readonly taskName?: string;
  /** That had it; absent: none. */
  readonly slotIndex?: number;
  /** Where that slot ran; absent: see {@link SlotPlace}. */
  readonly place?: SlotPlace;
}

/** A root cause, and what failed before its restart was over. */
export interface ExceptionHistoryEntry extends ExceptionRecord {
  readonly concurrentExceptions: readonly ExceptionRecord[];
}

export interface ExceptionHistory {
  /** `web.exception-history-size`. */
  readonly size: number;
  readonly entries: readonly ExceptionHistoryEntry[];
  /** Older ones were left out. */
  readonly truncated: boolean;
}

export function emptyExceptionHistory(size: number): ExceptionHistory {
  return { size, entries: [], truncated: false };
}

/** The newest of a history that an earlier process, or turn, has kept. */
export function resized(history: ExceptionHistory | undefined, size: number): ExceptionHistory {
  if (history === undefined) return emptyExceptionHistory(size);
  const { entries, truncated } = history;
  return {
    size,
    entries: entries.slice(0, size),
    truncated: truncated || entries.length > size,
  };
}

/** Adds a failure: a root cause of its own, or one that came with the newest. */
export function withException(
  history: ExceptionHistory,
  exception: ExceptionRecord,
  isRootCause: boolean,
): ExceptionHistory {
  const [newest, ...older] = history.entries;
  if (!isRootCause && newest !== undefined) {
    const concurrentExceptions = [...newest.concurrentExceptions, exception];
    return { ...history, entries: [{ ...newest, concurrentExceptions }, ...older] };
  }
  const entries = [{ ...exception, concurrentExceptions: [] }, ...history.entries];
  return {
    ...history,
    entries: entries.slice(0, history.size),
    truncated: history.truncated || entries.length > history.size,
  };
}
