/** What a route of the REST interface is, and what it works on: a cluster, wherever it runs. */
import type { Clock, StreamErrorRecord } from '../../core/index.ts';
import type { JobPlanJson } from '../../graph/index.ts';
import type {
  Diagnosis,
  DispatchedJob,
  JobSubmission,
  SlotOverview,
  StateAnswer,
  StateQuestion,
} from '../../jobmaster/index.ts';
import type { HttpAnswer, HttpContent, HttpRequest } from './http-records.ts';
import type { ClusterProcesses } from './process-records.ts';
import type { ProgramContent } from './program-archive.ts';

/** What the routes work on. */
export interface ClusterApi {
  readonly jobs: ClusterJobs;
  readonly operations: OperationLog;
  readonly programs: ClusterPrograms;
  readonly lifecycle: ClusterLifecycle;
  readonly processes: ClusterProcesses;
  /** `GET /metrics`. Absent: it tells monitoring systems in another way. */
  readonly metricsText?: () => Promise<HttpContent>;
  readonly clock: Clock;
  readonly version: string;
  readonly dataDirectory: string;
  /** What web pages may offer. Absent: all of it. */
  readonly web?: WebSettings;
  /** 32 hex digits. */
  readonly newId: () => string;
}

/** What web pages may offer, and how often they ask. */
export interface WebSettings {
  readonly refreshIntervalMs: number;
  readonly submits: boolean;
  readonly cancels: boolean;
  readonly rescales: boolean;
}

/** Where tasks run. */
export interface TaskPlace {
  readonly taskManagerId: string;
  /** `host:port`, or what stands for it. */
  readonly endpoint: string;
}

/** Port: the jobs of a cluster. */
export interface ClusterJobs {
  /** In the order of their submission. Metrics, exceptions and checkpoints may be left out. */
  list(): Promise<readonly DispatchedJob[]>;
  /** @throws {StreamError} `JOB_NOT_FOUND`. */
  get(jobId: string): Promise<DispatchedJob>;
  /**
   * As it was planned: at the parallelism it began with. Undefined: it could not be, or not yet.
   *
   * @throws {StreamError} `JOB_NOT_FOUND`.
   */
  planOf(jobId: string): Promise<JobPlanJson | undefined>;
  /**
   * Why nothing comes out of a job, as far as is known.
   *
   * @throws {StreamError} `JOB_NOT_FOUND`.
   */
  diagnosis(jobId: string): Promise<Diagnosis>;
  /**
   * What a keyed state holds for a key, and how old that is.
   *
   * @throws {StreamError} `JOB_NOT_FOUND`; why there is no answer.
   */
  queryState(jobId: string, question: StateQuestion): Promise<StateAnswer>;
  slots(): Promise<SlotOverview>;
  /** Where a slot of a job runs, or ran last. Undefined: nowhere yet. */
  placeOf(jobId: string, slotIndex: number): TaskPlace | undefined;
  /** As `placeOf`, where a slot runs at the same place in every attempt; absent: it does not. */
  fixedPlaceOf?(jobId: string, slotIndex: number): TaskPlace | undefined;
  /** @throws {StreamError} `JOB_NOT_FOUND`, `JOB_ALREADY_ENDED`. */
  cancel(jobId: string): Promise<void>;
  /**
   * Lets a job run that hibernates; nothing for one that runs.
   *
   * @throws {StreamError} `JOB_NOT_FOUND`, `JOB_ALREADY_ENDED`.
   */
  wake(jobId: string): Promise<void>;
  /**
   * @param parallelism by vertex id.
   * @throws {StreamError} `JOB_NOT_FOUND`, `UNKNOWN_VERTEX`; what else is known to be wrong.
   */
  rescale(jobId: string, parallelism: Readonly<Record<string, number>>): Promise<void>;
}

/** What clients trigger and come back for. */
export type TriggeredOperation =
  | {
      readonly type: 'savepoint';
      readonly jobId: string;
      readonly target?: string;
      /** The job is canceled when it is there. */
      readonly cancelsJob: boolean;
    }
  | {
      readonly type: 'stop';
      readonly jobId: string;
      readonly drain: boolean;
      readonly target?: string;
    }
  | { readonly type: 'checkpoint'; readonly jobId: string; readonly kind: 'CONFIGURED' | 'FULL' }
  /** Of every vertex that leaves it to the job. */
  | { readonly type: 'rescale'; readonly jobId: string; readonly parallelism: number }
  | { readonly type: 'dispose'; readonly path: string };

