import type { Configuration, Logger } from '../../runtime/core/index.ts';
import type { JobResult, JobSnapshot } from '../../runtime/jobmaster/index.ts';

/** A job as the command line submits it. */
export interface JobRequest {
  /** The bundled job, an ES module. */
  readonly bundlePath: string;
  readonly args: readonly string[];
  /** The file's settings, then `-D`, then `-p`; what the job itself sets is stronger. */
  readonly configuration: Configuration;
}

/** A job whose graph was built; nothing runs yet. */
export interface SubmittableJob {
  readonly jobName: string;
  /** What it runs with: what the job itself sets, and what was given. */
  readonly configuration?: Configuration;
  /** The plan in the shape of Flink's JSON. */
  plan(): unknown;
  start(hooks: JobHooks): Promise<RunningJob>;
  /** What the job wants to say when it has finished. */
  summary(result: JobResult): Promise<string | undefined>;
}

export interface JobHooks {
  readonly logger: Logger;
  /** Takes what print sinks write; the promise, if there is one, holds them back. */
  readonly onPrint: (text: string) => Promise<void> | undefined;
}

/** A job under way. */
export interface RunningJob {
  /** 32 hex digits. */
  readonly jobId: string;
  /** Does not reject for the job's own failure. */
  readonly result: Promise<JobResult>;
  cancel(): void;
  snapshot(): JobSnapshot;
  /** As `GET /jobs/<id>/checkpoints` answers; undefined before there can be any. */
  checkpoints?(): object | undefined;
}

/** Port: where jobs run. The local cluster implements it. */
export interface JobRunner {
  /** Evaluates the job's module. */
  prepare(request: JobRequest): Promise<SubmittableJob>;
  /** The names that the module `sluice` exports. */
  readonly apiExports?: readonly string[];
}
