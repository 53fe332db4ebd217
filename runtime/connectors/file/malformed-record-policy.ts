/** What a file source does with what is no record of its format. */
import { type ErrorDetails, StreamError } from '../../core/index.ts';
import { shorten } from '../shorten.ts';
import type { MalformedRecord } from './file-format.ts';

/**
 * - `fail`: the job fails, naming file and line.
 * - `skip`: the record is passed over and counted in the metric `numRecordsSkipped`.
 * - a side output (an `OutputTag` or the id of one): it goes there as {@link MalformedFileRecord},
 *   counted in `numRecordsInErrors`, as skipped ones are too.
 */
export type OnMalformedRecord =
  | 'fail'
  | 'skip'
  | { readonly sideOutput: string | { readonly id: string } };

/** A malformed record in a side output. */
export interface MalformedFileRecord {
  readonly file: string;
  /** 1-based; of the record's first line. */
  readonly line: number;
  readonly text: string;
  readonly error: string;
}

/** The tag id of a side output; undefined: none was asked for. */
export function sideOutputTagOf(onError: OnMalformedRecord): string | undefined {
  if (typeof onError === 'string') return undefined;
  return typeof onError.sideOutput === 'string' ? onError.sideOutput : onError.sideOutput.id;
}

/** @throws {StreamError} `BAD_FILE_SOURCE` for anything but the three. */
export function checkOnError(onError: OnMalformedRecord): void {
  const tag = onError === 'fail' || onError === 'skip' ? 'ok' : sideOutputTagOf(onError);
  if (typeof tag === 'string' && tag !== '') return;
  throw new StreamError({
    kind: 'invalid',
    code: 'BAD_FILE_SOURCE',
    message:
      "onError must be 'fail', 'skip' or { sideOutput: tag } " +
      `onError=${JSON.stringify(onError) ?? String(onError)}`,
  });
}

/** The error of a malformed record; `line` is 1-based. */
export function malformedRecordError(
  path: string,
  line: number,
  { code, reason, text, isFatal }: MalformedRecord,
): StreamError {
  const details: ErrorDetails = { path, line };
  const advice = isFatal
    ? 'correct the file, or the options of the source'
    : "correct the file, or set onError to 'skip' or to a side output";
  return new StreamError({
    kind: 'user',
    code,
    message:
      `a record of an input file cannot be read: ${reason}; ${advice} ` +
      `file=${path} line=${line} text=${shorten(text)}`,
    details,
  });
}
