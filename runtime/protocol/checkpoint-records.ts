/**
 * What a checkpoint is made of: the barriers that cut the streams, and the records in which
 * subtasks say where their state lies. Plain JSON values. Records named `…Record` are persisted in
 * manifests (`docs/formats/`): fields are only ever added.
 */

import type { SubtaskRef } from './subtask-ref.ts';

/**
 * `SAVEPOINT_SUSPEND` stops the job without ending its input (`stop`), `SAVEPOINT_TERMINATE`
 * after draining it (`stop --drain`). `CHECKPOINT_SUSPEND` stops it for a while: it hibernates.
 */
export type CheckpointType =
  | 'CHECKPOINT'
  | 'SAVEPOINT'
  | 'SAVEPOINT_SUSPEND'
  | 'SAVEPOINT_TERMINATE'
  | 'CHECKPOINT_SUSPEND';

/** Travels in every channel between the records before and after the cut. */
export interface CheckpointBarrier {
  /** From 1, never used twice by a job. */
  readonly checkpointId: number;
  readonly triggeredAtEpochMs: number;
  readonly type: CheckpointType;
  /** Every operator writes all of its state, and refers to no earlier segment. */
  readonly full: boolean;
  /** `AT_LEAST_ONCE`: channels are not held while others are waited for. */
  readonly mode: 'EXACTLY_ONCE' | 'AT_LEAST_ONCE';
  /**
   * Overtake records when the barrier is not aligned this long after it was triggered; 0 at once,
   * -1 never.
   */
  readonly unalignedAfterMs: number;
  /** Directory that takes the segments. */
  readonly directory: string;
}

export function isSavepoint(type: CheckpointType): boolean {
  return type !== 'CHECKPOINT' && type !== 'CHECKPOINT_SUSPEND';
}

/** Who has taken its snapshot takes no more input: the job stops behind it as it is. */
export function isSuspending(type: CheckpointType): boolean {
  return type === 'SAVEPOINT_SUSPEND' || type === 'CHECKPOINT_SUSPEND';
}

/** Bytes of a checkpoint: inside the record, or a blob of their own. */
export type BytesRecord =
  | { readonly inlineBase64: string }
  | {
      /** Relative to the manifest's root where it lies below it, otherwise absolute. */
      readonly location: string;
      readonly sizeBytes: number;
      /** Of the whole blob. */
      readonly crc32: number;
    };

/** A run of key groups inside a segment; read and checked on its own. */
export interface SegmentChunkRecord {
  /** Both ends inclusive. */
  readonly firstKeyGroup: number;
  readonly lastKeyGroup: number;
  readonly offsetBytes: number;
  /** Compressed. */
  readonly sizeBytes: number;
  readonly rawSizeBytes: number;
  /** Of the compressed bytes. */
  readonly crc32: number;
  readonly entryCount: number;
}

/** Entries of an operator's keyed states. A `BASE` holds all, a `DELTA` what has changed since. */
export interface KeyedSegmentRecord {
  readonly kind: 'BASE' | 'DELTA';
  /** The checkpoint it was written for. */
  readonly checkpointId: number;
  readonly bytes: BytesRecord;
  readonly chunks: readonly SegmentChunkRecord[];
}

/** What is known of a keyed state without reading it. */
export interface KeyedStateMetaRecord {
  readonly name: string;
  /** `value`, `list`, `map`, `reducing`, `aggregating`, `timers`, `window`, … */
  readonly kind: string;
  /** Declared by the descriptor; 1 when it declares none. */
  readonly version: number;
  /** Declared type of the values, as `FieldType`; absent: undeclared. */
  readonly type?: unknown;
  /** What the default of a value state is (`number`, `string`, `object`, …); absent: none. */
  readonly defaultKind?: string;
  readonly ttlMs?: number;
  /** The name under which it may be asked for from outside of the job; absent: it may not. */
  readonly queryable?: string;
}

export type OperatorStateMode = 'SPLIT_DISTRIBUTE' | 'UNION' | 'BROADCAST';

/** Names of operator states that window operators keep for themselves begin so. */
export const WINDOW_STATE_PREFIX = 'windows/';

/**
 * Whether a state is the engine's own. What a finished subtask has put into a union of these
 * concerns only keys that get no more input, so the union may lack it.
 */
export function isEngineState(name: string): boolean {
  return name.startsWith(WINDOW_STATE_PREFIX);
}

/** One list or broadcast state of one subtask. */
export interface OperatorStateRecord {
  readonly name: string;
  readonly mode: OperatorStateMode;
  readonly itemCount: number;
  readonly bytes: BytesRecord;
}

/** One operator of one subtask. */
export interface OperatorSubtaskStateRecord {
  readonly operatorId: string;
  readonly keyedStates: readonly KeyedStateMetaRecord[];
  /** In the order they are applied: a base first, unless the state began empty. */
  readonly keyedSegments: readonly KeyedSegmentRecord[];
  readonly operatorStates: readonly OperatorStateRecord[];
}

/** Frames that an unaligned barrier overtook. */
export interface ChannelStateRecord {
  readonly edgeId: number;
  readonly fromSubtask: number;
  readonly toSubtask: number;
  readonly frameCount: number;
  readonly bytes: BytesRecord;
}

/** One subtask's share of a checkpoint. */
export interface SubtaskStateRecord extends SubtaskRef {
  /** The subtask had ended its input; it holds nothing that would be emitted again. */
  readonly finished: boolean;
  readonly operators: readonly OperatorSubtaskStateRecord[];
  readonly channels: readonly ChannelStateRecord[];
}

/** Flink's checkpoint statistics of a subtask. */
export interface SubtaskCheckpointStats {
  /** From the trigger to the first barrier. */
  readonly startDelayMs: number;
  /** From the first barrier to the last. */
  readonly alignmentMs: number;
  readonly syncMs: number;
  readonly asyncMs: number;
  /** Written for this checkpoint. */
  readonly checkpointedSizeBytes: number;
  /** Referred to, with segments of earlier checkpoints. */
  readonly stateSizeBytes: number;
  readonly processedDuringAlignmentBytes: number;
  readonly persistedDuringAlignmentBytes: number;
  readonly unaligned: boolean;
}

/** What a subtask starts from: the shares that cover its key groups and its part of the lists. */
export interface RestoredOperatorState {
  readonly operatorId: string;
  readonly keyedStates: readonly KeyedStateMetaRecord[];
  /** Segments of one earlier subtask each, in the order they are applied within. */
  readonly keyedSegments: readonly (readonly KeyedSegmentRecord[])[];
  readonly operatorStates: readonly RestoredListRecord[];
}

/** Items `[from, to)` of a stored list. */
export interface RestoredListRecord extends OperatorStateRecord {
  readonly from: number;
  readonly to: number;
}

export interface RestoredSubtaskState extends SubtaskRef {
  readonly checkpointId: number;
  /** Every subtask of the vertex had finished: it ends at once and emits nothing. */
  readonly finished: boolean;
  readonly operators: readonly RestoredOperatorState[];
  /** Frames to take before any other input; more than one record when rescaled. */
  readonly channels: readonly ChannelStateRecord[];
}
