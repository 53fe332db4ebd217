/**
 * The JobMaster's {@link SlotLauncher} over the simulated network.
 *
 * I1  A slot is lost when nothing was heard of it for {@link LOST_AFTER_MS}: it may be alive all
 *     the same, and becomes a zombie.
 * I2  Nothing of a slot is told after it was lost, released or terminated.
 * I3  A slot that has left is launched again, with the next lease; its handle stays the same.
 */
import { StreamError } from '../core/index.ts';
import type {
  RegionLaunch,
  SlotEvents,
  SlotHandle,
  SlotLaunch,
  SlotLauncher,
} from '../jobmaster/index.ts';
import type { SlotCommand, SlotReport } from '../protocol/index.ts';
import { COMMAND_WINDOW, type Heartbeat, slotAddress } from './sim-leased-slot.ts';
import { SimLinkReceiver, SimLinkSender } from './sim-link.ts';
import type { SimNetwork } from './sim-network.ts';
import type { SimProcess } from './sim-process.ts';
import type { LaunchRequest } from './sim-slot-host.ts';

const LAUNCH_RETRY_MS = 10;
/** Between two looks at a slot that was heard of. */
const LIVENESS_MS = 30;
export const LOST_AFTER_MS = 150;

export interface SimSlotLauncherParts {
  readonly jobId: string;
  readonly host: SimProcess;
  readonly network: SimNetwork;
  /** The address of a TaskManager that has room. */
  readonly placeSlot: () => string | undefined;
}

export class SimSlotLauncher implements SlotLauncher {
  readonly #parts: SimSlotLauncherParts;

  constructor(parts: SimSlotLauncherParts) {
    this.#parts = parts;
  }

  launch(region: RegionLaunch): readonly SlotHandle[] {
    return region.slots.map((slot) => new LaunchedSlot(this.#parts, region, slot));
  }
}

class LaunchedSlot implements SlotHandle {
  readonly #parts: SimSlotLauncherParts;
  readonly #events: SlotEvents;
  #request: LaunchRequest;
  readonly #commands: SimLinkSender<SlotCommand>;
  readonly #reports: SimLinkReceiver<SlotReport>;
  readonly #unbind: () => void;
  #place: string | undefined;
  /** Only for a planted bug. */
  #newestCheckpointId = 0;
  #heardAtMs: number;
  #isHeard = false;
  #isOver = false;
  #gone: Promise<void> | undefined;

  constructor(parts: SimSlotLauncherParts, region: RegionLaunch, slot: SlotLaunch) {
    this.#parts = parts;
    this.#events = slot.events;
    const { jobId, host, network } = parts;
    const { slotIndex, restore } = slot;
    const { attempt, overrides } = region;
    this.#request = { jobId, slotIndex, attempt, lease: 0, overrides, restore };
    const address = slotAddress(jobId, slotIndex);
    const link = {
      network,
      host,
      identity: { job: jobId, attempt, lease: 0 },
      windowFrames: COMMAND_WINDOW,
      onFenced: () => this.#lose('a newer attempt of the slot was heard'),
    };
    this.#commands = new SimLinkSender(
      { ...link, address: `${address}/commands` },
      () => undefined,
    );
    this.#reports = new SimLinkReceiver({ ...link, address: `${address}/reports` }, () => {
      this.#heard();
      this.#takeReports();
    });
    this.#unbind = network.bind(`${address}/heartbeats`, host, (message) => {
      this.#hear(message as Heartbeat);
    });
    this.#heardAtMs = host.clock.monotonicMs();
    this.#request = JSON.parse(JSON.stringify(this.#request)) as LaunchRequest;
    this.#tick();
  }

  send(command: SlotCommand): void {
    if (command.type === 'trigger-checkpoint') {
      this.#newestCheckpointId = command.barrier.checkpointId;
    }
    if (!this.#isOver) this.#commands.offer(JSON.parse(JSON.stringify(command)) as SlotCommand);
  }

  terminate(): Promise<void> {
    this.#gone ??= this.#terminate();
    return this.#gone;
  }

  async #terminate(): Promise<void> {
    if (this.#isOver) return;
    this.#end();
    const { host, network } = this.#parts;
    const { jobId, slotIndex, attempt } = this.#request;
    if (this.#place !== undefined) {
      network.send(host, this.#place, { terminate: { jobId, slotIndex, attempt } });
    }
    // Nobody can be sure that it is gone.
    await new Promise<void>((resolve) => host.timers.schedule(LAUNCH_RETRY_MS, resolve));
  }

  /** I3. */
  #hear({ attempt, lease, hasLeft }: Heartbeat): void {
    if (attempt !== this.#request.attempt || lease !== this.#request.lease) return;
    this.#heard();
    if (!hasLeft || this.#isOver) return;
    this.#request = { ...this.#request, lease: lease + 1 };
    this.#place = undefined;
    this.#isHeard = false;
    this.#launch();
  }

  #heard(): void {
    this.#isHeard = true;
    this.#heardAtMs = this.#parts.host.clock.monotonicMs();
  }

  #takeReports(): void {
    while (!this.#isOver) {
      const report = this.#reports.take();
      if (report === undefined) return;
      if (report.type === 'released') this.#end();
      const { bugs } = this.#parts.network;
      this.#events.onReport(bugs.reported(report, this.#newestCheckpointId));
    }
  }

  #tick(): void {
    if (this.#isOver) return;
    const { host } = this.#parts;
    if (host.clock.monotonicMs() - this.#heardAtMs > LOST_AFTER_MS) {
      this.#lose('nothing was heard of the slot');
      return;
    }
    if (!this.#isHeard) this.#launch();
    const delayMs = this.#isHeard ? LIVENESS_MS : LAUNCH_RETRY_MS;
    host.timers.schedule(delayMs, () => this.#tick());
  }

  #launch(): void {
    const { host, network, placeSlot } = this.#parts;
    this.#place ??= placeSlot();
    if (this.#place !== undefined) network.send(host, this.#place, this.#request);
  }

  /** I1. */
  #lose(why: string): void {
    if (this.#isOver) return;
    this.#end();
    const { slotIndex, attempt } = this.#request;
    const details = { slotIndex, attempt };
    this.#events.onLost(
      new StreamError({
        kind: 'unavailable',
        code: 'SLOT_LOST',
        message: `${why}; slot=${slotIndex} attempt=${attempt}`,
        details,
      }),
    );
  }

  /** I2. Reports that come again are still acknowledged, until a newer attempt is heard of. */
  #end(): void {
    this.#isOver = true;
    this.#unbind();
    this.#commands.close();
  }
}
