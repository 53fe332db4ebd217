/**
 * How the records of a sorter are written: by the codec of a layout, which widens as they vary.
 *
 * I1  A codec keeps its number for the life of the sorter: records written by an earlier one stay
 *     as they are.
 */
import { assert, defined } from '../core/index.ts';
import {
  ANY,
  CodecCache,
  type DecodeCursor,
  type EncodeBuffer,
  layoutOfValue,
  mergeLayouts,
  type RecordCodec,
  type RecordSink,
} from '../exchange/index.ts';

/** After so many layouts the records of an input describe themselves. */
const MAX_LAYOUTS = 8;

interface NumberedCodec {
  readonly codec: RecordCodec;
  readonly input: number;
}

interface InputCodec {
  readonly id: number;
  readonly codec: RecordCodec;
  /** Of the input, so far. */
  readonly layouts: number;
}

export class RecordCodecs {
  readonly #cache = new CodecCache();
  /** I1. */
  readonly #codecs: NumberedCodec[] = [];
  readonly #current: (InputCodec | undefined)[] = [];

  /**
   * Writes a record behind what is in the buffer.
   *
   * @returns the number of the codec that did.
   * @throws {StreamError} kind `user`, code `VALUE_NOT_ENCODABLE`.
   */
  write(buffer: EncodeBuffer, input: number, value: unknown, timestampMs: number): number {
    const current = this.#current[input];
    if (current?.codec.write(buffer, value, timestampMs, -1) === true) return current.id;
    return this.#writeMisfit(buffer, input, value, timestampMs);
  }

  /** Of the records that this codec wrote. */
  inputOf(id: number): number {
    return defined(this.#codecs[id], 'I1: a record was written by a codec').input;
  }

  /** Reads one record from the cursor on. */
  read(id: number, cursor: DecodeCursor, sink: RecordSink): void {
    defined(this.#codecs[id], 'I1: a record was written by a codec').codec.read(cursor, 1, sink);
  }

  #writeMisfit(buffer: EncodeBuffer, input: number, value: unknown, timestampMs: number): number {
    const seen = layoutOfValue(value);
    const before = this.#current[input];
    const layouts = (before?.layouts ?? 0) + 1;
    const merged = before === undefined ? seen : mergeLayouts(before.codec.layout, seen);
    const isPlain = !this.#cache.generating || layouts > MAX_LAYOUTS;
    for (const layout of isPlain ? [ANY] : [merged, ANY]) {
      const codec = this.#cache.codecOf(layout, false);
      if (!codec.write(buffer, value, timestampMs, -1)) continue;
      const id = this.#codecs.push({ codec, input }) - 1;
      this.#current[input] = { id, codec, layouts };
      return id;
    }
    assert(false, 'a value with a layout can be written');
  }
}
