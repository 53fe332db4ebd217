/**
 * Deletes savepoints for clients, in the request that asks for it: a savepoint is a handful of
 * objects, deleted together. What it came to is in a row, for who comes back.
 *
 * I1  The row is written before anything is deleted; a trigger that is sent again finds it. One
 *     whose request died is taken up by the next that is sent, for deleting can be repeated.
 */
import {
  type BlobStore,
  disposalKey,
  disposeSavepoint,
  isErrorWithCode,
  type JobStore,
  type RowStore,
} from '../../../checkpoint/index.ts';
import { type Clock, StreamError, toStreamError } from '../../../core/index.ts';
import type { DispatchedJob } from '../../../jobmaster/index.ts';
import type { OperationState } from '../../http/index.ts';
import { isS3Location } from '../s3-location.ts';
import { isEnded } from './job-views.ts';
import { ANSWERS_KEPT_MS } from './turn-effects.ts';

export interface SavepointDisposalsParts {
  readonly rows: RowStore;
  readonly jobs: JobStore;
  /** Where savepoints lie. */
  readonly blobs: BlobStore;
  readonly clock: Clock;
}

/** Persisted: fields are only ever added. */
interface DisposalRow {
  readonly path: string;
  readonly startedAtEpochMs: number;
  readonly state: OperationState;
}

/** No request lives longer. */
const REQUEST_MS = 30_000;

export class SavepointDisposals {
  readonly #parts: SavepointDisposalsParts;

  constructor(parts: SavepointDisposalsParts) {
    this.#parts = parts;
  }

  /** Disposes of a savepoint, unless the id is known; settles when it is done, or has failed. */
  async start(triggerId: string, path: string): Promise<void> {
    const { rows, clock } = this.#parts;
    const known = await this.#read(triggerId);
    const startedAtEpochMs = clock.nowEpochMs();
    if (known !== undefined && !isInterrupted(known.value, startedAtEpochMs)) return;
    const begun: DisposalRow = { path, startedAtEpochMs, state: { type: 'in-progress' } };
    const expiresAtEpochMs = startedAtEpochMs + ANSWERS_KEPT_MS;
    const put = { type: 'put', ...disposalKey(triggerId), expiresAtEpochMs } as const;
    const expectedVersion = known?.version ?? 0;
    try {
      await rows.write([{ ...put, value: begun, expectedVersion }]);
    } catch (thrown) {
      // The same request, a moment earlier.
      if (isErrorWithCode(thrown, 'ROW_CONFLICT')) return;
      throw thrown;
    }
    const value: DisposalRow = { ...begun, state: await this.#dispose(path) };
    await rows.write([{ ...put, value }]);
  }

  /** Undefined: there is no such disposal. */
  async get(triggerId: string): Promise<OperationState | undefined> {
    const known = (await this.#read(triggerId))?.value;
    if (known === undefined || !isInterrupted(known, this.#parts.clock.nowEpochMs())) {
      return known?.state;
    }
    return { type: 'failed', error: interrupted(known.path).toJSON() };
  }

  async #dispose(path: string): Promise<OperationState> {
    try {
      if (!isS3Location(path)) throw notInS3(path);
      await disposeSavepoint(this.#parts.blobs, path, (jobId) => this.#isAlive(jobId));
      return { type: 'completed', value: path };
    } catch (thrown) {
      return { type: 'failed', error: toStreamError(thrown).toJSON() };
    }
  }

  /** A job that is not known may be another cluster's. */
  async #isAlive(jobId: string): Promise<boolean> {
    const job = (await this.#parts.jobs.get(jobId))?.job;
    return job === undefined || !isEnded(job as Pick<DispatchedJob, 'status'>);
  }

  async #read(
    triggerId: string,
  ): Promise<{ readonly value: DisposalRow; readonly version: number } | undefined> {
    const { partitionKey, sortKey } = disposalKey(triggerId);
    const row = await this.#parts.rows.get(partitionKey, sortKey);
    return row === undefined
      ? undefined
      : { value: row.value as DisposalRow, version: row.version };
  }
}

function isInterrupted({ state, startedAtEpochMs }: DisposalRow, nowEpochMs: number): boolean {
  return state.type === 'in-progress' && startedAtEpochMs + REQUEST_MS < nowEpochMs;
}

function interrupted(path: string): StreamError {
  return new StreamError({
    kind: 'unavailable',
    code: 'DISPOSAL_INTERRUPTED',
    message: `not all of a savepoint could be deleted in time: dispose of it again path=${path}`,
    details: { path },
  });
}

function notInS3(path: string): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'LOCATION_NOT_ON_AWS',
    message: `savepoints of a deployed cluster lie in S3: write s3://bucket/… path=${path}`,
    details: { path },
  });
}
