/**
 * What people ask of the checkpoints of a job, from the question to the answer.
 *
 * I1  A request is answered once: to who waits for it here or, when it was asked in an earlier
 *     turn of the job's master, to `onAnswer`.
 * I2  A request that is open is plain JSON: a master that sleeps takes it along.
 * I3  What is asked of a job that hibernates wakes it, and waits until it runs. Only `cancel` needs
 *     nobody to run.
 */
import {
  type CheckpointAnswer,
  type CheckpointRequest,
  isErrorWithCode,
  savepointDirectory,
} from '../checkpoint/index.ts';
import { StreamError, toStreamError } from '../core/index.ts';
import type { JobCheckpoints } from './job-checkpoints.ts';
import { jobNotRunning, notInBatch } from './job-errors.ts';
import type { JobMasterParts } from './job-master-parts.ts';
import type { JobStatus } from './job-state.ts';
import type { ClientRequest } from './turn-messages.ts';

export interface StopOptions {
  /** Ends the input first, so that windows and timers fire. */
  readonly drain: boolean;
  /** As of {@link JobRequests.savepoint}. */
  readonly target?: string | undefined;
}

/** What is asked of a job. Directories of savepoints are their own. */
export type JobRequest =
  | { readonly type: 'savepoint'; readonly directory: string }
  | { readonly type: 'stop'; readonly drain: boolean; readonly directory: string }
  | { readonly type: 'checkpoint'; readonly kind: 'CONFIGURED' | 'FULL' }
  /** The whole parallelism from then on, by vertex id. */
  | { readonly type: 'rescale'; readonly parallelism: Readonly<Record<string, number>> };

/** A request without an answer. */
export interface OpenRequest {
  readonly requestId: string;
  readonly request: JobRequest;
  /** What it was answered, while that is being made durable. */
  readonly answer?: CheckpointAnswer;
  /** I3. */
  readonly waits?: true;
}

/** The job as it is now, and what a request makes of it. */
export interface RequestedJob {
  status(): JobStatus;
  /** Undefined: it does not run. */
  checkpoints(): JobCheckpoints | undefined;
  /** I3. Its tasks are asleep, or fall asleep. */
  holdsRequests(): boolean;
  /** I3. */
  wake(): void;
  cancel(): void;
  /** The whole of it. @throws {StreamError} when it cannot run so. */
  checkedParallelism(changed: Readonly<Record<string, number>>): Readonly<Record<string, number>>;
  /** Goes on at another parallelism. @throws {StreamError} when it cannot. */
  replan(parallelism: Readonly<Record<string, number>>): Promise<void>;
  /** Makes durable what {@link replan} has begun. */
  recordPlan(): Promise<void>;
  /** Something is under way that ends by itself; never rejects. */
  track(work: Promise<void>): void;
}

type RequestParts = Pick<
  JobMasterParts,
  'jobId' | 'graph' | 'checkpointing' | 'rng' | 'blobs' | 'onAnswer' | 'asleep'
>;

const PROBE_NAME = '.write-probe';

export class JobRequests {
  readonly #parts: RequestParts;
  readonly #job: RequestedJob;
  readonly #open = new Map<string, Omit<OpenRequest, 'requestId'>>();
  readonly #waiting = new Map<string, PromiseWithResolvers<CheckpointAnswer>>();
  #nextId = 1;

  constructor(parts: RequestParts, job: RequestedJob) {
    this.#parts = parts;
    this.#job = job;
    for (const { requestId, ...open } of parts.asleep?.requests ?? []) {
      this.#open.set(requestId, open);
    }
  }

  /** Goes on with those of an earlier turn that wait for nothing but it. */
  wake(): void {
    for (const [requestId, { request, answer, waits }] of this.#open) {
      if (waits === true) continue;
      if (answer !== undefined) this.#settleAfter(this.#job.recordPlan(), requestId, answer);
      else if (this.#job.checkpoints()?.knows(requestId) !== true) {
        this.#job.track(this.#begin(requestId, request));
      }
    }
  }

