/**
 * A deployed cluster as its coordinator sees it: the production coordinator, with its turns, over
 * stores, queues and state machines that count what is asked of AWS. Nothing fails here.
 *
 * I1  Batches of the coordinator's queue are worked off one after the other, as of one group.
 */
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import {
  Coordinator,
  type CoordinatorMessage,
  type CoordinatorQueues,
  JobTroubles,
  JobTurns,
  JobViews,
  objectThresholdBytes,
  type QueueRecord,
  type StateMachines,
  TaskManagerReservations,
  TickForwarder,
  TurnEffects,
  US_EAST_1_PRICES,
} from '../adapters/aws/index.ts';
import { MemoryFileSystem } from '../adapters/index.ts';
import { JobStore, viewKey } from '../checkpoint/index.ts';
import type { Configuration, Logger } from '../core/index.ts';
import { generateJobGraph, type StreamGraph } from '../graph/index.ts';
import { TurnObjects } from '../jobmaster/index.ts';
import type { SlotCommand } from '../protocol/index.ts';
import type { QuotaMeter } from './quota-meter.ts';
import { CALL_MS, pauseIn, QuotaBlobStore, QuotaRowStore } from './quota-stores.ts';
import { SimProcess } from './sim-process.ts';
import type { SimWorld } from './sim-world.ts';

export interface QuotaClusterParts {
  readonly world: SimWorld;
  readonly meter: QuotaMeter;
  readonly graph: StreamGraph;
  readonly configuration: Configuration;
  /** Of a TaskManager. */
  readonly taskSlots: number;
  readonly onCommand: (slotIndex: number, command: SlotCommand) => void;
  readonly onNext: (step: unknown) => void;
  /** An execution begins that goes on with a job. */
  readonly onStart?: (name: string) => void;
  /** Time that a turn takes the processor, measured by who can. */
  readonly cpuMs: () => number;
}

const ROOT = 's3://bucket';
const BATCH = 10;
const MEMORY_GB = 1_769 / 1_024;
const TICKS_MEMORY_GB = 256 / 1_024;
const SQS_UNIT_BYTES = 64 * 1024;
/** From a message's arrival until its function is invoked. */
const POLL_MS = 10;

export class QuotaCluster {
  readonly rows: QuotaRowStore;
  readonly blobs: QuotaBlobStore;
  /** Turns taken, and processor time they took, in all. */
  turns = 0;
  cpuMs = 0;
  readonly #parts: QuotaClusterParts;
  #coordinator: Coordinator;
  readonly #ticker: TickForwarder;
  readonly #waiting: CoordinatorMessage[] = [];
  #isWorking = false;
  #largest = { recordBytes: 0, storedRecordBytes: 0 };

