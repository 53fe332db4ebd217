/** Measures this process: V8's heaps of all its threads, buffers, processor time. */
import { availableParallelism, freemem, totalmem } from 'node:os';
import { getHeapStatistics, type HeapInfo } from 'node:v8';
import type { Worker } from 'node:worker_threads';
import type { Clock } from '../../core/index.ts';
import { ringUse } from '../../exchange/index.ts';
import type { ProcessStatistics } from '../http/index.ts';
import type { ThreadRegistry } from './thread-registry.ts';

/** A thread that does not answer in this time is shown as it was. */
const MAX_WAIT_MS = 200;
/** Over less, the load is noise. */
const MIN_LOAD_MS = 1000;

export class ProcessMeter {
  readonly #threads: ThreadRegistry;
  readonly #clock: Clock;
  /** As told last. */
  readonly #heaps = new WeakMap<Worker, HeapInfo>();
  #loadSinceMs: number;
  #cpuSinceMs = 0;
  #load = 0;

  constructor(threads: ThreadRegistry, clock: Clock) {
    this.#threads = threads;
    this.#clock = clock;
    this.#loadSinceMs = clock.monotonicMs();
    this.#cpuSinceMs = cpuTimeMs();
  }

  async measure(): Promise<ProcessStatistics> {
    const workers = this.#threads.threads.map(({ worker }) => worker);
    const heaps = [getHeapStatistics(), ...(await Promise.all(workers.map((w) => this.#heap(w))))];
    const sum = (name: keyof HeapInfo): number =>
      heaps.reduce((total, heap) => total + (heap?.[name] ?? 0), 0);
    const rings = this.#threads.rings.map(ringUse);
    return {
      measuredAtEpochMs: this.#clock.nowEpochMs(),
      heapUsedBytes: sum('used_heap_size'),
      heapCommittedBytes: sum('total_heap_size'),
      heapMaxBytes: sum('heap_size_limit'),
      nonHeapUsedBytes: sum('malloced_memory'),
      nonHeapCommittedBytes: sum('malloced_memory'),
      directUsedBytes: sum('external_memory'),
      residentBytes: process.memoryUsage.rss(),
      networkTotalBytes: rings.reduce((total, { capacityBytes }) => total + capacityBytes, 0),
      networkUsedBytes: rings.reduce((total, { usedBytes }) => total + usedBytes, 0),
      cpuTimeMs: cpuTimeMs(),
      cpuLoad: this.#cpuLoad(),
      threadCount: 1 + workers.length,
      cpuCount: availableParallelism(),
      physicalMemoryBytes: totalmem(),
      freeMemoryBytes: freemem(),
    };
  }

  /** Undefined: it has not told yet, or this Node cannot ask it. */
  async #heap(worker: Worker): Promise<HeapInfo | undefined> {
    // Older than Node 22.16.
    const ask: unknown = worker.getHeapStatistics;
    if (typeof ask !== 'function') return undefined;
    const asked = worker.getHeapStatistics().then(
      (heap) => void this.#heaps.set(worker, heap),
      // It ends.
      () => undefined,
    );
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, MAX_WAIT_MS);
    });
    await Promise.race([asked, late]);
    clearTimeout(timer);
    return this.#heaps.get(worker);
  }

  #cpuLoad(): number {
    const nowMs = this.#clock.monotonicMs();
    const elapsedMs = nowMs - this.#loadSinceMs;
    if (elapsedMs >= MIN_LOAD_MS) {
      const usedMs = cpuTimeMs();
      this.#load = (usedMs - this.#cpuSinceMs) / elapsedMs;
      this.#loadSinceMs = nowMs;
      this.#cpuSinceMs = usedMs;
    }
    return this.#load;
  }
}

function cpuTimeMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
