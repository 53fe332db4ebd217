/** What the Dispatcher needs of jobs, and what it tells of them. */
import type { CheckpointStatistics, JobRecord } from '../checkpoint/index.ts';
import type { StreamErrorRecord } from '../core/index.ts';
import type { JobPlanJson } from '../graph/index.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { ExecutionState } from './execution-states.ts';
import type { JobTimes, VertexExecutions } from './job-executions.ts';
import type { HibernationView } from './job-hibernation.ts';
import type { JobJournal } from './job-journal.ts';
import type { JobMaster } from './job-master.ts';
import type { VertexSnapshot } from './job-snapshot.ts';
import type { JobStatus } from './job-state.ts';
import type { ExceptionHistory } from './restart-exception-history.ts';

/** A new job, as a client hands it in. */
export interface JobSubmission {
  /** 32 hex digits; not used before. */
  readonly jobId: string;
  /** The program: a bundled job module. */
  readonly bundle: Uint8Array;
  readonly args: readonly string[];
  /** Effective options, by name. JSON. */
  readonly configuration: Readonly<Record<string, unknown>>;
}

/** A program with everything that decides its graph. */
export type JobProgram = Pick<
  JobRecord,
  'jobId' | 'bundleLocation' | 'args' | 'configuration' | 'parallelism'
>;

/** The part of a {@link JobMaster} that the Dispatcher drives. */
export type JobControl = Pick<
  JobMaster,
  | 'status'
  | 'times'
  | 'exceptions'
  | 'checkpointStatistics'
  | 'run'
  | 'cancel'
  | 'suspend'
  | 'triggerSavepoint'
  | 'stopWithSavepoint'
  | 'triggerCheckpoint'
  | 'rescale'
  | 'queryState'
  | 'snapshot'
  | 'executions'
  | 'diagnosis'
> & { readonly hibernation?: { readonly view: HibernationView | undefined } };

/** A vertex of a job that does not run. */
export interface PlannedVertex {
  readonly id: string;
  readonly name: string;
  readonly parallelism: number;
  readonly maxParallelism: number;
}

/** A program that was evaluated; nothing of it runs. */
export interface PlannedProgram {
  readonly name: string;
  readonly vertices: readonly PlannedVertex[];
  /** Those at the job's default parallelism, which may run at another. */
  readonly scalableVertexIds: readonly string[];
  /** For people. */
  readonly planJson: JobPlanJson;
  /** Effective options with the program's own, by name. JSON. */
  readonly configuration: Readonly<Record<string, unknown>>;
  /**
   * Slots at this parallelism, by vertex; vertices not named keep their own.
   *
   * @throws {StreamError} when the job cannot run so.
   */
  requiredSlots(parallelism: Readonly<Record<string, number>>): number;
  /**
   * Refuses what would not start: settings, sinks, a savepoint that does not fit.
   *
   * @throws {StreamError} what is wrong.
   */
  check(): Promise<void>;
  /** Creates the master; nothing runs before its `run`. */
  start(journal: JobJournal, isRecovered: boolean): Promise<StartedMaster>;
}

export interface StartedMaster {
  readonly master: JobControl;
  /** Ends what ran the job's slots; after `run` has settled. */
  close(): Promise<void>;
}

/** Port: evaluates programs. Needs: the same program is evaluated alike each time. */
export interface JobPlanner {
  /** @throws {StreamError} what is wrong with the program. */
  plan(program: JobProgram): Promise<PlannedProgram>;
}

/** A job of the cluster, whether it runs or not. */
export interface DispatchedJob {
  readonly jobId: string;
  readonly name: string;
  readonly status: JobStatus;
  readonly submittedAtEpochMs: number;
  /** As far as they are known. Absent: not at all. */
  readonly times?: JobTimes;
  /** When it or a task of it changed its state last. Absent: as far as `times` tell. */
  readonly modifiedAtEpochMs?: number;
  /** Absent: it has not ended. */
  readonly endedAtEpochMs?: number;
  /** Of a job that has ended. */
  readonly netRuntimeMs?: number;
  readonly error?: StreamErrorRecord;
  readonly vertices: readonly DispatchedVertex[];
  /** As told last. Empty: not known, as in lists. */
  readonly metrics: readonly VertexSnapshot[];
  /** Absent: of `executions`, or not known. Of a job that has ended. */
  readonly taskCounts?: TaskCounts;
  /** Subtask by subtask; empty: not known. */
  readonly executions: readonly VertexExecutions[];
  readonly exceptions: ExceptionHistory;
  /** Effective options, by name. Absent: not known, as in lists. May hold secrets. */
  readonly configuration?: Readonly<Record<string, unknown>>;
  readonly checkpointStatistics?: CheckpointStatistics;
  /** Absent: it does not hibernate. */
  readonly hibernation?: HibernationView;
  /** As it was at its end, or when it was seen last; absent: ask who runs it. */
  readonly diagnosis?: Diagnosis;
}

export type DispatchedVertex = PlannedVertex;

/** How many tasks are in each state. */
export type TaskCounts = Readonly<Partial<Record<ExecutionState, number>>>;

/** What lists show of a job that has ended. */
export interface EndedJobSummary {
  readonly endedAtEpochMs: number;
  readonly netRuntimeMs: number;
  readonly error?: StreamErrorRecord;
  readonly vertices: readonly PlannedVertex[];
  /** Absent: nothing of it ran in the process that wrote this. */
  readonly taskCounts?: TaskCounts;
}

/** What only its own pages show. */
export interface EndedJobDetails {
  /** Absent: by a release that did not keep them. */
  readonly times?: JobTimes;
  /** Absent: it was never planned, or by a release that did not keep it. */
  readonly planJson?: JobPlanJson;
  readonly exceptions?: ExceptionHistory;
  readonly checkpointStatistics?: CheckpointStatistics;
  /** Absent: nothing of it ran in the process that wrote this. */
  readonly executions?: readonly VertexExecutions[];
  /** As of the end, accumulators too. */
  readonly metrics?: readonly VertexSnapshot[];
  /** With the program's own settings. Absent: it was never planned. */
  readonly configuration?: Readonly<Record<string, unknown>>;
  /** Absent: nothing of it ran in the process that wrote this. */
  readonly diagnosis?: Diagnosis;
}

/**
 * What a job leaves behind: `coordinator` of its row. Persisted; fields are only ever added. The
 * details are in the archive, or here, where a release before has put them, or there was no place.
 */
export interface EndedJobRecord extends EndedJobSummary, EndedJobDetails {
  readonly isArchived?: boolean;
}
