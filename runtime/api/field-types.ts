/**
 * What may be a key: something every slot agrees on. Functions, promises, undefined and null are
 * refused by the compiler, the rest (a class instance, NaN) when a record has such a key.
 */
export type KeyValue =
  | string
  | number
  | boolean
  | bigint
  | (object & { readonly bind?: never; readonly then?: never });

/** Names of fields whose values can be keys. */
export type KeyField<T> = FieldOf<T, KeyValue>;

/** Fields of `T` whose type is that of the other side's key. */
export type FieldWithKey<T, K> = {
  [F in KeyField<T>]: T[F] extends K ? (K extends T[F] ? F : never) : never;
}[KeyField<T>];

/** Names of fields that can be added up. */
export type NumericField<T> = FieldOf<T, number>;

/** Names of fields that have an order: numbers, bigints, texts, booleans, dates. */
export type ComparableField<T> = FieldOf<T, number | bigint | string | boolean | Date>;

/**
 * An object with the methods of `F` that is no function. Without it every function would pass for
 * an object with a method `apply`.
 */
export type NotCallable<F> = F & { readonly bind?: never };

type FieldOf<T, V> = T extends object
  ? { [F in keyof T & string]-?: T[F] extends V ? F : never }[keyof T & string]
  : never;
