/**
 * What the functions of a deployed cluster, its state machine and its queues say to each other.
 * Plain JSON. Between them go references and small records; state and programs lie in the bucket.
 *
 * @see docs/adr/0012-aws-one-coordinator-function-in-turns.md
 */
import type { JobRecord } from '../../checkpoint/index.ts';
import type { ErrorKind, StreamErrorRecord } from '../../core/index.ts';
import type { JobPlanJson } from '../../graph/index.ts';
import type { TurnMessage } from '../../jobmaster/index.ts';
import type { AskedSavepoint, SavepointCheckAnswer } from '../http/index.ts';

/** State machine → `plan`: the first state. */
export interface PlanRequest {
  readonly jobId: string;
}

/** `plan` → state machine. */
export interface PlanAnswer {
  readonly jobId: string;
  readonly taskManagers: number;
}

/** `api` → `plan`: an uploaded program is to be looked at, and not to be run. */
export interface PreviewRequest {
  readonly preview: Pick<JobRecord, 'jobId' | 'args' | 'configuration'> & {
    readonly uploadId: string;
    /** It is to be compared with this. Absent: its graph is wanted. */
    readonly savepoint?: AskedSavepoint;
  };
}

/** `plan` → `api`. What it throws is no fault of the program. */
export type PreviewAnswer =
  | { readonly type: 'planned'; readonly plan: JobPlanJson }
  | { readonly type: 'checked'; readonly check: SavepointCheckAnswer }
  /** As a `StreamError` says it. */
  | {
      readonly type: 'refused';
      readonly kind: ErrorKind;
      readonly code: string;
      readonly message: string;
    }
  /** As a `HttpRefusal` says it: there is no such upload, or it is no program. */
  | { readonly type: 'not-taken'; readonly status: number; readonly message: string };

/** State machine → `taskmanager`: one lease. */
export interface LeaseRequest {
  readonly jobId: string;
  readonly attempt: number;
  /** From 0. */
  readonly taskManager: number;
  /** From 0 in every attempt. */
  readonly lease: number;
}

/** `taskmanager` → state machine. What it throws is a loss. */
export interface LeaseAnswer {
  /** `LEFT`: invoke it again with the next lease; `RELEASED`: nothing of the attempt is left. */
  readonly outcome: 'LEFT' | 'RELEASED';
  readonly lease: number;
}

/** State machine → `settle`: a lease was lost, or the execution ends. */
export type SettleRequest =
  | (LeaseRequest & {
      readonly type: 'lost';
      /** As the state machine caught it. */
      readonly error: { readonly Error?: string; readonly Cause?: string };
    })
  | { readonly type: 'ended'; readonly jobId: string }
  /** `plan` failed. */
  | {
      readonly type: 'not-planned';
      readonly jobId: string;
      readonly error: { readonly Error?: string; readonly Cause?: string };
    };

/** What the coordinator answers to a state machine that asks what to do next. */
export type NextStep =
  /** Invoke a lease 0 of every TaskManager. */
  | { readonly action: 'RUN'; readonly attempt: number; readonly taskManagers: number }
  /** Start an execution of the same machine for the same job, and end. */
  | { readonly action: 'CONTINUE'; readonly jobId: string }
  /** End: the job hibernates. */
  | { readonly action: 'HIBERNATE'; readonly jobId: string }
  | { readonly action: 'END'; readonly jobId: string; readonly status: string };

/** Into the coordinator's FIFO queue; the message group is the job. */
export type CoordinatorMessage = { readonly jobId: string } & (
  | Exclude<TurnMessage, { readonly type: 'lost' }>
  /** As a job's master hears it, but by TaskManager. */
  | {
      readonly type: 'lost';
      readonly attempt: number;
      readonly taskManager: number;
      readonly lease: number;
      readonly error: StreamErrorRecord;
    }
);
