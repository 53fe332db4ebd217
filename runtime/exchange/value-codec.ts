/**
 * The self-describing codec: a tag before every value. It carries what the generated row codecs
 * do not: values of unknown or varying shape, Map, Set, typed arrays. It was written because
 * msgpackr turns -0 into 0, maps with plain values into objects, holes into undefined, lone
 * surrogates into U+FFFD and renames a `__proto__` field; here what goes in comes out.
 *
 * I1  `writeValue` answers -1 for a value that cannot be carried and has then no lasting effect
 *     but on `buffer.text`, which the caller restores.
 * I2  Every tag has one reader; the order of fields and elements is kept.
 */
import { assert } from '../core/index.ts';
import type { DecodeCursor, EncodeBuffer } from './record-buffer.ts';

const NULL = 0;
const UNDEFINED = 1;
const TRUE = 2;
const FALSE = 3;
const INT = 4;
const DOUBLE = 5;
const STRING = 6;
const BIGINT = 7;
const BIG_TEXT = 8;
const DATE = 9;
const ARRAY = 10;
const HOLE = 11;
const OBJECT = 12;
const BARE_OBJECT = 13;
const MAP = 14;
const SET = 15;
const BYTES = 16;

/** Nesting beyond this is taken for a cycle. */
export const MAX_VALUE_DEPTH = 100;

/** Byte containers by number on the wire: append only. */
const CONTAINERS: readonly (readonly [object, (memory: ArrayBuffer) => unknown])[] = [
  [Uint8Array.prototype, (memory) => new Uint8Array(memory)],
  [Buffer.prototype, (memory) => Buffer.from(memory)],
  [Int8Array.prototype, (memory) => new Int8Array(memory)],
  [Uint8ClampedArray.prototype, (memory) => new Uint8ClampedArray(memory)],
  [Int16Array.prototype, (memory) => new Int16Array(memory)],
  [Uint16Array.prototype, (memory) => new Uint16Array(memory)],
  [Int32Array.prototype, (memory) => new Int32Array(memory)],
  [Uint32Array.prototype, (memory) => new Uint32Array(memory)],
  [Float32Array.prototype, (memory) => new Float32Array(memory)],
  [Float64Array.prototype, (memory) => new Float64Array(memory)],
  [BigInt64Array.prototype, (memory) => new BigInt64Array(memory)],
  [BigUint64Array.prototype, (memory) => new BigUint64Array(memory)],
];

/** True for the typed arrays that can be carried. */
export function isByteContainer(prototype: unknown): boolean {
  return CONTAINERS.some(([known]) => known === prototype);
}

/** Writes at `at`; the position behind the value, or -1 when it cannot be carried (I1). */
export function writeValue(
  buffer: EncodeBuffer,
  value: unknown,
  at: number,
  depth: number,
): number {
  const view = at + 9 > buffer.capacity ? buffer.grow(at + 9) : buffer.view;
  switch (typeof value) {
    case 'string':
      view.setUint8(at, STRING);
      view.setUint32(at + 1, value.length, true);
      buffer.text += value;
      return at + 5;
    case 'number':
      if ((value | 0) === value && (value !== 0 || 1 / value > 0)) {
        view.setUint8(at, INT);
        view.setInt32(at + 1, value, true);
        return at + 5;
      }
      view.setUint8(at, DOUBLE);
      view.setFloat64(at + 1, value, true);
      return at + 9;
    case 'boolean':
      view.setUint8(at, value ? TRUE : FALSE);
      return at + 1;
    case 'undefined':
      view.setUint8(at, UNDEFINED);
      return at + 1;
    case 'bigint':
      return writeBigInt(buffer, value, at);
    case 'object':
      return value === null ? writeTag(view, NULL, at) : writeObject(buffer, value, at, depth);
    default:
      return -1;
  }
}

function writeTag(view: DataView, tag: number, at: number): number {
  view.setUint8(at, tag);
  return at + 1;
}

function writeBigInt(buffer: EncodeBuffer, value: bigint, at: number): number {
  if (BigInt.asIntN(64, value) === value) {
    buffer.view.setUint8(at, BIGINT);
    buffer.view.setBigInt64(at + 1, value, true);
    return at + 9;
  }
  const text = value.toString();
  buffer.text += text;
  return writeCount(buffer.view, BIG_TEXT, text.length, at);
}

function writeCount(view: DataView, tag: number, count: number, at: number): number {
  view.setUint8(at, tag);
  view.setUint32(at + 1, count, true);
  return at + 5;
}

function writeObject(buffer: EncodeBuffer, value: object, at: number, depth: number): number {
  if (depth >= MAX_VALUE_DEPTH) return -1;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) {
    return writeFields(buffer, value, prototype === null ? BARE_OBJECT : OBJECT, at, depth);
  }
  if (prototype === Array.prototype && Array.isArray(value)) {
    return writeArray(buffer, value, at, depth);
  }
  if (prototype === Date.prototype && value instanceof Date) {
    buffer.view.setUint8(at, DATE);
    buffer.view.setFloat64(at + 1, value.getTime(), true);
    return at + 9;
  }
  if (prototype === Map.prototype && value instanceof Map) {
    let end = writeCount(buffer.view, MAP, value.size, at);
    for (const [key, element] of value) {
      end = writeValue(buffer, key, end, depth + 1);
      if (end >= 0) end = writeValue(buffer, element, end, depth + 1);
      if (end < 0) return -1;
    }
    return end;
  }
  if (prototype === Set.prototype && value instanceof Set) {
    let end = writeCount(buffer.view, SET, value.size, at);
    for (const element of value) {
      end = writeValue(buffer, element, end, depth + 1);
      if (end < 0) return -1;
    }
    return end;
  }
  return ArrayBuffer.isView(value) ? writeContainer(buffer, value, prototype, at) : -1;
}

