/**
 * Programs in the bucket: uploaded, and submitted as jobs.
 *
 * I1  An id is made here, of its time, a random part and a harmless name; what a client sends as an
 *     id is checked before it becomes part of a key.
 * I2  A job's program and row are durable before it is started. A submission that is sent again is
 *     the same job, if it says the same; so one that got stuck half-way is completed. That holds
 *     for as long as the job's row is there, also when its upload or its program are gone by then.
 */
import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import {
  type BlobStore,
  bundleLocation,
  isErrorWithCode,
  type JobRecord,
  type JobStore,
  nameOf,
} from '../../../checkpoint/index.ts';
import { assert, type Clock, ConfigOptions, MAX_BUNDLE_BYTES } from '../../../core/index.ts';
import type { JobPlanJson } from '../../../graph/index.ts';
import { jobAlreadySubmitted } from '../../../jobmaster/index.ts';
import {
  type AskedSavepoint,
  type ClusterPrograms,
  checkProgramName,
  type ProgramContent,
  type ProgramRun,
  programFileName,
  readProgram,
  type SavepointCheckAnswer,
  type UploadedProgram,
  type UploadPlace,
  withEntry,
} from '../../http/index.ts';
import type { Previews, StateMachines } from './effect-ports.ts';
import { checkArguments, checkBundle } from './job-programs.ts';
import { submittedStep } from './job-views.ts';
import { acceptedPreview } from './program-previews.ts';
import {
  checkUploadId,
  isUploadId,
  presentProgram,
  readUpload,
  unpackedUpload,
  uploadLocation,
  uploadOf,
} from './uploaded-program.ts';

export interface AwsProgramsParts {
  readonly blobs: BlobStore;
  readonly jobs: JobStore;
  readonly machines: Pick<StateMachines, 'start'>;
  readonly previews: Previews;
  /** `s3://bucket`; below it `uploads/` and `jobs/`. */
  readonly root: string;
  readonly clock: Clock;
  /** A URL that takes one PUT of these headers until it expires. */
  readonly presign: (
    location: string,
    headers: Readonly<Record<string, string>>,
    validS: number,
  ) => Promise<string>;
}

const UPLOAD_VALID_S = 900;

export class AwsPrograms implements ClusterPrograms {
  readonly #parts: AwsProgramsParts;

  constructor(parts: AwsProgramsParts) {
    this.#parts = parts;
  }

  async list(): Promise<readonly UploadedProgram[]> {
    const found = await this.#parts.blobs.list(`${this.#parts.root}/uploads`);
    return found
      .map(({ location }) => nameOf(location))
      .filter((id) => isUploadId(id))
      .map(uploadOf)
      .toSorted((a, b) => b.uploadedAtEpochMs - a.uploadedAtEpochMs);
  }

  async add(fileName: string, content: ProgramContent): Promise<UploadedProgram> {
    // A function has no disk on which uploads arrive.
    if (!(content instanceof Uint8Array)) throw new TypeError('an upload is not in memory');
    const id = this.#newId(fileName);
    checkBundle(content, id);
    const { entries } = await readProgram(fileName, content, MAX_BUNDLE_BYTES);
    await this.#parts.blobs.put(this.#uploadOf(id), content);
    return { ...uploadOf(id), entries };
  }

