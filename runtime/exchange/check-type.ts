/**
 * Checks a value against its declared type, slowly and with a precise answer. Generated codecs
 * only say that a value does not fit; this says why.
 */
import { type FieldType, StreamError } from '../core/index.ts';
import { fieldPath, layoutOfValue, placeOf } from './layout.ts';

const MAX_SHOWN_CHARS = 40;

/**
 * @throws {StreamError} kind `user`: code `VALUE_NOT_OF_TYPE`, `PRECISION_LOST` (a `long` that is
 * an integer beyond ±(2^53 - 1)) or, inside `any`, `VALUE_NOT_ENCODABLE`.
 */
export function checkType(type: FieldType, value: unknown, path = ''): void {
  switch (type.kind) {
    case 'any':
      layoutOfValue(value, path);
      return;
    case 'nullable':
      if (value !== null && value !== undefined) checkType(type.inner, value, path);
      return;
    case 'array':
      checkArray(type, value, path);
      return;
    case 'row':
      checkRow(type, value, path);
      return;
    case 'long':
      if (Number.isInteger(value) && !Number.isSafeInteger(value)) throw precisionLost(value, path);
      break;
  }
  if (!isOfLeafType(type.kind, value)) throw notOfType(type.kind, value, path);
}

function isOfLeafType(kind: FieldType['kind'], value: unknown): boolean {
  switch (kind) {
    case 'int':
      return typeof value === 'number' && (value | 0) === value;
    case 'long':
      return Number.isSafeInteger(value);
    case 'double':
      return typeof value === 'number';
    case 'date':
      return value instanceof Date && Object.getPrototypeOf(value) === Date.prototype;
    case 'bytes':
      return Object.getPrototypeOf(value ?? 0) === Uint8Array.prototype || Buffer.isBuffer(value);
    default:
      return typeof value === kind;
  }
}

function checkArray(type: FieldType & { kind: 'array' }, value: unknown, path: string): void {
  if (!Array.isArray(value) || Object.getPrototypeOf(value) !== Array.prototype) {
    throw notOfType('array', value, path);
  }
  for (let i = 0; i < value.length; i++) checkType(type.element, value[i], `${path}[${i}]`);
}

function checkRow(type: FieldType & { kind: 'row' }, value: unknown, path: string): void {
  const prototype: unknown =
    typeof value === 'object' && value !== null ? Object.getPrototypeOf(value) : undefined;
  if (typeof value !== 'object' || value === null) throw notOfType('row', value, path);
  if (prototype !== Object.prototype && prototype !== null) throw notOfType('row', value, path);
  const row = value as Readonly<Record<string, unknown>>;
  for (const { name, type: fieldType } of type.fields) {
    checkType(fieldType, Object.hasOwn(row, name) ? row[name] : undefined, fieldPath(path, name));
  }
  const extra = Object.keys(row).find((name) => !type.fields.some((field) => field.name === name));
  if (extra !== undefined) {
    throw notOfType('no such field', row[extra], fieldPath(path, extra));
  }
}

function notOfType(expected: string, value: unknown, path: string): StreamError {
  const found = describe(value);
  return new StreamError({
    kind: 'user',
    code: 'VALUE_NOT_OF_TYPE',
    message: `${placeOf(path)} does not fit its declared type, change the value or the type: expected=${expected} found=${found}`,
    details: { path, expected, found },
  });
}

function precisionLost(value: unknown, path: string): StreamError {
  return new StreamError({
    kind: 'user',
    code: 'PRECISION_LOST',
    message: `${placeOf(path)} is an integer past 2^53 and has lost precision, declare it bigint and use bigint values: expected=long found=${String(value)}`,
    details: { path, expected: 'long', found: String(value) },
  });
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return `array of ${value.length}`;
  if (typeof value === 'object') return `instance of ${value.constructor?.name || 'Object'}`;
  if (typeof value === 'function' || typeof value === 'symbol') return typeof value;
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  const shown = text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text;
  return `${typeof value} ${shown}`;
}
