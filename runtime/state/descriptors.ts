/**
 * Descriptions of keyed states: a name, a kind, and what the kind needs. A name belongs to one
 * kind within an operator. The same descriptors describe operator states.
 */
import type { FieldType, TypeInformation } from '../core/index.ts';
import type { AggregateFunction, ReduceFunction, ReduceLike } from './aggregate-function.ts';
import { assertTtl, type StateTtlConfig } from './ttl.ts';

export type StateKind = 'value' | 'list' | 'map' | 'reducing' | 'aggregating';

export type StateDescriptor =
  | ValueStateDescriptor<unknown, unknown>
  | ListStateDescriptor<unknown>
  | MapStateDescriptor<unknown, unknown>
  | ReducingStateDescriptor<never>
  | AggregatingStateDescriptor<never, never, unknown>;

/**
 * What a state may declare besides. `T` is what is stored: the value, the element of a list, the
 * value of a map's entry, the accumulator of an aggregating state.
 */
export interface StateOptions<T> {
  readonly ttl?: StateTtlConfig;
  /**
   * Declares the type, so that a restore can tell whether what is stored still fits. The rows in
   * it may gain fields (absent in restored values) and lose fields (dropped) between two versions
   * of a job; any other change needs a new version and {@link migrate}.
   */
  readonly type?: TypeInformation<T> | FieldType;
  /** From 1; raised together with a change that {@link migrate} carries over. @defaultValue 1 */
  readonly version?: number;
  /** Turns a restored value of another version into one of this. */
  readonly migrate?: (value: unknown, fromVersion: number) => T;
}

/** One value a key. `R` is what `value()` returns: `T`, or `T | undefined` without a default. */
export interface ValueStateDescriptor<T, R = T | undefined> {
  readonly kind: 'value';
  readonly name: string;
  readonly defaultValue: R;
  readonly options: StateOptions<unknown>;
  /** Never present at run time. */
  readonly _t?: T;
}

/** With a default, `value()` never answers undefined; an object default is cloned each time. */
export const ValueStateDescriptor = class {
  readonly kind = 'value';
  readonly name: string;
  readonly defaultValue: unknown;
  readonly options: StateOptions<unknown>;
  constructor(name: string, defaultValue?: unknown, options?: StateOptions<unknown>) {
    this.name = name;
    this.defaultValue = defaultValue;
    this.options = checked(name, options);
  }
} as {
  new <T>(
    name: string,
    noDefault?: undefined,
    options?: StateOptions<T>,
  ): ValueStateDescriptor<T, T | undefined>;
  new <T>(name: string, defaultValue: T, options?: StateOptions<T>): ValueStateDescriptor<T, T>;
};

/** A list a key. */
export class ListStateDescriptor<T> {
  readonly kind = 'list';
  readonly name: string;
  readonly options: StateOptions<unknown>;
  declare readonly _t?: T;
  constructor(name: string, options?: StateOptions<T>) {
    this.name = name;
    this.options = checked(name, options);
  }
}

/** A map a key. Map keys follow the rules of `keyBy` keys. */
export class MapStateDescriptor<K, V> {
  readonly kind = 'map';
  readonly name: string;
  readonly options: StateOptions<unknown>;
  declare readonly _t?: [K, V];
  constructor(name: string, options?: StateOptions<V>) {
    this.name = name;
    this.options = checked(name, options);
  }
}

/** A value a key into which added values are reduced. */
export class ReducingStateDescriptor<T> {
  readonly kind = 'reducing';
  readonly name: string;
  readonly reduce: (left: T, right: T) => T;
  readonly options: StateOptions<unknown>;
  constructor(name: string, reduce: ReduceLike<T>, options?: StateOptions<T>) {
    this.name = name;
    this.reduce = typeof reduce === 'function' ? reduce : methodOf(reduce);
    this.options = checked(name, options);
  }
}

/** An accumulator a key into which added values are folded. */
export class AggregatingStateDescriptor<I, A, O> {
  readonly kind = 'aggregating';
  readonly name: string;
  readonly aggregate: AggregateFunction<I, A, O>;
  readonly options: StateOptions<unknown>;
  constructor(name: string, aggregate: AggregateFunction<I, A, O>, options?: StateOptions<A>) {
    this.name = name;
    this.aggregate = aggregate;
    this.options = checked(name, options);
  }
}

function methodOf<T>(fn: ReduceFunction<T>): (left: T, right: T) => T {
  return (left, right) => fn.reduce(left, right);
}

function checked(name: string, options: StateOptions<unknown> = {}): StateOptions<unknown> {
  if (options.ttl !== undefined) assertTtl(options.ttl.ttlMs, name);
  return options;
}
