/**
 * Jobs that live no longer than their client: canceled when it has not been heard of in time.
 *
 * I1  A job whose client was never heard of is left alone, and so is one after the cluster began
 *     anew, until its client is heard of again.
 *
 * @see org.apache.flink.runtime.dispatcher.Dispatcher#reportJobClientHeartbeat
 */
import { type Clock, type Logger, type Timers, toStreamError } from '../../core/index.ts';

export interface ClientHeartbeatsParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly cancel: (jobId: string) => Promise<void>;
}

/** The longest that the platform's timers can wait. */
const MAX_WAIT_MS = 2 ** 31 - 1;

export class ClientHeartbeats {
  readonly #parts: ClientHeartbeatsParts;
  /** Cancels what waits, by job. */
  readonly #waiting = new Map<string, () => void>();

  constructor(parts: ClientHeartbeatsParts) {
    this.#parts = parts;
  }

  /** The client lives, and will say so again by then. */
  note(jobId: string, expiresAtEpochMs: number): void {
    const { clock, timers } = this.#parts;
    this.#waiting.get(jobId)?.();
    const delayMs = Math.max(0, expiresAtEpochMs - clock.nowEpochMs());
    const look = (): void => {
      if (clock.nowEpochMs() < expiresAtEpochMs) this.note(jobId, expiresAtEpochMs);
      else this.#expire(jobId);
    };
    this.#waiting.set(jobId, timers.schedule(Math.min(delayMs, MAX_WAIT_MS), look));
  }

  stop(): void {
    for (const cancel of this.#waiting.values()) cancel();
    this.#waiting.clear();
  }

  #expire(jobId: string): void {
    const { cancel, logger } = this.#parts;
    this.#waiting.delete(jobId);
    cancel(jobId).then(
      () => logger.log('warn', 'a job is cancelled, for its client is gone', { jobId }),
      (thrown: unknown) => {
        const { code, message: reason } = toStreamError(thrown);
        // The usual end of a client's watch.
        if (code === 'JOB_ALREADY_ENDED' || code === 'JOB_NOT_FOUND') return;
        logger.log('warn', 'a job whose client is gone was not cancelled', { jobId, code, reason });
      },
    );
  }
}
