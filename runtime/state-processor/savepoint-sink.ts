/**
 * Gathers the parts of a savepoint in one subtask and, when all are there, makes it exist.
 *
 * I1  The manifest is written once, by a commit: a job that does not come to its end leaves none.
 */
import type { CheckpointManifest } from '../checkpoint/index.ts';
import { manifestLocation, nameOf, writeSavepoint } from '../checkpoint/index.ts';
import type { Sink, SinkContext, SinkWriter } from '../connectors/index.ts';
import type { FileSystem } from '../core/index.ts';
import type { SavepointFrame } from './bootstrap-operator.ts';
import { stateProcessorError } from './errors.ts';
import { directoryOf, FileBlobStore } from './file-blob-store.ts';
import { manifestOf, type SavepointPart } from './savepoint-parts.ts';

export interface SavepointSinkInit {
  readonly targetPath: string;
  /** Refuses what cannot be written, before anything is. */
  validate(files: FileSystem): Promise<void>;
  frame(files: FileSystem): Promise<SavepointFrame>;
}

export function savepointSink(init: SavepointSinkInit): Sink<string, CheckpointManifest> {
  const { targetPath } = init;
  return {
    name: `savepoint(${targetPath})`,
    guarantee: 'EXACTLY_ONCE',
    validate: async ({ fileSystem, restoring }) => {
      if (!restoring) await checkEmpty(fileSystem, targetPath);
      await init.validate(fileSystem);
    },
    createWriter: async (ctx) => {
      const { fileSystem } = ctx;
      if (ctx.restoredCheckpointId === undefined) await checkNoSavepoint(fileSystem, targetPath);
      return new PartsWriter(await init.frame(fileSystem), ctx);
    },
    createCommitter: ({ fileSystem, jobId, attempt, lease }) => {
      const directory = directoryOf(fileSystem, targetPath);
      const blobs = new FileBlobStore(fileSystem, `${jobId}-${attempt}-${lease}`);
      return {
        commit: async (manifests) => {
          for (const manifest of manifests) await writeSavepoint(blobs, directory, manifest);
        },
        close: () => {},
      };
    },
  };
}

class PartsWriter implements SinkWriter<string, CheckpointManifest> {
  readonly #frame: SavepointFrame;
  readonly #ctx: SinkContext;
  readonly #parts: string[];
  readonly #triggeredAtEpochMs: number;
  #ended = false;

  constructor(frame: SavepointFrame, ctx: SinkContext) {
    this.#frame = frame;
    this.#ctx = ctx;
    this.#parts = [...ctx.restoredState].map(String);
    this.#triggeredAtEpochMs = ctx.clock.nowEpochMs();
  }

  write(part: string): void {
    this.#parts.push(part);
  }

  flush(endOfInput: boolean): void {
    this.#ended = endOfInput;
  }

  prepareCommit(): readonly CheckpointManifest[] {
    if (!this.#ended) return [];
    const { jobId, jobName, clock } = this.#ctx;
    const parts = this.#parts.map((part) => JSON.parse(part) as SavepointPart);
    const manifest = manifestOf(parts, {
      ...{ checkpointId: this.#frame.checkpointId, jobId, jobName },
      triggeredAtEpochMs: this.#triggeredAtEpochMs,
      completedAtEpochMs: clock.nowEpochMs(),
    });
    return [manifest];
  }

  snapshotState(): readonly unknown[] {
    return this.#parts;
  }

  close(): void {}
}

async function checkEmpty(files: FileSystem, targetPath: string): Promise<void> {
  const directory = directoryOf(files, targetPath);
  const found = await files.stat(directory);
  if (found === undefined) return;
  const children = found.kind === 'directory' ? await files.list(directory) : [found];
  const [first] = children;
  if (first !== undefined) throw notEmpty(directory, nameOf(first.path));
}

async function checkNoSavepoint(files: FileSystem, targetPath: string): Promise<void> {
  const location = manifestLocation(directoryOf(files, targetPath));
  if ((await files.stat(location)) === undefined) return;
  throw notEmpty(directoryOf(files, targetPath), nameOf(location));
}

function notEmpty(path: string, holds: string): Error {
  const advice =
    'a savepoint is written into a directory of its own, which is new or empty, name another one ' +
    'or delete what is there';
  return stateProcessorError('SAVEPOINT_TARGET_NOT_EMPTY', advice, { path, holds });
}
