/**
 * What the TaskManagers of one attempt are started from: an object in the bucket, written by the
 * coordinator before it says `RUN`, never changed. Fields are only ever added.
 */
import { type BlobStore, isErrorWithCode, parentOf, putOnce } from '../../../checkpoint/index.ts';
import { type ConfigValue, type ErrorKind, StreamError } from '../../../core/index.ts';
import type { JobGraph, JobGraphOverrides } from '../../../graph/index.ts';

export interface AttemptRecord {
  readonly formatVersion: 1;
  readonly jobId: string;
  readonly attempt: number;
  /** `numberOfTaskSlots`: TaskManager i has the slots from i times this on. */
  readonly slotsPerTaskManager: number;
  /** Laid out; its hash is what every slot must find. Without the program's functions. */
  readonly jobGraph: JobGraph;
  /** With these a slot's graph becomes the job graph. */
  readonly overrides: JobGraphOverrides;
  readonly bundleLocation: string;
  /** Of the program as it was planned. Absent in records of early releases. */
  readonly bundleDigest?: string;
  readonly args: readonly string[];
  /** Options in force, by key. */
  readonly configuration: Readonly<Record<string, ConfigValue>>;
  /** The job takes periodic checkpoints. */
  readonly checkpointing: boolean;
  /** Where the job's checkpoints lie, `<directory>/<jobId>/chk-<n>`. */
  readonly checkpointsDirectory: string;
  /** Absent: it starts from nothing. */
  readonly restore?: {
    /** Directory of a checkpoint or savepoint. */
    readonly path: string;
    readonly allowNonRestoredState: boolean;
  };
}

/** @param bundleLocation of the job's row: attempts lie beside the program. */
export function attemptLocation(bundleLocation: string, attempt: number): string {
  return `${parentOf(bundleLocation)}/attempts/${String(attempt).padStart(6, '0')}.json`;
}

/**
 * Writes the record; again, if the turn that wrote it is repeated.
 *
 * @throws {StreamError} `ATTEMPT_EXISTS` when the attempt was started as something else.
 */
export async function writeAttempt(blobs: BlobStore, record: AttemptRecord): Promise<void> {
  const location = attemptLocation(record.bundleLocation, record.attempt);
  if (await putOnce(blobs, location, Buffer.from(JSON.stringify(record)))) return;
  const text = 'an attempt was started as something else: begin the next one';
  throw refusal('conflict', 'ATTEMPT_EXISTS', text, location);
}

/**
 * @param of whose record it has to be.
 * @throws {StreamError} of the store; `ATTEMPT_NOT_FOUND`, `ATTEMPT_CORRUPT`.
 */
export async function readAttempt(
  blobs: BlobStore,
  location: string,
  of: { readonly jobId: string; readonly attempt: number },
): Promise<AttemptRecord> {
  const bytes = await blobs.get(location).catch((thrown: unknown) => {
    if (!isErrorWithCode(thrown, 'BLOB_NOT_FOUND')) throw thrown;
    const text = 'there is no such attempt of such a job in this cluster: nothing is to be run';
    throw refusal('invalid', 'ATTEMPT_NOT_FOUND', text, location, thrown);
  });
  try {
    const record = JSON.parse(Buffer.from(bytes).toString('utf8')) as AttemptRecord;
    const { formatVersion, jobId, attempt } = record;
    if (formatVersion === 1 && jobId === of.jobId && attempt === of.attempt) return record;
  } catch (thrown) {
    throw corrupt(location, thrown);
  }
  throw corrupt(location);
}

function corrupt(location: string, cause?: unknown): Error {
  const text =
    'what an attempt is started from does not read as that: run the job again, from its newest checkpoint';
  return refusal('data', 'ATTEMPT_CORRUPT', text, location, cause);
}

function refusal(
  kind: ErrorKind,
  code: string,
  text: string,
  location: string,
  cause?: unknown,
): StreamError {
  const init = { kind, code, message: `${text} location=${location}`, details: { location } };
  return new StreamError(cause === undefined ? init : { ...init, cause });
}
