/**
 * The file that a subtask stores what it sends over one blocking edge in. Of this process's making
 * and of one attempt: read by the same version of the program, deleted with the job.
 *
 *     block…   frames of one channel, each a u32 length and its bytes; channel after channel
 *     index    JSON, see {@link ResultIndex}
 *     trailer  u32 length of the index, u32 its CRC-32, 8 bytes `SLUICERS`
 *
 * All numbers are little endian. It gets its name once it is complete.
 */
import { crc32 } from 'node:zlib';
import { StreamError } from '../core/index.ts';

/** One piece of a channel: where it lies, and its CRC-32. */
export type ResultBlock = readonly [offset: number, sizeBytes: number, checksum: number];

export interface ResultIndex {
  readonly version: 1;
  /** By channel; blocks in the order in which they were written. */
  readonly channels: readonly (readonly ResultBlock[])[];
}

const MAGIC = 'SLUICERS';
export const TRAILER_BYTES = 16;

export function encodeIndex(index: ResultIndex): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(index));
  const bytes = new Uint8Array(text.length + TRAILER_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(text);
  view.setUint32(text.length, text.length, true);
  view.setUint32(text.length + 4, crc32(text), true);
  bytes.set(new TextEncoder().encode(MAGIC), text.length + 8);
  return bytes;
}

/** How long the index is, and what its checksum is. @throws {Error} what is wrong. */
export function readTrailer(trailer: Uint8Array): { sizeBytes: number; checksum: number } {
  const view = new DataView(trailer.buffer, trailer.byteOffset, trailer.length);
  const magic = trailer.length === TRAILER_BYTES ? new TextDecoder().decode(trailer.slice(8)) : '';
  if (magic !== MAGIC) throw new Error('it has no trailer');
  return { sizeBytes: view.getUint32(0, true), checksum: view.getUint32(4, true) };
}

/** @throws {Error} what is wrong. */
export function decodeIndex(bytes: Uint8Array, checksum: number): ResultIndex {
  if (crc32(bytes) !== checksum) throw new Error('its index is damaged');
  return JSON.parse(new TextDecoder().decode(bytes)) as ResultIndex;
}

/** Whose result it is. */
export interface ResultProducer {
  readonly vertexId: string;
  readonly subtaskIndex: number;
}

/** What was stored over a blocking edge is not there, or not as it was written. */
export function resultUnreadable(
  path: string,
  { vertexId, subtaskIndex }: ResultProducer,
  cause: unknown,
): StreamError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StreamError({
    kind: 'unavailable',
    code: 'RESULT_UNREADABLE',
    message:
      'the stored result of a stage that has ended cannot be read, so that its subtask runs ' +
      `again: ${reason}; path='${path}'`,
    details: { path, vertexId, subtaskIndex },
    cause,
  });
}
