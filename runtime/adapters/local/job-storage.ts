import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { BlobStore, CheckpointSettings, RowStore } from '../../checkpoint/index.ts';
import { isStreamError, StreamError } from '../../core/index.ts';
import { checkLocal } from './check-local.ts';
import { DirectoryBlobStore, makeDirectory } from './directory-blob-store.ts';
import { LogRowStore } from './log-row-store.ts';

/** Where a job keeps its checkpoints. */
export interface JobStorage {
  readonly blobs: BlobStore;
  readonly rows: RowStore;
  /** Checkpoints of all jobs, absolute. */
  readonly directory: string;
  /** After the job has ended. */
  close(): Promise<void>;
}

/**
 * The storage of a job that runs in its client's process: `execution.checkpointing.dir`, or a
 * temporary directory that goes with the job.
 *
 * @throws {StreamError} `CHECKPOINT_DIR_NOT_WRITABLE`, `FILE_SYSTEM_UNKNOWN`, kind `invalid`; as
 * `LogRowStore.open`.
 */
export async function openEmbeddedStorage(settings: CheckpointSettings): Promise<JobStorage> {
  const isTemporary = settings.directory === undefined;
  if (settings.directory !== undefined) checkLocal(settings.directory);
  const directory = resolve(settings.directory ?? join(tmpdir(), `sluice-${randomUUID()}`));
  const rows = await openRows(directory);
  return {
    blobs: new DirectoryBlobStore(),
    rows,
    directory,
    close: async () => {
      await rows.close();
      if (isTemporary) await rm(directory, { recursive: true, force: true });
    },
  };
}

async function openRows(directory: string): Promise<LogRowStore> {
  try {
    await makeDirectory(directory);
    return await LogRowStore.open(directory);
  } catch (thrown) {
    if (isStreamError(thrown)) throw thrown;
    const reason = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown';
    throw new StreamError({
      kind: 'invalid',
      code: 'CHECKPOINT_DIR_NOT_WRITABLE',
      message:
        'the directory of checkpoints cannot be written to: choose another with ' +
        `execution.checkpointing.dir; path=${directory} reason=${reason}`,
      details: { path: directory, reason },
      cause: thrown,
    });
  }
}
