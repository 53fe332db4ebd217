/**
 * What a TaskManager leaves to its successor when its lease ends, beside the checkpoint it stopped
 * at: what tasks and channels know that no checkpoint holds, since after a failure it would begin
 * anew. Plain JSON values, small: a few numbers a channel.
 */
import type { SlotCommand, TaskMetricsRecord } from './slot-messages.ts';
import type { SubtaskRef } from './subtask-ref.ts';

/** An element of a channel that is no record. */
export type ControlRecord =
  | { readonly type: 'watermark'; readonly watermarkMs: number }
  | { readonly type: 'idle'; readonly idle: boolean }
  | { readonly type: 'end' }
  | { readonly type: 'end-of-partition' };

/** What an input remembers of one of its channels. */
export interface ChannelStatusRecord {
  /** The last that came. */
  readonly watermarkMs: number;
  readonly idle: boolean;
  /** Not one that woke up behind the others and has not caught up. */
  readonly aligned: boolean;
  /** Its data has ended. */
  readonly ended: boolean;
  /** Nothing follows at all. */
  readonly partitionEnded: boolean;
  /** Came before the barrier that overtook them: to be taken after the records among them. */
  readonly overtaken: readonly ControlRecord[];
}

/** One input of a task: what it has told its operator, and its channels. */
export interface InputStatusRecord {
  readonly watermarkMs: number;
  readonly idle: boolean;
  readonly channels: readonly ChannelStatusRecord[];
}

/** One task, as it stood behind the barrier. */
export interface TaskHandOverRecord extends SubtaskRef {
  /** Nothing of it is left to run. */
  readonly finished: boolean;
  readonly inputs: readonly InputStatusRecord[];
  /** The last watermark of each output. */
  readonly outputWatermarksMs: readonly number[];
  /** A source that was told so. */
  readonly noMoreSplits: boolean;
}

/** One slot. */
export interface SlotHandOverRecord {
  readonly slotIndex: number;
  /** Every task is behind this completed checkpoint, or has finished. */
  readonly checkpointId: number;
  readonly tasks: readonly TaskHandOverRecord[];
  /** Came behind the cut: the successor handles them first. */
  readonly commands: readonly SlotCommand[];
  /** Of the leases so far. */
  readonly metrics: readonly TaskMetricsRecord[];
  /** Of a job that may hibernate: since when nothing has come to the slot, if so; see `rouse`. */
  readonly idle?: { readonly sinceEpochMs?: number; readonly round: number };
}

/** Where an end of a link stands. */
export interface LinkPosition {
  /** Of the first frame that was not sent or, at the receiver, not taken. */
  readonly nextSequence: number;
  /** Frames below may be sent. */
  readonly limitSequence: number;
}

/** What a TaskManager leaves at the end of its lease. */
export interface LeaveRecord {
  readonly checkpointId: number;
  readonly slots: readonly SlotHandOverRecord[];
  /** By the ends' own names for them. */
  readonly links: Readonly<Record<string, LinkPosition>>;
  /**
   * Frames between its own slots that were not taken, in base64, by channel: barriers and ends that
   * followed the cut. Absent: none.
   */
  readonly innerFrames?: Readonly<Record<string, readonly string[]>>;
}
