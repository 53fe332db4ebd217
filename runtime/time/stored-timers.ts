/** Timers of a snapshot by key: filled like a queue of timers, read, and emptied again. */
import type { EncodedKey } from '../core/index.ts';
import type { RestoreTarget } from '../state/index.ts';
import { timerOf } from './timer-queue.ts';

/** How snapshots call the timers of an operator. */
export const EVENT_TIME_TIMERS = 'timers/event-time';
export const PROCESSING_TIME_TIMERS = 'timers/processing-time';

export class StoredTimers implements RestoreTarget {
  readonly #byKey = new Map<EncodedKey, Map<EncodedKey, ReturnType<typeof timerOf>>>();

  /** The times a key is to be called at, ascending. */
  of(key: EncodedKey, namespace?: string): ReadonlySet<number> {
    const timers = [...(this.#byKey.get(key)?.values() ?? [])];
    const times = timers.flatMap((timer) =>
      timer.namespace === namespace ? [timer.timestampMs] : [],
    );
    return new Set(times.sort((a, b) => a - b));
  }

  clear(): void {
    this.#byKey.clear();
  }

  restorePut(key: EncodedKey, subKey: EncodedKey | undefined): void {
    const timers = this.#byKey.get(key) ?? new Map();
    timers.set(subKey, timerOf(subKey));
    this.#byKey.set(key, timers);
  }

  restoreRemove(key: EncodedKey, subKey: EncodedKey | undefined): void {
    this.#byKey.get(key)?.delete(subKey ?? '');
  }
}
