import { StreamError } from '../../core/index.ts';
import { checkKnownOptions } from '../known-options.ts';
import type { Sink } from '../sink.ts';
import { type Compression, suffixOf } from './decompress.ts';
import { type FileCommittable, FileCommitter } from './file-committer.ts';
import type { FileFormat } from './file-format.ts';
import { type BucketContext, FileSinkWriter } from './file-writer.ts';
import {
  nextPartCounter,
  type OutputMode,
  prepareOutputDirectory,
  removeLeftOvers,
} from './output-directory.ts';
import type { PartNaming } from './part-name.ts';

/** When a part file is closed and the next one begun; at the end of input in any case. */
export interface RollingPolicy {
  /** Before compression. @defaultValue 128 MiB, as in Flink */
  readonly maxSizeBytes?: number;
  /** @defaultValue unlimited */
  readonly maxRecords?: number;
}

const FILE_SINK_OPTIONS: readonly (keyof FileSinkOptions<unknown>)[] = [
  'directory',
  'format',
  'bucket',
  'rolling',
  'compression',
  'prefix',
  'suffix',
  'overwrite',
  'append',
];

export interface FileSinkOptions<T> {
  /** Made if it is missing. */
  readonly directory: string;
  readonly format: FileFormat<T>;
  /**
   * The sub-directory of a record, such as `day=2026-01-31`; empty for the directory itself.
   *
   * @defaultValue all records go into the directory itself
   */
  readonly bucket?: (value: T, ctx: BucketContext) => string;
  readonly rolling?: RollingPolicy;
  /** @defaultValue none */
  readonly compression?: Compression;
  /** What the names of part files begin with. @defaultValue part */
  readonly prefix?: string;
  /** With its dot. @defaultValue by format and compression, e.g. `.jsonl.gz` */
  readonly suffix?: string;
  /** Removes the part files of an earlier run, and nothing else, before the job starts. */
  readonly overwrite?: boolean;
  /** Keeps what is in the directory and adds part files with new numbers. */
  readonly append?: boolean;
}

const DEFAULT_MAX_SIZE_BYTES = 128 * 1024 * 1024;

/**
 * Writes records into part files, `part-<subtask>-<counter>`, followed by `-<job>-<attempt>` when
 * the job goes on after a failure or from a savepoint, and by `-<lease>` where a subtask has moved
 * within an attempt. A file appears under that name when it is complete and its checkpoint, or, in
 * a job without checkpoints, its input is; until then its name begins with a dot. A job that goes
 * on from a savepoint may write into the directory that the savepoint's job has written to:
 * `overwrite` removes nothing then.
 *
 * @throws {StreamError} `BAD_FILE_SINK`; when the job is submitted `OUTPUT_EXISTS`,
 * `OUTPUT_NOT_WRITABLE`; while it runs `BAD_BUCKET`, `VALUE_NOT_ENCODABLE`, `PRECISION_LOST`.
 * @see Flink FileSink
 */
export function fileSink<T>(options: FileSinkOptions<T>): Sink<T, FileCommittable> {
  checkKnownOptions('fileSink', options, FILE_SINK_OPTIONS);
  const { format, bucket, rolling = {}, compression = 'none', prefix = 'part' } = options;
  const { maxSizeBytes = DEFAULT_MAX_SIZE_BYTES, maxRecords = Number.MAX_SAFE_INTEGER } = rolling;
  const suffix = options.suffix ?? `.${format.extension}${suffixOf(compression)}`;
  const naming: PartNaming = { prefix, suffix };
  checkOptions(options, naming);
  for (const [name, limit] of Object.entries({ maxSizeBytes, maxRecords })) {
    if (!(limit >= 1)) refuse(`rolling.${name} must be at least 1 ${name}=${limit}`);
  }
  const directory = options.directory.replace(/(?<=.)\/+$/, '');
  return {
    name: `files(${directory})`,
    guarantee: 'EXACTLY_ONCE',
    validate: ({ fileSystem, restoring }) => {
      const mode = restoring ? 'append' : outputModeOf(options);
      return prepareOutputDirectory(fileSystem, directory, mode, naming);
    },
    createWriter: async (ctx) => {
      const { fileSystem, logger, jobId, attempt, lease, subtaskIndex, parallelism } = ctx;
      const continues = attempt > 0 || ctx.restoredCheckpointId !== undefined;
      const owner = { jobId, attempt, lease, subtaskIndex, parallelism, continues };
      // Without checkpoints nothing of an earlier attempt can still be committed.
      if (!ctx.checkpointing && attempt > 0) {
        await removeLeftOvers(fileSystem, directory, naming, owner);
      }
      return new FileSinkWriter({
        fileSystem,
        logger,
        directory,
        encoder: format.createEncoder(),
        bucket,
        maxSizeBytes,
        maxRecords,
        compression,
        naming,
        owner,
        nextCounter: continues
          ? 0
          : await nextPartCounter(fileSystem, directory, naming, subtaskIndex),
      });
    },
    createCommitter: ({ fileSystem, logger }) => new FileCommitter(fileSystem, logger, directory),
  };
}

function outputModeOf({ overwrite, append }: FileSinkOptions<never>): OutputMode {
  return overwrite ? 'overwrite' : append ? 'append' : 'fail';
}

function checkOptions(options: FileSinkOptions<never>, { prefix, suffix }: PartNaming): void {
  const { directory, compression = 'none', overwrite, append } = options;
  if (typeof directory !== 'string' || directory === '') refuse('a file sink needs a directory');
  if (!['none', 'gzip', 'zstd'].includes(compression)) {
    refuse(`compression must be none, gzip or zstd compression=${compression}`);
  }
  if (overwrite && append) refuse('overwrite and append exclude each other: set one of them');
  if (!/^[^._/\\][^/\\]*$/.test(prefix)) {
    refuse(`prefix must be the start of a visible file name prefix=${prefix}`);
  }
  if (!/^(\.[^/\\]*)?$/.test(suffix)) {
    refuse(`suffix must be empty or begin with a dot suffix=${suffix}`);
  }
}

function refuse(message: string): never {
  throw new StreamError({ kind: 'invalid', code: 'BAD_FILE_SINK', message });
}
