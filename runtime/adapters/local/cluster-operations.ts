/**
 * What clients have triggered and come back for: savepoints, checkpoints, disposals.
 *
 * I1  A trigger id starts one operation, however often it is sent, in whichever process.
 * I2  Results are kept for five minutes after they are there (`rest.async.store-duration`).
 * I3  Who is told an id finds it in the next process, too: its row is there before. Who is told an
 *     outcome finds the same one: its row is there before, unless storage does not take it.
 * I4  An operation does not survive its process. The next one says what came of it, as far as the
 *     job shows it.
 */
import {
  OPERATIONS_PARTITION,
  operationKey,
  type Row,
  type RowStore,
} from '../../checkpoint/index.ts';
import { type Clock, type Logger, toStreamError } from '../../core/index.ts';
import type { OperationState, TriggeredOperation } from '../http/index.ts';

const KEPT_MS = 300_000;

export interface ClusterOperationsParts {
  readonly clock: Clock;
  readonly rows: RowStore;
  readonly logger: Logger;
}

/** Persisted: fields are only ever added. */
export interface OperationRow {
  readonly operation: TriggeredOperation;
  readonly startedAtEpochMs: number;
  readonly state: OperationState;
  /** Absent: in progress. */
  readonly settledAtEpochMs?: number;
}

/** Of a process that is gone. */
export type InterruptedOperation = Pick<OperationRow, 'operation' | 'startedAtEpochMs'>;

/** How {@link ClusterOperations.recover} learns what came of an operation. */
export interface Outcomes {
  /** @param taken results of other operations: what came of them is nobody else's. */
  of(interrupted: InterruptedOperation, taken: ReadonlySet<unknown>): Promise<OperationState>;
  /** Resolves once its job has ended, so that what is in progress until then can be asked again. */
  ended(interrupted: InterruptedOperation): Promise<void>;
}

interface Entry extends InterruptedOperation {
  readonly scope: string;
  readonly triggerId: string;
  state: OperationState;
  settledAtMs: number | undefined;
  /** I3. */
  readonly recorded: Promise<void>;
}

export class ClusterOperations {
  readonly #parts: ClusterOperationsParts;
  readonly #entries = new Map<string, Entry>();

  constructor(parts: ClusterOperationsParts) {
    this.#parts = parts;
  }