  constructor(parts: QuotaClusterParts) {
    this.#parts = parts;
    const { world, meter } = parts;
    this.rows = new QuotaRowStore(world, meter);
    this.blobs = new QuotaBlobStore(world, meter);
    this.#coordinator = this.#createCoordinator(new SimProcess(world, 'coordinator', 0));
    const { clock } = new SimProcess(world, 'ticks', 0);
    const [logger, metrics] = [this.#logger(), { add: () => undefined }];
    this.#ticker = new TickForwarder({ clock, logger, metrics, queues: this.#queues() });
  }

  /** Another process goes on, which has nothing of the job. */
  coldStart(): void {
    this.#coordinator = this.#createCoordinator(new SimProcess(this.#parts.world, 'another', 0));
  }

  /** The largest record of a turn since it was asked last, and what is stored now. */
  sizes(jobId: string): {
    readonly recordBytes: number;
    readonly storedRecordBytes: number;
    readonly viewBytes: number;
  } {
    const view = viewKey(jobId);
    const { recordBytes, storedRecordBytes } = this.#largest;
    this.#largest = { recordBytes: 0, storedRecordBytes: 0 };
    const viewBytes = this.rows.sizeOf(view.partitionKey, view.sortKey);
    return { recordBytes, storedRecordBytes, viewBytes };
  }

  /** No message waits, and none is being worked on. */
  get isQuiet(): boolean {
    return !this.#isWorking && this.#waiting.length === 0;
  }

  /** One call of a sender, to the coordinator's queue. */
  send(messages: readonly CoordinatorMessage[]): void {
    const { world, meter } = this.#parts;
    const [first] = messages;
    if (first === undefined) return;
    const bytes = Buffer.byteLength(JSON.stringify(messages));
    meter.rate('fifoCalls', `send ${first.jobId}`);
    meter.rate('fifoMessages', `send ${first.jobId}`, messages.length);
    meter.size('sqsCallBytes', bytes);
    const operation = messages.length > 1 ? 'sqs:SendMessageBatch' : 'sqs:SendMessage';
    meter.bill(operation, { sqsFifoRequests: Math.ceil(bytes / SQS_UNIT_BYTES) });
    world.schedule(CALL_MS.sqs, 'sent', () => {
      this.#waiting.push(...(JSON.parse(JSON.stringify(messages)) as CoordinatorMessage[]));
      void this.#work();
    });
  }

  /** I1. */
  async #work(): Promise<void> {
    if (this.#isWorking) return;
    this.#isWorking = true;
    while (this.#waiting.length > 0) {
      await pauseIn(this.#parts.world, POLL_MS);
      const batch = this.#waiting.splice(0, BATCH);
      const failed = await this.#invoke(batch.map((message, index) => recordOf(message, index)));
      if (failed.length > 0) this.#parts.world.violate(`a turn failed: ${failed.join()}`);
    }
    this.#isWorking = false;
  }

  async #invoke(records: readonly QueueRecord[]): Promise<readonly string[]> {
    const { world, meter, cpuMs } = this.#parts;
    const [{ group } = { group: '' }] = records;
    const bytes = records.reduce((sum, { body }) => sum + Buffer.byteLength(body), 0);
    for (const action of ['receive', 'delete']) {
      meter.rate('fifoCalls', `${action} ${group}`);
      meter.rate('fifoMessages', `${action} ${group}`, records.length);
    }
    meter.size('fifoInFlight', records.length);
    meter.bill('sqs:ReceiveMessage', { sqsFifoRequests: Math.ceil(bytes / SQS_UNIT_BYTES) });
    const [startMs, startCpuMs] = [world.nowMs, cpuMs()];
    const failed = await this.#coordinator.handle(records);
    const usedMs = cpuMs() - startCpuMs;
    this.turns += 1;
    this.cpuMs += usedMs;
    const lambdaGbSeconds = ((world.nowMs - startMs + usedMs) / 1_000) * MEMORY_GB;
    meter.bill('lambda:Invoke', { lambdaInvocations: 1, lambdaGbSeconds });
    meter.bill('sqs:DeleteMessageBatch', { sqsFifoRequests: 1 });
    return failed;
  }

  /** By a function of its own: the coordinator's process stays where it is. */
  async #tick(message: CoordinatorMessage): Promise<void> {
    const { world, meter } = this.#parts;
    meter.bill('sqs:ReceiveMessage', { sqsStandardRequests: 1 });
    const startMs = world.nowMs;
    const failed = await this.#ticker.handle([{ ...recordOf(message), group: '' }]);
    if (failed.length > 0) world.violate('a tick was not passed on');
    const lambdaGbSeconds = ((world.nowMs - startMs) / 1_000) * TICKS_MEMORY_GB;
    meter.bill('lambda:Invoke', { lambdaInvocations: 1, lambdaGbSeconds });
    meter.bill('sqs:DeleteMessageBatch', { sqsStandardRequests: 1 });
  }

  #createCoordinator(host: SimProcess): Coordinator {
    const { taskSlots } = this.#parts;
    const { rows, blobs } = this;
    const { clock, timers, rng } = host;
    const logger = this.#logger();
    const metrics = { add: () => undefined };
    const queues = this.#queues();
    const turns = new JobTurns({
      ...{ rows, clock, timers, metrics, taskSlots },
      jobs: new JobStore(rows, 'coordinator'),
      programs: { get: async () => this.#program() },
      world: {
        ...{ blobs, rows, clock, rng, logger },
        checkpointsDirectory: `${ROOT}/checkpoints`,
        savepointsDirectory: `${ROOT}/savepoints`,
        fileSystem: new MemoryFileSystem(),
      },
      objects: new TurnObjects({
        ...{ blobs, directory: `${ROOT}/jobs` },
        objectAboveBytes: objectThresholdBytes(US_EAST_1_PRICES),
        // At once: a thread would end in real time.
        compress: async (bytes) => this.#noted(bytes, zstdCompressSync(bytes)),
        decompress: async (bytes) => zstdDecompressSync(bytes),
      }),
      effects: this.#effects(host, queues, logger),
      views: new JobViews(rows),
      inboxes: { create: async () => {}, delete: async () => {} },
      reservations: new TaskManagerReservations(rows, 1_000),
      maxRounds: 100,
      maxJobs: 8,
    });
    const machines = this.#machines();
    const troubles = new JobTroubles(rows);
    return new Coordinator({ turns, queues, machines, metrics, logger, timers, troubles });
  }

