/**
 * One attempt of one region: its slots, from launch to release.
 *
 * I1  A slot is reported gone once: released, lost, or never launched.
 * I2  A slot that does not stop in time is ended, whatever it does.
 */
import type { Clock, Logger, Timers } from '../core/index.ts';
import type { SlotCommand } from '../protocol/index.ts';
import type { SleepingRegion } from './sleeping-job.ts';
import type {
  AttachingLauncher,
  RegionLaunch,
  SlotHandle,
  SlotLauncher,
  SlotPlace,
} from './slot-launcher.ts';

export interface RegionExecutionParts {
  readonly regionIndex: number;
  readonly attempt: number;
  readonly slotIndexes: readonly number[];
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  /** `task.cancellation.timeout`; 0: wait for ever. */
  readonly cancellationTimeoutMs: number;
  /** The slot is gone although it never said so. */
  readonly onGone: (slotIndex: number) => void;
  /** As an earlier turn of the job's master left it. */
  readonly asleep?: SleepingRegion;
}

export class RegionExecution {
  readonly #parts: RegionExecutionParts;
  readonly #handles = new Map<number, SlotHandle>();
  readonly #gone = new Set<number>();
  #isStopping = false;
  #endsStuckAtEpochMs: number | undefined;
  #cancelTimeout: (() => void) | undefined;

  constructor(parts: RegionExecutionParts) {
    this.#parts = parts;
    const { asleep } = parts;
    if (asleep === undefined) return;
    this.#isStopping = asleep.isStopping;
    for (const slotIndex of asleep.gone) this.#gone.add(slotIndex);
    if (asleep.endsStuckAtEpochMs !== undefined) this.#endStuckAt(asleep.endsStuckAtEpochMs);
  }

  get attempt(): number {
    return this.#parts.attempt;
  }

  get regionIndex(): number {
    return this.#parts.regionIndex;
  }

  get slotIndexes(): readonly number[] {
    return this.#parts.slotIndexes;
  }

  /** Told to stop: nothing may be launched any more. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  get isLaunched(): boolean {
    return this.#handles.size > 0;
  }

  launch(launcher: SlotLauncher, region: RegionLaunch): void {
    this.#take(launcher.launch(region), region);
  }

  /** Reaches the slots that an earlier turn has launched. */
  attach(launcher: AttachingLauncher, region: RegionLaunch): void {
    this.#take(launcher.attach(region), region);
  }

  #take(handles: readonly SlotHandle[], region: RegionLaunch): void {
    region.slots.forEach(({ slotIndex }, at) => {
      const handle = handles[at];
      if (handle !== undefined) this.#handles.set(slotIndex, handle);
    });
  }

  /** Where a slot runs, or ran. */
  placeOf(slotIndex: number): SlotPlace | undefined {
    return this.#handles.get(slotIndex)?.place;
  }

  send(slotIndex: number, command: SlotCommand): void {
    if (!this.#gone.has(slotIndex)) this.#handles.get(slotIndex)?.send(command);
  }

  broadcast(command: SlotCommand): void {
    for (const slotIndex of this.#handles.keys()) this.send(slotIndex, command);
  }

  isGone(slotIndex: number): boolean {
    return this.#gone.has(slotIndex);
  }

  /** True the first time (I1). */
  markGone(slotIndex: number): boolean {
    if (this.#gone.has(slotIndex)) return false;
    this.#gone.add(slotIndex);
    if (this.#gone.size === this.slotIndexes.length) this.#cancelTimeout?.();
    return true;
  }

  stop(): void {
    this.#isStopping = true;
    for (const slotIndex of this.slotIndexes) {
      if (!this.#handles.has(slotIndex)) this.#parts.onGone(slotIndex);
    }
    this.broadcast({ type: 'cancel' });
    const { cancellationTimeoutMs, clock } = this.#parts;
    if (cancellationTimeoutMs <= 0 || this.#gone.size === this.slotIndexes.length) return;
    this.#endStuckAt(clock.nowEpochMs() + cancellationTimeoutMs);
  }

  sleep(): SleepingRegion {
    const { regionIndex, attempt, slotIndexes } = this.#parts;
    const isDue = this.#gone.size < slotIndexes.length ? this.#endsStuckAtEpochMs : undefined;
    return {
      ...{ regionIndex, attempt, slotIndexes },
      gone: [...this.#gone],
      isStopping: this.#isStopping,
      isLaunched: this.isLaunched,
      ...(isDue === undefined ? {} : { endsStuckAtEpochMs: isDue }),
    };
  }

  #endStuckAt(epochMs: number): void {
    const { clock, timers } = this.#parts;
    this.#endsStuckAtEpochMs = epochMs;
    const delayMs = Math.max(0, epochMs - clock.nowEpochMs());
    this.#cancelTimeout = timers.schedule(delayMs, () => this.#endStuck());
  }

  /** Ends every slot. */
  async terminate(): Promise<void> {
    this.#cancelTimeout?.();
    await Promise.all([...this.#handles.values()].map((handle) => handle.terminate()));
  }

  #endStuck(): void {
    const { logger, cancellationTimeoutMs, onGone } = this.#parts;
    for (const [slotIndex, handle] of this.#handles) {
      if (this.#gone.has(slotIndex)) continue;
      logger.log('warn', 'a slot did not stop when asked to and is ended', {
        slot: slotIndex,
        cancellationTimeoutMs,
      });
      const gone = (): void => onGone(slotIndex);
      handle.terminate().then(gone, gone);
    }
  }
}
