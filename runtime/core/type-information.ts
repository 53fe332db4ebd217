/**
 * Declared record types. A declared type fixes the codec of the edges that carry it and makes a
 * value that does not fit an error that names the field; without one the codec is inferred from
 * the records and widened as they vary.
 */
export type FieldType =
  | { readonly kind: 'int' }
  | { readonly kind: 'long' }
  | { readonly kind: 'double' }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'string' }
  | { readonly kind: 'bigint' }
  | { readonly kind: 'date' }
  | { readonly kind: 'bytes' }
  | { readonly kind: 'nullable'; readonly inner: FieldType }
  | { readonly kind: 'array'; readonly element: FieldType }
  | { readonly kind: 'row'; readonly fields: readonly RowField[] }
  /** Any value that can be carried at all; it describes itself, which costs time and bytes. */
  | { readonly kind: 'any' };

export interface RowField {
  readonly name: string;
  readonly type: FieldType;
}

/** A {@link FieldType} that carries the TypeScript type it stands for. */
export interface TypeInformation<T> {
  readonly type: FieldType;
  /** Never present at run time. */
  readonly _t?: T;
}
