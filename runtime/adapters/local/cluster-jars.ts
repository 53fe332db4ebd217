/**
 * Uploaded programs: bundled job modules that wait to be run.
 *
 * I1  An id is made here, of a random part and a harmless name; what a client sends as an id is
 *     looked up, never used as a path.
 */
import { randomUUID } from 'node:crypto';
import { HttpRefusal } from './cluster-http-records.ts';

/** Programs beyond these push the oldest out. */
const MAX_PROGRAMS = 32;

export interface UploadedProgram {
  readonly id: string;
  readonly name: string;
  readonly uploadedAtEpochMs: number;
  readonly bundle: Uint8Array;
}

/** In memory: a job that runs has its program in the data directory. */
export class ClusterJars {
  readonly #programs = new Map<string, UploadedProgram>();

  /** I1. */
  add(fileName: string, bundle: Uint8Array, nowEpochMs: number): UploadedProgram {
    const base = fileName.replace(/^.*[/\\]/, '').replace(/[^\w.-]/g, '_');
    const name = base === '' || base.startsWith('.') ? 'job.mjs' : base.slice(-100);
    const id = `${randomUUID()}_${name}`;
    const program = { id, name, uploadedAtEpochMs: nowEpochMs, bundle };
    this.#programs.set(id, program);
    const [oldest] = this.#programs.keys();
    if (this.#programs.size > MAX_PROGRAMS && oldest !== undefined) this.#programs.delete(oldest);
    return program;
  }

  /** Newest first. */
  list(): readonly UploadedProgram[] {
    return [...this.#programs.values()].reverse();
  }

  /** @throws {HttpRefusal} 404. */
  get(id: string): UploadedProgram {
    const program = this.#programs.get(id);
    if (program === undefined) throw new HttpRefusal(404, `Jar file ${id} does not exist`);
    return program;
  }

  /** @throws {HttpRefusal} 404. */
  remove(id: string): void {
    this.get(id);
    this.#programs.delete(id);
  }
}
