import { StreamError } from '../../core/index.ts';
import { checkKnownOptions } from '../known-options.ts';
import type { Source } from '../source.ts';
import { SplitQueueEnumerator, type SplitQueueState } from '../split-queue-enumerator.ts';
import { type CsvOptions, csv } from './csv.ts';
import type { FileFormat } from './file-format.ts';
import { FileReader } from './file-reader.ts';
import { type FileSplit, splitOf } from './file-split.ts';
import { findFiles } from './find-files.ts';
import { type JsonLinesOptions, jsonLines } from './json-lines.ts';
import { checkOnError, type OnMalformedRecord } from './malformed-record-policy.ts';
import { textLines } from './text-lines.ts';

export interface FileSourceOptions<T> {
  /**
   * Files, directories (searched to any depth) and globs (`*`, `**`, `?`, `[ab]`, `{a,b}`), in the
   * order they are read. Names that end in `.gz` or `.zst` are decompressed.
   */
  readonly paths: string | readonly string[];
  readonly format: FileFormat<T>;
  /** @defaultValue `fail` */
  readonly onError?: OnMalformedRecord;
}

/**
 * A bounded source of the records of files. A file is read by one subtask, in order; files are
 * handed out in order, one at a time, to the subtasks that ask.
 *
 * @throws {StreamError} `BAD_FILE_SOURCE` when no path is given; `FILE_NOT_FOUND`,
 * `FILE_NOT_READABLE` when the job starts, or is planned for a cluster on AWS.
 * @see Flink FileSource
 */
export function fileSource<T>(
  options: FileSourceOptions<T>,
): Source<T, FileSplit, SplitQueueState<FileSplit>> {
  checkKnownOptions('fileSource', options, ['paths', 'format', 'onError']);
  const { format, onError = 'fail' } = options;
  const paths = typeof options.paths === 'string' ? [options.paths] : [...options.paths];
  if (paths.length === 0 || paths.some((path) => typeof path !== 'string' || path === '')) {
    throw new StreamError({
      kind: 'invalid',
      code: 'BAD_FILE_SOURCE',
      message: `a file source needs at least one path, and none that is empty paths=${paths.join()}`,
    });
  }
  checkOnError(onError);
  return {
    name: `files(${paths.join(', ')})`,
    boundedness: 'BOUNDED',
    validate: async ({ fileSystem, restoring }) => {
      if (!restoring) await findFiles(fileSystem, paths);
    },
    createEnumerator: (ctx, state) =>
      new SplitQueueEnumerator({
        ctx,
        state,
        find: async () => {
          const files = await findFiles(ctx.fileSystem, paths);
          const fields = { files: files.length, paths: paths.join(', ') };
          if (files.length === 0) ctx.logger.log('warn', 'the input holds no files', fields);
          return files.map(splitOf);
        },
        progressOf: ({ sizeBytes }) => sizeBytes,
      }),
    createReader: (ctx) => new FileReader(ctx, format, onError),
  };
}

type Paths = FileSourceOptions<unknown>['paths'];
type OnError = Pick<FileSourceOptions<unknown>, 'onError'>;
type SourceOf<T> = ReturnType<typeof fileSource<T>>;

/** {@link fileSource} by format, under Flink's name. */
export const FileSource = {
  forLines(paths: Paths, options: OnError = {}): SourceOf<string> {
    return fileSource({ paths, format: textLines(), ...options });
  },
  forJsonLines<T = unknown>(paths: Paths, options: JsonLinesOptions & OnError = {}): SourceOf<T> {
    return fileSource({ paths, format: jsonLines<T>(options), ...onErrorOf(options) });
  },
  forCsv<T = Readonly<Record<string, unknown>>>(
    paths: Paths,
    options: CsvOptions & OnError = {},
  ): SourceOf<T> {
    return fileSource({ paths, format: csv<T>(options), ...onErrorOf(options) });
  },
} as const;

function onErrorOf({ onError }: OnError): OnError {
  return onError === undefined ? {} : { onError };
}