  readonly prepareUpload = async (fileName: string): Promise<UploadPlace> => {
    const { presign, clock } = this.#parts;
    checkProgramName(fileName);
    const id = this.#newId(fileName);
    const isModule = /\.m?js$/i.test(fileName);
    const headers = { 'content-type': isModule ? 'application/javascript' : 'application/zip' };
    const url = await presign(this.#uploadOf(id), headers, UPLOAD_VALID_S);
    const expiresAtEpochMs = clock.nowEpochMs() + 1000 * UPLOAD_VALID_S;
    return { id, url, headers, expiresAtEpochMs };
  };

  readonly plan = async (id: string, run: ProgramRun): Promise<JobPlanJson> => {
    const answer = await this.#preview(id, run);
    assert(answer.type === 'planned', 'a plan is asked for');
    return answer.plan;
  };

  readonly checkSavepoint = async (
    id: string,
    run: ProgramRun,
    savepoint: AskedSavepoint,
  ): Promise<SavepointCheckAnswer> => {
    const answer = await this.#preview(id, run, savepoint);
    assert(answer.type === 'checked', 'a check is asked for');
    return answer.check;
  };

  async remove(id: string): Promise<void> {
    await this.#read(id);
    await this.#parts.blobs.delete(this.#uploadOf(id));
  }

  /** I2. */
  async run(id: string, { jobId, args, configuration: given }: ProgramRun): Promise<void> {
    const { jobs, machines, root, clock } = this.#parts;
    const location = bundleLocation(root, jobId);
    if (await this.#isKnown(id, { jobId, args, configuration: given }, location)) return;
    const { bundle, entries } = await unpackedUpload(id, await this.#read(id), jobId);
    const configuration = withEntry(given, entries);
    checkArguments({ args, configuration }, jobId);
    await this.#putProgram(jobId, location, bundle);
    const job: JobRecord = {
      ...{ jobId, args, configuration, bundleLocation: location },
      name: uploadOf(id).name,
      status: 'CREATED',
      attempt: 0,
      submittedAtEpochMs: clock.nowEpochMs(),
      parallelism: {},
      coordinator: null,
    };
    const created = await jobs.create(job, [submittedStep(job)]);
    if (created.type !== 'written') {
      const before = created.type === 'conflict' ? created.current?.job : undefined;
      if (before === undefined || !isSame(before, job)) throw jobAlreadySubmitted(jobId);
    }
    await machines.start(`${jobId}-0`, { jobId });
  }

  /** What `run` would refuse without a look at the program is refused here. */
  async #preview(
    uploadId: string,
    { jobId, args, configuration }: ProgramRun,
    savepoint?: AskedSavepoint,
  ) {
    checkUploadId(uploadId);
    checkArguments({ args, configuration }, jobId);
    const asked = { uploadId, jobId, args, configuration };
    const { previews } = this.#parts;
    return acceptedPreview(
      await previews.preview(savepoint === undefined ? asked : { ...asked, savepoint }),
    );
  }

  /** I2: of a job that has run nothing is started or stored any more. */
  async #isKnown(id: string, run: ProgramRun, location: string): Promise<boolean> {
    checkUploadId(id);
    const job = (await this.#parts.jobs.get(run.jobId))?.job;
    if (job === undefined || job.status === 'CREATED') return false;
    if (!isSame(job, run)) throw jobAlreadySubmitted(run.jobId);
    const programs = [this.#uploadOf(id), location].map((one) =>
      presentProgram(this.#parts.blobs, one),
    );
    const [asked, before] = await Promise.all(programs);
    if (asked === undefined || before === undefined) return true;
    const { bundle } = await unpackedUpload(id, asked, run.jobId);
    if (!Buffer.from(before).equals(bundle)) throw jobAlreadySubmitted(run.jobId);
    return true;
  }

  async #putProgram(jobId: string, location: string, bundle: Uint8Array): Promise<void> {
    const { blobs } = this.#parts;
    try {
      await blobs.put(location, bundle);
    } catch (thrown) {
      if (!isErrorWithCode(thrown, 'BLOB_EXISTS')) throw thrown;
      const before = await blobs.get(location);
      if (!Buffer.from(before).equals(bundle)) throw jobAlreadySubmitted(jobId);
    }
  }

  /** I1. */
  async #read(id: string): Promise<Uint8Array> {
    return await readUpload(this.#parts.blobs, this.#parts.root, id);
  }

  #uploadOf(id: string): string {
    return uploadLocation(this.#parts.root, id);
  }

  /** A UUID of version 7, which begins with the time. */
  #newId(fileName: string): string {
    const time = this.#parts.clock.nowEpochMs().toString(16).padStart(12, '0');
    const random = randomBytes(10).toString('hex');
    const [a, b, c] = [random.slice(0, 3), random.slice(3, 6), random.slice(6, 18)];
    const uuid = `${time.slice(0, 8)}-${time.slice(8)}-7${a}-8${b}-${c}`;
    return `${uuid}_${programFileName(fileName)}`;
  }
}

function isSame(
  before: Pick<JobRecord, 'args' | 'configuration'>,
  { args, configuration }: Pick<JobRecord, 'args' | 'configuration'>,
): boolean {
  // The entry is of the program's manifest when the client names none.
  const { key } = ConfigOptions.JOB_EXPORT;
  const entry = Object.hasOwn(configuration, key) ? {} : { [key]: before.configuration[key] };
  return (
    isDeepStrictEqual(before.args, args) &&
    isDeepStrictEqual({ ...entry, ...before.configuration }, { ...entry, ...configuration })
  );
}
