import { Worker } from 'node:worker_threads';
import { StreamError } from '../../core/index.ts';
import type { SlotEvents, SlotHandle, SlotLauncher } from '../../jobmaster/index.ts';
import type { SlotReport } from '../../protocol/index.ts';
import type { SlotWorkerData } from './run-slot-worker.ts';

/** Threads beyond this cost more memory and start-up than any machine gives back. */
export const MAX_LOCAL_SLOTS = 128;

/** Starts every slot as a worker thread of this process. */
export class WorkerSlotLauncher implements SlotLauncher {
  readonly #entry: URL;
  readonly #data: Omit<SlotWorkerData, 'slotIndex'>;

  /** @param entry the module that calls `runSlotWorker`. */
  constructor(entry: URL, data: Omit<SlotWorkerData, 'slotIndex'>) {
    this.#entry = entry;
    this.#data = data;
  }

  launch(slotIndex: number, events: SlotEvents): SlotHandle {
    const worker = new Worker(this.#entry, {
      name: `slot-${slotIndex}`,
      workerData: { ...this.#data, slotIndex } satisfies SlotWorkerData,
    });
    let released = false;
    let lost = false;
    const lose = (message: string, cause?: unknown): void => {
      if (released || lost) return;
      lost = true;
      events.onLost(
        new StreamError({
          kind: 'user',
          code: 'SLOT_LOST',
          message: `${message}; slot=${slotIndex}`,
          ...(cause === undefined ? {} : { cause }),
        }),
      );
    };
    worker.on('message', (report: SlotReport) => {
      if (report.type === 'released') released = true;
      events.onReport(report);
    });
    worker.on('error', (error) =>
      lose(
        `the slot's thread died of an error outside the engine's calls: ${describe(error)}`,
        error,
      ),
    );
    worker.on('exit', (code) =>
      lose(
        `the slot's thread ended while the job ran (did user code call process.exit?); code=${code}`,
      ),
    );
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    return {
      send: (command) => worker.postMessage(command),
      terminate: async () => {
        released = true;
        await worker.terminate();
        await exited;
      },
    };
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
