import type { FieldType, TypeInformation } from '../core/index.ts';
import { invalid } from './arguments.ts';

/** The TypeScript type a {@link TypeInformation} stands for. */
export type TypeOf<I> = I extends TypeInformation<infer T> ? T : never;

/** Fields of `Types.row`, in the order they are written in. */
export type RowFields = Readonly<Record<string, TypeInformation<unknown>>>;

/**
 * Declared record types, for `returns` and for `OutputTag`. A stream needs none: without one the
 * wire format is inferred from the records. A declared type makes it fixed, and a record that
 * does not fit becomes an error that names the field.
 *
 * @example
 * ```ts
 * const Order = Types.row({ id: Types.long, note: Types.nullable(Types.string) });
 * type Order = TypeOf<typeof Order>; // { id: number; note: string | null }
 * lines.map(parseOrder).returns(Order);
 * ```
 */
export const Types = {
  /** An integer of 32 bits. */
  int: primitive<number>('int'),
  /** An integer up to ±(2^53 − 1); more is an error, use `bigint`. */
  long: primitive<number>('long'),
  /** Any number. */
  double: primitive<number>('double'),
  boolean: primitive<boolean>('boolean'),
  string: primitive<string>('string'),
  /** An integer of 64 bits. */
  bigint: primitive<bigint>('bigint'),
  /** A `Date`, to the millisecond. */
  date: primitive<Date>('date'),
  bytes: primitive<Uint8Array>('bytes'),

  /** The type, or null. */
  nullable<T>(inner: TypeInformation<T>): TypeInformation<T | null> {
    return { type: { kind: 'nullable', inner: typeOf(inner, 'nullable') } };
  },

  /** An array of any length. */
  array<T>(element: TypeInformation<T>): TypeInformation<T[]> {
    return { type: { kind: 'array', element: typeOf(element, 'array') } };
  },

  /** A plain object with exactly these fields. */
  row<R extends RowFields>(fields: R): TypeInformation<{ [F in keyof R]: TypeOf<R[F]> }> {
    if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
      throw invalid('INVALID_TYPE', 'Types.row expects an object of field types', fields);
    }
    const rows = Object.entries(fields).map(([name, type]) => ({
      name,
      type: typeOf(type, `row, field '${name}'`),
    }));
    if (rows.length === 0) throw invalid('INVALID_TYPE', 'Types.row expects a field', fields);
    return { type: { kind: 'row', fields: rows } };
  },

  /** Anything that can be copied between threads: flexible, slower than every other type. */
  any<T = unknown>(): TypeInformation<T> {
    return { type: { kind: 'any' } };
  },
} as const;

function primitive<T>(
  kind: Exclude<FieldType['kind'], 'nullable' | 'array' | 'row'>,
): TypeInformation<T> {
  return { type: { kind } };
}

function typeOf(info: TypeInformation<unknown>, where: string): FieldType {
  checkTypeInformation(info, `Types.${where}`);
  return info.type;
}

/** @throws {StreamError} `INVALID_TYPE` for anything `Types` did not make. */
export function checkTypeInformation(info: unknown, where: string): void {
  const type = typeof info === 'object' && info !== null && 'type' in info ? info.type : undefined;
  if (typeof type === 'object' && type !== null && 'kind' in type) return;
  throw invalid('INVALID_TYPE', `${where} expects a type such as Types.long`, info);
}
