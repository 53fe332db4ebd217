/**
 * Descriptions of keyed states: a name, a kind, and what the kind needs. A name belongs to one
 * kind within an operator. The same descriptors describe operator states.
 */
import { type FieldType, StreamError, type TypeInformation } from '../core/index.ts';
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
  /**
   * Whether who may read the cluster's REST interface may ask for values of this state, and under
   * which name; true: under its own. See `setQueryable`.
   *
   * @defaultValue false: states may hold what is nobody's business
   */
  readonly queryable?: boolean | string;
}

/** One value a key. `R` is what `value()` returns: `T`, or `T | undefined` without a default. */
export interface ValueStateDescriptor<T, R = T | undefined> {
  readonly kind: 'value';
  readonly name: string;
  readonly defaultValue: R;
  readonly options: StateOptions<unknown>;
  /** As {@link ListStateDescriptor.setQueryable}. */
  setQueryable(queryableName?: string): this;
  /** Never present at run time. */
  readonly _t?: T;
}

/** What the descriptors of all kinds have. */
abstract class Descriptor {
  readonly name: string;
  #options: StateOptions<unknown>;

  constructor(name: string, options: StateOptions<unknown> = {}) {
    if (options.ttl !== undefined) assertTtl(options.ttl.ttlMs, name);
    assertQueryable(options.queryable, name);
    this.name = name;
    this.#options = options;
  }

  get options(): StateOptions<unknown> {
    return this.#options;
  }

  /**
   * Lets people ask for values of this state while the job runs:
   * `GET /jobs/:id/state/:uid/:queryableName/:key`. Before a function asks for the state.
   *
   * @param queryableName one of its own within the operator.
   * @defaultValue the state's name
   * @throws {StreamError} `STATE_QUERYABLE_NAME_INVALID`.
   */
  setQueryable(queryableName: string = this.name): this {
    assertQueryable(queryableName, this.name);
    this.#options = { ...this.#options, queryable: queryableName };
    return this;
  }
}

/** With a default, `value()` never answers undefined; an object default is cloned each time. */
export const ValueStateDescriptor = class extends Descriptor {
  readonly kind = 'value';
  readonly defaultValue: unknown;
  constructor(name: string, defaultValue?: unknown, options?: StateOptions<unknown>) {
    super(name, options);
    this.defaultValue = defaultValue;
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
export class ListStateDescriptor<T> extends Descriptor {
  readonly kind = 'list';
  declare readonly _t?: T;
  constructor(name: string, options?: StateOptions<T>) {
    super(name, options);
  }
}

/** A map a key. Map keys follow the rules of `keyBy` keys. */
export class MapStateDescriptor<K, V> extends Descriptor {
  readonly kind = 'map';
  declare readonly _t?: [K, V];
  constructor(name: string, options?: StateOptions<V>) {
    super(name, options);
  }
}

/** A value a key into which added values are reduced. */
export class ReducingStateDescriptor<T> extends Descriptor {
  readonly kind = 'reducing';
  readonly reduce: (left: T, right: T) => T;
  constructor(name: string, reduce: ReduceLike<T>, options?: StateOptions<T>) {
    super(name, options);
    this.reduce = typeof reduce === 'function' ? reduce : methodOf(reduce);
  }
}

/** An accumulator a key into which added values are folded. */
export class AggregatingStateDescriptor<I, A, O> extends Descriptor {
  readonly kind = 'aggregating';
  readonly aggregate: AggregateFunction<I, A, O>;
  constructor(name: string, aggregate: AggregateFunction<I, A, O>, options?: StateOptions<A>) {
    super(name, options);
    this.aggregate = aggregate;
  }
}

function methodOf<T>(fn: ReduceFunction<T>): (left: T, right: T) => T {
  return (left, right) => fn.reduce(left, right);
}

function assertQueryable(queryable: unknown, name: string): void {
  if (queryable === undefined || typeof queryable === 'boolean') return;
  if (typeof queryable === 'string' && queryable !== '') return;
  throw new StreamError({
    kind: 'invalid',
    code: 'STATE_QUERYABLE_NAME_INVALID',
    message: `the name under which a state is queryable must be a text that is not empty: state=${name} queryable=${String(queryable)}`,
    details: { state: name },
  });
}
