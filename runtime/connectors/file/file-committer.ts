import { type FileSystem, type Logger, StreamError } from '../../core/index.ts';
import type { Committer } from '../sink.ts';

/**
 * A finished part file that readers do not see yet. Written by a writer at a checkpoint, trusted
 * by the committer, never changed. JSON.
 */
export interface FileCommittable {
  readonly inProgressPath: string;
  readonly finalPath: string;
  readonly recordCount: number;
}

/**
 * Makes part files visible under their final names.
 *
 * I1  Idempotent, also against another attempt that commits the same file at the same time, or has
 *     died while it did: so is `FileSystem.publish`.
 * I2  Restored files of another directory are left to the job that writes there: it commits them
 *     itself, and a fork of it must not do so in a history that may not be its own (ADR 8).
 */
export class FileCommitter implements Committer<FileCommittable> {
  readonly #fileSystem: FileSystem;
  readonly #logger: Logger;
  readonly #directory: string;

  constructor(fileSystem: FileSystem, logger: Logger, directory: string) {
    this.#fileSystem = fileSystem;
    this.#logger = logger;
    this.#directory = directory;
  }

  /**
   * A restored file that is nowhere was committed before, and taken away by whoever reads the
   * directory, or left behind when the savepoint was moved: it is logged.
   *
   * @throws {StreamError} `PART_LOST`, `PART_EXISTS`, and those of the file system.
   */
  async commit(
    committables: readonly FileCommittable[],
    { restored }: { readonly restored: boolean },
  ): Promise<void> {
    for (const committable of committables) {
      const { inProgressPath, finalPath } = committable;
      if (restored && !finalPath.startsWith(`${this.#directory}/`)) {
        const why = 'a finished part file is left to the job that writes to its directory';
        this.#logger.log('warn', why, { path: finalPath, directory: this.#directory });
        continue;
      }
      const outcome = await this.#fileSystem.publish(inProgressPath, finalPath);
      if (outcome === 'exists') throw partExists(finalPath);
      if (outcome === 'done') continue;
      if (!restored) throw partLost(inProgressPath, finalPath);
      const message = 'a part file of the restored checkpoint is gone: it was committed before';
      this.#logger.log('warn', message, { path: finalPath });
    }
  }

  close(): void {}
}

/** Another job writes to the same directory: this one must not replace its output. */
function partExists(path: string): StreamError {
  return new StreamError({
    kind: 'conflict',
    code: 'PART_EXISTS',
    message:
      'a part file of this name is there already: give each running job an output directory of ' +
      `its own path=${path}`,
    details: { path },
  });
}

function partLost(inProgressPath: string, path: string): StreamError {
  return new StreamError({
    kind: 'data',
    code: 'PART_LOST',
    message:
      'a finished part file is gone: keep hidden files in the output directory while a job runs ' +
      `path=${path} inProgressPath=${inProgressPath}`,
    details: { path, inProgressPath },
  });
}
