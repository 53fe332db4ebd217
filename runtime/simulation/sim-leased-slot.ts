/**
 * A slot in a simulated process, from its claim to its end: the production slot and lease between
 * simulated ports. Each slot is a TaskManager of its own, with short leases.
 *
 * I1  Nothing is read, sent or taken before the lease is claimed.
 * I2  A slot that hears of a newer attempt is cancelled: it writes nothing more.
 * I3  It leaves once everything it sent has arrived, and what it did not take is in the inboxes.
 */
import type { BlobStore, RowStore } from '../checkpoint/index.ts';
import { type FileSystem, type Logger, toStreamError } from '../core/index.ts';
import type {
  LeaveRecord,
  LinkPosition,
  RestoredSubtaskState,
  SlotCommand,
  SlotReport,
} from '../protocol/index.ts';
import { handOverAfterMs, LeaseKeeper, runSlots, type Slot } from '../taskmanager/index.ts';
import type { ChannelAudit } from './channel-audit.ts';
import { SimExchange } from './sim-exchange.ts';
import { SimLinkReceiver, SimLinkSender } from './sim-link.ts';
import type { SimNetwork } from './sim-network.ts';
import type { SimProcess } from './sim-process.ts';
import type { LaunchRequest } from './sim-slot-host.ts';
import { SimThread } from './sim-thread.ts';

/** Ports of one slot, from which the owner of the job's program builds it. */
export interface SimSlotPorts {
  readonly host: SimProcess;
  readonly exchange: SimExchange;
  readonly blobs: BlobStore;
  readonly fileSystem: FileSystem;
  readonly logger: Logger;
  readonly report: (report: SlotReport) => void;
  readonly wake: () => void;
}

export interface LeasedSlotParts {
  readonly host: SimProcess;
  readonly network: SimNetwork;
  readonly blobs: BlobStore;
  readonly rows: RowStore;
  readonly fileSystem: FileSystem;
  readonly windowFrames: number;
  /** How long a lease is that begins now. */
  readonly leaseMs: () => number;
  readonly audit: ChannelAudit;
  /** What the slot starts from: a checkpoint of the job. */
  readonly readCheckpoint: (
    request: LaunchRequest,
    checkpointId: number,
  ) => Promise<readonly RestoredSubtaskState[]>;
  readonly buildSlot: (
    request: LaunchRequest,
    left: LeaveRecord | undefined,
    ports: SimSlotPorts,
  ) => Slot;
  /** Of a master that works in turns: commands are durable, and nobody listens for heartbeats. */
  readonly openReports?: (request: LaunchRequest, resume: LinkPosition | undefined) => ReportsEnd;
}

/** How reports leave a slot. */
export interface ReportsEnd {
  /** Everything offered has arrived. */
  readonly isIdle: boolean;
  readonly position: LinkPosition;
  offer(report: SlotReport): void;
  close(): void;
}

/** Slot → JobMaster, by datagram. */
export interface Heartbeat {
  readonly attempt: number;
  readonly lease: number;
  readonly hasLeft: boolean;
}

export const HEARTBEAT_MS = 35;
export const COMMAND_WINDOW = 64;
/** Nobody sends a command again that was dropped. */
const DURABLE_WINDOW = 1_000_000;
const RETRY_MS = 5;
const LEASE_MARGIN_MS = 20;
/** Of one that has left: then who launches must have heard it, or never will. */
const LAST_HEARTBEATS = 8;

export function slotAddress(jobId: string, slotIndex: number): string {
  return `${jobId}/slot-${slotIndex}`;
}

export class LeasedSlot {
  readonly #parts: LeasedSlotParts;
  readonly #request: LaunchRequest;
  readonly #keeper: LeaseKeeper;
  readonly #name: string;
  #running: RunningSlot | undefined;
  #stopped = false;
  #heartbeatsLeft = Number.POSITIVE_INFINITY;
  #hasLeft = false;
  /** How its invocation ends. */
  readonly outcome: Promise<'left' | 'done' | 'failed'>;
  readonly #stopping = Promise.withResolvers<'failed'>();

