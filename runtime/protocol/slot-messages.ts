/**
 * What the JobMaster and the slots say to each other. JobMaster and TaskManager never import each
 * other: these records are all they share. Every record is a plain value that survives structured
 * clone and, but for the shared memory an adapter adds to a deployment, JSON.
 */
import type { LogLevel, StreamErrorRecord } from '../core/index.ts';
import type { AccumulatorRecord } from './accumulator-records.ts';
import type {
  CheckpointBarrier,
  SubtaskCheckpointStats,
  SubtaskStateRecord,
} from './checkpoint-records.ts';
import type { StateQueryRecord, StateValueRecord } from './state-query.ts';
import type { SubtaskRef } from './subtask-ref.ts';
import type { InputFactsRecord, OperatorFactsRecord, RecentFactsRecord } from './task-facts.ts';

/** Enumerator → reader. `splits` are plain JSON values. */
export type SourceEvent =
  | { readonly type: 'add-splits'; readonly splits: readonly unknown[] }
  | { readonly type: 'no-more-splits' }
  /** How far it may go: the answer to each `watermark`. Not for the reader. */
  | { readonly type: 'max-watermark'; readonly maxWatermarkMs: number }
  | { readonly type: 'custom'; readonly payload: unknown };

/** Reader → enumerator. */
export type ReaderEvent =
  | { readonly type: 'request-split' }
  /** Of a source that is aligned with others: how far it is; null: it is idle. */
  | { readonly type: 'watermark'; readonly watermarkMs: number | null }
  | { readonly type: 'custom'; readonly payload: unknown };

/** JobMaster → slot. */
export type SlotCommand =
  /** Every slot of the job runs: tasks may take input. */
  | { readonly type: 'start' }
  | { readonly type: 'source-event'; readonly task: SubtaskRef; readonly event: SourceEvent }
  /** The client has taken what was sent under this id: back-pressure is released. */
  | { readonly type: 'received'; readonly id: number }
  /**
   * A checkpoint has begun. `tasks` of this slot take their snapshot and send the barrier on:
   * sources, and tasks whose inputs have all ended. The others wait for barriers. Source events
   * sent after it are handled after it.
   */
  | {
      readonly type: 'trigger-checkpoint';
      readonly barrier: CheckpointBarrier;
      readonly tasks: readonly SubtaskRef[];
    }
  /** It is in the log: committers may commit what they prepared up to it. */
  | { readonly type: 'checkpoint-complete'; readonly checkpointId: number }
  | { readonly type: 'checkpoint-aborted'; readonly checkpointId: number }
  /** Sources end as if they were bounded: maximum watermark, end of input (`stop --drain`). */
  | { readonly type: 'drain' }
  /** What a keyed state holds: answered between two steps of the task, once. */
  | {
      readonly type: 'query-state';
      readonly queryId: number;
      readonly task: SubtaskRef;
      readonly operatorId: string;
      readonly query: StateQueryRecord;
    }
  /** Look anew whether you are idle: something may have come. */
  | { readonly type: 'rouse'; readonly round: number }
  | { readonly type: 'cancel' };

