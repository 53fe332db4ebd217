/** What happens to a job, and what is done about it; see `job-state.ts`. */
import type { StreamErrorRecord } from '../core/index.ts';
import type { JobState } from './job-state.ts';

export interface FromSlot {
  readonly slotIndex: number;
  readonly attempt: number;
}

/** What a failure decision needs of the world. */
export interface Failure {
  readonly error: StreamErrorRecord;
  readonly nowEpochMs: number;
  /** Uniform in [0, 1). */
  readonly jitter: number;
}

export type JobEvent =
  /** What to start from is known. */
  | { readonly type: 'initialized' }
  | ({ readonly type: 'slot-running' } & FromSlot)
  | ({ readonly type: 'slot-released' } & FromSlot)
  /** The slot's thread is gone: nothing more comes from it. */
  | ({ readonly type: 'slot-lost' } & FromSlot & Failure)
  | ({ readonly type: 'task-failed'; readonly unreadable?: readonly number[] } & FromSlot & Failure)
  /** Of no slot: an enumerator, the checkpoint coordinator. Every region is affected. */
  | ({ readonly type: 'failed' } & Failure)
  | { readonly type: 'restart-due'; readonly regionIndexes: readonly number[] }
  | { readonly type: 'cancel' }
  | { readonly type: 'suspend' }
  /** The checkpoint is complete behind which its slots stop by themselves. */
  | { readonly type: 'hibernate' }
  | { readonly type: 'wake' }
  /** Of these, which are one vertex, the first `count` are needed. */
  | { readonly type: 'sized'; readonly regionIndexes: readonly number[]; readonly count: number }
  /** Stop everything and deploy another layout of the same job. */
  | { readonly type: 'replan' }
  | { readonly type: 'replanned'; readonly regions: readonly (readonly number[])[] }
  /** The job could not be laid out anew. */
  | ({ readonly type: 'replan-failed' } & Failure);

/** A failure as a slot tells it. */
export type SlotFailure = {
  readonly type: 'slot-lost' | 'task-failed';
  readonly error: StreamErrorRecord;
  /** In BATCH: regions whose results it could not read. */
  readonly unreadable?: readonly number[];
} & FromSlot;

export type JobCommand =
  /** From the newest completed checkpoint. */
  | { readonly type: 'deploy'; readonly regionIndex: number; readonly attempt: number }
  /** Every slot of the region runs: tasks may take input. */
  | { readonly type: 'start-region'; readonly regionIndex: number }
  | { readonly type: 'stop-region'; readonly regionIndex: number }
  | {
      readonly type: 'restart-after';
      readonly delayMs: number;
      readonly regionIndexes: readonly number[];
    }
  /** Their input is there: answer `sized` for each vertex among them. */
  | { readonly type: 'size'; readonly regionIndexes: readonly number[] }
  /** Everything has stopped: lay the job out anew and answer `replanned`. */
  | { readonly type: 'plan' }
  | { readonly type: 'end' };

export interface JobDecision {
  readonly state: JobState;
  readonly commands: readonly JobCommand[];
}