  /** I4. Once, before anything is started. @throws {StreamError} of the row store. */
  async recover(outcomes: Outcomes): Promise<void> {
    const { clock, rows, logger } = this.#parts;
    const found = await rows.query(OPERATIONS_PARTITION);
    const taken = new Set<unknown>();
    for (const row of found) {
      const { state } = row.value as OperationRow;
      if (state.type === 'completed') taken.add(state.value);
    }
    for (const row of found) {
      const entry = entryOf(row);
      const { settledAtEpochMs = clock.nowEpochMs() } = row.value as OperationRow;
      const ageMs = Math.max(0, clock.nowEpochMs() - settledAtEpochMs);
      entry.settledAtMs = clock.monotonicMs() - ageMs;
      this.#entries.set(row.sortKey, entry);
      if (entry.state.type !== 'in-progress') continue;
      entry.state = await outcomes.of(entry, taken);
      if (entry.state.type === 'in-progress') {
        entry.settledAtMs = undefined;
        void this.#settleAtEnd(entry, outcomes, taken);
        continue;
      }
      if (entry.state.type === 'completed') taken.add(entry.state.value);
      await this.#write(entry).catch((thrown: unknown) => {
        const { code, message: reason } = toStreamError(thrown);
        logger.log('warn', 'what came of an operation could not be recorded', { code, reason });
      });
    }
    this.#forget();
  }

  /**
   * Starts an operation, unless its id is known (I1).
   *
   * @param scope ids of different scopes do not meet.
   * @throws {StreamError} of the row store; then nothing was started.
   */
  async start(
    scope: string,
    triggerId: string,
    operation: TriggeredOperation,
    carryOut: () => Promise<unknown>,
  ): Promise<void> {
    this.#forget();
    const key = operationKey(scope, triggerId).sortKey;
    const known = this.#entries.get(key);
    if (known !== undefined) return await known.recorded;
    const recorded = Promise.withResolvers<void>();
    // Whoever asks hears of it.
    recorded.promise.catch(() => {});
    const entry: Entry = {
      ...{ scope, triggerId, operation, recorded: recorded.promise },
      startedAtEpochMs: this.#parts.clock.nowEpochMs(),
      state: { type: 'in-progress' },
      settledAtMs: undefined,
    };
    this.#entries.set(key, entry);
    try {
      await this.#write(entry);
    } catch (thrown) {
      this.#entries.delete(key);
      recorded.reject(thrown);
      throw thrown;
    }
    recorded.resolve();
    void carryOut().then(
      (value) => this.#settle(entry, { type: 'completed', value }),
      (thrown: unknown) => {
        return this.#settle(entry, { type: 'failed', error: toStreamError(thrown).toJSON() });
      },
    );
  }

  /** Undefined: no such operation, or too long ago. */
  get(scope: string, triggerId: string): OperationState | undefined {
    this.#forget();
    return this.#entries.get(operationKey(scope, triggerId).sortKey)?.state;
  }

  async #settleAtEnd(entry: Entry, outcomes: Outcomes, taken: ReadonlySet<unknown>): Promise<void> {
    try {
      await outcomes.ended(entry);
      const state = await outcomes.of(entry, taken);
      // The cluster is shut down: the next process will know.
      if (state.type !== 'in-progress') await this.#settle(entry, state);
    } catch (thrown) {
      await this.#settle(entry, { type: 'failed', error: toStreamError(thrown).toJSON() });
    }
  }

  /** I3. */
  async #settle(entry: Entry, state: OperationState): Promise<void> {
    const { clock, logger } = this.#parts;
    const settledAtEpochMs = clock.nowEpochMs();
    await this.#write({ ...entry, state }, settledAtEpochMs).catch((thrown: unknown) => {
      const { code, message: reason } = toStreamError(thrown);
      logger.log('warn', 'what came of an operation could not be recorded', { code, reason });
    });
    entry.state = state;
    entry.settledAtMs = clock.monotonicMs();
  }

  async #write(entry: Entry, settledAtEpochMs?: number): Promise<void> {
    const { scope, triggerId, operation, startedAtEpochMs, state } = entry;
    const isSettled = state.type !== 'in-progress';
    const atEpochMs = settledAtEpochMs ?? this.#parts.clock.nowEpochMs();
    const value: OperationRow = {
      ...{ operation, startedAtEpochMs, state },
      ...(isSettled ? { settledAtEpochMs: atEpochMs } : {}),
    };
    await this.#parts.rows.write([{ type: 'put', ...operationKey(scope, triggerId), value }]);
  }

  /** I2. */
  #forget(): void {
    const { clock, rows, logger } = this.#parts;
    const before = clock.monotonicMs() - KEPT_MS;
    for (const [key, { settledAtMs, scope, triggerId }] of this.#entries) {
      if (settledAtMs === undefined || settledAtMs >= before) continue;
      this.#entries.delete(key);
      const gone = { type: 'delete', ...operationKey(scope, triggerId) } as const;
      // The next process finds it again, and forgets it.
      rows.write([gone]).catch((thrown: unknown) => {
        const { code, message: reason } = toStreamError(thrown);
        logger.log('warn', 'an old operation could not be forgotten', { code, reason });
      });
    }
  }
}

function entryOf({ sortKey, value }: Row): Entry {
  const { operation, startedAtEpochMs, state } = value as OperationRow;
  const end = sortKey.lastIndexOf('#');
  return {
    ...{ operation, startedAtEpochMs, state, settledAtMs: undefined },
    scope: sortKey.slice(0, end),
    triggerId: sortKey.slice(end + 1),
    recorded: Promise.resolve(),
  };
}
