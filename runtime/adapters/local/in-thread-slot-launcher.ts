/**
 * Runs every slot of a job in the calling thread, in turns. For jobs started by a library call
 * (their functions cannot be sent to another thread) and for tests.
 *
 * I1  Messages between JobMaster and slots are never delivered inside the call that sent them.
 * I2  Nothing is heard of a slot that was ended. Code that never gives the thread back cannot be
 *     ended from the same thread: it is waited for no longer than a slot takes to close.
 */
import type { Clock } from '../../core/index.ts';
import { Doorbell } from '../../exchange/index.ts';
import type { RegionLaunch, SlotHandle, SlotLauncher } from '../../jobmaster/index.ts';
import type { SlotReport } from '../../protocol/index.ts';
import {
  buildSlot,
  runSlots,
  type Slot,
  type SlotDeployment,
  type SlotPorts,
  type SlotThread,
} from '../../taskmanager/index.ts';
import { allocateRings, RingExchange } from './ring-exchange.ts';

/** Of the event loop; a slot closes in a few. */
const MAX_CLOSING_TURNS = 100;

export interface InThreadSlots {
  /** What a slot is to run, but for what the launch says. */
  readonly deploymentOf: (
    slotIndex: number,
  ) => Omit<SlotDeployment, 'executionGraph' | 'slotIndex' | 'attempt' | 'restore' | 'results'>;
  readonly ports: Omit<SlotPorts, 'exchange' | 'reporter' | 'wake'>;
  readonly clock: Clock;
  /**
   * Makes the thread that runs the slots of one launch. `isBusy`: some of them store snapshots,
   * whatever they do besides.
   */
  readonly createThread: (isBusy: () => boolean) => SlotThread;
  /** Undefined: metrics are reported once, at the end. */
  readonly metricsIntervalMs?: number;
}

export class InThreadSlotLauncher implements SlotLauncher {
  readonly #parts: InThreadSlots;

  constructor(parts: InThreadSlots) {
    this.#parts = parts;
  }

  launch(region: RegionLaunch): readonly SlotHandle[] {
    const { ports, createThread, deploymentOf } = this.#parts;
    const { executionGraph, attempt, results } = region;
    const indexes = region.slots.map(({ slotIndex }) => slotIndex);
    const memory = allocateRings(executionGraph, indexes);
    const doorbells = new Map(
      [...memory.doorbells].map(([slotIndex, bell]) => [slotIndex, new Doorbell(bell)]),
    );
    const exchange = new RingExchange(memory, doorbells);
    const thread = createThread(() => slots.some(({ storing }) => storing > 0));
    let isOver = false;
    let hasEnded = false;
    const slots = region.slots.map(({ slotIndex, restore, events }) => {
      const report = (record: SlotReport): void =>
        queueMicrotask(() => {
          if (!isOver) events.onReport(record);
        });
      return buildSlot(
        { ...deploymentOf(slotIndex), executionGraph, slotIndex, attempt, restore, results },
        { ...ports, exchange, reporter: { report }, wake: () => thread.wake() },
      );
    });
    this.#run(slots, thread)
      .catch((thrown: unknown) => {
        const error = thrown instanceof Error ? thrown : new Error(String(thrown));
        for (const { events } of region.slots) events.onLost(error);
      })
      .finally(() => {
        hasEnded = true;
      });
    return slots.map((slot) => ({
      send: (command) => queueMicrotask(() => slot.handle(command)),
      terminate: async () => {
        isOver = true;
        slot.handle({ type: 'cancel' });
        // I2.
        for (let turns = 0; !hasEnded && turns < MAX_CLOSING_TURNS; turns += 1) {
          await thread.breathe();
        }
      },
    }));
  }

  async #run(slots: readonly Slot[], thread: SlotThread): Promise<void> {
    const { clock, metricsIntervalMs } = this.#parts;
    const running = runSlots(slots, {
      clock,
      thread,
      ...(metricsIntervalMs === undefined ? {} : { metricsIntervalMs }),
    });
    await Promise.all([...slots.map((slot) => slot.open()), running]);
  }
}
