/**
 * Time to live of keyed state, in processing time.
 *
 * @see Flink `StateTtlConfig`, `TtlUtils`
 */
import { StreamError } from '../core/index.ts';

export type StateTtlUpdateType = 'OnCreateAndWrite' | 'OnReadAndWrite';
export type StateTtlVisibility = 'NeverReturnExpired' | 'ReturnExpiredIfNotCleanedUp';

/** How long a value lives; per element for list state and per entry for map state. */
export interface StateTtlConfig {
  /** Above 0. */
  readonly ttlMs: number;
  /** What starts the time anew. @defaultValue `OnCreateAndWrite` */
  readonly updateType?: StateTtlUpdateType;
  /**
   * Whether an expired value is returned as long as it is there: a read and a full snapshot
   * remove it.
   *
   * @defaultValue `NeverReturnExpired`
   */
  readonly visibility?: StateTtlVisibility;
}

/** What a state with a time to live holds, in memory and in snapshots. */
export interface TtlValue<T> {
  value: T;
  lastAccessMs: number;
}

export interface TtlClock {
  nowEpochMs(): number;
}

/** The rules of one state's time to live. */
export class Ttl {
  readonly returnsExpired: boolean;
  readonly updatesOnRead: boolean;
  readonly #ttlMs: number;
  readonly #clock: TtlClock;

  constructor(config: StateTtlConfig, clock: TtlClock) {
    this.#ttlMs = config.ttlMs;
    this.#clock = clock;
    this.returnsExpired = config.visibility === 'ReturnExpiredIfNotCleanedUp';
    this.updatesOnRead = config.updateType === 'OnReadAndWrite';
  }

  /** A sum of doubles does not overflow, whatever the time to live. */
  expired(held: TtlValue<unknown>): boolean {
    return held.lastAccessMs + this.#ttlMs <= this.#clock.nowEpochMs();
  }

  stamp<T>(value: T): TtlValue<T> {
    return { value, lastAccessMs: this.#clock.nowEpochMs() };
  }

  /** Starts the time anew. */
  refresh(held: TtlValue<unknown>): void {
    held.lastAccessMs = this.#clock.nowEpochMs();
  }
}

/** @throws {StreamError} kind `invalid`, code `STATE_TTL_INVALID`. */
export function assertTtl(ttlMs: number, stateName: string): void {
  if (typeof ttlMs === 'number' && ttlMs > 0) return;
  throw new StreamError({
    kind: 'invalid',
    code: 'STATE_TTL_INVALID',
    message: `the time to live of a state must be above zero milliseconds: state=${stateName} ttlMs=${String(ttlMs)}`,
    details: { state: stateName, ttlMs: String(ttlMs) },
  });
}