/** Under what a client asks for it again. Ids of different places do not meet. */
export interface OperationPlace {
  /** A stop is a savepoint to who asks. */
  readonly type: 'savepoint' | 'checkpoint' | 'rescale' | 'dispose';
  /** Absent: it is no job's. */
  readonly jobId?: string;
  readonly triggerId: string;
}

export type OperationState<T = unknown> =
  | { readonly type: 'in-progress' }
  /** A path, an id, or nothing. */
  | { readonly type: 'completed'; readonly value: T }
  | { readonly type: 'failed'; readonly error: StreamErrorRecord };

/** Port: what was triggered. */
export interface OperationLog {
  /**
   * Starts an operation, unless its id is known.
   *
   * @throws {StreamError} `JOB_NOT_FOUND`; what else is known to be wrong.
   */
  start(triggerId: string, operation: TriggeredOperation): Promise<void>;
  /** Undefined: no such operation, or too long ago. */
  get(place: OperationPlace): Promise<OperationState | undefined>;
}

export interface UploadedProgram {
  readonly id: string;
  readonly name: string;
  readonly uploadedAtEpochMs: number;
  /** Names of its jobs. Empty: not known. */
  readonly entries: readonly string[];
}

/** Where a client puts a program that is too large for a request. */
export interface UploadPlace {
  readonly id: string;
  /** Takes a PUT of the program with these headers. A secret for as long as it is valid. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly expiresAtEpochMs: number;
}

/** A submission of a program that was uploaded. */
export type ProgramRun = Omit<JobSubmission, 'bundle'>;

/** Port: uploaded programs: bundled job modules that wait to be run. */
export interface ClusterPrograms {
  /** Newest first. */
  list(): Promise<readonly UploadedProgram[]>;
  /** @throws {HttpRefusal} 400, 413: what is wrong with it. */
  add(fileName: string, content: ProgramContent): Promise<UploadedProgram>;
  /** Absent: requests take any program. */
  readonly prepareUpload?: (fileName: string) => Promise<UploadPlace>;
  /** @throws {HttpRefusal} 404. */
  remove(id: string): Promise<void>;
  /** @throws {HttpRefusal} 404. @throws {StreamError} what is wrong with the job. */
  run(id: string, run: ProgramRun): Promise<void>;
  /**
   * What it would run. Absent: not before it runs.
   *
   * @throws as {@link run}.
   */
  readonly plan?: (id: string, run: ProgramRun) => Promise<JobPlanJson>;
  /**
   * What would become of a savepoint's state under it; nothing is started. Absent: it cannot tell.
   *
   * @throws as {@link run}; what is wrong with the savepoint.
   */
  readonly checkSavepoint?: (
    id: string,
    run: ProgramRun,
    savepoint: AskedSavepoint,
  ) => Promise<SavepointCheckAnswer>;
}

export interface AskedSavepoint {
  readonly path: string;
  readonly allowNonRestoredState: boolean;
}

/** As `sluice savepoint check --json` prints it. */
export interface SavepointCheckAnswer {
  /** The job can start from it. */
  readonly restorable: boolean;
  readonly savepoint: object;
  readonly operators: readonly object[];
  readonly problems: readonly object[];
}

/** Port: how long the cluster lives, and jobs that live no longer than their client. */
export interface ClusterLifecycle {
  /**
   * Ends the cluster in order, behind the answer; its jobs go on when it is started again.
   *
   * @throws {HttpRefusal} 501: it is not ended so; says how it is.
   */
  shutDown(): Promise<void>;
  /**
   * The job's client lives. Unless it says so again by then, the job is canceled; one whose client
   * never says so is not. Nothing for a job that has ended.
   *
   * @throws {HttpRefusal} 501: nobody watches here.
   */
  clientHeartbeat(jobId: string, expiresAtEpochMs: number): Promise<void>;
}

/** A route's place-holders, by name: `:jobid`. */
export type PathParameters = Readonly<Record<string, string>>;

export type RouteHandler = (
  api: ClusterApi,
  request: HttpRequest,
  parameters: PathParameters,
) => HttpAnswer | Promise<HttpAnswer>;

/** A path with place-holders: `/jobs/:jobid`. */
export type Route = readonly [method: string, path: string, handler: RouteHandler];
