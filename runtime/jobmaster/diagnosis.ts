/** Why a job puts nothing out: what people are told. Plain JSON. */
import type { DeliveryGuarantee } from '../connectors/index.ts';
import type { JobStatus } from './job-state.ts';

/** What keeps output back. A code has one meaning for good: tools look for it. */
export const FINDING_CODES = [
  // The job as a whole.
  'JOB_FAILED',
  'RESTART_LOOP',
  'RESTARTED',
  'IS_CANCELED',
  'WAITS_FOR_SLOTS',
  'DEPLOYMENT_HANGS',
  'HIBERNATES',
  // Where records stop.
  'SOURCE_READS_NOTHING',
  'FILTER_PASSES_NOTHING',
  'OPERATOR_EMITS_NOTHING',
  'INPUT_EMPTY',
  'ALL_TO_SIDE_OUTPUT',
  'WAITS_FOR_PROCESSING_TIME',
  'LATE_RECORDS_DROPPED',
  // What holds event time back.
  'NO_WATERMARK_STRATEGY',
  'WATERMARKS_NEVER_EMITTED',
  'TIMESTAMPS_IN_SECONDS',
  'IDLE_PARTITION',
  'WAITS_FOR_IDLENESS',
  'WAITS_FOR_ALIGNMENT',
  'WATERMARK_HELD_BACK',
  'WATERMARK_STANDS_STILL',
  'WAITS_FOR_WATERMARK',
  'WINDOW_KEEPS_MOVING',
  // What slows it down.
  'BACK_PRESSURE',
  'SKEWED_KEYS',
  'SLOW_TASK',
  'TASK_DOES_NOT_ANSWER',
  // When output becomes visible.
  'NO_CHECKPOINTING',
  'CHECKPOINTS_FAIL',
  'CHECKPOINT_HANGS',
  'WAITS_FOR_CHECKPOINT',
] as const;
export type FindingCode = (typeof FINDING_CODES)[number];

/** `error`: it keeps output back; `warning`: some of it, or it will; `info`: it passes by itself. */
export type FindingSeverity = 'error' | 'warning' | 'info';

export interface Finding {
  readonly code: FindingCode;
  readonly severity: FindingSeverity;
  /** Names the cause, for somebody who has written the job. */
  readonly sentence: string;
  /** What to do about it. */
  readonly advice: string;
  /** The numbers it is concluded from, by name. */
  readonly evidence: Readonly<Record<string, number | string | boolean>>;
  /** Where to look; absent: nowhere in particular. */
  readonly vertexId?: string;
  readonly vertexName?: string;
  readonly operator?: string;
  /** 0-based. */
  readonly subtaskIndex?: number;
  /** By which input of that vertex it comes. */
  readonly input?: FindingInput;
}

export interface FindingInput {
  /** 0 or 1. */
  readonly inputIndex: number;
  readonly fromVertexId: string;
  readonly fromVertexName: string;
  readonly fromSubtask?: number;
  /** Of the source at its beginning. */
  readonly splitId?: string;
}

/**
 * `healthy`: output comes; `waiting`: it will, by itself; `impaired`: it lacks something;
 * `blocked`: none comes until something is done; `ended`: none will come any more.
 */
export type Verdict = 'healthy' | 'waiting' | 'impaired' | 'blocked' | 'starting' | 'ended';

export interface SinkReport {
  readonly operator: string;
  readonly vertexId: string;
  readonly guarantee: DeliveryGuarantee;
  /** Absent: not known. */
  readonly numRecords?: number;
  /** Of the last seconds. Absent: too little is known. */
  readonly numRecordsPerSecond?: number;
  /** What it got is seen when a checkpoint completes. */
  readonly commitsWithCheckpoints: boolean;
}

export interface Diagnosis {
  readonly atEpochMs: number;
  readonly status: JobStatus;
  readonly verdict: Verdict;
  /** One sentence: the answer. */
  readonly summary: string;
  readonly sinks: readonly SinkReport[];
  /** The likeliest cause first. */
  readonly findings: readonly Finding[];
}
