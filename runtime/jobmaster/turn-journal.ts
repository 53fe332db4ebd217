/**
 * The right to write for a job whose master works in turns, and its record between them.
 *
 * I1  Who begins a turn claims the job before it reads anything: what it reads then is what the
 *     turn before has left, and nothing of that one counts any more, however late it arrives.
 * I2  A record follows the one that the turn has read, or its own: of two turns that begin with the
 *     same record one writes.
 * I3  A write that failed may have happened: the row, which names its term and number, decides.
 * I4  A claim that follows the claim of the same process has nothing to read: the row is as that
 *     one has written it, since nobody writes without a claim. A record is a value of JSON that
 *     nobody changes, so that it is in this process what it is in any other.
 * I5  A record that is an object is there before its row, and goes only in a turn that begins with
 *     a row which no longer refers to it: a write whose outcome is not known may yet happen.
 */
import { type JobStore, type RowStore, type StoredJob, turnKey } from '../checkpoint/index.ts';
import { isStreamError, StreamError } from '../core/index.ts';
import { DispatcherJournal } from './dispatcher-journal.ts';
import { jobFenced } from './job-errors.ts';
import type { JobJournal } from './job-journal.ts';
import { NEW_TURN_RECORD, type TurnEnd, type TurnRecord } from './job-turn.ts';
import { type TurnObject, type TurnObjects, turnCorrupt } from './turn-objects.ts';

export interface TurnJournalParts {
  readonly rows: RowStore;
  readonly jobs: JobStore;
  readonly objects: TurnObjects;
  readonly jobId: string;
}

/** Persisted: fields are only ever added. It has a record or an object. */
export interface TurnRow {
  /** Of the claim under which it was written. */
  readonly term: number;
  /** Of the writes of this term, from 1. */
  readonly writeNumber?: number;
  readonly record?: TurnRecord;
  readonly object?: TurnObject;
  /** Locations of objects that no row refers to any more (I5). */
  readonly superseded?: readonly string[];
}

/** The row, as it was read or written last. */
interface KnownTurn {
  /** 0: there is none. */
  readonly version: number;
  /** Or why it does not read. */
  readonly record: TurnRecord | StreamError;
  readonly location?: string;
  readonly superseded: readonly string[];
}

const MAX_TRIES = 5;
/** Of terms that have written nothing: more of them are left to who clears up behind the job. */
const MAX_ORPHANS = 32;
const TERMINAL: readonly string[] = ['FINISHED', 'CANCELED', 'FAILED'];
const NEW: KnownTurn = { version: 0, record: NEW_TURN_RECORD, superseded: [] };

export class TurnJournal {
  /** Nobody else was in charge since this process was. */
  readonly isContinued: boolean;
  readonly #parts: TurnJournalParts;
  readonly #journal: DispatcherJournal;
  #known: KnownTurn;
  #writeNumber = 0;
  #areEffectsSent = false;

  private constructor(parts: TurnJournalParts, journal: DispatcherJournal, former?: TurnJournal) {
    this.#parts = parts;
    this.#journal = journal;
    this.isContinued = former !== undefined;
    this.#known = former === undefined ? NEW : former.#known;
    if (former !== undefined) this.#areEffectsSent = former.#areEffectsSent;
  }

