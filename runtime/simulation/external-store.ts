/**
 * The outside world that simulated jobs write to: a store with transactions in two phases. What is
 * committed is seen by readers; auditors compare it with the oracle.
 *
 * I1  A transaction is prepared before it is committed, with the same records in each attempt to.
 * I2  Commits are idempotent; a transaction that was never prepared cannot be committed.
 * I3  A job's output is what is committed of its lineage: its own transactions, those it found in
 *     the state it started from, and those of subtasks that had finished by then. The last leave no
 *     trace in the state; each is part of the output as a whole or not at all.
 */
import type { SimRecord } from './job-spec.ts';

export interface Transaction {
  readonly id: string;
  /** The stream it was written from. */
  readonly sink: number;
  readonly jobId: string;
  readonly records: readonly SimRecord[];
}

export class ExternalStore {
  readonly #prepared = new Map<string, Transaction>();
  /** By transaction, who has committed it: jobs that start from one savepoint may all do. */
  readonly #committed = new Map<string, Set<string>>();
  readonly #lineages = new Map<string, Set<string>>();
  /** The jobs a job goes on from, by way of savepoints. */
  readonly #ancestors = new Map<string, readonly string[]>();
  readonly #violate: (what: string) => void;
  readonly #onVisible: (transaction: Transaction) => void;

  /** @param onVisible called once for each transaction, when the job that wrote it commits it. */
  constructor(
    violate: (what: string) => void,
    onVisible: (transaction: Transaction) => void = () => {},
  ) {
    this.#violate = violate;
    this.#onVisible = onVisible;
  }

  prepare(transaction: Transaction): void {
    const { id } = transaction;
    const earlier = this.#prepared.get(id);
    if (earlier !== undefined && !sameRecords(earlier, transaction)) {
      this.#violate(`I1: transaction ${id} was prepared twice with other records`);
    }
    this.#prepared.set(id, transaction);
  }

  commit(id: string, jobId: string): void {
    const transaction = this.#prepared.get(id);
    if (transaction === undefined) this.#violate(`I2: transaction ${id} was never prepared`);
    const committers = this.#committed.get(id) ?? new Set();
    const isNew = transaction?.jobId === jobId && !committers.has(jobId);
    this.#committed.set(id, committers.add(jobId));
    if (isNew) this.#onVisible(transaction);
  }

  /** The job goes on from a state that holds these. */
  adopt(jobId: string, ids: readonly string[]): void {
    const lineage = this.#lineages.get(jobId) ?? new Set();
    for (const id of ids) lineage.add(id);
    this.#lineages.set(jobId, lineage);
  }

  /** A job starts from a savepoint of another one. */
  descend(jobId: string, fromJobId: string): void {
    this.#ancestors.set(jobId, [fromJobId, ...(this.#ancestors.get(fromJobId) ?? [])]);
  }

  /** I3. What certainly is output of a sink of the job; repeated when written twice. */
  output(jobId: string, sink: number): readonly SimRecord[] {
    const lineage = this.#lineages.get(jobId);
    const records: SimRecord[] = [];
    for (const [id, committers] of this.#committed) {
      const transaction = this.#prepared.get(id);
      if (transaction?.sink !== sink) continue;
      const isOwn = transaction.jobId === jobId && committers.has(jobId);
      if (isOwn || lineage?.has(id)) records.push(...transaction.records);
    }
    return records;
  }

  /** I3. What subtasks of earlier jobs may have written, transaction by transaction. */
  ancestral(jobId: string, sink: number): readonly (readonly SimRecord[])[] {
    const ancestors = this.#ancestors.get(jobId) ?? [];
    const lineage = this.#lineages.get(jobId);
    return [...this.#committed.keys()].flatMap((id) => {
      const transaction = this.#prepared.get(id);
      if (transaction?.sink !== sink || lineage?.has(id)) return [];
      return ancestors.includes(transaction.jobId) ? [transaction.records] : [];
    });
  }

  /** Transactions the job's state holds that nobody committed. */
  uncommitted(jobId: string): readonly string[] {
    return [...(this.#lineages.get(jobId) ?? [])].filter((id) => !this.#committed.has(id));
  }
}

function sameRecords(a: Transaction, b: Transaction): boolean {
  return a.records.map(({ id }) => id).join() === b.records.map(({ id }) => id).join();
}
