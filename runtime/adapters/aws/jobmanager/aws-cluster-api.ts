/**
 * A deployed cluster, as the REST interface sees it: reads what the coordinator has shown, and asks
 * it by its queue. It decides nothing and waits for nothing.
 *
 * I1  What a client asks for is in a row before it is sent, so that its id is known from then on;
 *     sent again, it is the same request.
 */
import {
  answerKey,
  type BlobStore,
  isErrorWithCode,
  type JobStore,
  type RowStore,
  requestKey,
} from '../../../checkpoint/index.ts';
import { type Clock, StreamError } from '../../../core/index.ts';
import type { JobPlanJson } from '../../../graph/index.ts';
import {
  type ClientRequest,
  checkpointAnswer,
  type Diagnosis,
  type DispatchedJob,
  diagnoseJob,
  jobAlreadyEnded,
  jobNotFound,
  type SlotOverview,
  type StateAnswer,
  type StateQuestion,
} from '../../../jobmaster/index.ts';
import type {
  ClusterJobs,
  OperationLog,
  OperationPlace,
  OperationState,
  TaskPlace,
  TriggeredOperation,
} from '../../http/index.ts';
import type { CoordinatorQueues } from './effect-ports.ts';
import { isForgotten } from './forget-jobs.ts';
import { isEnded, type JobViews, submittedView } from './job-views.ts';
import { readPlan } from './plan-record.ts';
import type { SavepointDisposals } from './savepoint-disposals.ts';
import type { ShownExecutions } from './shown-executions.ts';
import type { TaskManagerReservations } from './task-manager-reservations.ts';
import { ANSWERS_KEPT_MS, type AnswerRow, CANCEL_AFTER } from './turn-effects.ts';

export interface AwsClusterParts {
  readonly rows: RowStore;
  readonly jobs: JobStore;
  readonly views: JobViews;
  readonly executions: Pick<ShownExecutions, 'of'>;
  /** Where checkpoints and their segments lie; read only. */
  readonly stateBlobs: BlobStore;
  readonly queues: Pick<CoordinatorQueues, 'send'>;
  readonly reservations: TaskManagerReservations;
  readonly taskSlots: number;
  readonly maxTaskManagers: number;
  /** `jobstore.expiration-time`: jobs that ended longer ago are not known any more. */
  readonly expirationMs: number;
  readonly clock: Clock;
  /** 32 hex digits. */
  readonly newId: () => string;
}

/** Row of a request (I1). Persisted. */
interface RequestRow {
  readonly requestId: string;
  readonly request: ClientRequest;
  readonly askedAtEpochMs: number;
}

type JobOperation = Extract<TriggeredOperation, { readonly jobId: string }>;

export class AwsClusterJobs implements ClusterJobs {
  readonly #parts: AwsClusterParts;

  constructor(parts: AwsClusterParts) {
    this.#parts = parts;
  }

