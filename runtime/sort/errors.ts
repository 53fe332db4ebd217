import { isStreamError, StreamError } from '../core/index.ts';

/**
 * A file that sorting needs could not be written: the disk is full, or the directory may not be
 * written to. Of the kind that the file system says: `unavailable` where trying again may help.
 */
export function sortWithoutSpace(
  operator: string,
  directory: string,
  spilledBytes: number,
  cause: unknown,
): StreamError {
  return new StreamError({
    kind: isStreamError(cause) ? cause.kind : 'unavailable',
    code: 'SORT_WITHOUT_SPACE',
    message: `the input of an operator is larger than its memory and cannot be sorted on disk: free space, name another directory with io.tmp.dirs, or raise execution.sorted-inputs.memory: operator=${operator} directory=${directory} spilledBytes=${spilledBytes}`,
    details: { operator, directory, spilledBytes },
    cause,
  });
}

/** A file that sorting wrote cannot be read again, or is another one by now. Sorting anew helps. */
export function sortFileLost(
  operator: string,
  path: string,
  problem: string,
  cause?: unknown,
): StreamError {
  return new StreamError({
    kind: 'unavailable',
    code: 'SORT_FILE_LOST',
    message: `a file of sorted input ${problem}, let nothing else change the directory of io.tmp.dirs: operator=${operator} path=${path}`,
    details: { operator, path },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** One record is too large for the memory that sorting may take. */
export function recordTooLargeToSort(
  operator: string,
  sizeBytes: number,
  memoryBytes: number,
  needBytes: number,
): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'RECORD_TOO_LARGE_TO_SORT',
    message: `a record does not fit the memory that sorts the input of its operator, raise execution.sorted-inputs.memory to ${needBytes} bytes or more: operator=${operator} recordBytes=${sizeBytes} memoryBytes=${memoryBytes}`,
    details: { operator, sizeBytes, memoryBytes },
  });
}