  /** Asks; the answer goes to `onAnswer`. @throws {StreamError} as the methods below, at once. */
  ask(requestId: string, request: JobRequest): void {
    if (this.#parts.graph.jobType === 'BATCH') throw notInBatch(this.#parts.jobId);
    this.#checkpoints();
    if (this.#job.holdsRequests()) {
      this.#open.set(requestId, { request, waits: true });
      this.#job.wake();
      return;
    }
    this.#open.set(requestId, { request });
    this.#job.track(this.#begin(requestId, request));
  }

  /** I3: the job runs. */
  beginWaiting(): void {
    for (const [requestId, { request, waits }] of this.#open) {
      if (waits !== true) continue;
      this.#open.set(requestId, { request });
      this.#job.track(this.#begin(requestId, request));
    }
  }

  /** I3: it will not run again. */
  refuseWaiting(): void {
    const error = jobNotRunning(this.#parts.jobId, this.#job.status()).toJSON();
    for (const [requestId, { waits }] of [...this.#open]) {
      if (waits === true) this.#settle(requestId, { error });
    }
  }

  /** Carries out what a client asks. @throws {StreamError} what is known to be wrong at once. */
  request(requestId: string, request: ClientRequest): void {
    const directory = (): string => this.directory(targetOf(request));
    switch (request.type) {
      case 'cancel':
        this.#job.cancel();
        this.#parts.onAnswer?.(requestId, {});
        break;
      case 'savepoint':
        this.ask(requestId, { type: 'savepoint', directory: directory() });
        break;
      case 'stop': {
        const { drain } = request;
        this.ask(requestId, { type: 'stop', drain, directory: directory() });
        break;
      }
      case 'checkpoint': {
        const kind = request.full ? 'FULL' : 'CONFIGURED';
        this.ask(requestId, { type: 'checkpoint', kind });
        break;
      }
      case 'rescale': {
        const parallelism = this.#job.checkedParallelism(request.parallelism);
        this.ask(requestId, { type: 'rescale', parallelism });
      }
    }
  }

  /** Of a savepoint to come: a new one, below the target or the configured directory. */
  directory(target: string | undefined): string {
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

  /** I2. */
  get open(): readonly OpenRequest[] {
    return [...this.#open].map(([requestId, open]) => ({ requestId, ...open }));
  }

  /**
   * @param target directory below which the savepoint gets its own; undefined: the configured one.
   * @returns the savepoint's path.
   * @throws {StreamError} `SAVEPOINT_DIRECTORY_MISSING`, `JOB_NOT_RUNNING`; why it failed; of the
   * store, when the directory cannot be written to.
   */
  async savepoint(target?: string): Promise<string> {
    const directory = this.directory(target);
    return (await this.#answerOf({ type: 'savepoint', directory })).path;
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
    const directory = this.directory(target);
    return (await this.#answerOf({ type: 'stop', drain, directory })).path;
  }

  /**
   * @returns the checkpoint's id.
   * @throws {StreamError} `JOB_NOT_RUNNING`; why it failed.
   */
  async checkpoint(kind: 'CONFIGURED' | 'FULL'): Promise<number> {
    return (await this.#answerOf({ type: 'checkpoint', kind })).checkpointId;
  }

  /**
   * Goes on at another parallelism, from a checkpoint taken now.
   *
   * @param parallelism the whole of it, by vertex id.
   * @throws {StreamError} `JOB_NOT_RUNNING`; why there is no checkpoint; why it cannot go on so.
   */
  async rescale(parallelism: Readonly<Record<string, number>>): Promise<void> {
    await this.#answerOf({ type: 'rescale', parallelism });
  }

  /** What the checkpoint coordinator says to a request. */
  answered(requestId: string, answer: CheckpointAnswer): void {
    const request = this.#open.get(requestId)?.request;
    if (request?.type !== 'rescale' || 'error' in answer) {
      this.#settle(requestId, answer);
      return;
    }
    this.#open.set(requestId, { request, answer });
    this.#settleAfter(this.#job.replan(request.parallelism), requestId, answer);
  }

  #settleAfter(done: Promise<void>, requestId: string, answer: CheckpointAnswer): void {
    const settled = done.then(
      () => this.#settle(requestId, answer),
      (thrown: unknown) => this.#settle(requestId, { error: toStreamError(thrown).toJSON() }),
    );
    this.#job.track(settled);
  }

  async #answerOf(
    request: JobRequest,
  ): Promise<{ readonly checkpointId: number; readonly path: string }> {
    const requestId = `request-${this.#nextId++}`;
    const answered = Promise.withResolvers<CheckpointAnswer>();
    // It may be answered at once.
    this.#waiting.set(requestId, answered);
    try {
      this.ask(requestId, request);
    } catch (thrown) {
      this.#waiting.delete(requestId);
      throw thrown;
    }
    const answer = await answered.promise;
    if ('error' in answer) throw StreamError.fromJSON(answer.error);
    return answer;
  }

  async #begin(requestId: string, request: JobRequest): Promise<void> {
    try {
      if ('directory' in request) await this.#probe(request.directory);
      const checkpoints = this.#checkpoints();
      checkpoints.apply({ type: 'request', request: checkpointRequest(requestId, request) });
    } catch (thrown) {
      this.#settle(requestId, { error: toStreamError(thrown).toJSON() });
    }
  }

  /** I1. */
  #settle(requestId: string, answer: CheckpointAnswer): void {
    if (!this.#open.delete(requestId)) return;
    const waiting = this.#waiting.get(requestId);
    this.#waiting.delete(requestId);
    if (waiting === undefined) this.#parts.onAnswer?.(requestId, answer);
    else waiting.resolve(answer);
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
    const checkpoints = this.#job.checkpoints();
    if (checkpoints?.isOver === false) return checkpoints;
    throw jobNotRunning(this.#parts.jobId, this.#job.status());
  }
}

function targetOf(request: ClientRequest): string | undefined {
  return 'targetDirectory' in request ? request.targetDirectory : undefined;
}

function checkpointRequest(requestId: string, request: JobRequest): CheckpointRequest {
  switch (request.type) {
    case 'savepoint':
      return { requestId, type: 'SAVEPOINT', directory: request.directory };
    case 'stop': {
      const type = request.drain ? 'SAVEPOINT_TERMINATE' : 'SAVEPOINT_SUSPEND';
      return { requestId, type, directory: request.directory };
    }
    case 'checkpoint':
      return { requestId, type: 'CHECKPOINT', kind: request.kind };
    case 'rescale':
      return { requestId, type: 'CHECKPOINT', kind: 'CONFIGURED' };
  }
}
