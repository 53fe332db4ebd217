/**
 * A TaskManager for one lease: from the state machine's request to the answer to it.
 *
 * - I1: the lease is claimed before anything is read, sent or taken.
 * - I2: it answers `LEFT` after the leave record is written, which is after all it sent has arrived
 *   and what it had not taken is in its inbox again.
 * - I3: it answers, or throws, before its time is up; then nothing of it is left: no thread, timer,
 *   connection or promise that goes on when the process is thawed.
 */
import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  assignState,
  type BlobStore,
  checkpointDirectory,
  isErrorWithCode,
  manifestLocation,
  type RowStore,
  readManifest,
} from '../../../checkpoint/index.ts';
import {
  type Clock,
  ConfigOptions,
  Configuration,
  defined,
  type FileSystem,
  type Logger,
  type Rng,
  type Timers,
} from '../../../core/index.ts';
import { buildExecutionGraph, type ExecutionGraph } from '../../../graph/index.ts';
import type {
  LeaveRecord,
  RestoredSubtaskState,
  SlotCommand,
  SubtaskRef,
} from '../../../protocol/index.ts';
import { handOverAfterMs, LeaseKeeper } from '../../../taskmanager/index.ts';
import type { LeaseAnswer, LeaseRequest } from '../messages.ts';
import { readProgram } from '../read-program.ts';
import { type AttemptRecord, attemptLocation, readAttempt } from './attempt-record.ts';
import { slotsOfTaskManager } from './channel-plan.ts';
import { LeaseNetwork, type LeaseNetworkParts } from './lease-network.ts';
import { LeaseSlots, type LeaseSlotsHost } from './lease-slots.ts';
import { LeaseWatch } from './lease-watch.ts';
import { slotHeapMb } from './memory-pressure.ts';
import type { BlobTier } from './remote-blobs.ts';
import { type LeaseMarks, type SlotStarted, slotStarted } from './slot-started.ts';
import { SlotThread } from './slot-thread.ts';
import type { SlotThreadDeployment } from './slot-thread-messages.ts';

export interface LambdaTaskManagerSettings {
  /** Below it lie the program and the attempts of a job, `<directory>/<jobId>/bundle.mjs`. */
  readonly jobsDirectory: string;
  /** Takes what is too large for a queue, `<directory>/<jobId>/…`. */
  readonly framesDirectory: string;
  /** How long a lease is, if the invocation may last so long. */
  readonly leaseMs: number;
  /** What a hand-over takes at most. */
  readonly leaseMarginMs: number;
  /** Of the function. */
  readonly memoryMb: number;
  /** Slots that share it. */
  readonly taskSlots: number;
  /** Takes the program while it runs. */
  readonly temporaryDirectory: string;
  readonly metricsIntervalMs: number;
}

export interface LambdaTaskManagerParts {
  readonly settings: LambdaTaskManagerSettings;
  readonly network: Pick<
    LeaseNetworkParts,
    'sqs' | 'calls' | 'settings' | 'inboxUrlOf' | 'deadLetterUrl' | 'coordinatorQueueUrl'
  >;
  readonly rows: RowStore;
  readonly blobs: BlobStore;
  readonly tier: BlobTier;
  /** Of the job's sources and sinks. */
  readonly files: FileSystem;
  /** The module of the slots' threads. */
  readonly slotThreadUrl: URL;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly rng: Rng;
  readonly logger: Logger;
  readonly metrics: LeaseMetrics;
  /** Gives up the calls that are under way: the lease is over. */
  readonly abortCalls: () => void;
}

/** Port: what is measured of leases. */
export interface LeaseMetrics {
  /** How long after it had to begin, at the latest, a hand-over was done; 0: before. */
  rollOverLate(lateMs: number): void;
  slotStarted(started: SlotStarted): void;
}

/** What a lease starts from. */
interface LeaseStart {
  readonly record: AttemptRecord;
  readonly executionGraph: ExecutionGraph;
  readonly bundlePath: string;
  readonly restore: readonly RestoredSubtaskState[];
}

