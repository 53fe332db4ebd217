/**
 * The formats of files. Bytes become records in two steps: a framer cuts the chunks of a file
 * into regions that hold whole records, a decoder takes records out of a region.
 *
 * I1  A region ends where a record ends, or with the file.
 * I2  A decoder is given a region only when it has no more of the one before.
 */
import type { RecordFramer } from './record-framer.ts';

/** How records of type `T` are written in files; made by `textLines`, `jsonLines`, `csv`. */
export interface FileFormat<T> {
  readonly name: string;
  /** Of file names, without a dot. */
  readonly extension: string;
  createFramer(): RecordFramer;
  /** @param state as {@link RecordDecoder.state} gave it, for a file read from its middle. */
  createDecoder(state: unknown): RecordDecoder<T>;
  createEncoder(): RecordEncoder<T>;
}

export interface RecordDecoder<T> {
  load(region: Buffer): void;
  hasMore(): boolean;
  /** Takes up to `maxRecords` records, good or malformed; the number taken. */
  decode(output: DecoderOutput<T>, maxRecords: number): number;
  /** How much of the region was taken. */
  consumed(): Consumed;
  /** What a decoder that goes on from here must know of the file so far. JSON. */
  state(): unknown;
}

export interface Consumed {
  readonly sizeBytes: number;
  readonly lineCount: number;
}

export interface DecoderOutput<T> {
  record(value: T): void;
  malformed(record: MalformedRecord): void;
}

/** A piece of a file that is no record of its format. */
export interface MalformedRecord {
  readonly code: MalformedCode;
  readonly reason: string;
  /** 0-based in its region. */
  readonly lineInRegion: number;
  readonly text: string;
  /** The whole file cannot be read: skipping does not help. */
  readonly isFatal?: boolean;
}

export type MalformedCode =
  | 'MALFORMED_TEXT'
  | 'MALFORMED_JSON'
  | 'MALFORMED_CSV'
  | 'PRECISION_LOST';

export interface RecordEncoder<T> {
  /** What a file begins with, given its first record. */
  fileHeader(first: T): string;
  /** One record with its line end. */
  encode(value: T): string;
}

/** Thrown by the functions that parse one record. */
export class RecordFault extends Error {
  readonly code: MalformedCode;

  constructor(code: MalformedCode, reason: string) {
    super(reason);
    this.code = code;
  }
}
