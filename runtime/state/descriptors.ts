/**
 * Descriptions of keyed states: a name, a kind, and what the kind needs. A name belongs to one
 * kind within an operator.
 */
import type { AggregateFunction, ReduceFunction, ReduceLike } from './aggregate-function.ts';

export type StateKind = 'value' | 'list' | 'map' | 'reducing' | 'aggregating';

export type StateDescriptor =
  | ValueStateDescriptor<unknown, unknown>
  | ListStateDescriptor<unknown>
  | MapStateDescriptor<unknown, unknown>
  | ReducingStateDescriptor<never>
  | AggregatingStateDescriptor<never, never, unknown>;

/** One value a key. `R` is what `value()` returns: `T`, or `T | undefined` without a default. */
export interface ValueStateDescriptor<T, R = T | undefined> {
  readonly kind: 'value';
  readonly name: string;
  readonly defaultValue: R;
  /** Never present at run time. */
  readonly _t?: T;
}

/** With a default, `value()` never answers undefined; an object default is cloned each time. */
export const ValueStateDescriptor = class {
  readonly kind = 'value';
  readonly name: string;
  readonly defaultValue: unknown;
  constructor(name: string, defaultValue?: unknown) {
    this.name = name;
    this.defaultValue = defaultValue;
  }
} as {
  new <T>(name: string): ValueStateDescriptor<T, T | undefined>;
  new <T>(name: string, defaultValue: T): ValueStateDescriptor<T, T>;
};

/** A list a key. */
export class ListStateDescriptor<T> {
  readonly kind = 'list';
  readonly name: string;
  declare readonly _t?: T;
  constructor(name: string) {
    this.name = name;
  }
}

/** A map a key. Map keys follow the rules of `keyBy` keys. */
export class MapStateDescriptor<K, V> {
  readonly kind = 'map';
  readonly name: string;
  declare readonly _t?: [K, V];
  constructor(name: string) {
    this.name = name;
  }
}

/** A value a key into which added values are reduced. */
export class ReducingStateDescriptor<T> {
  readonly kind = 'reducing';
  readonly name: string;
  readonly reduce: (left: T, right: T) => T;
  constructor(name: string, reduce: ReduceLike<T>) {
    this.name = name;
    this.reduce = typeof reduce === 'function' ? reduce : methodOf(reduce);
  }
}

/** An accumulator a key into which added values are folded. */
export class AggregatingStateDescriptor<I, A, O> {
  readonly kind = 'aggregating';
  readonly name: string;
  readonly aggregate: AggregateFunction<I, A, O>;
  constructor(name: string, aggregate: AggregateFunction<I, A, O>) {
    this.name = name;
    this.aggregate = aggregate;
  }
}

function methodOf<T>(fn: ReduceFunction<T>): (left: T, right: T) => T {
  return (left, right) => fn.reduce(left, right);
}