const RETRY_MS = 50;
/** Of the invocation: what ending takes that has gone wrong. */
const LAST_MS = 2_000;
/** Of it: what calls that were given up have to end. */
const GIVEN_UP_MS = 1_000;

/**
 * Runs one lease.
 *
 * @param remainingMs of the invocation.
 * @throws {StreamError} `LEASE_FENCED`, `LEASE_HELD`, `LEASE_NOT_LEFT`; `LEASE_OVERDUE` when it was
 * not left in time; what cannot be read or written. The job has to restart.
 */
export async function runLease(
  parts: LambdaTaskManagerParts,
  request: LeaseRequest,
  remainingMs: number,
): Promise<LeaseAnswer> {
  return await new LeaseRun(parts, request, remainingMs).run();
}

class LeaseRun {
  readonly #parts: LambdaTaskManagerParts;
  readonly #request: LeaseRequest;
  readonly #holder = randomUUID();
  readonly #watch: LeaseWatch;
  readonly #threads: SlotThread[] = [];
  #slots: LeaseSlots | undefined;
  #network: LeaseNetwork | undefined;
  #bundlePath: string | undefined;
  #work: Promise<LeaseAnswer['outcome']> | undefined;
  readonly #marks: LeaseMarks;
  /** When it had to begin to hand over, at the latest; on the monotonic clock. */
  readonly #latestMs: number;
  #isHandOverDue = false;
  #isCancelled = false;
  /** After a cancel: when slots that have not ended are given up; 0: never. */
  #stuckAfterMs = 0;