  /**
   * I1.
   *
   * @param former of this process, whose turn came to its end.
   * @throws {StreamError} `JOB_NOT_FOUND`; `JOB_FENCED`: another turn begins at the same time; of
   * the stores.
   */
  static async claim(parts: TurnJournalParts, former?: TurnJournal): Promise<TurnJournal> {
    const { rows, jobs, jobId } = parts;
    const next = former && (await former.#journal.next(rows));
    // I4.
    if (next !== undefined) return new TurnJournal(parts, next, former);
    let stored = await existing(jobs, jobId);
    for (let tries = 1; ; tries++) {
      const journal = await DispatcherJournal.takeOver(rows, jobs, stored);
      // A former turn may have changed the row before the claim.
      const now = await existing(jobs, jobId);
      if (now.version === stored.version) {
        const claimed = new TurnJournal(parts, journal);
        await claimed.#read();
        return claimed;
      }
      if (tries === MAX_TRIES) throw jobFenced(jobId);
      stored = now;
    }
  }

  /** Of the job's row. */
  get journal(): JobJournal {
    return this.#journal;
  }

  get job(): StoredJob['job'] {
    return this.#journal.job;
  }

  /** As read, or written last; not to be changed. @throws {StreamError} `TURN_CORRUPT` */
  get record(): TurnRecord {
    const { record } = this.#known;
    if (isStreamError(record)) throw record;
    return record;
  }

  /** Of the record, from 1; that of a later turn, of whatever process, is larger (I2). 0: none. */
  get turnNumber(): number {
    return this.#known.version;
  }

  /** This process has sent the effects of the record. */
  get areEffectsSent(): boolean {
    return this.#areEffectsSent;
  }

  effectsSent(): void {
    this.#areEffectsSent = true;
  }

  /** The job's row says that it is over. */
  get ended(): TurnEnd | undefined {
    const { status, coordinator } = this.job;
    if (!TERMINAL.includes(status)) return undefined;
    const { error } = (coordinator ?? {}) as Partial<TurnEnd>;
    return { status, ...(error === undefined ? {} : { error }) };
  }

  /** The job was begun, and what its master knew is lost or was never written. */
  get isRecovered(): boolean {
    return this.job.status !== 'CREATED';
  }

  /** I5: deletes what the row it began with says; what cannot be deleted waits for the next turn. */
  async clear(): Promise<void> {
    const { superseded } = this.#known;
    if (superseded.length === 0) return;
    const left = await this.#parts.objects.delete(superseded);
    const added = this.#known.superseded.filter((location) => !superseded.includes(location));
    this.#known = { ...this.#known, superseded: [...left, ...added] };
  }

  /** I2. @throws {StreamError} `JOB_FENCED`; of the stores, and then the turn is to be repeated. */
  async write(record: TurnRecord): Promise<void> {
    const json = JSON.stringify(record);
    const { jobId, objects } = this.#parts;
    const { term } = this.#journal;
    this.#writeNumber += 1;
    this.#areEffectsSent = false;
    const writeNumber = this.#writeNumber;
    const location = objects.locationOf(jobId, term, writeNumber);
    const object = await objects.put(location, json);
    const { version, location: before } = this.#known;
    const superseded = [...this.#known.superseded, ...(before === undefined ? [] : [before])];
    const value: TurnRow = {
      ...{ term, writeNumber },
      ...(object === undefined ? { record } : { object }),
      ...(superseded.length === 0 ? {} : { superseded }),
    };
    await this.#put(value, version);
    const where = object === undefined ? {} : { location: object.location };
    this.#known = { version: version + 1, record, superseded, ...where };
  }

  /** Of a job that no master has run to its end. */
  async recordEnd({ status, error }: TurnEnd): Promise<void> {
    const coordinator = error === undefined ? {} : { coordinator: { error } };
    await this.#journal.update({ status, ...coordinator });
  }

  async #put(value: TurnRow, expectedVersion: number): Promise<void> {
    const { rows, jobId } = this.#parts;
    for (let tries = 1; ; tries++) {
      try {
        await rows.write([
          { type: 'put', ...turnKey(jobId), value, expectedVersion },
          ...this.#journal.fence(),
        ]);
        return;
      } catch (thrown) {
        if (await this.#isWritten(value)) return;
        const isOpen = isStreamError(thrown) && thrown.kind === 'unavailable';
        if (!isOpen) throw refusalOf(jobId, thrown);
        if (tries === MAX_TRIES) throw thrown;
      }
    }
  }

  /** I3. */
  async #isWritten({ term, writeNumber }: TurnRow): Promise<boolean> {
    const row = (await this.#row())?.value;
    return row?.term === term && row.writeNumber === writeNumber;
  }

  async #read(): Promise<void> {
    const { jobId } = this.#parts;
    const row = await this.#row();
    if (row === undefined) return;
    const { version, value } = row;
    const { record, object, superseded = [] } = value;
    // Somebody has claimed the job since: of what that turn writes nothing is left behind.
    if (value.term > this.#journal.term) throw jobFenced(jobId);
    if (record !== undefined) {
      this.#known = { version, record, superseded };
      return;
    }
    if (object === undefined) {
      this.#known = { version, record: turnCorrupt(jobId), superseded };
      return;
    }
    const { location } = object;
    const all = [...superseded, ...this.#orphans(value)];
    const loaded = await this.#load(object);
    // Whoever was in charge since has written another row, and deleted what this one refers to.
    if (isStreamError(loaded) && (await this.#row())?.version !== version) throw jobFenced(jobId);
    this.#known = { version, record: loaded, location, superseded: all };
  }

  async #load(object: TurnObject): Promise<TurnRecord | StreamError> {
    const { objects, jobId } = this.#parts;
    try {
      return await objects.get(jobId, object);
    } catch (thrown) {
      if (!isStreamError(thrown) || thrown.kind !== 'data') throw thrown;
      return thrown;
    }
  }

  /** Objects of writes that never came to a row, and cannot any more (I1). */
  #orphans({ term, writeNumber = 0 }: TurnRow): readonly string[] {
    const { objects, jobId } = this.#parts;
    const first = Math.max(term + 1, this.#journal.term - MAX_ORPHANS);
    const terms = Array.from({ length: this.#journal.term - first }, (_, index) => first + index);
    return [
      objects.locationOf(jobId, term, writeNumber + 1),
      ...terms.map((later) => objects.locationOf(jobId, later, 1)),
    ];
  }

  async #row(): Promise<{ readonly version: number; readonly value: TurnRow } | undefined> {
    const { partitionKey, sortKey } = turnKey(this.#parts.jobId);
    const row = await this.#parts.rows.get(partitionKey, sortKey);
    return row && { version: row.version, value: row.value as TurnRow };
  }
}

/** Of a write that did not happen: a row that is too large is not somebody else's doing. */
function refusalOf(jobId: string, thrown: unknown): unknown {
  const isConflict = isStreamError(thrown) && /^(conflict|fenced)$/.test(thrown.kind);
  return isConflict ? jobFenced(jobId) : thrown;
}

async function existing(jobs: JobStore, jobId: string): Promise<StoredJob> {
  const stored = await jobs.get(jobId);
  if (stored !== undefined) return stored;
  throw new StreamError({
    kind: 'invalid',
    code: 'JOB_NOT_FOUND',
    message: `there is no such job; job=${jobId}`,
    details: { jobId },
  });
}
