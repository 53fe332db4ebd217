/**
 * One job of a cluster, from its submission to its end.
 *
 * I1  `slots` are held from the moment the job is to start until its slots are gone.
 * I2  The row of a job that has ended says so before anybody is told.
 */
import type { JobRecord } from '../checkpoint/index.ts';
import {
  type Clock,
  defined,
  type Logger,
  StreamError,
  type StreamErrorRecord,
  toStreamError,
} from '../core/index.ts';
import type { DispatcherJournal } from './dispatcher-journal.ts';
import type {
  DispatchedJob,
  EndedJobRecord,
  JobControl,
  PlannedProgram,
  PlannedVertex,
} from './dispatcher-records.ts';
import type { JobSnapshot } from './job-snapshot.ts';
import type { JobStatus } from './job-state.ts';
import { type ExceptionHistory, emptyExceptionHistory } from './restart-exception-history.ts';

const ENDED: readonly string[] = ['FINISHED', 'FAILED', 'CANCELED'] satisfies JobStatus[];

/** I2: how a job is called whose master has ended, until its row says so. */
const UNRECORDED: Readonly<Partial<Record<JobStatus, JobStatus>>> = {
  FINISHED: 'RUNNING',
  CANCELED: 'CANCELLING',
  FAILED: 'FAILING',
};

export interface DispatchedJobParts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Everything of the job has stopped. @param isFinal the row says so. */
  readonly onEnd: (job: JobRecord, isFinal: boolean) => void;
}

/** A started job that goes on until `run` settles. */
interface Running {
  readonly control: JobControl;
  readonly close: () => Promise<void>;
}

export class DispatchedJobEntry {
  readonly #parts: DispatchedJobParts;
  readonly #ended = Promise.withResolvers<void>();
  #job: JobRecord;
  #journal: DispatcherJournal | undefined;
  #plan: PlannedProgram | undefined;
  #isRecovered = false;
  #running: Running | undefined;
  #slots = 0;
  #isStarting = false;
  #isCanceled = false;
  #isResumable = false;
  #end: EndedJobRecord | undefined;
  #endStatus: JobStatus | undefined;
  #metrics: JobSnapshot | undefined;

  constructor(job: JobRecord, parts: DispatchedJobParts) {
    this.#job = job;
    this.#parts = parts;
    if (!ENDED.includes(job.status)) return;
    this.#endStatus = job.status as JobStatus;
    // Written by this class.
    this.#end = (job.coordinator ?? undefined) as EndedJobRecord | undefined;
    this.#ended.resolve();
  }

  get jobId(): string {
    return this.#job.jobId;
  }

  /** Settles when it has ended for good, or was suspended. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  get isEnded(): boolean {
    return this.#endStatus !== undefined;
  }

  /** It could not be resumed; the next process tries again, unless it is canceled. */
  get isResumable(): boolean {
    return this.#isResumable && this.#journal !== undefined;
  }

  get isWaiting(): boolean {
    return !this.isEnded && !this.#isStarting && this.#plan !== undefined;
  }

