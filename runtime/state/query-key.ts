/**
 * Keys as people write them in a URL: a text, and how it is to be read. What a text looks like
 * decides nothing: `1` is a string unless `number` is asked for.
 */
import { type EncodedKey, encodeKey, StreamError, toStreamError } from '../core/index.ts';
import type { QueryKeyRecord, QueryKeyType } from '../protocol/index.ts';

const REMEDY: Readonly<Record<QueryKeyType, string>> = {
  string: 'any text',
  number: 'a finite number, as 42 or -0.5',
  boolean: 'true or false',
  bigint: 'a whole number, as 42',
  date: 'an ISO 8601 time, as 2026-01-31T00:00:00.000Z',
  json: 'JSON, as {"city":"Bern","id":7} or ["a",1]',
};

/**
 * @param what the parameter the text was given in.
 * @throws {StreamError} kind `invalid`, code `STATE_KEY_INVALID`.
 */
export function encodeQueryKey(record: QueryKeyRecord, what: string): EncodedKey {
  const { type, text } = record;
  const key = read(record);
  if (key === undefined) throw invalidKey(record, what, `expected ${REMEDY[type]}`);
  try {
    return encodeKey(key);
  } catch (thrown) {
    throw invalidKey({ type, text }, what, toStreamError(thrown).message);
  }
}

/** Undefined: the text is none of this type. */
function read({ type, text }: QueryKeyRecord): unknown {
  switch (type) {
    case 'string':
      return text;
    case 'number':
      return /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined;
    case 'boolean':
      return text === 'true' || text === 'false' ? text === 'true' : undefined;
    case 'bigint':
      return /^-?\d{1,1000}$/.test(text) ? BigInt(text) : undefined;
    case 'date': {
      const date = new Date(text);
      return Number.isNaN(date.getTime()) ? undefined : date;
    }
    case 'json':
      return fromJson(text);
  }
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined;
  }
}

/** As people would name the type of an encoded key. */
export function queryKeyTypeOf(key: EncodedKey): QueryKeyType {
  switch (typeof key) {
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'bigint':
      return 'bigint';
    default:
      if (!key.startsWith('\u0000')) return 'string';
      return key.startsWith('\u0000["d"') ? 'date' : 'json';
  }
}

function invalidKey({ type, text }: QueryKeyRecord, what: string, reason: string): StreamError {
  const shown = text.length > 100 ? `${text.slice(0, 100)}…` : text;
  return new StreamError({
    kind: 'invalid',
    code: 'STATE_KEY_INVALID',
    message: `the ${what} is no ${type} key: ${reason}, or name another type with ${what}Type; ${what}=${shown}`,
    details: { parameter: what, type },
  });
}
