/**
 * The bytes and the text of the buffer being filled, and of the one being read. Fixed-width parts
 * of records lie in `bytes`; all their strings are joined into one `text`, which is written and
 * read with a single native call a buffer (one call a string costs ten times as much).
 */

/** Node's buffer with the string methods that skip argument handling. */
export interface ByteText extends Uint8Array {
  utf8Write(text: string, offset: number): number;
  ucs2Write(text: string, offset: number): number;
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
  ucs2Slice(start: number, end: number): string;
}

/** A window on `memory`, which may be shared. */
export function byteText(memory: ArrayBufferLike, offset: number, sizeBytes: number): ByteText {
  return Buffer.from(memory, offset, sizeBytes) as unknown as ByteText;
}

/** Zeroed memory of this thread. */
export function allocateByteText(sizeBytes: number): ByteText {
  return byteText(new ArrayBuffer(sizeBytes), 0, sizeBytes);
}

/** How the text of a frame is written. ASCII is the fast lane: its bytes are its characters. */
export const TEXT_ASCII = 0;
/** Well-formed text with other characters. */
export const TEXT_UTF8 = 1;
/** Text with lone surrogates, which UTF-8 cannot carry. */
export const TEXT_UTF16 = 2;

const MAX_UTF8_BYTES_PER_UNIT = 3;

/** Grows as needed; codecs move `position` and `text` only when a whole record fitted. */
export class EncodeBuffer {
  bytes: ByteText;
  view: DataView;
  capacity: number;
  position: number;
  text = '';
  readonly #start: number;

  /** @param startBytes room kept free in front, for the frame's header. */
  constructor(startBytes: number, sizeBytes: number) {
    this.bytes = allocateByteText(sizeBytes);
    this.view = new DataView(this.bytes.buffer);
    this.capacity = sizeBytes;
    this.position = startBytes;
    this.#start = startBytes;
  }

  /** Makes room up to `needBytes` from the start; the view to go on with. */
  grow(needBytes: number): DataView {
    if (needBytes <= this.capacity) return this.view;
    this.capacity = Math.max(needBytes, this.capacity * 2);
    const bytes = allocateByteText(this.capacity);
    bytes.set(this.bytes);
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
    return this.view;
  }

  /** Takes back what a codec appended to the text of a record that did not fit. */
  fail(text: string): false {
    this.text = text;
    return false;
  }

  /** Writes the text behind the records; `position` is then the end of the frame. */
  sealText(): number {
    const text = this.text;
    this.grow(this.position + text.length * MAX_UTF8_BYTES_PER_UNIT);
    const sizeBytes = this.bytes.utf8Write(text, this.position);
    if (sizeBytes === text.length) {
      this.position += sizeBytes;
      return TEXT_ASCII;
    }
    if (text.isWellFormed()) {
      this.position += sizeBytes;
      return TEXT_UTF8;
    }
    this.position += this.bytes.ucs2Write(text, this.position);
    return TEXT_UTF16;
  }

  /** Empty again. */
  reset(): void {
    this.position = this.#start;
    this.text = '';
  }
}

/** What a decoder reads from. `bytes` and `view` cover the same memory. */
export class DecodeCursor {
  bytes: ByteText;
  view: DataView;
  position = 0;
  text = '';
  textPosition = 0;

  constructor(bytes: ByteText, view: DataView) {
    this.bytes = bytes;
    this.view = view;
  }

  /** Decodes the frame's text, `TEXT_ASCII` and so on. */
  openText(mode: number, start: number, end: number): void {
    this.textPosition = 0;
    if (start === end) this.text = '';
    else if (mode === TEXT_ASCII) this.text = this.bytes.latin1Slice(start, end);
    else if (mode === TEXT_UTF8) this.text = this.bytes.utf8Slice(start, end);
    else this.text = this.bytes.ucs2Slice(start, end);
  }

  /** The next `length` characters of the text. */
  takeText(length: number): string {
    const start = this.textPosition;
    this.textPosition = start + length;
    return this.text.substring(start, this.textPosition);
  }
}