  get status(): JobStatus {
    if (this.#endStatus !== undefined) return this.#endStatus;
    const status = this.#running?.control.status;
    if (status !== undefined) return UNRECORDED[status] ?? status;
    return this.#isRecovered ? 'RECONCILING' : 'CREATED';
  }

  /** Undefined: it does not run. */
  get control(): JobControl | undefined {
    return this.#running?.control;
  }

  get slots(): number {
    return this.#slots;
  }

  /** This process is in charge of it. */
  takenOver(journal: DispatcherJournal): void {
    this.#journal = journal;
  }

  /** It waits for slots from now on. */
  prepare(plan: PlannedProgram, isRecovered: boolean): void {
    this.#plan = plan;
    this.#isRecovered = isRecovered;
  }

  /** @throws {StreamError} when the job cannot run so. */
  plannedSlots(parallelism: Readonly<Record<string, number>>): number {
    return this.#planned().requiredSlots({ ...this.#job.parallelism, ...parallelism });
  }

  /** @throws {StreamError} `UNKNOWN_VERTEX`. */
  parallelismOf(wanted: Readonly<Record<string, number>> | number): Record<string, number> {
    const plan = this.#planned();
    if (typeof wanted === 'number') {
      return Object.fromEntries(plan.scalableVertexIds.map((id) => [id, wanted]));
    }
    const unknown = Object.keys(wanted).find((id) => !plan.vertices.some((v) => v.id === id));
    if (unknown === undefined) return { ...wanted };
    throw new StreamError({
      kind: 'invalid',
      code: 'UNKNOWN_VERTEX',
      message: `the job has no such vertex; job=${this.jobId} vertex=${unknown}`,
      details: { jobId: this.jobId, vertexId: unknown },
    });
  }

  /** I1. More than before while a job is being rescaled. */
  claimSlots(count: number): void {
    this.#slots = Math.max(this.#slots, count);
  }

  rescaled(parallelism: Readonly<Record<string, number>>): void {
    this.#job = { ...this.#job, parallelism: { ...this.#job.parallelism, ...parallelism } };
    if (!this.isEnded) this.#slots = this.plannedSlots({});
  }

  /** Makes the master and lets it run; settles when it does, or has failed to. */
  async start(): Promise<void> {
    this.#isStarting = true;
    const journal = defined(this.#journal, 'a job is taken over before it starts');
    try {
      const { master, close } = await this.#planned().start(journal, this.#isRecovered);
      this.#running = { control: master, close };
      if (this.#isCanceled) master.cancel();
      void this.#run(master, close);
    } catch (thrown) {
      const error = toStreamError(thrown).toJSON();
      this.#parts.logger.log('error', 'a job could not be started', {
        jobId: this.jobId,
        code: error.code,
        reason: error.message,
      });
      // A job that ran before may do so again: its row stays.
      const nowEpochMs = this.#parts.clock.nowEpochMs();
      if (this.#isRecovered) this.failedToStart(error, nowEpochMs);
      else await this.endWithoutMaster('FAILED', nowEpochMs, error);
    }
  }

  /** For a job that no master runs. */
  async endWithoutMaster(
    status: 'CANCELED' | 'FAILED',
    nowEpochMs: number,
    error?: StreamErrorRecord,
  ): Promise<void> {
    if (this.#isStarting && !this.isEnded && status === 'CANCELED') {
      this.#isCanceled = true;
      return;
    }
    await this.#finish(status, this.#endRecord(nowEpochMs, 0, error));
  }

  /** It is shown as failed; its row is left alone. */
  failedToStart(error: StreamErrorRecord, nowEpochMs: number): void {
    this.#endStatus = 'FAILED';
    this.#isResumable = true;
    this.#end = this.#endRecord(nowEpochMs, 0, error);
    this.#release(false);
  }

  /** After `suspend`: settles when nothing of the job runs any more. */
  async settled(): Promise<void> {
    if (this.#running !== undefined) await this.#ended.promise;
  }

  describe(): DispatchedJob {
    const { jobId, name, submittedAtEpochMs } = this.#job;
    const control = this.#running?.control;
    const end = this.#end;
    const snapshot = control === undefined ? this.#metrics : control.snapshot();
    const statistics = control?.checkpointStatistics ?? end?.checkpointStatistics;
    return {
      jobId,
      name,
      status: this.status,
      submittedAtEpochMs,
      ...(end === undefined
        ? {}
        : { endedAtEpochMs: end.endedAtEpochMs, netRuntimeMs: end.netRuntimeMs }),
      ...(end?.error === undefined ? {} : { error: end.error }),
      vertices: end?.vertices ?? this.#vertices(snapshot),
      metrics: snapshot?.vertices ?? [],
      exceptions: control?.exceptions ?? end?.exceptions ?? emptyExceptionHistory(0),
      ...(statistics === undefined ? {} : { checkpointStatistics: statistics }),
    };
  }

  async #run(master: JobControl, close: () => Promise<void>): Promise<void> {
    const result = await master.run();
    await close().catch((thrown: unknown) => this.#warn('a job left slots behind', thrown));
    this.#metrics = result.metrics;
    if (result.status === 'SUSPENDED') {
      this.#release(false);
      return;
    }
    const { status, netRuntimeMs, error } = result;
    const now = this.#parts.clock.nowEpochMs();
    await this.#finish(status, this.#endRecord(now, netRuntimeMs, error));
  }

  /** I2. */
  async #finish(status: JobStatus, end: EndedJobRecord): Promise<void> {
    let isFinal = true;
    try {
      await this.#journal?.update({ status, coordinator: end });
    } catch (thrown) {
      isFinal = false;
      this.#warn('the end of a job could not be recorded', thrown);
    }
    this.#endStatus = status;
    this.#isResumable = false;
    this.#end = end;
    this.#release(isFinal);
  }

  #release(isFinal: boolean): void {
    this.#running = undefined;
    this.#slots = 0;
    this.#ended.resolve();
    this.#parts.onEnd(this.#job, isFinal);
  }

  #endRecord(
    endedAtEpochMs: number,
    netRuntimeMs: number,
    error: StreamErrorRecord | undefined,
  ): EndedJobRecord {
    const control = this.#running?.control;
    const statistics = control?.checkpointStatistics;
    return {
      endedAtEpochMs,
      netRuntimeMs,
      ...(error === undefined ? {} : { error }),
      vertices: this.#vertices(this.#metrics),
      exceptions: control?.exceptions ?? failureHistory(error, endedAtEpochMs),
      ...(statistics === undefined ? {} : { checkpointStatistics: statistics }),
    };
  }

  /** As planned, at the parallelism it runs with. */
  #vertices(snapshot: JobSnapshot | undefined): readonly PlannedVertex[] {
    const running = new Map(snapshot?.vertices.map((v) => [v.id, v.parallelism]));
    return (this.#plan?.vertices ?? []).map((vertex) => ({
      ...vertex,
      parallelism: running.get(vertex.id) ?? this.#job.parallelism[vertex.id] ?? vertex.parallelism,
    }));
  }

  #planned(): PlannedProgram {
    return defined(this.#plan, 'a job that waits or runs is planned');
  }

  #warn(message: string, thrown: unknown): void {
    const { code, message: reason } = toStreamError(thrown);
    this.#parts.logger.log('warn', message, { jobId: this.jobId, code, reason });
  }
}

function failureHistory(
  error: StreamErrorRecord | undefined,
  timestampEpochMs: number,
): ExceptionHistory {
  if (error === undefined) return emptyExceptionHistory(0);
  const entry = { timestampEpochMs, error, concurrentExceptions: [] };
  return { size: 1, entries: [entry], truncated: false };
}
