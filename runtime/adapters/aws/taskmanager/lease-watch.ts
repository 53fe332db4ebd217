/**
 * What ends a lease from outside: its time, and the memory of the function.
 *
 * I1  Closed, it has no timer, and whoever waits through it has been let go.
 */
import { type Logger, StreamError, type Timers, toStreamError } from '../../../core/index.ts';
import type { LeaseRequest } from '../messages.ts';
import { memoryExhausted, memoryPressure } from './memory-pressure.ts';

export interface LeaseWatchParts {
  readonly request: LeaseRequest;
  /** When the lease must be over. */
  readonly lengthMs: number;
  readonly handOverAfterMs: number;
  readonly memoryMb: number;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly onHandOver: () => void;
  /** Everything is to stop, and to say so. */
  readonly onMemoryExhausted: (error: StreamError) => void;
}

const MEMORY_CHECK_MS = 1_000;
const MIB = 1024 * 1024;

export class LeaseWatch {
  readonly #parts: LeaseWatchParts;
  readonly #failed = Promise.withResolvers<never>();
  readonly #timers = new Set<() => void>();
  #isClosed = false;
  #isHighSaid = false;

  constructor(parts: LeaseWatchParts) {
    this.#parts = parts;
    // Whether anybody waits or not.
    this.#failed.promise.catch(() => undefined);
    const { lengthMs, handOverAfterMs, onHandOver } = parts;
    this.after(handOverAfterMs, onHandOver);
    this.after(lengthMs, () => this.fail(overdue(parts.request, lengthMs)));
    this.#watchMemory();
  }

  /** Ends what {@link inTime} waits for. */
  fail(thrown: unknown): void {
    this.#failed.reject(toStreamError(thrown));
  }

  /** @throws {StreamError} what {@link fail} was called with; `LEASE_OVERDUE`. */
  async inTime<T>(work: Promise<T>): Promise<T> {
    // It may fail after it was given up.
    work.catch(() => undefined);
    return await Promise.race([work, this.#failed.promise]);
  }

  /** @throws {StreamError} as {@link inTime}. */
  async pause(delayMs: number): Promise<void> {
    const passed = Promise.withResolvers<void>();
    const cancel = this.after(delayMs, passed.resolve);
    await this.inTime(passed.promise).finally(cancel);
  }

  /** I1. */
  close(): void {
    this.#isClosed = true;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    this.fail(overdue(this.#parts.request, this.#parts.lengthMs));
  }

  /** Unless it is closed before. @returns what keeps it from that. */
  after(delayMs: number, callback: () => void): () => void {
    if (this.#isClosed) return () => undefined;
    const cancelTimer = this.#parts.timers.schedule(delayMs, () => {
      this.#timers.delete(cancelTimer);
      callback();
    });
    this.#timers.add(cancelTimer);
    return () => {
      this.#timers.delete(cancelTimer);
      cancelTimer();
    };
  }

  #watchMemory(): void {
    this.after(MEMORY_CHECK_MS, () => {
      this.#checkMemory(process.memoryUsage.rss());
      this.#watchMemory();
    });
  }

  #checkMemory(residentBytes: number): void {
    const { memoryMb, logger, onMemoryExhausted } = this.#parts;
    const limitBytes = memoryMb * MIB;
    const pressure = memoryPressure(residentBytes, limitBytes);
    if (pressure === 'critical') onMemoryExhausted(memoryExhausted(residentBytes, limitBytes));
    if (pressure !== 'high' || this.#isHighSaid) return;
    this.#isHighSaid = true;
    const text = "most of the function's memory is in use";
    logger.log('warn', text, { residentBytes, limitBytes });
  }
}

function overdue(request: LeaseRequest, lengthMs: number): StreamError {
  const { jobId, attempt, lease, taskManager } = request;
  const details = { jobId, attempt, lease, taskManager, lengthMs };
  return new StreamError({
    kind: 'unavailable',
    code: 'LEASE_OVERDUE',
    message:
      'a TaskManager could not hand over in time, as no checkpoint completed or a receiver did ' +
      'not answer: the job restarts; give leases a longer margin ' +
      `taskManager=${taskManager} attempt=${attempt} lease=${lease} lengthMs=${lengthMs}`,
    details,
  });
}
