/**
 * The durable truth behind the faulty stores, watched: every write and delete of every process
 * passes here when it takes effect.
 *
 * I1  What a row of a checkpoint log, or a savepoint, refers to is there at all times.
 * I2  Checkpoint ids of a job's log grow, and none is used twice.
 * I3  Nothing is written but by who has taken the owner's row over last.
 *     A job whose master works in turns has an owner of its own: the turn that has claimed it last.
 * I4  TaskManagers write leases and nothing else: each has one holder, and none comes again.
 * I5  A checkpoint that a turn appends to the log is in the job's record before.
 * I6  The object that a turn's row refers to is there, whole, at all times.
 */
import { MemoryBlobStore, MemoryRowStore } from '../adapters/index.ts';
import {
  type BlobStore,
  CLAIM_NAME,
  checkpointDirectory,
  manifestBlobs,
  manifestLocation,
  OWNER_KEY,
  type Row,
  type RowStore,
  type RowWrite,
  readManifest,
} from '../checkpoint/index.ts';
import type { TurnRecord, TurnRow } from '../jobmaster/index.ts';
import type { LeaseRow } from '../taskmanager/index.ts';

const LOG_ROW = /^checkpoint#(\d+)$/;
const JOB_PARTITION = /^job#(.*)$/;

export interface StorageAuditParts {
  /** Directory of all jobs' checkpoints. */
  readonly directory: string;
  readonly violate: (what: string) => void;
}

export class AuditedStorage {
  readonly blobs = new MemoryBlobStore();
  readonly rows = new MemoryRowStore();
  readonly #parts: StorageAuditParts;
  /** By the manifest's location: the manifest and the blobs it refers to. */
  readonly #live = new Map<string, ReadonlySet<string>>();
  readonly #newestId = new Map<string, number>();
  readonly #leases = new Map<string, LeaseRow>();
  #owner = 0;
  /** Of jobs whose masters work in turns, by partition. */
  readonly #turns = new Map<string, number>();
  /** Locations of their records, by partition. */
  readonly #turnObjects = new Map<string, string>();

  constructor(parts: StorageAuditParts) {
    this.#parts = parts;
  }

  /** Manifests of completed checkpoints and savepoints. */
  get liveManifests(): readonly string[] {
    return [...this.#live.keys()];
  }

  blobStore(): BlobStore {
    const { blobs } = this;
    return {
      get: (location, range) => blobs.get(location, range),
      list: (directory) => blobs.list(directory),
      put: async (location, bytes) => {
        await blobs.put(location, bytes);
        this.#noteClaim(location);
      },
      delete: async (location) => {
        await blobs.delete(location);
        this.#checkDeleted(location);
      },
    };
  }

  /** @param owner tells processes apart. */
  rowStore(owner: number): RowStore {
    const { rows } = this;
    return {
      get: (partitionKey, sortKey) => rows.get(partitionKey, sortKey),
      query: (partitionKey, query): Promise<readonly Row[]> => rows.query(partitionKey, query),
      write: async (steps) => {
        await rows.write(steps);
        this.#checkOwner(owner, steps);
        for (const step of steps) await this.#noteLogRow(step);
      },
    };
  }

  /** What turns of a process reach. @param owner tells processes apart. */
  turnStore(owner: number): RowStore {
    const { rows } = this;
    return {
      get: (partitionKey, sortKey) => rows.get(partitionKey, sortKey),
      query: (partitionKey, query): Promise<readonly Row[]> => rows.query(partitionKey, query),
      write: async (steps) => {
        await rows.write(steps);
        for (const step of steps) {
          this.#checkTurn(owner, step);
          this.#noteTurnObject(step);
          await this.#checkRecorded(step);
        }
        for (const step of steps) await this.#noteLogRow(step);
      },
    };
  }

  /** What TaskManagers reach (I4). */
  leaseStore(): RowStore {
    const { rows } = this;
    return {
      get: (partitionKey, sortKey) => rows.get(partitionKey, sortKey),
      query: (partitionKey, query): Promise<readonly Row[]> => rows.query(partitionKey, query),
      write: async (steps) => {
        await rows.write(steps);
        for (const step of steps) this.#checkLease(step);
      },
    };
  }

  /** I4. */
  #checkLease(step: RowWrite): void {
    const { partitionKey, sortKey } = step;
    if (step.type !== 'put' || !sortKey.startsWith('lease#')) {
      this.#parts.violate(`I4: a TaskManager writes ${step.type} ${partitionKey} ${sortKey}`);
      return;
    }
    const key = `${partitionKey} ${sortKey}`;
    const row = step.value as LeaseRow;
    const before = this.#leases.get(key);
    this.#leases.set(key, row);
    if (mayFollow(before, row)) return;
    const name = (lease: LeaseRow | undefined) =>
      lease === undefined ? 'none' : `${lease.attempt}.${lease.lease} of ${lease.holder}`;
    this.#parts.violate(`I4: lease ${name(row)} at ${key} follows ${name(before)}`);
  }

  /** I3. */
  #checkOwner(owner: number, steps: readonly RowWrite[]): void {
    if (steps.every(({ type }) => type === 'check')) return;
    const { partitionKey, sortKey } = OWNER_KEY;
    if (steps.some((s) => s.partitionKey === partitionKey && s.sortKey === sortKey && isPut(s))) {
      this.#owner = owner;
    }
    if (owner === this.#owner) return;
    const what = steps.map(({ type, sortKey }) => `${type} ${sortKey}`).join(', ');
    this.#parts.violate(`I3: ${owner} wrote after ${this.#owner} had taken over: ${what}`);
  }

