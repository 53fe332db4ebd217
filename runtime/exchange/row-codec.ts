/**
 * Codecs of records: generated from a layout, or, where code generation is forbidden, the
 * self-describing one. A codec writes into the buffer being filled and reads a whole buffer.
 */
import { assert } from '../core/index.ts';
import { ANY, type Layout } from './layout.ts';
import { readerText } from './reader-text.ts';
import type { DecodeCursor, EncodeBuffer } from './record-buffer.ts';
import { readValue, writeValue } from './value-codec.ts';
import { writerText } from './writer-text.ts';

/** Where decoded records go. */
export interface RecordSink {
  /** @param keyGroup -1 on edges that are not keyed. */
  record(value: unknown, timestampMs: number, keyGroup: number): void;
}

/** Writes and reads the records of one layout. */
export interface RecordCodec {
  readonly layout: Layout;
  readonly keyed: boolean;
  /** False, and the buffer as it was, when the value does not fit the layout. */
  readonly write: RecordWriteFunction;
  readonly read: RecordReadFunction;
}

/** False when the value does not fit; the buffer is then as it was. */
export type RecordWriteFunction = (
  buffer: EncodeBuffer,
  value: unknown,
  timestampMs: number,
  keyGroup: number,
) => boolean;

/** Hands over `count` records, from the cursor on. */
export type RecordReadFunction = (cursor: DecodeCursor, count: number, sink: RecordSink) => void;

type Factory<F> = (values: typeof VALUES, date: DateConstructor) => F;

const VALUES = { write: writeValue, read: readValue };

/**
 * The codecs of one edge, shared by its channels: functions compiled once and warmed up together,
 * while those of other edges do not disturb their type feedback.
 */
export class CodecCache {
  readonly #codecs = new Map<string, RecordCodec>();
  readonly generating: boolean;

  /** @param generate false to go without generated code; it is also detected. */
  constructor(generate = true) {
    this.generating = generate && canGenerate();
  }

  codecOf(layout: Layout, keyed: boolean): RecordCodec {
    const key = JSON.stringify([layout, keyed]);
    const known = this.#codecs.get(key);
    if (known !== undefined) return known;
    const codec = this.generating ? generatedCodec(layout, keyed) : plainCodec(layout, keyed);
    this.#codecs.set(key, codec);
    return codec;
  }
}

function canGenerate(): boolean {
  try {
    return new Function('return true')() === true;
  } catch {
    return false;
  }
}

function generatedCodec(layout: Layout, keyed: boolean): RecordCodec {
  const write = compile<RecordWriteFunction>(writerText(layout, keyed));
  return { layout, keyed, write, read: compile<RecordReadFunction>(readerText(layout, keyed)) };
}

function compile<F>(body: string): F {
  const factory = new Function('Value', 'D', body) as Factory<F>;
  return factory(VALUES, Date);
}

/** The same bytes as the generated codec of `any`, written by hand. */
function plainCodec(layout: Layout, keyed: boolean): RecordCodec {
  assert(layout.kind === ANY.kind, 'layouts other than any need generated code');
  const headBytes = keyed ? 10 : 8;
  return {
    layout,
    keyed,
    write(buffer, value, timestampMs, keyGroup) {
      const at = buffer.position;
      const text = buffer.text;
      const view = buffer.grow(at + headBytes);
      view.setFloat64(at, timestampMs, true);
      if (keyed) view.setUint16(at + 8, keyGroup, true);
      const end = writeValue(buffer, value, at + headBytes, 0);
      if (end < 0) return buffer.fail(text);
      buffer.position = end;
      return true;
    },
    read(cursor, count, sink) {
      for (let r = 0; r < count; r++) {
        const at = cursor.position;
        const timestampMs = cursor.view.getFloat64(at, true);
        const keyGroup = keyed ? cursor.view.getUint16(at + 8, true) : -1;
        cursor.position = at + headBytes;
        sink.record(readValue(cursor), timestampMs, keyGroup);
      }
    },
  };
}
