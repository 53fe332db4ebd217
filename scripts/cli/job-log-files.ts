/**
 * The logs of local jobs: a file of JSON lines for each, where `sluice logs` finds it. A line has
 * the fields of a deployed cluster's.
 *
 * I1  A log is no reason for a job to fail: what cannot be written is not.
 * I2  A file is bounded: a full one is kept beside its successor, an older one goes. So are the
 *     files: the newest are kept.
 */
import { appendFileSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Logger, type LogLevel, maskValue } from '../../runtime/core/index.ts';

const MAX_FILE_BYTES = 32 * 1024 * 1024;
const MAX_FILES = 200;
const SUFFIX = '.jsonl';
const OLDER = '.1';

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Where logs are: `SLUICE_LOG_DIR`, or in the user's folder for such things. Undefined: there is
 * none.
 *
 * @see https://specifications.freedesktop.org/basedir-spec/latest/
 */
export function logDirectory(environment: Variables): string | undefined {
  const { SLUICE_LOG_DIR, XDG_STATE_HOME, HOME } = environment;
  const given = [SLUICE_LOG_DIR].find(Boolean);
  if (given !== undefined) return given;
  const [home] = [XDG_STATE_HOME, HOME && join(HOME, '.local', 'state')].filter(Boolean);
  return home === undefined ? undefined : join(home, 'sluice', 'logs');
}

/** The files of a job's log, the older one first. */
export function logFilesOf(directory: string, jobId: string): readonly string[] {
  const path = join(directory, `${jobId}${SUFFIX}`);
  return [`${path}${OLDER}`, path];
}

export class JobLogFiles implements Logger {
  readonly #directory: string;
  readonly #nowEpochMs: () => number;
  readonly #maxFileBytes: number;
  readonly #sizes = new Map<string, number>();
  #isPruned = false;

  constructor(directory: string, nowEpochMs: () => number, maxFileBytes = MAX_FILE_BYTES) {
    this.#directory = directory;
    this.#nowEpochMs = nowEpochMs;
    this.#maxFileBytes = maxFileBytes;
  }

  /** Lines without a `jobId` are nobody's. */
  log(level: LogLevel, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    const { jobId } = fields;
    if (typeof jobId !== 'string' || level === 'debug') return;
    const timestamp = new Date(this.#nowEpochMs()).toISOString();
    const line = { level: level.toUpperCase(), message, timestamp, ...fields };
    try {
      this.#append(jobId, `${JSON.stringify(maskValue(line))}\n`);
    } catch {
      // I1.
    }
  }

  #append(jobId: string, text: string): void {
    const [older = '', path = ''] = logFilesOf(this.#directory, jobId);
    let sizeBytes = this.#sizes.get(path);
    if (sizeBytes === undefined) {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      this.#prune();
      sizeBytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    }
    if (sizeBytes > this.#maxFileBytes) {
      renameSync(path, older);
      sizeBytes = 0;
    }
    appendFileSync(path, text, { mode: 0o600 });
    this.#sizes.set(path, sizeBytes + Buffer.byteLength(text));
  }

  /** I2. */
  #prune(): void {
    if (this.#isPruned) return;
    this.#isPruned = true;
    const files = readdirSync(this.#directory)
      .filter((name) => name.includes(SUFFIX))
      .map((name) => join(this.#directory, name))
      .map((path) => ({ path, atMs: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 }));
    const old = files.toSorted((a, b) => b.atMs - a.atMs).slice(MAX_FILES - 1);
    for (const { path } of old) rmSync(path, { force: true });
  }
}

/** Writes each line to both. */
export function loggerToBoth(first: Logger, second: Logger | undefined): Logger {
  if (second === undefined) return first;
  return {
    log(level, message, fields) {
      first.log(level, message, fields);
      second.log(level, message, fields);
    },
  };
}
