/**
 * The processes that run slots, and what they run: production slots between simulated ports.
 *
 * I1  A launch is carried out once, however often the request arrives.
 * I2  A slot that hears of a newer attempt is cancelled: it writes nothing more.
 */
import type { BlobStore } from '../checkpoint/index.ts';
import { type FileSystem, type Logger, toStreamError } from '../core/index.ts';
import type { JobGraphOverrides } from '../graph/index.ts';
import type { RestoredSubtaskState, SlotCommand, SlotReport } from '../protocol/index.ts';
import { runSlots, type Slot } from '../taskmanager/index.ts';
import type { ChannelAudit } from './channel-audit.ts';
import { SimExchange } from './sim-exchange.ts';
import { SimLinkReceiver, SimLinkSender } from './sim-link.ts';
import type { SimNetwork } from './sim-network.ts';
import type { SimProcess } from './sim-process.ts';
import { SimThread } from './sim-thread.ts';

/** JobMaster → TaskManager, by datagram, until the slot is heard of. */
export interface LaunchRequest {
  readonly jobId: string;
  readonly slotIndex: number;
  readonly attempt: number;
  readonly overrides: JobGraphOverrides;
  readonly restore: readonly RestoredSubtaskState[];
}

export interface TerminateRequest {
  readonly terminate: { readonly jobId: string; readonly slotIndex: number; attempt: number };
}

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

export interface SlotHostParts {
  readonly host: SimProcess;
  readonly network: SimNetwork;
  readonly blobs: BlobStore;
  readonly fileSystem: FileSystem;
  readonly windowFrames: number;
  readonly audit: ChannelAudit;
  readonly buildSlot: (request: LaunchRequest, ports: SimSlotPorts) => Slot;
}

export const HEARTBEAT_MS = 35;
export const COMMAND_WINDOW = 64;

export function slotAddress(jobId: string, slotIndex: number): string {
  return `${jobId}/slot-${slotIndex}`;
}

export class SimSlotHost {
  readonly #parts: SlotHostParts;
  readonly #slots = new Map<string, RunningSlot>();

  /** @param address where launch requests arrive. */
  constructor(parts: SlotHostParts, address: string) {
    this.#parts = parts;
    parts.network.bind(address, parts.host, (message) => {
      const request = message as LaunchRequest | TerminateRequest;
      if ('terminate' in request) this.#terminate(request);
      else this.#launch(request);
    });
  }

  /** I1. */
  #launch(request: LaunchRequest): void {
    const key = slotKey(request);
    if (this.#slots.has(key)) return;
    this.#slots.set(key, new RunningSlot(this.#parts, request));
  }

  #terminate({ terminate }: TerminateRequest): void {
    this.#slots.get(slotKey(terminate))?.stop();
  }
}

function slotKey(ref: { jobId: string; attempt: number; slotIndex: number }): string {
  return `${ref.jobId}/${ref.attempt}/${ref.slotIndex}`;
}

class RunningSlot {
  readonly #parts: SlotHostParts;
  readonly #request: LaunchRequest;
  readonly #exchange: SimExchange;
  readonly #commands: SimLinkReceiver<SlotCommand>;
  readonly #reports: SimLinkSender<SlotReport>;
  readonly #slot: Slot | undefined;
  #stopped = false;
  #released = false;
  /** The thread has run to its end. */
  #ended = false;

  constructor(parts: SlotHostParts, request: LaunchRequest) {
    this.#parts = parts;
    this.#request = request;
    const { network, host, windowFrames, audit } = parts;
    const { jobId: job, slotIndex, attempt } = request;
    const identity = { job, attempt, lease: 0 };
    const thread = new SimThread(host, () => this.#exchange.pump());
    const wake = (): void => {
      if (this.#ended) this.#exchange.pump();
      else thread.wake();
    };
    const onFenced = (): void => this.stop();
    const shared = { network, host, identity, onFenced };
    this.#exchange = new SimExchange({ ...shared, windowFrames, audit, wake });
    const link = { ...shared, windowFrames: COMMAND_WINDOW };
    const address = slotAddress(job, slotIndex);
    const up = { ...link, address: `${address}/reports` };
    this.#reports = new SimLinkSender(up, () => undefined);
    const down = { ...link, address: `${address}/commands` };
    this.#commands = new SimLinkReceiver(down, () => this.#takeCommands());
    this.#slot = this.#build(wake);
    this.#heartbeat();
    if (this.#slot !== undefined) this.#run(this.#slot, thread);
  }

  /** I2. Whatever it does; nothing of it is heard any more. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#exchange.close();
    this.#reports.close();
    this.#commands.close();
    this.#slot?.handle({ type: 'cancel' });
  }

  #build(wake: () => void): Slot | undefined {
    const { host, blobs, fileSystem, buildSlot } = this.#parts;
    const { jobId, attempt, slotIndex } = this.#request;
    const name = `${jobId}/${attempt}/${slotIndex}`;
    try {
      return buildSlot(this.#request, {
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
        // The last frames still have to leave, as there is credit for them.
        this.#ended = true;
        this.#exchange.pump();
      },
      (thrown: unknown) => this.#fail(thrown),
    );
  }

  #takeCommands(): void {
    for (;;) {
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
  }

  #heartbeat(): void {
    if (this.#stopped || (this.#released && this.#reports.isIdle)) return;
    const { network, host } = this.#parts;
    const { jobId, slotIndex, attempt } = this.#request;
    network.send(host, `${slotAddress(jobId, slotIndex)}/heartbeats`, attempt);
    host.timers.schedule(HEARTBEAT_MS, () => this.#heartbeat());
  }
}