  async list(): Promise<readonly DispatchedJob[]> {
    return (await this.#parts.views.list()).filter((job) => !this.#isForgotten(job));
  }

  async get(jobId: string): Promise<DispatchedJob> {
    const view = await this.#view(jobId);
    if (isEnded(view)) return view;
    return { ...view, executions: await this.#parts.executions.of(jobId) };
  }

  /** Without subtasks of a job that runs. */
  async #view(jobId: string): Promise<DispatchedJob> {
    const { views, jobs, rows } = this.#parts;
    const view = await views.get(jobId);
    if (view !== undefined) {
      if (this.#isForgotten(view)) throw jobNotFound(jobId);
      return view;
    }
    const stored = await jobs.get(jobId);
    if (stored === undefined || isForgotten(stored.job)) throw jobNotFound(jobId);
    const submitted = submittedView(stored.job);
    const plan = await readPlan(rows, jobId);
    return plan === undefined
      ? submitted
      : { ...submitted, name: plan.name, vertices: plan.vertices };
  }

  async planOf(jobId: string): Promise<JobPlanJson | undefined> {
    return (await readPlan(this.#parts.rows, jobId))?.plan;
  }

  /** A job that runs: as its coordinator saw it when reports came last. */
  async diagnosis(jobId: string): Promise<Diagnosis> {
    const { diagnosis, status, exceptions, error, hibernation } = await this.get(jobId);
    if (diagnosis !== undefined && diagnosis.status === status && status !== 'HIBERNATED') {
      return diagnosis;
    }
    return diagnoseJob({
      ...{ nowEpochMs: this.#parts.clock.nowEpochMs(), status, executions: [], exceptions },
      ...(error === undefined ? {} : { error }),
      ...(hibernation === undefined ? {} : { hibernation }),
    });
  }

  /** Nobody that runs is asked: TaskManagers have no door, and may be asleep. */
  async queryState(jobId: string, question: StateQuestion): Promise<StateAnswer> {
    const { stateBlobs, clock } = this.#parts;
    const job = (): Promise<DispatchedJob> => this.#view(jobId);
    return await checkpointAnswer(job, question, stateBlobs, () => clock.nowEpochMs());
  }

  async slots(): Promise<SlotOverview> {
    const { reservations, taskSlots, maxTaskManagers } = this.#parts;
    const used = await reservations.used();
    const available = Math.max(0, maxTaskManagers - used) * taskSlots;
    return { total: maxTaskManagers * taskSlots, available };
  }

  placeOf(jobId: string, slotIndex: number): TaskPlace {
    const taskManager = Math.floor(slotIndex / this.#parts.taskSlots);
    return { taskManagerId: `${jobId}-${taskManager}`, endpoint: 'lambda' };
  }

  /** A TaskManager is called by its slots, whichever function runs it. */
  fixedPlaceOf(jobId: string, slotIndex: number): TaskPlace {
    return this.placeOf(jobId, slotIndex);
  }

  async cancel(jobId: string): Promise<void> {
    await this.#running(jobId);
    await this.#send(jobId, `cancel-${this.#parts.newId()}`, { type: 'cancel' });
  }

  async wake(jobId: string): Promise<void> {
    const { queues, newId } = this.#parts;
    await this.#running(jobId);
    await queues.send({ type: 'wake', jobId }, `wake-${jobId}-${newId()}`);
  }

  async rescale(jobId: string, parallelism: Readonly<Record<string, number>>): Promise<void> {
    const { vertices } = await this.#running(jobId);
    const unknown = Object.keys(parallelism).find((id) => !vertices.some((v) => v.id === id));
    if (unknown !== undefined) throw unknownVertex(jobId, unknown);
    const requestId = `rescale-${this.#parts.newId()}`;
    await this.#send(jobId, requestId, { type: 'rescale', parallelism });
  }

  /** @throws {StreamError} as {@link OperationLog.start}. */
  async ask(place: OperationPlace, operation: JobOperation): Promise<void> {
    const { jobId } = operation;
    const id = idOf(place);
    const known = await this.#request(jobId, id);
    if (known !== undefined) {
      // It may have been stored and not sent.
      await this.#send(jobId, known.requestId, known.request);
      return;
    }
    await this.#running(jobId);
    const request = await this.#requestOf(operation);
    const cancels = operation.type === 'savepoint' && operation.cancelsJob;
    const requestId = cancels ? `${CANCEL_AFTER}${id}` : id;
    const { rows, clock } = this.#parts;
    const askedAtEpochMs = clock.nowEpochMs();
    const value: RequestRow = { requestId, request, askedAtEpochMs };
    const expiry = { expectedVersion: 0, expiresAtEpochMs: askedAtEpochMs + ANSWERS_KEPT_MS };
    try {
      await rows.write([{ type: 'put', ...requestKey(jobId, id), value, ...expiry }]);
    } catch (thrown) {
      if (!isErrorWithCode(thrown, 'ROW_CONFLICT')) throw thrown;
    }
    await this.#send(jobId, requestId, request);
  }

  async answerOf(place: OperationPlace): Promise<OperationState | undefined> {
    const { jobId = '', type } = place;
    const known = await this.#request(jobId, idOf(place));
    if (known === undefined) return undefined;
    const { partitionKey, sortKey } = answerKey(jobId, known.requestId);
    const row = await this.#parts.rows.get(partitionKey, sortKey);
    if (row === undefined) return { type: 'in-progress' };
    const { answer } = row.value as AnswerRow;
    if ('error' in answer) return { type: 'failed', error: answer.error };
    return { type: 'completed', value: type === 'checkpoint' ? answer.checkpointId : answer.path };
  }

  async #request(jobId: string, id: string): Promise<RequestRow | undefined> {
    const { partitionKey, sortKey } = requestKey(jobId, id);
    return (await this.#parts.rows.get(partitionKey, sortKey))?.value as RequestRow | undefined;
  }

  #isForgotten({ endedAtEpochMs }: DispatchedJob): boolean {
    const { clock, expirationMs } = this.#parts;
    return endedAtEpochMs !== undefined && endedAtEpochMs + expirationMs < clock.nowEpochMs();
  }

  async #running(jobId: string): Promise<DispatchedJob> {
    const job = await this.#view(jobId);
    if (isEnded(job)) throw jobAlreadyEnded(jobId, job.status);
    return job;
  }

  async #send(jobId: string, requestId: string, request: ClientRequest): Promise<void> {
    const { queues } = this.#parts;
    await queues.send({ type: 'request', jobId, requestId, request }, `${jobId}-${requestId}`);
  }

  async #requestOf(operation: JobOperation): Promise<ClientRequest> {
    switch (operation.type) {
      case 'savepoint':
        return { type: 'savepoint', ...targetOf(operation.target) };
      case 'stop':
        return { type: 'stop', drain: operation.drain, ...targetOf(operation.target) };
      case 'checkpoint':
        return { type: 'checkpoint', full: operation.kind === 'FULL' };
      case 'rescale': {
        const { jobId, parallelism } = operation;
        const plan = await readPlan(this.#parts.rows, jobId);
        if (plan === undefined) throw notPlanned(jobId);
        const wanted = plan.scalableVertexIds.map((id) => [id, parallelism] as const);
        return { type: 'rescale', parallelism: Object.fromEntries(wanted) };
      }
    }
  }
}

/** What was triggered, by rows. */
export function awsOperations(
  jobs: AwsClusterJobs,
  disposals: Pick<SavepointDisposals, 'start' | 'get'>,
): OperationLog {
  return {
    start: async (triggerId, operation) => {
      if (operation.type === 'dispose') {
        await disposals.start(triggerId, operation.path);
        return;
      }
      const type = operation.type === 'stop' ? 'savepoint' : operation.type;
      await jobs.ask({ type, jobId: operation.jobId, triggerId }, operation);
    },
    get: async (place) =>
      place.type === 'dispose' ? await disposals.get(place.triggerId) : await jobs.answerOf(place),
  };
}

function idOf({ type, triggerId }: OperationPlace): string {
  return `${type}-${triggerId}`;
}

function targetOf(target: string | undefined): { readonly targetDirectory?: string } {
  return target === undefined ? {} : { targetDirectory: target };
}

function unknownVertex(jobId: string, vertexId: string): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'UNKNOWN_VERTEX',
    message: `the job has no such vertex; job=${jobId} vertex=${vertexId}`,
    details: { jobId, vertexId },
  });
}

function notPlanned(jobId: string): StreamError {
  return new StreamError({
    kind: 'conflict',
    code: 'JOB_NOT_RUNNING',
    message: `the job is not planned yet: ask again when it runs; job=${jobId}`,
    details: { jobId },
  });
}
