import { type FileSystem, StreamError } from '../../core/index.ts';
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

/** Makes part files visible by renaming them. */
export class FileCommitter implements Committer<FileCommittable> {
  readonly #fileSystem: FileSystem;

  constructor(fileSystem: FileSystem) {
    this.#fileSystem = fileSystem;
  }

  /**
   * Idempotent: a file that was renamed before is left alone.
   *
   * @throws {StreamError} `PART_LOST`, `PART_EXISTS`.
   */
  async commit(committables: readonly FileCommittable[]): Promise<void> {
    for (const { inProgressPath, finalPath } of committables) {
      const isWaiting = (await this.#fileSystem.stat(inProgressPath)) !== undefined;
      const isVisible = (await this.#fileSystem.stat(finalPath)) !== undefined;
      if (isWaiting && isVisible) throw partExists(finalPath);
      if (isWaiting) await this.#fileSystem.rename(inProgressPath, finalPath);
      else if (!isVisible) throw partLost(inProgressPath, finalPath);
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
