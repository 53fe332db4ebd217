/**
 * What clients have triggered and come back for: savepoints, checkpoints, disposals.
 *
 * I1  A trigger id starts one operation, however often it is sent.
 * I2  Results are kept for five minutes after they are there (`rest.async.store-duration`).
 */
import { type Clock, toStreamError } from '../../core/index.ts';
import type { OperationState } from '../http/index.ts';

const KEPT_MS = 300_000;

interface Entry {
  state: OperationState;
  settledAtMs: number | undefined;
}

export class ClusterOperations {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Starts an operation, unless its id is known (I1).
   *
   * @param scope ids of different scopes do not meet.
   */
  start(scope: string, triggerId: string, operation: () => Promise<unknown>): void {
    this.#forget();
    const key = `${scope}#${triggerId}`;
    if (this.#entries.has(key)) return;
    const entry: Entry = { state: { type: 'in-progress' }, settledAtMs: undefined };
    this.#entries.set(key, entry);
    const settle = (state: OperationState): void => {
      entry.state = state;
      entry.settledAtMs = this.#clock.monotonicMs();
    };
    operation().then(
      (value) => settle({ type: 'completed', value }),
      (thrown: unknown) => settle({ type: 'failed', error: toStreamError(thrown).toJSON() }),
    );
  }

  /** Undefined: no such operation, or too long ago. */
  get(scope: string, triggerId: string): OperationState | undefined {
    this.#forget();
    return this.#entries.get(`${scope}#${triggerId}`)?.state;
  }

  /** I2. */
  #forget(): void {
    const before = this.#clock.monotonicMs() - KEPT_MS;
    for (const [key, { settledAtMs }] of this.#entries) {
      if (settledAtMs !== undefined && settledAtMs < before) this.#entries.delete(key);
    }
  }
}
