/**
 * Whether a process that is there still answers: it may be frozen (stopped, swapped out), which
 * ends nothing that its parent would be told of.
 *
 * I1  What counts is pings that stayed without an answer, not the time since the last: while this
 *     machine sleeps nobody pings, and who wakes up has missed one of them at most.
 * I2  A process is told silent once, and is not pinged any more.
 */
import { StreamError, type Timers } from '../../core/index.ts';

/** `heartbeat.interval`, `heartbeat.timeout`. */
export interface HeartbeatSettings {
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/** As Flink's. */
export const DEFAULT_HEARTBEATS: HeartbeatSettings = { intervalMs: 10_000, timeoutMs: 50_000 };

/** I1. How many pings in a row may stay unanswered until the process counts as lost. */
export function unansweredAllowed({ intervalMs, timeoutMs }: HeartbeatSettings): number {
  return Math.max(1, Math.ceil(timeoutMs / Math.max(1, intervalMs)));
}

/** @throws {StreamError} `HEARTBEAT_TIMEOUT_TOO_SHORT`, as Flink refuses it. */
export function checkHeartbeats({ intervalMs, timeoutMs }: HeartbeatSettings): HeartbeatSettings {
  if (intervalMs > 0 && timeoutMs >= intervalMs) return { intervalMs, timeoutMs };
  throw new StreamError({
    kind: 'user',
    code: 'HEARTBEAT_TIMEOUT_TOO_SHORT',
    message:
      "the options 'heartbeat.interval' and 'heartbeat.timeout' do not fit: the interval must be " +
      'longer than nothing, and not longer than the timeout; ' +
      `intervalMs=${intervalMs} timeoutMs=${timeoutMs}`,
  });
}

export interface ProcessWatchParts {
  readonly timers: Timers;
  readonly heartbeats: HeartbeatSettings;
  /** Asks the process for any sign of life. */
  readonly ping: () => void;
  /** I2. @param unanswered the pings in a row that it did not answer. */
  readonly onSilent: (unanswered: number) => void;
}

export class ProcessWatch {
  readonly #parts: ProcessWatchParts;
  readonly #allowed: number;
  #unanswered = 0;
  #cancel: () => void = () => {};

  /** Pings at once. */
  constructor(parts: ProcessWatchParts) {
    this.#parts = parts;
    this.#allowed = unansweredAllowed(parts.heartbeats);
    this.#ping();
  }

  /** It has told something, whatever it was. */
  heard(): void {
    this.#unanswered = 0;
  }

  stop(): void {
    this.#cancel();
  }

  #ping(): void {
    const { timers, heartbeats, ping, onSilent } = this.#parts;
    this.#unanswered += 1;
    ping();
    this.#cancel = timers.schedule(heartbeats.intervalMs, () => {
      // I2.
      if (this.#unanswered >= this.#allowed) onSilent(this.#unanswered);
      else this.#ping();
    });
  }
}