  constructor(parts: LeasedSlotParts, request: LaunchRequest) {
    this.#parts = parts;
    this.#request = request;
    const { host, rows, network } = parts;
    const { jobId, slotIndex, attempt, lease } = request;
    this.#name = `${host.name} ${jobId}/${attempt}.${lease}/${slotIndex}`;
    this.#keeper = new LeaseKeeper({
      ...{ rows: network.bugs.leaseRows(rows), jobId, taskManager: slotIndex },
      claim: { attempt, lease, holder: this.#name },
      pause: () => this.#pause(),
    });
    if (parts.openReports === undefined) this.#heartbeat();
    const ran = this.#run().catch((thrown: unknown) => {
      this.#trace(`ends ${toStreamError(thrown).message}`);
      this.stop();
      return 'failed' as const;
    });
    this.outcome = Promise.race([ran, this.#stopping.promise]);
  }

  /** I2. Whatever it does; nothing of it is heard any more. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#running?.stop();
    this.#stopping.resolve('failed');
  }

  async #run(): Promise<'left' | 'done' | 'failed'> {
    // I1.
    const left = await this.#keeper.claim();
    if (this.#stopped) return 'failed';
    if (left !== undefined) this.#trace(`goes on behind checkpoint ${left.checkpointId}`);
    const { bugs } = this.#parts.network;
    const found = bugs.leftBehind(left);
    const request = await this.#withState(found);
    if (this.#stopped) return 'failed';
    this.#running = new RunningSlot(this.#parts, request, found, () => this.stop());
    this.#handOverInTime(this.#running);
    const leaves = await this.#running.ended;
    if (leaves === undefined || this.#stopped) {
      while (!this.#running.isOver) await this.#pause();
      return 'done';
    }
    await this.#keeper.leave(leaves);
    this.#trace(`left behind checkpoint ${leaves.checkpointId}`);
    this.#hasLeft = true;
    this.#heartbeatsLeft = LAST_HEARTBEATS;
    return 'left';
  }

  async #withState(left: LeaveRecord | undefined): Promise<LaunchRequest> {
    if (left === undefined) return this.#request;
    for (;;) {
      try {
        const restore = await this.#parts.readCheckpoint(this.#request, left.checkpointId);
        return { ...this.#request, restore };
      } catch (thrown) {
        if (toStreamError(thrown).kind !== 'unavailable') throw thrown;
      }
      await this.#pause();
    }
  }

  #handOverInTime(running: RunningSlot): void {
    const { host } = this.#parts;
    const leaseMs = this.#parts.leaseMs();
    if (!Number.isFinite(leaseMs)) return;
    const length = { lengthMs: leaseMs, marginMs: LEASE_MARGIN_MS };
    host.timers.schedule(handOverAfterMs(length, host.rng.next()), () => running.handOver());
  }

  #trace(what: string): void {
    this.#parts.host.world.trace(`${this.#name} ${what}`);
  }

  /** As long as the slot was not terminated. */
  #pause(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#parts.host.timers.schedule(RETRY_MS, () => {
        if (this.#stopped) reject(new Error('nobody waits for the slot any more'));
        else resolve();
      });
    });
  }

  #heartbeat(): void {
    this.#heartbeatsLeft -= 1;
    if (this.#stopped || this.#heartbeatsLeft < 0 || this.#running?.isOver === true) return;
    const { network, host } = this.#parts;
    const { jobId, slotIndex, attempt, lease } = this.#request;
    const heartbeat: Heartbeat = { attempt, lease, hasLeft: this.#hasLeft };
    network.send(host, `${slotAddress(jobId, slotIndex)}/heartbeats`, heartbeat);
    host.timers.schedule(HEARTBEAT_MS, () => this.#heartbeat());
  }
}

/** The slot while it has its lease. */
class RunningSlot {
  readonly #parts: LeasedSlotParts;
  readonly #request: LaunchRequest;
  readonly #exchange: SimExchange;
  readonly #commands: SimLinkReceiver<SlotCommand>;
  readonly #reports: ReportsEnd;
  readonly #slot: Slot | undefined;
  readonly #end = Promise.withResolvers<LeaveRecord | undefined>();
  #stopped = false;
  #released = false;
  /** The thread has run to its end. */
  #ended = false;

  constructor(
    parts: LeasedSlotParts,
    request: LaunchRequest,
    left: LeaveRecord | undefined,
    onFenced: () => void,
  ) {
    this.#parts = parts;
    this.#request = request;
    const { network, host, windowFrames, audit } = parts;
    const { jobId: job, slotIndex, attempt, lease } = request;
    const identity = { job, attempt, lease };
    const thread = new SimThread(host, () => this.#exchange.pump());
    const wake = (): void => {
      if (this.#ended) this.#exchange.pump();
      else thread.wake();
    };
    const shared = { network, host, identity, onFenced };
    const resume = left?.links ?? {};
    this.#exchange = new SimExchange({ ...shared, windowFrames, audit, wake, resume });
    const end = (name: string) => {
      const address = `${slotAddress(job, slotIndex)}/${name}`;
      const windowFrames = parts.openReports === undefined ? COMMAND_WINDOW : DURABLE_WINDOW;
      return { ...shared, windowFrames, address, resume: resume[address] };
    };
    this.#reports =
      parts.openReports?.(request, end('reports').resume) ??
      new SimLinkSender<SlotReport>(end('reports'), () => undefined);
    this.#commands = new SimLinkReceiver(end('commands'), () => this.#takeCommands());
    this.#slot = this.#build(left, wake);
    if (this.#slot !== undefined) this.#run(this.#slot, thread);
  }

  /** What it leaves to the next lease; undefined when there is none. */
  get ended(): Promise<LeaveRecord | undefined> {
    return this.#end.promise;
  }

  /** Nothing more is to be heard of it. */
  get isOver(): boolean {
    return this.#released && this.#reports.isIdle;
  }

  handOver(): void {
    if (!this.#stopped) this.#slot?.handOver();
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#exchange.close();
    this.#reports.close();
    this.#commands.close();
    this.#slot?.handle({ type: 'cancel' });
    this.#end.resolve(undefined);
  }

  #build(left: LeaveRecord | undefined, wake: () => void): Slot | undefined {
    const { host, blobs, fileSystem, buildSlot } = this.#parts;
    const { jobId, attempt, slotIndex } = this.#request;
    const name = `${jobId}/${attempt}/${slotIndex}`;
    try {
      return buildSlot(this.#request, left, {
        host,
        exchange: this.#exchange,
        blobs,
        fileSystem,
        logger: {
          log: (level, message) => host.world.trace(`${level} ${name} ${message}`),
        },
        report: (report) => this.#report(report),
        wake,
      });
    } catch (thrown) {
      this.#fail(thrown);
      return undefined;
    }
  }

  #run(slot: Slot, thread: SimThread): void {
    const { clock } = this.#parts.host;
    Promise.all([slot.open(), runSlots([slot], { clock, thread })]).then(
      () => {
        this.#ended = true;
        this.#settle(slot);
      },
      (thrown: unknown) => this.#fail(thrown),
    );
  }

  /** The last frames still have to leave, as there is credit for them (I3). */
  #settle(slot: Slot): void {
    if (this.#stopped) return;
    this.#exchange.pump();
    if (slot.left === undefined) {
      this.#end.resolve(undefined);
      return;
    }
    if (this.#exchange.isIdle && this.#reports.isIdle) {
      this.#leave(slot).then(this.#end.resolve, this.#end.reject);
      return;
    }
    this.#parts.host.timers.schedule(RETRY_MS, () => this.#settle(slot));
  }

  async #leave({ left }: Slot): Promise<LeaveRecord | undefined> {
    if (left === undefined) return undefined;
    const address = slotAddress(this.#request.jobId, this.#request.slotIndex);
    const links = { ...(await this.#exchange.leave()) };
    links[`${address}/reports`] = this.#reports.position;
    links[`${address}/commands`] = await this.#commands.leave([]);
    this.#reports.close();
    return { checkpointId: left.checkpointId, slots: [left], links };
  }

  #takeCommands(): void {
    // What comes when the slot is left is for its successor.
    while (this.#slot?.left === undefined) {
      const command = this.#commands.take();
      if (command === undefined) return;
      this.#slot?.handle(command);
    }
  }

  #report(report: SlotReport): void {
    if (report.type === 'released') this.#released = true;
    // What crosses processes is a copy, and JSON.
    this.#reports.offer(JSON.parse(JSON.stringify(report)) as SlotReport);
  }

  #fail(thrown: unknown): void {
    const error = toStreamError(thrown).toJSON();
    this.#report({ type: 'task-failed', task: { vertexId: '', subtaskIndex: 0 }, error });
    this.#report({ type: 'released' });
    this.#end.resolve(undefined);
  }
}
