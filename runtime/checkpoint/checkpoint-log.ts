/**
 * The rows that say which checkpoints of a job exist.
 *
 * - I1: a checkpoint exists if, and only if, its row does.
 * - I2: every append changes the head row conditionally. So of two that append at once one fails,
 *   and a write that arrives late, after a later append, has no effect.
 * - I3: an append whose outcome is unknown counts as undecided until a later append, or a look at
 *   its row, decides it. Until then what it refers to must not be deleted.
 */
import { defined, isStreamError } from '../core/index.ts';
import { isErrorWithCode, storageError } from './errors.ts';
import { CHECKPOINT_ROW_PREFIX, checkpointHeadKey, checkpointKey, jobPartition } from './paths.ts';
import { count, finite, flag, record } from './record-shape.ts';
import type { RowStore, RowWrite } from './row-store.ts';

/** A row of the checkpoint log. */
export interface CheckpointRowRecord {
  readonly checkpointId: number;
  readonly triggeredAtEpochMs: number;
  readonly completedAtEpochMs: number;
  readonly full: boolean;
  readonly manifestSizeBytes: number;
  readonly manifestCrc32: number;
}

interface HeadRecord {
  readonly newestId: number;
}

interface Head extends HeadRecord {
  readonly version: number;
}

const rowShape = record<CheckpointRowRecord>(
  {
    checkpointId: count,
    triggeredAtEpochMs: finite,
    completedAtEpochMs: finite,
    full: flag,
    manifestSizeBytes: count,
    manifestCrc32: count,
  },
  {},
);
const headShape = record<HeadRecord>({ newestId: count }, {});
const MAX_TRIES = 3;

export class CheckpointLog {
  readonly #rows: RowStore;
  readonly #jobId: string;
  readonly #undecided = new Map<number, CheckpointRowRecord>();
  #head: Head | undefined;

  constructor(rows: RowStore, jobId: string) {
    this.#rows = rows;
    this.#jobId = jobId;
  }

