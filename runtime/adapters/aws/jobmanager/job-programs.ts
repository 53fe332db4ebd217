/**
 * The programs of jobs, loaded from the bucket and evaluated.
 *
 * I1  Programs are evaluated one after the other: where a job builds its graph is one place in the
 *     process.
 * I2  A program never changes, so that it is loaded once for as long as the process keeps it.
 */
import { evaluateJob, jobFunctionOf } from '../../../api/index.ts';
import type { BlobStore, JobRecord } from '../../../checkpoint/index.ts';
import {
  Configuration,
  type ConfigValue,
  isStreamError,
  MAX_BUNDLE_BYTES,
  StreamError,
} from '../../../core/index.ts';
import { generateJobGraph, type StreamGraph } from '../../../graph/index.ts';
import { programDigest, readProgram } from '../read-program.ts';

/** What evaluates to the same thing every time. */
export type ProgramSource = Pick<JobRecord, 'jobId' | 'bundleLocation' | 'args' | 'configuration'>;

type Unplaced = Omit<ProgramSource, 'bundleLocation'>;

export interface EvaluatedProgram {
  readonly graph: StreamGraph;
  /** With the job's own settings. */
  readonly configuration: Configuration;
  /** Of the graph as the program builds it. */
  readonly graphHash: string;
  /** Of the bundle. */
  readonly digest: string;
}

export interface JobProgramsParts {
  readonly blobs: BlobStore;
  /** Evaluates a module; each call anew, whatever was imported before. */
  readonly importModule: (bytes: Uint8Array) => Promise<unknown>;
  /** Programs kept; those used longest ago go first. */
  readonly maxPrograms: number;
}

/** Arguments and settings together, as JSON: an item has 400 KiB, and other things in it. */
const MAX_ARGUMENTS_BYTES = 64 * 1024;

export class JobPrograms {
  readonly #parts: JobProgramsParts;
  readonly #programs = new Map<string, EvaluatedProgram>();
  #tail: Promise<unknown> = Promise.resolve();

  constructor(parts: JobProgramsParts) {
    this.#parts = parts;
  }

  /**
   * I2.
   *
   * @param digest as in {@link evaluate}.
   * @throws {StreamError} as {@link evaluate}.
   */
  async get(source: ProgramSource, digest?: string): Promise<EvaluatedProgram> {
    const { jobId } = source;
    const kept = this.#programs.get(jobId);
    const isKept = kept !== undefined && (digest === undefined || digest === kept.digest);
    const program = isKept ? kept : await this.evaluate(source, digest);
    this.#programs.delete(jobId);
    this.#programs.set(jobId, program);
    const [oldest] = this.#programs.keys();
    const isFull = this.#programs.size > this.#parts.maxPrograms;
    if (isFull && oldest !== undefined) this.#programs.delete(oldest);
    return program;
  }

  /**
   * Anew, whatever is kept.
   *
   * @param digest of the program that was planned; of another one nothing is run.
   * @throws {StreamError} `BUNDLE_TOO_LARGE`, `BUNDLE_NOT_A_MODULE`, `PROGRAM_NOT_FOUND`,
   * `PROGRAM_CHANGED`, kind `invalid`; as `evaluateJob`; of the store.
   */
  async evaluate(source: ProgramSource, digest?: string): Promise<EvaluatedProgram> {
    return await this.#inTurn(source, await this.#read(source, digest));
  }

  /** What one program builds, and builds again; as {@link evaluate}, of whatever digest. */
  async evaluateTwice(
    source: ProgramSource,
  ): Promise<readonly [EvaluatedProgram, EvaluatedProgram]> {
    const bytes = await this.#read(source, undefined);
    return [await this.#inTurn(source, bytes), await this.#inTurn(source, bytes)];
  }

  /** Of a program that lies nowhere yet; as {@link evaluate}. */
  async evaluateBundle(source: Unplaced, bytes: Uint8Array): Promise<EvaluatedProgram> {
    return await this.#inTurn(source, bytes);
  }

  async #read({ bundleLocation, jobId }: ProgramSource, digest?: string): Promise<Uint8Array> {
    const bytes = await readProgram(this.#parts.blobs, bundleLocation, digest);
    checkBundle(bytes, jobId);
    return bytes;
  }

  async #inTurn(source: Unplaced, bytes: Uint8Array): Promise<EvaluatedProgram> {
    const evaluated = this.#tail.then(() => this.#evaluate(source, bytes));
    this.#tail = evaluated.catch(() => {});
    return await evaluated;
  }

  /** I1. */
  async #evaluate(source: Unplaced, bytes: Uint8Array): Promise<EvaluatedProgram> {
    const { args, configuration: options } = source;
    const given = Configuration.fromRecord(options as Readonly<Record<string, ConfigValue>>);
    const module = await this.#import(source, bytes);
    const job = await evaluateJob(jobFunctionOf(module, given), {
      args,
      configuration: given,
    });
    const { graph, configuration } = job;
    const { hash: graphHash } = generateJobGraph(graph);
    return { graph, configuration, graphHash, digest: programDigest(bytes) };
  }

  async #import({ jobId }: Unplaced, bytes: Uint8Array): Promise<unknown> {
    try {
      return await this.#parts.importModule(bytes);
    } catch (thrown) {
      if (isStreamError(thrown)) throw thrown;
      const reason = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
      throw refused(
        'BUNDLE_NOT_A_MODULE',
        'a program does not load: bundle the job, with all it imports, into one ES module',
        { jobId, reason },
        thrown,
      );
    }
  }
}

/** Before a program is stored or loaded. @throws {StreamError} `BUNDLE_TOO_LARGE`, `BUNDLE_EMPTY` */
export function checkBundle(bytes: Uint8Array, jobId: string): void {
  if (bytes.length > MAX_BUNDLE_BYTES) {
    const text = 'a program is too large: leave data out of it, and read it from a store';
    const details = { jobId, maxBytes: MAX_BUNDLE_BYTES };
    throw refused('BUNDLE_TOO_LARGE', text, details);
  }
  if (bytes.length > 0) return;
  throw refused('BUNDLE_EMPTY', 'a program is empty: bundle the job again', { jobId });
}

/**
 * Of a job's row, which every turn may read. @throws {StreamError} `JOB_ARGUMENTS_TOO_LARGE`
 *
 * @param given arguments and settings, as they are stored.
 */
export function checkArguments(given: object, jobId: string): void {
  const sizeBytes = Buffer.byteLength(JSON.stringify(given));
  if (sizeBytes <= MAX_ARGUMENTS_BYTES) return;
  throw refused(
    'JOB_ARGUMENTS_TOO_LARGE',
    "a job's arguments and settings are too large: put data into a store, and say where it is",
    { jobId, sizeBytes, maxBytes: MAX_ARGUMENTS_BYTES },
  );
}

function refused(
  code: string,
  text: string,
  details: Readonly<Record<string, string | number>>,
  cause?: unknown,
): StreamError {
  const values = Object.entries(details).map(([key, value]) => `${key}=${value}`);
  const message = `${text} ${values.join(' ')}`;
  const init = { kind: 'invalid', code, message, details } as const;
  return new StreamError(cause === undefined ? init : { ...init, cause });
}
