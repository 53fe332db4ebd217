/**
 * A deployed cluster in one process: its functions over stores in memory, queues that repeat, a
 * state machine and TaskManagers that do as they are told. A step at a time, nothing by itself.
 */
import assert from 'node:assert/strict';
import type { StreamExecutionEnvironment } from '../../../api/index.ts';
import {
  compress,
  decompress,
  JobStore,
  type RowStore,
  type StoredJob,
} from '../../../checkpoint/index.ts';
import { StreamError } from '../../../core/index.ts';
import { type DispatchedJob, TurnObjects, type WakeUps } from '../../../jobmaster/index.ts';
import type { SlotReport, SubtaskRef } from '../../../protocol/index.ts';
import { answerRequest, type ClusterApi } from '../../http/index.ts';
import { SystemTimers } from '../../local/system-world.ts';
import { MemoryBlobStore } from '../../memory/memory-blob-store.ts';
import { MemoryFileSystem } from '../../memory/memory-file-system.ts';
import { MemoryRowStore } from '../../memory/memory-row-store.ts';
import { SeededRng } from '../../memory/virtual-time.ts';
import { jobFilesOnAws } from '../job-files.ts';
import type { CoordinatorMessage, NextStep } from '../messages.ts';
import { type AttemptRecord, writeAttempt } from '../taskmanager/index.ts';
import { AwsClusterJobs, awsOperations } from './aws-cluster-api.ts';
import { awsProcesses } from './aws-processes.ts';
import { AwsPrograms } from './aws-programs.ts';
import { Coordinator, type QueueRecord } from './coordinator.ts';
import { deployedLifecycle } from './deployed-lifecycle.ts';
import type { AddressedCommand, Previews } from './effect-ports.ts';
import { JobPrograms } from './job-programs.ts';
import { JobTroubles } from './job-troubles.ts';
import { JobTurns } from './job-turns.ts';
import { JobViews } from './job-views.ts';
import { MAX_CAUSE_CHARS, thrownByFunction } from './lambda-failure.ts';
import { planJob } from './plan-job.ts';
import { previewProgram } from './preview-program.ts';
import { SavepointDisposals } from './savepoint-disposals.ts';
import { settleJob } from './settle-job.ts';
import { ShownExecutions } from './shown-executions.ts';
import { TaskManagerReservations } from './task-manager-reservations.ts';
import { TickForwarder } from './tick-forwarder.ts';
import { TurnEffects } from './turn-effects.ts';

export const ROOT = 's3://bucket';
export const EXPIRATION_MS = 3_600_000;
export const JOB_ID = 'a'.repeat(32);

const STATS = {
  ...{ startDelayMs: 0, alignmentMs: 0, syncMs: 0, asyncMs: 0 },
  ...{ checkpointedSizeBytes: 0, stateSizeBytes: 0 },
  ...{ processedDuringAlignmentBytes: 0, persistedDuringAlignmentBytes: 0, unaligned: false },
};

export interface ClusterWorldOptions {
  readonly taskSlots?: number;
  readonly maxTaskManagers?: number;
  readonly objectAboveBytes?: number;
}

/** A job that numbers go through for ever, as far as its slots are concerned. */
export function numbersJob(env: StreamExecutionEnvironment): void {
  env.setParallelism(2);
  env
    .fromSequence(1, 1_000_000)
    .uid('numbers')
    .keyBy((n) => n)
    .map((n) => n)
    .uid('keyed')
    .print();
}

