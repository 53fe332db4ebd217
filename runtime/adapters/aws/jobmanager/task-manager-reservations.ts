/**
 * How many TaskManagers the jobs of a cluster may run at once, so that what a job starts it can
 * also run: half a job waits for the other half for ever.
 *
 * I1  A job reserves before it looks at what others have: of two that come at once, one at least
 *     sees both.
 */
import {
  RESERVATIONS_PARTITION,
  type RowStore,
  reservationKey,
} from '../../../checkpoint/index.ts';
import { StreamError } from '../../../core/index.ts';

interface ReservationRow {
  readonly taskManagers: number;
}

export class TaskManagerReservations {
  readonly #rows: RowStore;
  readonly #maxTaskManagers: number;

  constructor(rows: RowStore, maxTaskManagers: number) {
    this.#rows = rows;
    this.#maxTaskManagers = maxTaskManagers;
  }

  /**
   * @param ofAccount more than these the account does not let run.
   * @throws {StreamError} `NO_RESOURCE_AVAILABLE`, kind `invalid`: the cluster has not so many, or
   * not now. What was reserved before stays.
   */
  async reserve(jobId: string, taskManagers: number, ofAccount?: number): Promise<void> {
    const max = Math.min(this.#maxTaskManagers, ofAccount ?? this.#maxTaskManagers);
    if (taskManagers > max) throw tooMany(jobId, taskManagers, 0, max);
    const before = (await this.#others(jobId)).own;
    await this.#put(jobId, Math.max(before, taskManagers));
    const { others } = await this.#others(jobId);
    if (others + taskManagers > max) {
      await this.#put(jobId, before);
      throw tooMany(jobId, taskManagers, others, max);
    }
    if (before > taskManagers) await this.#put(jobId, taskManagers);
  }

  async release(jobId: string): Promise<void> {
    await this.#rows.write([{ type: 'delete', ...reservationKey(jobId) }]);
  }

  /** By all jobs. */
  async used(): Promise<number> {
    const { others, own } = await this.#others('');
    return others + own;
  }

  async #others(jobId: string): Promise<{ readonly own: number; readonly others: number }> {
    let [own, others] = [0, 0];
    for (const { sortKey, value } of await this.#rows.query(RESERVATIONS_PARTITION)) {
      const { taskManagers } = value as ReservationRow;
      if (sortKey === jobId) own = taskManagers;
      else others += taskManagers;
    }
    return { own, others };
  }

  async #put(jobId: string, taskManagers: number): Promise<void> {
    const value: ReservationRow = { taskManagers };
    await this.#rows.write([{ type: 'put', ...reservationKey(jobId), value }]);
  }
}

function tooMany(jobId: string, required: number, used: number, max: number): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'NO_RESOURCE_AVAILABLE',
    message:
      'the job needs more TaskManagers than may run at once: lower its parallelism, stop another ' +
      `job, or raise the account's concurrency and maxTaskManagers; job=${jobId} ` +
      `required=${required} used=${used} max=${max}`,
    details: { jobId, required, used, max },
  });
}
