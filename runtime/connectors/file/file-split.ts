import type { FileStatus } from '../../core/index.ts';

/**
 * One file and the place reached in it. Written by readers into snapshots, read when they are
 * restored. JSON.
 */
export interface FileSplit {
  /** The path: a file is one split. */
  readonly id: string;
  readonly path: string;
  /** As listed; of the file as it is stored, compressed or not. */
  readonly sizeBytes: number;
  readonly position: FilePosition;
}

export interface FilePosition {
  /** Of the first record not emitted, in the decompressed text. */
  readonly byteOffset: number;
  readonly recordCount: number;
  /** Lines before the position, for messages. */
  readonly lineCount: number;
  /** What the format's decoder must know of the file so far; null: nothing. */
  readonly decoderState: unknown;
}

export function splitOf({ path, sizeBytes }: FileStatus): FileSplit {
  const position = { byteOffset: 0, recordCount: 0, lineCount: 0, decoderState: null };
  return { id: path, path, sizeBytes, position };
}
