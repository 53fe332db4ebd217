/**
 * Frames: what travels on a channel. A header of 16 bytes, little endian, then the body.
 *
 *     0 u8  type          4 u32 sequence number, from 0, modulo 2^32
 *     1 u8  form of text  8 u32 records
 *     2 u16 skipped      12 u32 where the text starts, counted from the frame's start
 *
 * Bodies: RECORDS records, then their text; SCHEMA the layout as JSON text; WATERMARK one f64;
 * BARRIER see `barrier-codec.ts`, its text the directory; the others have none.
 * Skipped are the first records of a frame that a barrier overtook while it was being handed over.
 * Type numbers are append only; they are persisted with the frames that barriers overtake.
 */
export const FRAME_RECORDS = 1;
export const FRAME_SCHEMA = 2;
export const FRAME_WATERMARK = 3;
export const FRAME_IDLE = 4;
export const FRAME_ACTIVE = 5;
/** End of data: the operators' input ends; barriers may follow. */
export const FRAME_END = 6;
/** As {@link FRAME_END}, of a stop that drains: a savepoint follows. */
export const FRAME_END_DRAINED = 7;
export const FRAME_BARRIER = 16;
/** End of partition: nothing follows at all. */
export const FRAME_END_OF_PARTITION = 17;

/** The sequence number of a whole frame. */
export function sequenceOf(frame: Uint8Array): number {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  return view.getUint32(FRAME_SEQUENCE_OFFSET, true);
}

/** Whether nothing follows a whole frame. */
export function endsPartition(frame: Uint8Array): boolean {
  return frame[0] === FRAME_END_OF_PARTITION;
}

/** Where the body starts. */
export const FRAME_HEADER_BYTES = 16;

/** Where the header holds the sequence number, as u32. */
export const FRAME_SEQUENCE_OFFSET = 4;

/** Where the header holds how many records are skipped, as u16. */
const FRAME_SKIPPED_OFFSET = 2;

/** More records than that are handed over at once: what is left could not be told. */
export const MAX_SKIPPED_RECORDS = 65_535;

/** Lets who decodes a whole frame leave out its first records. */
export function skipRecords(frame: Uint8Array, count: number): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  view.setUint16(FRAME_SKIPPED_OFFSET, count, true);
}

/** The header's fields. */
export interface FrameHeader {
  readonly type: number;
  readonly textMode: number;
  readonly sequence: number;
  readonly records: number;
  /** Of its records; 0 but for what {@link skipRecords} was told. */
  readonly skipped: number;
  readonly textStart: number;
}

/** Writes at the start of `view`. */
export function writeFrameHeader(view: DataView, header: Omit<FrameHeader, 'skipped'>): void {
  view.setUint8(0, header.type);
  view.setUint8(1, header.textMode);
  view.setUint16(FRAME_SKIPPED_OFFSET, 0, true);
  view.setUint32(FRAME_SEQUENCE_OFFSET, header.sequence, true);
  view.setUint32(8, header.records, true);
  view.setUint32(12, header.textStart, true);
}

/** Reads the header of the frame that starts at `at`. */
export function readFrameHeader(view: DataView, at: number): FrameHeader {
  return {
    type: view.getUint8(at),
    textMode: view.getUint8(at + 1),
    sequence: view.getUint32(at + FRAME_SEQUENCE_OFFSET, true),
    records: view.getUint32(at + 8, true),
    skipped: view.getUint16(at + FRAME_SKIPPED_OFFSET, true),
    textStart: view.getUint32(at + 12, true),
  };
}
