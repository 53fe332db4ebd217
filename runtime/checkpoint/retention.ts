/**
 * Which completed checkpoints are kept, while the job runs and after it.
 *
 * R1  Savepoints are neither counted nor dropped, unless they were claimed.
 * R2  The newest checkpoint is dropped only when the job has ended for good.
 *
 * @see org.apache.flink.runtime.checkpoint.CheckpointProperties, release-1.20
 */
import type { CheckpointRetention } from './checkpoint-settings.ts';

/** A completed checkpoint that the job may start from again. */
export interface RetainedCheckpoint {
  readonly checkpointId: number;
  /** Of its manifest's directory. */
  readonly path: string;
  readonly completedAtEpochMs: number;
  /** It refers to no segment of an earlier checkpoint. */
  readonly full: boolean;
  /** Another job's, taken over with CLAIM: this job owns it now. */
  readonly claimed?: boolean;
}

/** How a job can end. */
export type EndStatus = 'FINISHED' | 'CANCELED' | 'FAILED' | 'SUSPENDED';

export interface Retention {
  readonly retained: readonly RetainedCheckpoint[];
  readonly dropped: readonly RetainedCheckpoint[];
}

/** Adds a completed checkpoint; the oldest beyond `count` are dropped. */
export function retain(
  retained: readonly RetainedCheckpoint[],
  completed: RetainedCheckpoint,
  count: number,
): Retention {
  const all = [...retained, completed].sort((a, b) => a.checkpointId - b.checkpointId);
  const dropCount = Math.max(0, all.length - count);
  return { retained: all.slice(dropCount), dropped: all.slice(0, dropCount) };
}

/** Whether the checkpoints of a job are deleted with it. */
export function isDroppedAtEnd(retention: CheckpointRetention, status: EndStatus): boolean {
  switch (status) {
    case 'SUSPENDED':
      return false;
    case 'FINISHED':
      return true;
    case 'CANCELED':
      return retention !== 'RETAIN_ON_CANCELLATION';
    case 'FAILED':
      return retention === 'NO_EXTERNALIZED_CHECKPOINTS';
  }
}