export class ClusterWorld {
  nowEpochMs = 1_000_000;
  readonly rows = new MemoryRowStore();
  readonly blobs = new MemoryBlobStore();
  /** Of sources and sinks. */
  readonly files = new MemoryFileSystem();
  readonly logs: { level: string; message: string; fields: Readonly<Record<string, unknown>> }[] =
    [];
  readonly metrics: Record<string, number> = {};
  /** By the text of a bundle. */
  readonly modules: Record<string, (env: StreamExecutionEnvironment) => void | Promise<void>> = {
    numbers: numbersJob,
  };
  /** In the coordinator's queue. */
  readonly messages: CoordinatorMessage[] = [];
  readonly ticks: { readonly message: CoordinatorMessage; readonly delayS: number }[] = [];
  isDeadLetterQueueDown = false;
  /** Receipts whose messages were hidden for longer, and those deleted within a batch. */
  readonly hidden: string[] = [];
  readonly done: string[] = [];
  readonly buried: { readonly body: string; readonly reason: string }[] = [];
  readonly answered: {
    readonly token: string;
    readonly output?: unknown;
    readonly error?: string;
  }[] = [];
  readonly started: string[] = [];
  readonly stopped: string[] = [];
  /** By `<jobId>-<arming>`. */
  readonly schedules = new Map<string, Omit<WakeUps, 'arming'>>();
  readonly inboxes = new Set<string>();
  readonly attempts: AttemptRecord[] = [];
  readonly commands: { readonly to: string; readonly command: AddressedCommand }[] = [];
  /** What the account would let run; undefined: nobody says. */
  accountTaskManagers: number | undefined;
  /** Task tokens that may not be answered. */
  readonly denied = new Set<string>();
  /** Fails the next effects of a kind. */
  failing: string | undefined;
  api: ClusterApi;
  coordinator: Coordinator;
  /** The function between the two queues. */
  readonly ticker: TickForwarder;
  readonly #options: Required<ClusterWorldOptions>;
  readonly #reports = new Map<number, number>();
  readonly #sentIds = new Set<string>();
  #tokens = 0;

  constructor(options: ClusterWorldOptions = {}) {
    this.#options = { taskSlots: 1, maxTaskManagers: 10, objectAboveBytes: 1e9, ...options };
    this.coordinator = this.coldStart();
    const { queues, logger, clock } = this;
    this.ticker = new TickForwarder({ queues, metrics: this.metricSink, logger, clock });
    this.api = this.#createApi();
  }

  get clock() {
    return { nowEpochMs: () => this.nowEpochMs, monotonicMs: () => this.nowEpochMs };
  }

  get logger() {
    return {
      log: (level: string, message: string, fields: Readonly<Record<string, unknown>> = {}) => {
        this.logs.push({ level, message, fields });
      },
    };
  }

  get metricSink() {
    const add = (name: string, value: number): void => {
      this.metrics[name] = (this.metrics[name] ?? 0) + value;
    };
    return { add };
  }

  /** Another process of the coordinator: what the one before had kept is gone. */
  coldStart(rows: RowStore = this.rows): Coordinator {
    const { blobs, clock, logger } = this;
    const { taskSlots } = this.#options;
    const timers = new SystemTimers();
    const metrics = this.metricSink;
    const turns = new JobTurns({
      ...{ rows, clock, timers, metrics, taskSlots },
      jobs: new JobStore(rows, `coordinator-${this.#tokens++}`),
      programs: this.#programs(),
      world: {
        ...{ blobs, rows, clock, logger },
        rng: new SeededRng(1),
        checkpointsDirectory: `${ROOT}/checkpoints`,
        savepointsDirectory: `${ROOT}/savepoints`,
        fileSystem: jobFilesOnAws(this.files),
      },
      objects: this.turnObjects,
      effects: new TurnEffects({
        ...{ rows, clock, logger, taskSlots },
        machines: this.machines,
        queues: this.queues,
        wakeUps: this.wakeUps,
        commands: {
          sendCommands: async ({ jobId, attempt, taskManager }, commands) => {
            this.#maybeFail('command');
            for (const command of commands) {
              this.commands.push({ to: `${jobId}/${attempt}/${taskManager}`, command });
            }
          },
        },
        attempts: {
          writeAttempt: async (record) => {
            this.#maybeFail('attempt');
            this.attempts.push(record);
            await writeAttempt(blobs, record);
          },
        },
      }),
      views: new JobViews(rows),
      inboxes: this.inboxPort,
      reservations: this.reservations,
      maxRounds: 100,
      maxJobs: 8,
    });
    const { queues, machines } = this;
    const troubles = new JobTroubles(rows);
    const parts = { turns, queues, machines, metrics, logger, timers, troubles };
    this.coordinator = new Coordinator(parts);
    return this.coordinator;
  }

