/**
 * Uploaded programs: bundled job modules that wait to be run.
 *
 * I1  An id is made here, of a random part and a harmless name; what a client sends as an id is
 *     looked up, never used as a path.
 */
import { randomUUID } from 'node:crypto';
import { HttpRefusal, programFileName, type UploadedProgram } from '../http/index.ts';

/** Programs beyond these push the oldest out. */
const MAX_PROGRAMS = 32;

interface KeptProgram extends UploadedProgram {
  readonly bundle: Uint8Array;
}

/** In memory: a job that runs has its program in the data directory. */
export class ClusterJars {
  readonly #programs = new Map<string, KeptProgram>();

  /** I1. */
  add(fileName: string, bundle: Uint8Array, nowEpochMs: number): UploadedProgram {
    const name = programFileName(fileName);
    const id = `${randomUUID()}_${name}`;
    const program = { id, name, uploadedAtEpochMs: nowEpochMs, bundle };
    this.#programs.set(id, program);
    const [oldest] = this.#programs.keys();
    if (this.#programs.size > MAX_PROGRAMS && oldest !== undefined) this.#programs.delete(oldest);
    return program;
  }

  /** Newest first. */
  list(): readonly KeptProgram[] {
    return [...this.#programs.values()].reverse();
  }

  /** @throws {HttpRefusal} 404. */
  get(id: string): KeptProgram {
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
