import { isErrorWithCode, savepointDirectory } from '../checkpoint/index.ts';
import { StreamError } from '../core/index.ts';
import type { JobCheckpoints } from './job-checkpoints.ts';
import { jobNotRunning } from './job-errors.ts';
import type { JobMasterParts } from './job-master-parts.ts';
import type { JobStatus } from './job-state.ts';

export interface StopOptions {
  /** Ends the input first, so that windows and timers fire. */
  readonly drain: boolean;
  /** As of {@link JobRequests.savepoint}. */
  readonly target?: string | undefined;
}

/** The job as it is now. */
export interface RequestedJob {
  readonly status: JobStatus;
  /** Undefined: it does not run. */
  readonly checkpoints: JobCheckpoints | undefined;
}

const PROBE_NAME = '.write-probe';

/** What people ask of the checkpoints of a job. */
export class JobRequests {
  readonly #parts: Pick<JobMasterParts, 'jobId' | 'checkpointing' | 'rng' | 'blobs'>;
  readonly #job: () => RequestedJob;

  constructor(
    parts: Pick<JobMasterParts, 'jobId' | 'checkpointing' | 'rng' | 'blobs'>,
    job: () => RequestedJob,
  ) {
    this.#parts = parts;
    this.#job = job;
  }

  /**
   * @param target directory below which the savepoint gets its own; undefined: the configured one.
   * @returns the savepoint's path.
   * @throws {StreamError} `SAVEPOINT_DIRECTORY_MISSING`, `JOB_NOT_RUNNING`; why it failed; of the
   * store, when the directory cannot be written to.
   */
  async savepoint(target?: string): Promise<string> {
    const directory = this.#directory(target);
    this.#checkpoints();
    await this.#probe(directory);
    return (await this.#checkpoints().request({ type: 'SAVEPOINT', directory })).path;
  }

  /**
   * Takes a savepoint and ends the job.
   *
   * @returns the savepoint's path.
   * @throws {StreamError} as {@link savepoint}: the job then goes on as it was;
   * `STOP_WITH_SAVEPOINT_STOPPING` and `STOP_WITH_SAVEPOINT_FAILED` name a savepoint that is there
   * all the same.
   */
  async stop({ drain, target }: StopOptions): Promise<string> {
    const directory = this.#directory(target);
    this.#checkpoints();
    await this.#probe(directory);
    const type = drain ? 'SAVEPOINT_TERMINATE' : 'SAVEPOINT_SUSPEND';
    return (await this.#checkpoints().request({ type, directory })).path;
  }

  /**
   * @returns the checkpoint's id.
   * @throws {StreamError} `JOB_NOT_RUNNING`; why it failed.
   */
  async checkpoint(kind: 'CONFIGURED' | 'FULL'): Promise<number> {
    return (await this.#checkpoints().request({ type: 'CHECKPOINT', kind })).checkpointId;
  }

  /** A directory that takes nothing is found out before anything is done for it. */
  async #probe(directory: string): Promise<void> {
    const { blobs } = this.#parts;
    const location = `${directory}/${PROBE_NAME}`;
    try {
      await blobs.put(location, new Uint8Array(1));
    } catch (thrown) {
      // Another request is at it.
      if (!isErrorWithCode(thrown, 'BLOB_EXISTS')) throw thrown;
    }
    await blobs.delete(location);
  }

  #checkpoints(): JobCheckpoints {
    const { jobId } = this.#parts;
    const { status, checkpoints } = this.#job();
    if (checkpoints?.isOver === false) return checkpoints;
    throw jobNotRunning(jobId, status);
  }

  #directory(target: string | undefined): string {
    const { checkpointing, jobId, rng } = this.#parts;
    const directory = target ?? checkpointing.savepointDirectory;
    if (directory !== undefined) return savepointDirectory(directory, jobId, rng);
    throw new StreamError({
      kind: 'invalid',
      code: 'SAVEPOINT_DIRECTORY_MISSING',
      message:
        'no directory for the savepoint: name one, or set ' +
        `execution.checkpointing.savepoint-dir; job=${jobId}`,
      details: { jobId },
    });
  }
}
