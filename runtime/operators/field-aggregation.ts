/**
 * The ready-made aggregations over a field, as reduce functions: on keyed streams and windows.
 */
import { StreamError } from '../core/index.ts';

export type FieldAggregationKind = 'sum' | 'min' | 'max' | 'minBy' | 'maxBy';

/** A field's name, a tuple's index, or, for `minBy` and `maxBy`, a function of the record. */
export type FieldSelector<T> = string | number | ((value: T) => unknown);

/** A reduce function that can also refuse a record by itself: the first of a key is not reduced. */
export interface FieldAggregation<T> {
  (left: T, right: T): T;
  /** @throws {StreamError} kind `user`, code `AGGREGATION_FIELD_INVALID`. */
  check(value: T): void;
}

/**
 * As in Flink: `sum`, `min` and `max` give the first record with only the field replaced; `minBy`
 * and `maxBy` give the whole record with the extreme value, the first of equals.
 *
 * @throws {StreamError} kind `invalid`, code `AGGREGATION_NEEDS_FIELD`, for a function where the
 * result has to be written back. The reduce function throws kind `user`, code
 * `AGGREGATION_FIELD_INVALID`, when a field is missing or of the wrong type.
 */
export function fieldAggregation<T>(
  kind: FieldAggregationKind,
  field: FieldSelector<T>,
): FieldAggregation<T> {
  const read = readerOf(kind, field);
  const check = (value: T): void => {
    if (kind === 'sum') add(read(value), read(value), String(field));
    else read(value);
  };
  return Object.assign(reducerOf(kind, field, read), { check });
}

function reducerOf<T>(
  kind: FieldAggregationKind,
  field: FieldSelector<T>,
  read: (value: T) => Ordered,
): (left: T, right: T) => T {
  if (kind === 'minBy') return (left, right) => (read(right) < read(left) ? right : left);
  if (kind === 'maxBy') return (left, right) => (read(right) > read(left) ? right : left);
  if (typeof field === 'function') {
    throw new StreamError({
      kind: 'invalid',
      code: 'AGGREGATION_NEEDS_FIELD',
      message: `${kind} needs the name of a field, use ${kind}By or reduce with a function`,
    });
  }
  if (kind === 'sum') {
    return (left, right) => withField(left, field, add(read(left), read(right), field));
  }
  const better = kind === 'min' ? isLess : isMore;
  return (left, right) => {
    const value = read(right);
    return better(value, read(left)) ? withField(left, field, value) : left;
  };
}

type Ordered = number | bigint | string | Date;

const isLess = (left: Ordered, right: Ordered): boolean => left < right;
const isMore = (left: Ordered, right: Ordered): boolean => left > right;

function readerOf<T>(kind: FieldAggregationKind, field: FieldSelector<T>): (value: T) => Ordered {
  const read =
    typeof field === 'function'
      ? field
      : (value: T): unknown => (value as Record<string | number, unknown>)[field];
  return (value) => {
    const found = read(value);
    if (typeof found === 'number' || typeof found === 'string') return found;
    if (typeof found === 'bigint' || found instanceof Date) return found;
    const name = typeof field === 'function' ? 'the selector' : `field "${field}"`;
    throw fieldInvalid(`${kind} found no comparable value in ${name}`, String(found));
  };
}

function add(left: Ordered, right: Ordered, field: string | number): Ordered {
  if (typeof left === 'number' && typeof right === 'number') return left + right;
  if (typeof left === 'bigint' && typeof right === 'bigint') return left + right;
  const types = `${typeof left} and ${typeof right}`;
  throw fieldInvalid(`sum needs numbers in field "${field}"`, types);
}

/** A copy: the record before may be on its way downstream. */
function withField<T>(record: T, field: string | number, value: Ordered): T {
  const copy: object = Array.isArray(record)
    ? record.slice()
    : Object.assign(Object.create(Object.getPrototypeOf(record)), record);
  Reflect.set(copy, field, value);
  return copy as T;
}

function fieldInvalid(problem: string, found: string): StreamError {
  return new StreamError({
    kind: 'user',
    code: 'AGGREGATION_FIELD_INVALID',
    message: `${problem}: found=${found}`,
    details: { found },
  });
}
