/**
 * The handles user functions hold: each reads and writes the entry of the current key, which the
 * operator sets before every call.
 */
import type {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from './descriptors.ts';

/**
 * `R` is `T` where the descriptor has a default, `T | undefined` otherwise. A value that is changed
 * in place must be given to `update`: a snapshot of changes holds it only then.
 */
export interface ValueState<T, R = T | undefined> {
  value(): R;
  /** Undefined or null clears. */
  update(value: T | undefined | null): void;
  clear(): void;
}

export interface ListState<T> {
  /** In order of adding; empty when nothing was added. The caller must not change it. */
  get(): readonly T[];
  add(value: T): void;
  addAll(values: Iterable<T>): void;
  /** Replaces the list; an empty one clears. */
  update(values: Iterable<T>): void;
  clear(): void;
}

export interface MapState<K, V> {
  get(key: K): V | undefined;
  put(key: K, value: V): void;
  putAll(entries: Iterable<readonly [K, V]>): void;
  remove(key: K): void;
  has(key: K): boolean;
  /** Flink's name of {@link has}. */
  contains(key: K): boolean;
  entries(): IterableIterator<[K, V]>;
  keys(): IterableIterator<K>;
  values(): IterableIterator<V>;
  isEmpty(): boolean;
  clear(): void;
}

/** A state that folds what is added to it. */
export interface AppendingState<I, O> {
  /** Undefined when nothing was added since the last clear. */
  get(): O | undefined;
  add(value: I): void;
  clear(): void;
}

export type ReducingState<T> = AppendingState<T, T>;
export type AggregatingState<I, O> = AppendingState<I, O>;

/** What gives states to a user function. */
export interface KeyedStateStore {
  getState<T, R>(descriptor: ValueStateDescriptor<T, R>): ValueState<T, R>;
  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T>;
  getMapState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V>;
  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T>;
  getAggregatingState<I, A, O>(
    descriptor: AggregatingStateDescriptor<I, A, O>,
  ): AggregatingState<I, O>;
}