/** Slot → JobMaster. A slot sends its reports in order. */
export type SlotReport =
  /** All tasks of the slot are open; readers may be given splits. */
  | { readonly type: 'running' }
  /** Its input has ended; it waits for a checkpoint to complete before it finishes. */
  | { readonly type: 'task-ended'; readonly task: SubtaskRef }
  | { readonly type: 'task-finished'; readonly task: SubtaskRef }
  | { readonly type: 'task-failed'; readonly task: SubtaskRef; readonly error: StreamErrorRecord }
  | {
      readonly type: 'checkpoint-ack';
      readonly checkpointId: number;
      readonly state: SubtaskStateRecord;
      readonly stats: SubtaskCheckpointStats;
    }
  /** The subtask cannot take part; the checkpoint fails, the job goes on. */
  | {
      readonly type: 'checkpoint-declined';
      readonly checkpointId: number;
      readonly task: SubtaskRef;
      readonly error: StreamErrorRecord;
    }
  /** The slot's lease ends soon: a checkpoint is to begin, so that it can hand over behind it. */
  | { readonly type: 'checkpoint-wanted' }
  /**
   * For as long as the job wants to know, nothing has come to the slot, and nothing waits in it but
   * what comes from outside, or is due at a time.
   */
  | {
      readonly type: 'idle';
      /** As it was roused last; 0: never. */
      readonly round: number;
      readonly wakeAtEpochMs?: number;
    }
  /** No longer. */
  | { readonly type: 'busy' }
  /** Nothing of the job is left in the slot: every operator is closed. Always the last report. */
  | { readonly type: 'released' }
  | { readonly type: 'reader-event'; readonly task: SubtaskRef; readonly event: ReaderEvent }
  | { readonly type: 'state-answer'; readonly queryId: number; readonly answer: SlotStateAnswer }
  | { readonly type: 'metrics'; readonly tasks: readonly TaskMetricsRecord[] }
  | { readonly type: 'print'; readonly id: number; readonly text: string }
  | {
      readonly type: 'deliver';
      readonly id: number;
      readonly collectId: string;
      readonly values: readonly unknown[];
    }
  | {
      readonly type: 'log';
      readonly level: LogLevel;
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>>;
    };

/** `unknown`: the task does not run, so that who knows is the last checkpoint. */
export type SlotStateAnswer =
  | { readonly type: 'value'; readonly value: StateValueRecord; readonly asOfEpochMs: number }
  | { readonly type: 'refused'; readonly error: StreamErrorRecord }
  | { readonly type: 'unknown' };

/** A subtask's counters since it started. Written by its slot; names are Flink's metrics. */
export interface TaskMetricsRecord extends SubtaskRef {
  /** For a source vertex: the records its source has emitted. */
  readonly numRecordsIn: number;
  readonly numRecordsOut: number;
  /** Of channels from other slots. */
  readonly numBytesIn: number;
  /** Of channels to other slots. */
  readonly numBytesOut: number;
  /** Some records came by calls inside the slot, which have no bytes. Absent: none do. */
  readonly hasLocalInput?: true;
  /** As `hasLocalInput`, of records that it gives. */
  readonly hasLocalOutput?: true;
  /** Records that did not fit their channel's row codec. */
  readonly numRecordsFallback: number;
  /** Most bytes that ever waited for space in a ring; bounded by one quantum's output. */
  readonly maxPendingBytes: number;
  readonly currentInputWatermarkMs: number;
  /** The three add up to the time since the task started. */
  readonly busyTimeMs: number;
  readonly backPressuredTimeMs: number;
  readonly idleTimeMs: number;
  /** How much of a bounded input was read, in the unit of the enumerator's total. */
  readonly progress?: number;
  /** Metrics of operators and user functions, by `<operator name>.<metric>`. */
  readonly operatorMetrics: Readonly<Record<string, number | string | boolean>>;
  /** Absent: it has none. */
  readonly accumulators?: readonly AccumulatorRecord[];
  /** Absent: too little is known yet. */
  readonly rates?: TaskRates;
  /** Edge by edge, in the order of its inputs. Absent: a release that did not tell. */
  readonly inputs?: readonly InputFactsRecord[];
  /** Head first. */
  readonly operators?: readonly OperatorFactsRecord[];
  /** Absent: as of `rates`. */
  readonly recent?: RecentFactsRecord;
}

/** A second's share of a subtask's counters, of its last seconds. Names are Flink's metrics. */
export interface TaskRates {
  readonly numRecordsInPerSecond: number;
  readonly numRecordsOutPerSecond: number;
  readonly numBytesInPerSecond: number;
  readonly numBytesOutPerSecond: number;
  readonly busyTimeMsPerSecond: number;
  readonly backPressuredTimeMsPerSecond: number;
  readonly idleTimeMsPerSecond: number;
}