  #logger(): Logger {
    return {
      log: (level, message, fields) => {
        if (level === 'debug' || level === 'info') return;
        this.#parts.world.violate(`the coordinator says: ${message} ${JSON.stringify(fields)}`);
      },
    };
  }

  #effects({ clock }: SimProcess, queues: CoordinatorQueues, logger: Logger): TurnEffects {
    const { rows, blobs } = this;
    const { meter, world, taskSlots, onCommand } = this.#parts;
    return new TurnEffects({
      ...{ rows, clock, logger, taskSlots, queues, machines: this.#machines() },
      wakeUps: {
        arm: async () => meter.bill('scheduler:CreateSchedule', {}),
        disarm: async () => meter.bill('scheduler:DeleteSchedule', {}),
      },
      commands: {
        sendCommands: async (_to, commands) => {
          const bytes = Buffer.byteLength(JSON.stringify(commands));
          meter.size('sqsCallBytes', bytes);
          meter.size('standardInFlight', commands.length);
          const sqsStandardRequests = Math.ceil(bytes / SQS_UNIT_BYTES);
          meter.bill('sqs:SendMessage', { sqsStandardRequests });
          await pauseIn(world, CALL_MS.sqs);
          for (const { slotIndex, command } of commands) onCommand(slotIndex, command);
        },
      },
      attempts: {
        writeAttempt: async (record) => {
          const text = Buffer.from(JSON.stringify(record));
          await blobs.put(`${ROOT}/jobs/attempts/${record.attempt}`, text);
        },
      },
    });
  }

  #queues(): CoordinatorQueues {
    const { world, meter } = this.#parts;
    return {
      send: async (message) => {
        this.send([message]);
        await pauseIn(world, CALL_MS.sqs);
      },
      tick: async (message, delayS) => {
        meter.size('sqsDelayMs', delayS * 1_000);
        meter.bill('sqs:SendMessage', { sqsStandardRequests: 1 });
        await pauseIn(world, CALL_MS.sqs);
        world.schedule(delayS * 1_000, 'tick', () => {
          void this.#tick(message);
        });
      },
      hide: async () => world.violate('messages are hidden'),
      done: async () => world.violate('messages are deleted'),
      bury: async (_from, body, _group, reason) => world.violate(`buried: ${reason} ${body}`),
    };
  }

  #noted(record: Uint8Array, stored: Uint8Array): Uint8Array {
    if (record.length > this.#largest.recordBytes) {
      this.#largest = { recordBytes: record.length, storedRecordBytes: stored.length };
    }
    return stored;
  }

  #machines(): StateMachines {
    const { world, meter, onNext, onStart } = this.#parts;
    return {
      succeed: async (_token, output) => {
        meter.rate('stepAnswers', 'account');
        meter.bill('states:SendTaskSuccess', {});
        meter.size('stepPayloadBytes', Buffer.byteLength(JSON.stringify(output)));
        await pauseIn(world, CALL_MS.stepFunctions);
        onNext(output);
      },
      fail: async (_token, code, reason) => world.violate(`${code}: ${reason}`),
      start: async (name) => {
        meter.bill('states:StartExecution', {});
        await pauseIn(world, CALL_MS.stepFunctions);
        onStart?.(name);
      },
      stop: async (name) => world.violate(`an execution is ended: ${name}`),
    };
  }

  #program() {
    const { graph, configuration } = this.#parts;
    return { graph, configuration, graphHash: generateJobGraph(graph).hash, digest: '' };
  }
}

function recordOf(message: CoordinatorMessage, index = 0): QueueRecord {
  return {
    messageId: String(index),
    receiptHandle: String(index),
    body: JSON.stringify(message),
    group: message.jobId,
    receives: 1,
  };
}