  /** I3. What does not change may come late. */
  #checkTurn(owner: number, step: RowWrite): void {
    const { type, partitionKey, sortKey } = step;
    const isFree = type === 'check' || sortKey.startsWith('attempt#');
    if (isFree || !JOB_PARTITION.test(partitionKey)) return;
    if (sortKey === 'coordinator') this.#turns.set(partitionKey, owner);
    const present = this.#turns.get(partitionKey);
    if (owner === present) return;
    const what = `${type} ${partitionKey} ${sortKey}`;
    this.#parts.violate(`I3: ${owner} wrote after ${present} had begun a turn: ${what}`);
  }

  /** I5. */
  async #checkRecorded({ type, partitionKey, sortKey }: RowWrite): Promise<void> {
    const id = Number(LOG_ROW.exec(sortKey)?.[1] ?? Number.NaN);
    if (type !== 'put' || Number.isNaN(id)) return;
    const turn = (await this.rows.get(partitionKey, 'turn'))?.value as TurnRow | undefined;
    const pending = (await this.#recordOf(turn))?.asleep?.checkpoints.state.pending ?? [];
    if (pending.some((p) => p.checkpointId === id && p.phase === 'STORING')) return;
    this.#parts.violate(`I5: checkpoint ${id} of ${partitionKey} is in the log, not in the record`);
  }

  async #recordOf(turn: TurnRow | undefined): Promise<TurnRecord | undefined> {
    if (turn?.object === undefined) return turn?.record;
    const bytes = await this.blobs.get(turn.object.location);
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as TurnRecord;
  }

  /** I6. */
  #noteTurnObject({ type, partitionKey, sortKey, ...step }: RowWrite): void {
    if (type !== 'put' || sortKey !== 'turn') return;
    const { object } = ('value' in step ? step.value : {}) as TurnRow;
    this.#turnObjects.delete(partitionKey);
    if (object === undefined) return;
    this.#turnObjects.set(partitionKey, object.location);
    if (this.blobs.locations.includes(object.location)) return;
    this.#parts.violate(`I6: the turn of ${partitionKey} is not there: ${object.location}`);
  }

  async #noteLogRow(step: RowWrite): Promise<void> {
    const id = Number(LOG_ROW.exec(step.sortKey)?.[1] ?? Number.NaN);
    const jobId = JOB_PARTITION.exec(step.partitionKey)?.[1];
    if (jobId === undefined || Number.isNaN(id) || step.type === 'check') return;
    const location = manifestLocation(checkpointDirectory(this.#parts.directory, jobId, id));
    if (step.type === 'delete') {
      this.#live.delete(location);
      return;
    }
    const newest = this.#newestId.get(jobId) ?? 0;
    if (id <= newest) this.#parts.violate(`I2: checkpoint ${id} of ${jobId} after ${newest}`);
    this.#newestId.set(jobId, Math.max(id, newest));
    await this.#addLive(location);
  }

  /** A savepoint that somebody was told of. */
  async keepSavepoint(path: string): Promise<void> {
    await this.#addLive(manifestLocation(path));
  }

  /** Somebody copies a savepoint with the tools of the storage. */
  async copy(fromDirectory: string, toDirectory: string): Promise<void> {
    for (const { location } of await this.blobs.list(fromDirectory)) {
      const bytes = await this.blobs.get(location);
      await this.blobs.put(`${toDirectory}${location.slice(fromDirectory.length)}`, bytes);
    }
  }

  /**
   * Whoever claims a savepoint may delete it, and with it what the log of the job that a stop took
   * it of still refers to.
   */
  #noteClaim(location: string): void {
    if (!location.endsWith(`/${CLAIM_NAME}`)) return;
    const directory = location.slice(0, -CLAIM_NAME.length);
    for (const [manifest, references] of this.#live) {
      const isIn = [...references].some((reference) => reference.startsWith(directory));
      if (isIn) this.#live.delete(manifest);
    }
  }

  /** I1. */
  async #addLive(location: string): Promise<void> {
    try {
      const manifest = await readManifest(this.blobs, location);
      const references = new Set(manifestBlobs(manifest).keys());
      references.add(location);
      this.#live.set(location, references);
      const stored = new Set(this.blobs.locations);
      for (const reference of references) {
        if (stored.has(reference)) continue;
        this.#parts.violate(`I1: ${location} refers to ${reference}, which is not there`);
      }
    } catch (thrown) {
      this.#parts.violate(`I1: ${location} is in the log and cannot be read: ${String(thrown)}`);
    }
  }

  #checkDeleted(location: string): void {
    for (const [partition, referred] of this.#turnObjects) {
      if (referred === location) this.#parts.violate(`I6: the turn of ${partition} is deleted`);
    }
    for (const [manifest, references] of this.#live) {
      if (!references.has(location)) continue;
      this.#parts.violate(`I1: ${location} was deleted, and ${manifest} needs it`);
    }
  }
}

function isPut(step: RowWrite): boolean {
  return step.type === 'put';
}

/** I4. */
function mayFollow(before: LeaseRow | undefined, row: LeaseRow): boolean {
  if (before === undefined || before.attempt < row.attempt) return row.lease === 0;
  if (before.attempt > row.attempt) return false;
  if (before.lease === row.lease - 1) return before.left !== undefined;
  const isSame = before.lease === row.lease && before.holder === row.holder;
  return isSame && (before.left === undefined || row.left !== undefined);
}