  get turnObjects(): TurnObjects {
    const { blobs } = this;
    const { objectAboveBytes } = this.#options;
    const settings = { objectAboveBytes, compress, decompress };
    return new TurnObjects({ blobs, ...settings, directory: `${ROOT}/jobs` });
  }

  get machines() {
    return {
      succeed: async (token: string, output: unknown) => {
        this.#maybeFail('next');
        if (this.denied.has(token)) {
          const message = 'permission is missing';
          throw new StreamError({ kind: 'invalid', code: 'TOKEN_NOT_ANSWERED', message });
        }
        this.answered.push({ token, output });
      },
      fail: async (token: string, error: string) => {
        this.answered.push({ token, error });
      },
      start: async (name: string) => {
        if (!this.started.includes(name)) this.started.push(name);
      },
      stop: async (name: string, code: string) => {
        this.stopped.push(`${name} ${code}`);
      },
    };
  }

  get wakeUps() {
    return {
      arm: async (jobId: string, { arming, ...wakeUps }: WakeUps) => {
        this.#maybeFail('arm');
        this.schedules.set(`${jobId}-${arming}`, wakeUps);
      },
      disarm: async (jobId: string, arming: number) => {
        this.schedules.delete(`${jobId}-${arming}`);
      },
    };
  }

  get queues() {
    return {
      send: async (message: CoordinatorMessage, id: string) => {
        // As a FIFO queue does for five minutes, also when the first has been taken.
        if (this.#sentIds.has(id)) return;
        this.#sentIds.add(id);
        this.messages.push(JSON.parse(JSON.stringify(message)) as CoordinatorMessage);
      },
      tick: async (message: CoordinatorMessage, delayS: number) => {
        this.ticks.push({ message, delayS });
      },
      hide: async (_from: string, handles: readonly string[], forS: number) => {
        this.hidden.push(`${handles.join()} for ${forS} s`);
      },
      done: async (handles: readonly string[]) => {
        this.done.push(...handles);
      },
      bury: async (_from: string, body: string, _group: string, reason: string) => {
        if (this.isDeadLetterQueueDown) throw new Error('the dead-letter queue takes nothing');
        this.buried.push({ body, reason });
      },
    };
  }

  get inboxPort() {
    return {
      create: async (jobId: string, from: number, to: number) => {
        for (let i = from; i < to; i++) this.inboxes.add(`${jobId}-${i}`);
      },
      delete: async (jobId: string, count: number) => {
        for (let i = 0; i < count; i++) this.inboxes.delete(`${jobId}-${i}`);
      },
    };
  }

  get reservations(): TaskManagerReservations {
    return new TaskManagerReservations(this.rows, this.#options.maxTaskManagers);
  }

  /** Puts messages into the queue, and lets the coordinator work off all that is there. */
  async send(...messages: CoordinatorMessage[]): Promise<readonly string[]> {
    this.messages.push(...messages);
    return await this.work();
  }

  /** One batch: all that is in the queue. @returns what has to come again, which is put back. */
  async work(): Promise<readonly string[]> {
    const batch = this.messages.splice(0);
    const failed = await this.deliver(batch);
    this.messages.unshift(...batch.filter((_, index) => failed.includes(String(index))));
    return failed;
  }

  async deliver(messages: readonly CoordinatorMessage[], receives = 1): Promise<readonly string[]> {
    const records = messages.map(
      (message, index): QueueRecord => ({
        messageId: String(index),
        receiptHandle: `of ${index}`,
        body: JSON.stringify(message),
        group: message.jobId,
        receives,
      }),
    );
    return await this.coordinator.handle(records);
  }

  async plan(jobId = JOB_ID): Promise<{ readonly taskManagers: number }> {
    const { rows, blobs, logger, reservations } = this;
    return await planJob(
      {
        ...{ rows, blobs, logger, reservations },
        jobs: new JobStore(rows, 'plan'),
        programs: this.#programs(),
        inboxes: this.inboxPort,
        fileSystem: jobFilesOnAws(this.files),
        accountTaskManagers: async () => this.accountTaskManagers,
        taskSlots: this.#options.taskSlots,
      },
      { jobId },
    );
  }

  async settle(request: Parameters<typeof settleJob>[1]): Promise<object> {
    const { rows, blobs, logger, queues } = this;
    const inboxes = this.inboxPort;
    const framesDirectory = `${ROOT}/frames`;
    const turnsDirectory = `${ROOT}/jobs`;
    const parts = { rows, blobs, logger, queues, inboxes, framesDirectory, turnsDirectory };
    return await settleJob(parts, request);
  }

  /** As the state machine catches what a function has thrown. */
  caught(thrown: unknown): { readonly Error: string; readonly Cause: string } {
    const { name, message, stack = '' } = thrownByFunction(thrown);
    const trace = stack.split('\n');
    const cause = JSON.stringify({ errorType: name, errorMessage: message, trace });
    return { Error: name, Cause: cause.slice(0, MAX_CAUSE_CHARS) };
  }

  /** Asks as the state machine does. @returns the answer, if there is one. */
  async next(rounds: number, jobId = JOB_ID): Promise<NextStep | undefined> {
    const taskToken = `token-${this.#tokens++}`;
    await this.send({ type: 'next', jobId, taskToken, execution: `${jobId}-0`, rounds });
    return this.answered.find(({ token }) => token === taskToken)?.output as NextStep | undefined;
  }

  /** Submits, plans and starts a job, and its TaskManagers report that they run. */
  async startJob(body: object = {}): Promise<void> {
    await this.submit('numbers', body);
    await this.plan();
    const step = await this.next(0);
    assert.equal(step?.action, 'RUN');
    await this.reportAll({ type: 'running' });
  }

  async submit(bundle: string, body: object = {}, jobId = JOB_ID): Promise<unknown> {
    const uploaded = await this.ask('POST /jars/upload', Buffer.from(bundle));
    const { filename } = uploaded.body as { filename: string };
    return (await this.ask(`POST /jars/${filename}/run`, { jobId, ...body })).body;
  }

  get attempt(): AttemptRecord {
    const attempt = this.attempts.at(-1);
    if (attempt === undefined) throw new Error('no attempt was launched');
    return attempt;
  }

  /** Of the present attempt. */
  slotsOf(attempt = this.attempt): readonly number[] {
    const widest = Math.max(...attempt.jobGraph.vertices.map(({ parallelism }) => parallelism));
    return Array.from({ length: widest }, (_, index) => index);
  }

  reportsOf(slotIndex: number, ...reports: SlotReport[]): CoordinatorMessage {
    const { jobId, attempt } = this.attempt;
    const key = attempt * 1000 + slotIndex;
    const sequence = this.#reports.get(key) ?? 0;
    this.#reports.set(key, sequence + reports.length);
    return { type: 'reports', jobId, attempt, lease: 0, slotIndex, sequence, reports };
  }

  async reportAll(...reports: SlotReport[]): Promise<void> {
    await this.send(...this.slotsOf().map((slotIndex) => this.reportsOf(slotIndex, ...reports)));
  }

  /** The tasks of a slot. */
  tasksOf(slotIndex: number): readonly SubtaskRef[] {
    return this.attempt.jobGraph.vertices
      .filter(({ parallelism }) => slotIndex < parallelism)
      .map(({ id }) => ({ vertexId: id, subtaskIndex: slotIndex }));
  }

  /** Every task acknowledges a checkpoint. */
  acksOf(checkpointId: number): readonly CoordinatorMessage[] {
    return this.slotsOf().map((slotIndex) =>
      this.reportsOf(
        slotIndex,
        ...this.tasksOf(slotIndex).map((task): SlotReport => {
          const state = { ...task, finished: false, operators: [], channels: [] };
          return { type: 'checkpoint-ack', checkpointId, state, stats: STATS };
        }),
      ),
    );
  }

  /** What slots were told, in the order of its sending. */
  told(type: string): readonly AddressedCommand[] {
    return this.commands
      .map(({ command }) => command)
      .filter(({ command }) => command.type === type);
  }

  /** The id of the checkpoint that was triggered last. */
  get triggered(): number {
    const command = this.told('trigger-checkpoint').at(-1)?.command;
    return command?.type === 'trigger-checkpoint' ? command.barrier.checkpointId : 0;
  }

  async storedJob(jobId = JOB_ID): Promise<StoredJob | undefined> {
    return await new JobStore(this.rows, 'looks').get(jobId);
  }

  async view(jobId = JOB_ID): Promise<DispatchedJob> {
    return await this.api.jobs.get(jobId);
  }

  async ask(
    line: string,
    body?: object,
    idempotencyKey?: string,
  ): Promise<{ readonly status: number; readonly body: unknown }> {
    const [method = '', target = ''] = line.split(' ');
    const url = new URL(target, 'http://localhost');
    const isBundle = Buffer.isBuffer(body);
    const contentType = isBundle ? 'application/javascript' : 'application/json';
    return await answerRequest(this.api, {
      method,
      path: decodeURIComponent(url.pathname),
      query: url.searchParams,
      contentType,
      contentTypeHeader: contentType,
      body: isBundle ? body : Buffer.from(body === undefined ? '' : JSON.stringify(body)),
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    });
  }

  #createApi(): ClusterApi {
    const { rows, blobs, clock, queues, machines } = this;
    const { taskSlots, maxTaskManagers } = this.#options;
    const newId = (): string => (this.#tokens++).toString(16).padStart(32, '0');
    const jobs = new JobStore(rows, 'api');
    const executions = new ShownExecutions({ rows, jobs, blobs, objects: this.turnObjects });
    const clusterJobs = new AwsClusterJobs({
      ...{ rows, jobs, queues, clock, newId, taskSlots, maxTaskManagers, stateBlobs: blobs },
      expirationMs: EXPIRATION_MS,
      views: new JobViews(rows),
      executions,
      reservations: this.reservations,
    });
    const presign = async (location: string): Promise<string> => `https://signed/${location}`;
    const previewed = { programs: this.#programs(), uploads: blobs, blobs, root: ROOT };
    const previews: Previews = {
      preview: (asked) => previewProgram(previewed, { preview: asked }),
    };
    return {
      jobs: clusterJobs,
      operations: awsOperations(clusterJobs, new SavepointDisposals({ rows, jobs, clock, blobs })),
      programs: new AwsPrograms({ blobs, jobs, machines, clock, presign, previews, root: ROOT }),
      lifecycle: deployedLifecycle(),
      processes: awsProcesses({
        ...{ rows, clock, taskSlots, executions, views: new JobViews(rows) },
        taskManagerMemoryMb: 2_048,
        reservations: this.reservations,
        log: { ofTaskManager: async () => '', ofCoordinator: async () => '' },
        configuration: {},
        environment: { version: '', arch: '', options: [], modules: [] },
      }),
      ...{ clock, newId, version: '1', dataDirectory: ROOT },
    };
  }

  #programs(): JobPrograms {
    const importModule = async (bytes: Uint8Array): Promise<unknown> => {
      const job = this.modules[Buffer.from(bytes).toString()];
      if (job === undefined) throw new SyntaxError('Unexpected identifier');
      return { default: job };
    };
    return new JobPrograms({ blobs: this.blobs, importModule, maxPrograms: 4 });
  }

  #maybeFail(kind: string): void {
    if (this.failing !== kind) return;
    this.failing = undefined;
    throw new StreamError({ kind: 'unavailable', code: 'FAKE', message: `no ${kind} now` });
  }
}