function writeFields(
  buffer: EncodeBuffer,
  value: object,
  tag: number,
  at: number,
  depth: number,
): number {
  const names = Object.keys(value);
  let end = writeCount(buffer.view, tag, names.length, at);
  const fields = value as Readonly<Record<string, unknown>>;
  for (const name of names) {
    if (end + 4 > buffer.capacity) buffer.grow(end + 4);
    buffer.view.setUint32(end, name.length, true);
    buffer.text += name;
    end = writeValue(buffer, fields[name], end + 4, depth + 1);
    if (end < 0) return -1;
  }
  return end;
}

function writeArray(
  buffer: EncodeBuffer,
  value: readonly unknown[],
  at: number,
  depth: number,
): number {
  let end = writeCount(buffer.view, ARRAY, value.length, at);
  for (let i = 0; i < value.length; i++) {
    const element = value[i];
    if (element === undefined && !(i in value)) {
      if (end + 1 > buffer.capacity) buffer.grow(end + 1);
      end = writeTag(buffer.view, HOLE, end);
    } else {
      end = writeValue(buffer, element, end, depth + 1);
      if (end < 0) return -1;
    }
  }
  return end;
}

function writeContainer(
  buffer: EncodeBuffer,
  value: ArrayBufferView,
  prototype: unknown,
  at: number,
): number {
  const container = CONTAINERS.findIndex(([known]) => known === prototype);
  if (container < 0) return -1;
  const end = at + 6 + value.byteLength;
  buffer.grow(end);
  writeCount(buffer.view, BYTES, value.byteLength, at);
  buffer.view.setUint8(at + 5, container);
  buffer.bytes.set(new Uint8Array(value.buffer, value.byteOffset, value.byteLength), at + 6);
  return end;
}

/** Reads one value and moves the cursor behind it. */
export function readValue(cursor: DecodeCursor): unknown {
  const at = cursor.position;
  const tag = cursor.view.getUint8(at);
  cursor.position = at + 1;
  switch (tag) {
    case NULL:
      return null;
    case TRUE:
      return true;
    case FALSE:
      return false;
    case INT:
      cursor.position = at + 5;
      return cursor.view.getInt32(at + 1, true);
    case DOUBLE:
      cursor.position = at + 9;
      return cursor.view.getFloat64(at + 1, true);
    case STRING:
      return cursor.takeText(readCount(cursor));
    case BIGINT:
      cursor.position = at + 9;
      return cursor.view.getBigInt64(at + 1, true);
    case BIG_TEXT:
      return BigInt(cursor.takeText(readCount(cursor)));
    case DATE:
      cursor.position = at + 9;
      return new Date(cursor.view.getFloat64(at + 1, true));
    default:
      return readComposite(cursor, tag);
  }
}

function readCount(cursor: DecodeCursor): number {
  const at = cursor.position;
  cursor.position = at + 4;
  return cursor.view.getUint32(at, true);
}

function readComposite(cursor: DecodeCursor, tag: number): unknown {
  if (tag === UNDEFINED) return undefined;
  if (tag === ARRAY) return readArray(cursor);
  if (tag === OBJECT) return readFields(cursor, {});
  if (tag === BARE_OBJECT) return readFields(cursor, Object.create(null));
  if (tag === BYTES) return readContainer(cursor);
  const count = readCount(cursor);
  if (tag === MAP) {
    const map = new Map<unknown, unknown>();
    for (let i = 0; i < count; i++) map.set(readValue(cursor), readValue(cursor));
    return map;
  }
  assert(tag === SET, `I2: unknown value tag: tag=${tag}`);
  const set = new Set<unknown>();
  for (let i = 0; i < count; i++) set.add(readValue(cursor));
  return set;
}

function readArray(cursor: DecodeCursor): unknown[] {
  const count = readCount(cursor);
  const array: unknown[] = [];
  for (let i = 0; i < count; i++) {
    if (cursor.view.getUint8(cursor.position) === HOLE) {
      cursor.position++;
      array.length = i + 1;
    } else {
      array.push(readValue(cursor));
    }
  }
  return array;
}

function readFields(cursor: DecodeCursor, object: Record<string, unknown>): unknown {
  const count = readCount(cursor);
  for (let i = 0; i < count; i++) {
    const name = cursor.takeText(readCount(cursor));
    const value = readValue(cursor);
    if (name === '__proto__') {
      const field = { value, writable: true, enumerable: true, configurable: true };
      Object.defineProperty(object, name, field);
    } else {
      object[name] = value;
    }
  }
  return object;
}

function readContainer(cursor: DecodeCursor): unknown {
  const sizeBytes = readCount(cursor);
  const container = CONTAINERS[cursor.view.getUint8(cursor.position)];
  assert(container !== undefined, 'I2: unknown byte container');
  const start = cursor.position + 1;
  cursor.position = start + sizeBytes;
  const memory = new ArrayBuffer(sizeBytes);
  new Uint8Array(memory).set(cursor.bytes.subarray(start, start + sizeBytes));
  return container[1](memory);
}