  /** Ids of appends whose outcome is unknown. */
  get undecidedIds(): readonly number[] {
    return [...this.#undecided.keys()];
  }

  /** Oldest first. */
  async list(): Promise<readonly CheckpointRowRecord[]> {
    const query = { sortKeyPrefix: CHECKPOINT_ROW_PREFIX };
    const rows = await this.#rows.query(jobPartition(this.#jobId), query);
    return rows.map(({ value, sortKey }) => rowShape(value, sortKey));
  }

  async get(checkpointId: number): Promise<CheckpointRowRecord | undefined> {
    const { partitionKey, sortKey } = checkpointKey(this.#jobId, checkpointId);
    const row = await this.#rows.get(partitionKey, sortKey);
    return row === undefined ? undefined : rowShape(row.value, sortKey);
  }

  /** The highest id that was ever appended; 0: none. */
  async newestId(): Promise<number> {
    return (await this.#readHead()).newestId;
  }

  /**
   * Must be read once after the caller has fenced off its predecessor, and before it appends:
   * later writes of the predecessor fail at its fence, later ones of others at the head.
   */
  async open(): Promise<void> {
    this.#head = await this.#readHead();
  }

  /**
   * @param fence steps that fail when the caller is no longer in charge.
   * @throws {StreamError} `CHECKPOINT_ID_TAKEN`; `CHECKPOINT_OUTCOME_UNKNOWN` (I3).
   */
  async append(
    row: CheckpointRowRecord,
    fence: readonly RowWrite[],
  ): Promise<'completed' | 'fenced'> {
    if (this.#head === undefined) await this.open();
    let cause: unknown;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const head = defined(this.#head, 'read above');
      if (row.checkpointId <= head.newestId) return await this.#appendedBefore(row);
      try {
        await this.#rows.write([...this.#steps(row, head), ...fence]);
        this.#decided({ newestId: row.checkpointId, version: head.version + 1 });
        return 'completed';
      } catch (thrown) {
        cause = thrown;
      }
      const isRefused = isErrorWithCode(cause, 'ROW_CONFLICT') || isFenced(cause);
      const outcome = await this.#settle(row, isRefused);
      if (outcome !== 'again') return outcome;
    }
    throw unknownOutcome(row, cause);
  }

  /** @throws {StreamError} of the row store; the rows may then be there or not. */
  async remove(
    checkpointIds: readonly number[],
    fence: readonly RowWrite[],
  ): Promise<'removed' | 'fenced'> {
    const steps = checkpointIds.map(
      (id): RowWrite => ({ type: 'delete', ...checkpointKey(this.#jobId, id) }),
    );
    return (await this.isFencedOff([...steps, ...fence])) ? 'fenced' : 'removed';
  }

  /** Writes the steps; true when a condition, or the owner of the store, refuses them. */
  async isFencedOff(steps: readonly RowWrite[]): Promise<boolean> {
    if (steps.length === 0) return false;
    try {
      await this.#rows.write(steps);
      return false;
    } catch (thrown) {
      if (isErrorWithCode(thrown, 'ROW_CONFLICT') || isFenced(thrown)) return true;
      throw thrown;
    }
  }

  #steps(row: CheckpointRowRecord, head: Head): RowWrite[] {
    const value: HeadRecord = { newestId: row.checkpointId };
    const headKey = checkpointHeadKey(this.#jobId);
    const rowKey = checkpointKey(this.#jobId, row.checkpointId);
    return [
      { type: 'put', ...rowKey, value: row, expectedVersion: 0 },
      { type: 'put', ...headKey, value, expectedVersion: head.version },
    ];
  }

  /** After a failed append: the rows decide, whatever the error said. */
  async #settle(
    row: CheckpointRowRecord,
    isRefused: boolean,
  ): Promise<'completed' | 'fenced' | 'again'> {
    // I3: until the rows have been read.
    if (!isRefused) this.#undecided.set(row.checkpointId, row);
    let head: Head;
    let stored: CheckpointRowRecord | undefined;
    let mover: CheckpointRowRecord | undefined;
    try {
      // The row before the head: a head that was read before the row arrived would be too old.
      stored = await this.get(row.checkpointId);
      head = await this.#readHead();
      mover = head.newestId === 0 ? undefined : await this.get(head.newestId);
    } catch (thrown) {
      // A refused one may follow one of an unknown outcome.
      this.#undecided.set(row.checkpointId, row);
      throw unknownOutcome(row, thrown);
    }
    if (stored !== undefined) {
      if (!isSame(stored, row)) throw idTaken(row);
      this.#decided(head);
      return 'completed';
    }
    if (!isRefused) return 'again';
    if (head.version === this.#head?.version) return 'fenced';
    const own = this.#undecided.get(head.newestId);
    if (own === undefined || mover === undefined || !isSame(mover, own)) return 'fenced';
    // One of this log's own arrived late.
    this.#decided(head);
    return 'again';
  }

  async #appendedBefore(row: CheckpointRowRecord): Promise<'completed'> {
    const stored = await this.get(row.checkpointId);
    if (stored === undefined || !isSame(stored, row)) throw idTaken(row);
    return 'completed';
  }

  #decided(head: Head): void {
    this.#head = head;
    this.#undecided.clear();
  }

  async #readHead(): Promise<Head> {
    const { partitionKey, sortKey } = checkpointHeadKey(this.#jobId);
    const row = await this.#rows.get(partitionKey, sortKey);
    if (row === undefined) return { newestId: 0, version: 0 };
    return { ...headShape(row.value, sortKey), version: row.version };
  }
}

function isFenced(thrown: unknown): boolean {
  return isStreamError(thrown) && thrown.kind === 'fenced';
}

function isSame(a: CheckpointRowRecord, b: CheckpointRowRecord): boolean {
  return a.manifestCrc32 === b.manifestCrc32 && a.manifestSizeBytes === b.manifestSizeBytes;
}

/** The id was used for something else. */
export function idTaken({ checkpointId }: { readonly checkpointId: number }): Error {
  const text = 'a checkpoint id was used before: abort it, and trigger one with a higher id';
  return storageError('conflict', 'CHECKPOINT_ID_TAKEN', text, { checkpointId });
}

function unknownOutcome({ checkpointId }: CheckpointRowRecord, cause: unknown): Error {
  const text = 'it is unknown whether a checkpoint was completed: go on with the next one';
  const details = { checkpointId };
  return storageError('unavailable', 'CHECKPOINT_OUTCOME_UNKNOWN', text, details, cause);
}
