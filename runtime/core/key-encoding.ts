/**
 * The identity of a key. A `Map` compares objects by reference, so keys that are objects become
 * canonical strings; primitives stay what they are and cost nothing.
 *
 * I1  Two keys are the same key exactly when their encodings are `===` (1 and "1" differ).
 * I2  A string encoding that starts with U+0000 is canonical text: U+0000, then JSON. No plain
 *     string collides with one, since strings that start with U+0000 are themselves encoded.
 * I3  The encoding depends on the key alone: not on field order, thread, process or run.
 */
import { StreamError } from './errors.ts';

/** What a key looks like in a `Map`. */
export type EncodedKey = string | number | bigint | boolean;

const MARK = '\u0000';
const ALLOWED = 'a string, number, boolean, bigint, Date, or plain objects and arrays of these';

/**
 * @param key what a key selector returned.
 * @throws {StreamError} kind `user`, code `KEY_UNDEFINED` for undefined and null, code
 * `KEY_NOT_STABLE` for values without an identity that every slot agrees on: NaN, infinities,
 * functions, symbols, class instances, Map, Set, cycles.
 */
export function encodeKey(key: unknown): EncodedKey {
  // Called for every record of every keyed operator: short enough to be inlined there.
  if (typeof key === 'number' && key - key === 0) return key === 0 ? 0 : key;
  if (typeof key === 'string' && key.charCodeAt(0) !== 0) return key;
  return encodeRareKey(key);
}

function encodeRareKey(key: unknown): EncodedKey {
  switch (typeof key) {
    case 'string':
      return MARK + JSON.stringify(key);
    case 'number':
      throw notStable(String(key), '');
    case 'boolean':
    case 'bigint':
      return key;
    default:
      return MARK + canonical(key, '', []);
  }
}

/** The key that {@link encodeKey} encoded; objects come back as equal copies, fields sorted. */
export function decodeKey(encoded: EncodedKey): unknown {
  if (typeof encoded !== 'string' || encoded.charCodeAt(0) !== 0) return encoded;
  return fromCanonical(JSON.parse(encoded.slice(1)));
}

/** JSON in which arrays, objects, dates and bigints are arrays that start with a tag. */
function canonical(value: unknown, path: string, parents: object[]): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      if (value - value !== 0) throw notStable(String(value), path);
      return JSON.stringify(value);
    case 'boolean':
      return String(value);
    case 'bigint':
      return `["n","${value}"]`;
    case 'object':
      if (value === null) return nullAt(path);
      return canonicalObject(value, path, parents);
    case 'undefined':
      throw undefinedAt('undefined', path);
    default:
      throw notStable(`a ${typeof value}`, path);
  }
}

function canonicalObject(value: object, path: string, parents: object[]): string {
  if (parents.includes(value)) throw notStable('a cycle', path);
  if (value instanceof Date) {
    const timeMs = value.getTime();
    if (Number.isNaN(timeMs)) throw notStable('an invalid Date', path);
    return `["d",${timeMs}]`;
  }
  parents.push(value);
  let text: string;
  if (Array.isArray(value)) {
    text = '["a"';
    for (let i = 0; i < value.length; i++) {
      text += `,${canonical(value[i], `${path}[${i}]`, parents)}`;
    }
  } else {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) {
      throw notStable(`an instance of ${value.constructor?.name || 'a class'}`, path);
    }
    text = '["o"';
    for (const name of Object.keys(value).sort()) {
      const at = path === '' ? name : `${path}.${name}`;
      const field: unknown = Reflect.get(value, name);
      text += `,${JSON.stringify(name)},${canonical(field, at, parents)}`;
    }
  }
  parents.pop();
  return `${text}]`;
}

/** Null is a value inside a composite key, but not a key. */
function nullAt(path: string): string {
  if (path === '') throw undefinedAt('null', path);
  return 'null';
}

function fromCanonical(node: unknown): unknown {
  if (!Array.isArray(node)) return node;
  const rest: unknown[] = node.slice(1);
  if (node[0] === 'a') return rest.map(fromCanonical);
  if (node[0] === 'n') return BigInt(String(rest[0]));
  if (node[0] === 'd') return new Date(Number(rest[0]));
  const object: Record<string, unknown> = {};
  for (let i = 0; i < rest.length; i += 2) {
    const field = { value: fromCanonical(rest[i + 1]), writable: true, enumerable: true };
    Object.defineProperty(object, String(rest[i]), { ...field, configurable: true });
  }
  return object;
}

function undefinedAt(what: string, path: string): StreamError {
  return new StreamError({
    kind: 'user',
    code: 'KEY_UNDEFINED',
    message: `key selector returned ${inside(what, path)}, every record needs a key: return ${ALLOWED}, or filter such records out before keyBy`,
    details: { found: what, path },
  });
}

function notStable(what: string, path: string): StreamError {
  return new StreamError({
    kind: 'user',
    code: 'KEY_NOT_STABLE',
    message: `key selector returned ${inside(what, path)}, which is no stable key: return ${ALLOWED}`,
    details: { found: what, path },
  });
}

function inside(what: string, path: string): string {
  return path === '' ? what : `a key with ${what} at ${path}`;
}
