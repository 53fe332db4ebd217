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
import { type Clock, ConfigOptions, MAX_BUNDLE_BYTES } from '../../../core/index.ts';
import { jobAlreadySubmitted } from '../../../jobmaster/index.ts';
import {
  type ClusterPrograms,
  checkProgramName,
  HttpRefusal,
  type ProgramContent,
  type ProgramRun,
  programFileName,
  type ReadProgram,
  readProgram,
  type UploadedProgram,
  type UploadPlace,
  withEntry,
} from '../../http/index.ts';
import type { StateMachines } from './effect-ports.ts';
import { checkArguments, checkBundle } from './job-programs.ts';
import { submittedStep } from './job-views.ts';

export interface AwsProgramsParts {
  readonly blobs: BlobStore;
  readonly jobs: JobStore;
  readonly machines: Pick<StateMachines, 'start'>;
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

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}_[\w.-]{1,100}$/;
const UPLOAD_VALID_S = 900;
const WHOLE_PROGRAM = { offsetBytes: 0, sizeBytes: MAX_BUNDLE_BYTES + 1 } as const;

export class AwsPrograms implements ClusterPrograms {
  readonly #parts: AwsProgramsParts;

  constructor(parts: AwsProgramsParts) {
    this.#parts = parts;
  }

  async list(): Promise<readonly UploadedProgram[]> {
    const found = await this.#parts.blobs.list(`${this.#parts.root}/uploads`);
    return found
      .map(({ location }) => nameOf(location))
      .filter((id) => ID.test(id))
      .map(programOf)
      .toSorted((a, b) => b.uploadedAtEpochMs - a.uploadedAtEpochMs);
  }

  async add(fileName: string, content: ProgramContent): Promise<UploadedProgram> {
    // A function has no disk on which uploads arrive.
    if (!(content instanceof Uint8Array)) throw new TypeError('an upload is not in memory');
    const id = this.#newId(fileName);
    checkBundle(content, id);
    const { entries } = await readProgram(fileName, content, MAX_BUNDLE_BYTES);
    await this.#parts.blobs.put(this.#uploadOf(id), content);
    return { ...programOf(id), entries };
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

  async remove(id: string): Promise<void> {
    await this.#read(id);
    await this.#parts.blobs.delete(this.#uploadOf(id));
  }

  /** I2. */
  async run(id: string, { jobId, args, configuration: given }: ProgramRun): Promise<void> {
    const { jobs, machines, root, clock } = this.#parts;
    const location = bundleLocation(root, jobId);
    if (await this.#isKnown(id, { jobId, args, configuration: given }, location)) return;
    const { bundle, entries } = await unpacked(id, await this.#read(id), jobId);
    const configuration = withEntry(given, entries);
    checkArguments({ args, configuration }, jobId);
    await this.#putProgram(jobId, location, bundle);
    const job: JobRecord = {
      ...{ jobId, args, configuration, bundleLocation: location },
      name: programOf(id).name,
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

  /** I2: of a job that has run nothing is started or stored any more. */
  async #isKnown(id: string, run: ProgramRun, location: string): Promise<boolean> {
    checkId(id);
    const job = (await this.#parts.jobs.get(run.jobId))?.job;
    if (job === undefined || job.status === 'CREATED') return false;
    if (!isSame(job, run)) throw jobAlreadySubmitted(run.jobId);
    const programs = [this.#uploadOf(id), location].map((one) => this.#present(one));
    const [asked, before] = await Promise.all(programs);
    if (asked === undefined || before === undefined) return true;
    const { bundle } = await unpacked(id, asked, run.jobId);
    if (!Buffer.from(before).equals(bundle)) throw jobAlreadySubmitted(run.jobId);
    return true;
  }

  /** Of what is too large, a byte too many: an upload by URL may have any size. */
  async #present(location: string): Promise<Uint8Array | undefined> {
    try {
      return await this.#parts.blobs.get(location, WHOLE_PROGRAM);
    } catch (thrown) {
      if (isErrorWithCode(thrown, 'BLOB_NOT_FOUND')) return undefined;
      throw thrown;
    }
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
    checkId(id);
    const bundle = await this.#present(this.#uploadOf(id));
    if (bundle === undefined) throw missing(id);
    return bundle;
  }

  #uploadOf(id: string): string {
    return `${this.#parts.root}/uploads/${id}`;
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

/** I1. */
function checkId(id: string): void {
  if (!ID.test(id)) throw missing(id);
}

/** An upload by URL was not looked at before. @throws {HttpRefusal} as `readProgram`. */
async function unpacked(id: string, upload: Uint8Array, jobId: string): Promise<ReadProgram> {
  checkBundle(upload, jobId);
  return await readProgram(programOf(id).name, upload, MAX_BUNDLE_BYTES);
}

function missing(id: string): HttpRefusal {
  return new HttpRefusal(404, `Jar file ${id} does not exist`);
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

function programOf(id: string): UploadedProgram {
  const uploadedAtEpochMs = Number.parseInt(id.slice(0, 13).replace('-', ''), 16);
  const name = id.slice(37);
  // What an archive has in it is seen when it runs.
  const entries = /\.(jar|zip)$/i.test(name) ? [] : [ConfigOptions.JOB_EXPORT.defaultValue];
  return { id, name, uploadedAtEpochMs, entries };
}
