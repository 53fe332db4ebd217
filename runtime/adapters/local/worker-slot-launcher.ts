import { Worker } from 'node:worker_threads';
import { StreamError } from '../../core/index.ts';
import type { RegionLaunch, SlotEvents, SlotHandle, SlotLauncher } from '../../jobmaster/index.ts';
import type { SlotReport } from '../../protocol/index.ts';
import type { ThreadRegistry } from '../inspect/index.ts';
import { allocateRings } from './ring-exchange.ts';
import type { SlotWorkerData } from './run-slot-worker.ts';

/** Threads beyond this cost more memory and start-up than any machine gives back. */
const MAX_LOCAL_SLOTS = 128;

/** @throws {StreamError} `TOO_MANY_SLOTS` when one machine should not run so many. */
export function checkSlotCount(slotCount: number): void {
  if (slotCount <= MAX_LOCAL_SLOTS) return;
  throw new StreamError({
    kind: 'invalid',
    code: 'TOO_MANY_SLOTS',
    message:
      'the job needs more slots than one machine runs as threads: lower its parallelism; ' +
      `slots=${slotCount} max=${MAX_LOCAL_SLOTS}`,
  });
}

/** What every slot of a job is started with. */
export type WorkerJob = Pick<
  SlotWorkerData,
  'jobId' | 'bundlePath' | 'args' | 'configuration' | 'metricsIntervalMs' | 'checkpointing'
>;

/** Starts every slot as a worker thread of this process. */
export class WorkerSlotLauncher implements SlotLauncher {
  readonly #entry: URL;
  readonly #job: WorkerJob;
  readonly #threads: ThreadRegistry | undefined;

  /**
   * @param entry the module that calls `runSlotWorker`.
   * @param threads is told of those that are started.
   */
  constructor(entry: URL, job: WorkerJob, threads?: ThreadRegistry) {
    this.#entry = entry;
    this.#job = job;
    this.#threads = threads;
  }

  launch({
    executionGraph,
    overrides,
    attempt,
    slots,
    results,
    decided,
  }: RegionLaunch): readonly SlotHandle[] {
    const rings = allocateRings(
      executionGraph,
      slots.map(({ slotIndex }) => slotIndex),
    );
    const graphHash = executionGraph.jobGraph.hash;
    return slots.map(({ slotIndex, restore, events }) => {
      const data: SlotWorkerData = {
        ...this.#job,
        overrides,
        graphHash,
        slotIndex,
        attempt,
        restore,
        results,
        decided,
        rings,
      };
      const { worker, handle } = startWorker(this.#entry, data, events);
      const used = [...rings.rings.values()].filter((ring) => ring.toSlot === slotIndex);
      this.#threads?.add(
        { slotIndex, name: `slot-${slotIndex}`, worker },
        used.map(({ memory }) => memory),
      );
      return handle;
    });
  }
}

function startWorker(
  entry: URL,
  data: SlotWorkerData,
  events: SlotEvents,
): { readonly worker: Worker; readonly handle: SlotHandle } {
  const { slotIndex } = data;
  const worker = new Worker(entry, { name: `slot-${slotIndex}`, workerData: data });
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
    if (lost) return;
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
  const handle: SlotHandle = {
    send: (command) => worker.postMessage(command),
    terminate: async () => {
      released = true;
      await worker.terminate();
      await exited;
    },
  };
  return { worker, handle };
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
