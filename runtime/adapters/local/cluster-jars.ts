/**
 * Uploaded programs: modules and archives that wait to be run, as files.
 *
 * I1  An id is made here, of a random part and a harmless name, and is the name of a file; what a
 *     client sends as an id is looked up among them, never used as a path.
 * I2  A file has its name when it is whole and was read to its end. Others are deleted at the
 *     start.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../core/index.ts';
import {
  HttpRefusal,
  type ProgramContent,
  programFileName,
  type ReadProgram,
  readProgram,
  type UploadedProgram,
} from '../http/index.ts';
import { reasonOf } from '../store-errors.ts';

/** Programs beyond these push the oldest out. */
const MAX_PROGRAMS = 32;
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}_[\w-][\w.-]{0,99}$/;
const NAME_FROM = '00000000-0000-0000-0000-000000000000_'.length;

export interface ClusterJarsOptions {
  /** Created when it is not there; only this process may use it. */
  readonly directory: string;
  /** Of a program, packed or not. */
  readonly maxBytes: number;
  readonly clock: Clock;
}

interface KeptProgram {
  readonly id: string;
  readonly uploadedAtEpochMs: number;
  /** Undefined: not read since the start. */
  entries: readonly string[] | undefined;
}

/** Files below a directory; a job that runs has its own copy in the data directory. */
export class ClusterJars {
  readonly #options: ClusterJarsOptions;
  /** Oldest first. */
  readonly #programs = new Map<string, KeptProgram>();

  private constructor(options: ClusterJarsOptions) {
    this.#options = options;
  }

  /** I2. */
  static async open(options: ClusterJarsOptions): Promise<ClusterJars> {
    const { directory } = options;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const jars = new ClusterJars(options);
    const found: KeptProgram[] = [];
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isFile() && ID.test(entry.name)) {
        const { mtimeMs } = await stat(path);
        const uploadedAtEpochMs = Math.round(mtimeMs);
        found.push({ id: entry.name, uploadedAtEpochMs, entries: undefined });
      } else if (/^\.[\w.-]+\.(tmp|mjs)$/.test(entry.name)) await rm(path, { force: true });
    }
    found.sort((a, b) => a.uploadedAtEpochMs - b.uploadedAtEpochMs);
    for (const program of found) jars.#programs.set(program.id, program);
    return jars;
  }

  /** For a file that is on its way: its name is its own. */
  temporaryPath(): string {
    return join(this.#options.directory, `.${randomUUID()}.tmp`);
  }

  /**
   * I1, I2. A file is moved, from {@link temporaryPath}.
   *
   * @throws {HttpRefusal} as `readProgram`.
   */
  async add(fileName: string, content: ProgramContent): Promise<UploadedProgram> {
    const { directory, maxBytes, clock } = this.#options;
    const { entries } = await readProgram(fileName, content, maxBytes);
    const id = `${randomUUID()}_${programFileName(fileName)}`;
    const isFile = !(content instanceof Uint8Array);
    const path = isFile ? content.path : this.temporaryPath();
    if (!isFile) await writeFile(path, content, { mode: 0o600 });
    await rename(path, join(directory, id));
    const program = { id, uploadedAtEpochMs: clock.nowEpochMs(), entries };
    this.#programs.set(id, program);
    const [oldest] = this.#programs.keys();
    if (this.#programs.size > MAX_PROGRAMS && oldest !== undefined) await this.remove(oldest);
    return described(program, entries);
  }

  /** Newest first. */
  async list(): Promise<readonly UploadedProgram[]> {
    const newestFirst = [...this.#programs.values()].reverse();
    const listed = newestFirst.map(async (program) => {
      program.entries ??= await this.read(program.id).then(
        ({ entries }) => entries,
        () => [],
      );
      return described(program, program.entries);
    });
    return await Promise.all(listed);
  }

  /** @throws {HttpRefusal} 404. */
  async read(id: string): Promise<ReadProgram> {
    this.#assertKnown(id);
    const { directory, maxBytes } = this.#options;
    try {
      const path = join(directory, id);
      return await readProgram(nameOf(id), { path }, maxBytes);
    } catch (thrown) {
      if (reasonOf(thrown) === 'ENOENT') throw missing(id);
      throw thrown;
    }
  }

  /** Where a bundle can be imported from; the same bundle is the same module. */
  async importable(bundle: Uint8Array): Promise<string> {
    const digest = createHash('sha256').update(bundle).digest('hex');
    const path = join(this.#options.directory, `.${digest}.mjs`);
    await writeFile(path, bundle, { mode: 0o600 });
    return path;
  }

  /** @throws {HttpRefusal} 404. */
  async remove(id: string): Promise<void> {
    this.#assertKnown(id);
    this.#programs.delete(id);
    await rm(join(this.#options.directory, id), { force: true });
  }

  /** I1. */
  #assertKnown(id: string): void {
    if (!this.#programs.has(id)) throw missing(id);
  }
}

function described(
  { id, uploadedAtEpochMs }: KeptProgram,
  entries: readonly string[],
): UploadedProgram {
  return { id, name: nameOf(id), uploadedAtEpochMs, entries };
}

function nameOf(id: string): string {
  return id.slice(NAME_FROM);
}

function missing(id: string): HttpRefusal {
  return new HttpRefusal(404, `Jar file ${id} does not exist`);
}