  constructor(parts: LambdaTaskManagerParts, request: LeaseRequest, remainingMs: number) {
    this.#parts = parts;
    this.#request = request;
    const { leaseMs, leaseMarginMs, memoryMb } = parts.settings;
    const lengthMs = Math.max(0, Math.min(leaseMs, remainingMs - LAST_MS));
    const length = { lengthMs, marginMs: leaseMarginMs };
    this.#marks = { beganAtEpochMs: parts.clock.nowEpochMs() };
    this.#latestMs = parts.clock.monotonicMs() + Math.max(0, lengthMs - leaseMarginMs);
    this.#watch = new LeaseWatch({
      ...{ request, lengthMs, memoryMb, timers: parts.timers, logger: parts.logger },
      handOverAfterMs: handOverAfterMs(length, parts.rng.next()),
      onHandOver: () => {
        this.#isHandOverDue = true;
        this.#handOverIfDue();
      },
      onMemoryExhausted: (error) => this.#slots?.fail(error),
    });
  }

  async run(): Promise<LeaseAnswer> {
    this.#work = this.#run();
    try {
      const outcome = await this.#watch.inTime(this.#work);
      if (outcome === 'LEFT') this.#measureRollOver();
      await this.#network?.close();
      return { outcome, lease: this.#request.lease };
    } catch (thrown) {
      if (isErrorWithCode(thrown, 'LEASE_OVERDUE')) this.#measureRollOver();
      throw thrown;
    } finally {
      await this.#tearDown();
    }
  }

  #measureRollOver(): void {
    const { clock, metrics } = this.#parts;
    metrics.rollOverLate(Math.max(0, clock.monotonicMs() - this.#latestMs));
  }

  async #run(): Promise<LeaseAnswer['outcome']> {
    // It reads nothing before it is deployed (I1), and takes about as long as the claim.
    this.#startThreads(1);
    const { jobId, attempt, lease, taskManager } = this.#request;
    const claimedAtEpochMs = this.#parts.clock.nowEpochMs();
    const keeper = new LeaseKeeper({
      rows: this.#parts.rows,
      jobId,
      taskManager,
      claim: { attempt, lease, holder: this.#holder, claimedAtEpochMs },
      pause: () => this.#watch.pause(RETRY_MS),
    });
    const { clock } = this.#parts;
    const left = await keeper.claim();
    this.#marks.claimedAtEpochMs = clock.nowEpochMs();
    const start = await this.#readStart(left);
    this.#marks.fetchedAtEpochMs = clock.nowEpochMs();
    this.#deploy(start, left);
    return await this.#serve(keeper);
  }

  async #serve(keeper: LeaseKeeper): Promise<LeaseAnswer['outcome']> {
    const { slots, network } = this.#deployed();
    for (;;) {
      const outcome = slots.settle();
      if (outcome.type === 'released') {
        await network.finish();
        return 'RELEASED';
      }
      if (outcome.type === 'left' && network.hasArrived()) {
        const leaves = await network.leave(slots.untaken);
        // I2.
        const checkpointId = outcome.slots[0]?.checkpointId ?? 0;
        await keeper.leave({ checkpointId, slots: outcome.slots, ...leaves });
        return 'LEFT';
      }
      await network.turn();
    }
  }

  async #readStart(left: LeaveRecord | undefined): Promise<LeaseStart> {
    const { blobs, settings } = this.#parts;
    const { jobId, attempt } = this.#request;
    const jobDirectory = `${settings.jobsDirectory}/${jobId}`;
    const location = attemptLocation(`${jobDirectory}/bundle.mjs`, attempt);
    const record = await readAttempt(blobs, location, { jobId, attempt });
    const executionGraph = buildExecutionGraph(record.jobGraph);
    const [bundlePath, restore] = await Promise.all([
      this.#fetchBundle(record),
      this.#readRestore(record, left),
    ]);
    return { record, executionGraph, bundlePath, restore };
  }

  async #fetchBundle({ bundleLocation, bundleDigest }: AttemptRecord): Promise<string> {
    const { blobs, settings } = this.#parts;
    const path = join(settings.temporaryDirectory, `sluice-${this.#holder}.mjs`);
    this.#bundlePath = path;
    await writeFile(path, await readProgram(blobs, bundleLocation, bundleDigest));
    return path;
  }

  /** Its own checkpoint, if the lease before has left one; else what the attempt starts from. */
  async #readRestore(
    record: AttemptRecord,
    left: LeaveRecord | undefined,
  ): Promise<readonly RestoredSubtaskState[]> {
    const { jobId, checkpointsDirectory, jobGraph } = record;
    const path =
      left === undefined
        ? record.restore?.path
        : checkpointDirectory(checkpointsDirectory, jobId, left.checkpointId);
    if (path === undefined) return [];
    const manifest = await readManifest(this.#parts.blobs, manifestLocation(path));
    const allowNonRestoredState =
      left === undefined && record.restore?.allowNonRestoredState === true;
    return assignState(manifest, jobGraph, { allowNonRestoredState }).subtasks;
  }

  #startThreads(count: number): void {
    const { slotThreadUrl, blobs, tier, files, settings } = this.#parts;
    const maxHeapMb = slotHeapMb(settings.memoryMb, settings.taskSlots);
    while (this.#threads.length < count) {
      this.#threads.push(new SlotThread({ entry: slotThreadUrl, blobs, tier, files, maxHeapMb }));
    }
  }

  #deploy(start: LeaseStart, left: LeaveRecord | undefined): void {
    const { record, executionGraph } = start;
    const { taskManager } = this.#request;
    const timeoutMs = Configuration.fromRecord(record.configuration).get(
      ConfigOptions.TASK_CANCELLATION_TIMEOUT_MS,
    );
    // Before the coordinator gives up the function for it.
    this.#stuckAfterMs = 0.9 * timeoutMs;
    const hosted = slotsOfTaskManager(executionGraph, taskManager, record.slotsPerTaskManager);
    const network = this.#createNetwork(start, hosted, left);
    const { metrics } = this.#parts;
    const started: LeaseSlotsHost['started'] = (slotIndex, marks) =>
      metrics.slotStarted(slotStarted(slotIndex, this.#marks, marks));
    const slots = new LeaseSlots({ ...network.slotsHost, started }, newestCheckpointOf(left));
    this.#network = network;
    this.#slots = slots;
    const records = new Map(left?.slots.map((slot) => [slot.slotIndex, slot]));
    // Slots that were released before the hand-over have no successor.
    const here = left === undefined ? hosted : hosted.filter((index) => records.has(index));
    this.#startThreads(here.length);
    for (const [i, slotIndex] of here.entries()) {
      const thread = defined(this.#threads[i], 'a slot has a thread');
      const handOver = records.get(slotIndex);
      slots.deploy(thread, {
        ...this.#deploymentOf(start, slotIndex),
        ...(handOver === undefined ? {} : { handOver }),
        rings: network.rings,
      });
    }
    network.start();
    this.#handOverIfDue();
  }

  #createNetwork(
    { record, executionGraph }: LeaseStart,
    slotIndexes: readonly number[],
    left: LeaveRecord | undefined,
  ): LeaseNetwork {
    const { network, clock, timers, logger, blobs, settings } = this.#parts;
    return new LeaseNetwork({
      ...network,
      ...{ clock, timers, logger, blobs, executionGraph, slotIndexes, left },
      request: this.#request,
      slotsPerTaskManager: record.slotsPerTaskManager,
      framesDirectory: settings.framesDirectory,
      onFirstFrame: () => {
        this.#marks.firstReceiveAtEpochMs = clock.nowEpochMs();
      },
      onBarrier: (checkpointId) => this.#slots?.heardOf(checkpointId),
      onCommand: (slotIndex, command) => this.#command(slotIndex, command),
      onCancelHeld: (slotIndex) => this.#command(slotIndex, { type: 'cancel' }),
      onFailed: (error) => this.#watch.fail(error),
    });
  }

  #deploymentOf(
    { record, executionGraph, bundlePath, restore }: LeaseStart,
    slotIndex: number,
  ): Omit<SlotThreadDeployment, 'rings' | 'handOver'> {
    const { jobId, attempt, args, configuration, overrides, checkpointing, jobGraph } = record;
    const own = new Set(
      executionGraph.slots[slotIndex]?.subtasks.map((task) => taskKey(task)) ?? [],
    );
    return {
      ...{ jobId, attempt, args, configuration, overrides, checkpointing, bundlePath, slotIndex },
      graphHash: jobGraph.hash,
      lease: this.#request.lease,
      restore: restore.filter((state) => own.has(taskKey(state))),
      metricsIntervalMs: this.#parts.settings.metricsIntervalMs,
    };
  }

  #command(slotIndex: number, command: SlotCommand): void {
    this.#slots?.command(slotIndex, command);
    if (command.type !== 'cancel' || this.#isCancelled) return;
    this.#isCancelled = true;
    if (this.#stuckAfterMs > 0) {
      this.#watch.after(this.#stuckAfterMs, () => this.#slots?.endStuck());
    }
  }

  #handOverIfDue(): void {
    if (this.#isHandOverDue) this.#slots?.handOver();
  }

  #deployed(): { readonly slots: LeaseSlots; readonly network: LeaseNetwork } {
    const what = 'it is deployed';
    return { slots: defined(this.#slots, what), network: defined(this.#network, what) };
  }

  /** I3. */
  async #tearDown(): Promise<void> {
    this.#watch.close();
    this.#parts.abortCalls();
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
    // A call that does not hear that it is given up ends with its connection, after this.
    await this.#atMost(GIVEN_UP_MS, async () => {
      await this.#network?.close();
      await this.#work?.catch(() => undefined);
    });
    if (this.#bundlePath !== undefined) await rm(this.#bundlePath, { force: true });
  }

  async #atMost(timeMs: number, act: () => Promise<void>): Promise<void> {
    const late = Promise.withResolvers<void>();
    const cancel = this.#parts.timers.schedule(timeMs, late.resolve);
    await Promise.race([act().catch(() => undefined), late.promise]).finally(cancel);
  }
}

function taskKey({ vertexId, subtaskIndex }: SubtaskRef): string {
  return `${vertexId}:${subtaskIndex}`;
}

/** That the slots may have heard of. */
function newestCheckpointOf(left: LeaveRecord | undefined): number {
  const heardOf = (left?.slots ?? []).flatMap(({ commands }) =>
    commands.map((command) => {
      if (command.type === 'trigger-checkpoint') return command.barrier.checkpointId;
      return command.type === 'checkpoint-aborted' ? command.checkpointId : 0;
    }),
  );
  return Math.max(left?.checkpointId ?? 0, ...heardOf);
}
