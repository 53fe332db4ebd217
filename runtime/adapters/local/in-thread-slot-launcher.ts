/**
 * Runs every slot of a job in the calling thread, in turns. For jobs started by a library call
 * (their functions cannot be sent to another thread) and for tests.
 *
 * I1  Messages between JobMaster and slots are never delivered inside the call that sent them.
 */
import type { Clock } from '../../core/index.ts';
import { Doorbell } from '../../exchange/index.ts';
import type { ExecutionGraph } from '../../graph/index.ts';
import type { SlotEvents, SlotHandle, SlotLauncher } from '../../jobmaster/index.ts';
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

export interface InThreadSlots {
  readonly executionGraph: ExecutionGraph;
  readonly deploymentOf: (slotIndex: number) => SlotDeployment;
  readonly ports: Omit<SlotPorts, 'exchange' | 'reporter' | 'wake'>;
  readonly clock: Clock;
  readonly thread: SlotThread;
  /** Undefined: metrics are reported once, at the end. */
  readonly metricsIntervalMs?: number;
}

export class InThreadSlotLauncher implements SlotLauncher {
  readonly #parts: InThreadSlots;
  readonly #exchange: RingExchange;
  readonly #slots: Slot[] = [];
  readonly #events: SlotEvents[] = [];

  constructor(parts: InThreadSlots) {
    this.#parts = parts;
    const memory = allocateRings(parts.executionGraph);
    const doorbells = memory.doorbells.map((bell) => new Doorbell(bell));
    this.#exchange = new RingExchange(memory, doorbells);
  }

  launch(slotIndex: number, events: SlotEvents): SlotHandle {
    const { ports, thread, deploymentOf } = this.#parts;
    const report = (record: SlotReport): void => queueMicrotask(() => events.onReport(record));
    const slot = buildSlot(deploymentOf(slotIndex), {
      ...ports,
      exchange: this.#exchange,
      reporter: { report },
      wake: () => thread.wake(),
    });
    this.#slots.push(slot);
    this.#events.push(events);
    if (this.#slots.length === this.#parts.executionGraph.slots.length) {
      this.#run().catch((thrown: unknown) => {
        const error = thrown instanceof Error ? thrown : new Error(String(thrown));
        for (const { onLost } of this.#events) onLost(error);
      });
    }
    return {
      send: (command) => queueMicrotask(() => slot.handle(command)),
      terminate: () => Promise.resolve(),
    };
  }

  async #run(): Promise<void> {
    const { clock, thread, metricsIntervalMs } = this.#parts;
    await Promise.all(this.#slots.map((slot) => slot.open()));
    await runSlots(this.#slots, {
      clock,
      thread,
      ...(metricsIntervalMs === undefined ? {} : { metricsIntervalMs }),
    });
  }
}
