/**
 * The heap's state handles. A handle owns one table, from encoded key to what the kind keeps, and
 * reads the current key from its backend at every call.
 */
import { decodeKey, type EncodedKey, encodeKey } from '../core/index.ts';
import type { AggregateFunction } from './aggregate-function.ts';
import { flattenStrings } from './flat-copy.ts';
import { KeyTable } from './key-table.ts';
import type { AppendingState, ListState, MapState, ValueState } from './keyed-state.ts';

/** Where a handle finds the key it works for. */
export interface CurrentKey {
  /** @throws {StreamError} kind `invalid`, code `NO_CURRENT_KEY`, outside of a keyed call. */
  encoded(): EncodedKey;
}

/** Map state keeps encoded map keys, so that equal composite keys are one key. */
export type MapEntries<V> = Map<EncodedKey, V>;

const NOTHING: readonly never[] = Object.freeze([]);

export class HeapValueState<T, R> implements ValueState<T, R> {
  readonly table = new KeyTable<T>();
  readonly #current: CurrentKey;
  readonly #defaultValue: R;

  constructor(current: CurrentKey, defaultValue: R) {
    this.#current = current;
    this.#defaultValue = defaultValue;
  }

  value(): R {
    const held = this.table.get(this.#current.encoded());
    // R includes T by the descriptor's constructors.
    if (held !== undefined) return held as unknown as R;
    const value = this.#defaultValue;
    return typeof value === 'object' && value !== null ? structuredClone(value) : value;
  }

  update(value: T | undefined | null): void {
    const key = this.#current.encoded();
    if (value === undefined || value === null) this.table.delete(key);
    else this.table.set(key, typeof value === 'number' ? value : flattenStrings(value));
  }

  clear(): void {
    this.table.delete(this.#current.encoded());
  }
}

export class HeapListState<T> implements ListState<T> {
  readonly table = new KeyTable<T[]>();
  readonly #current: CurrentKey;

  constructor(current: CurrentKey) {
    this.#current = current;
  }

  get(): readonly T[] {
    return this.table.get(this.#current.encoded()) ?? NOTHING;
  }

  add(value: T): void {
    const key = this.#current.encoded();
    const list = this.table.get(key);
    if (list === undefined) this.table.set(key, [flattenStrings(value)]);
    else list.push(flattenStrings(value));
  }

  addAll(values: Iterable<T>): void {
    // The copy lets a caller add the state's own list to it.
    for (const value of [...values]) this.add(value);
  }

  update(values: Iterable<T>): void {
    const list = Array.from(values, (value) => flattenStrings(value));
    if (list.length === 0) this.clear();
    else this.table.set(this.#current.encoded(), list);
  }

  clear(): void {
    this.table.delete(this.#current.encoded());
  }
}

export class HeapMapState<K, V> implements MapState<K, V> {
  readonly table = new KeyTable<MapEntries<V>>();
  readonly #current: CurrentKey;

  constructor(current: CurrentKey) {
    this.#current = current;
  }

  get(key: K): V | undefined {
    return this.#entries()?.get(encodeKey(key));
  }

  put(key: K, value: V): void {
    let entries = this.#entries();
    if (entries === undefined) {
      entries = new Map();
      this.table.set(this.#current.encoded(), entries);
    }
    const encoded = encodeKey(key);
    entries.set(entries.has(encoded) ? encoded : flattenStrings(encoded), flattenStrings(value));
  }

  putAll(entries: Iterable<readonly [K, V]>): void {
    for (const [key, value] of [...entries]) this.put(key, value);
  }

  remove(key: K): void {
    const entries = this.#entries();
    if (entries === undefined) return;
    entries.delete(encodeKey(key));
    // An empty map is no state: it must not be snapshotted, nor keep its key alive.
    if (entries.size === 0) this.clear();
  }

  has(key: K): boolean {
    return this.#entries()?.has(encodeKey(key)) ?? false;
  }

  contains(key: K): boolean {
    return this.has(key);
  }

  *entries(): IterableIterator<[K, V]> {
    // A map key went in as K, and comes back as an equal one.
    for (const [key, value] of this.#entries() ?? NOTHING) yield [decodeKey(key) as K, value];
  }

  *keys(): IterableIterator<K> {
    for (const key of this.#entries()?.keys() ?? NOTHING) yield decodeKey(key) as K;
  }

  *values(): IterableIterator<V> {
    yield* this.#entries()?.values() ?? NOTHING;
  }

  isEmpty(): boolean {
    return this.#entries() === undefined;
  }

  clear(): void {
    this.table.delete(this.#current.encoded());
  }

  #entries(): MapEntries<V> | undefined {
    return this.table.get(this.#current.encoded());
  }
}

export class HeapReducingState<T> implements AppendingState<T, T> {
  readonly table = new KeyTable<T>();
  readonly #current: CurrentKey;
  readonly #reduce: (left: T, right: T) => T;

  constructor(current: CurrentKey, reduce: (left: T, right: T) => T) {
    this.#current = current;
    this.#reduce = reduce;
  }

  get(): T | undefined {
    return this.table.get(this.#current.encoded());
  }

  add(value: T): void {
    this.addAndGet(value);
  }

  /** One look-up fewer than `add` and `get`. */
  addAndGet(value: T): T {
    const key = this.#current.encoded();
    const held = this.table.get(key);
    const next = held === undefined ? value : this.#reduce(held, value);
    if (next !== held) {
      this.table.set(key, typeof next === 'number' ? next : flattenStrings(next, held));
    }
    return next;
  }

  clear(): void {
    this.table.delete(this.#current.encoded());
  }
}

export class HeapAggregatingState<I, A, O> implements AppendingState<I, O> {
  readonly table = new KeyTable<A>();
  readonly #current: CurrentKey;
  readonly #aggregate: AggregateFunction<I, A, O>;

  constructor(current: CurrentKey, aggregate: AggregateFunction<I, A, O>) {
    this.#current = current;
    this.#aggregate = aggregate;
  }

  get(): O | undefined {
    const held = this.table.get(this.#current.encoded());
    return held === undefined ? undefined : this.#aggregate.getResult(held);
  }

  add(value: I): void {
    const key = this.#current.encoded();
    const held = this.table.get(key);
    const next = this.#aggregate.add(value, held ?? this.#aggregate.createAccumulator());
    if (next !== held) this.table.set(key, flattenStrings(next, held));
  }

  clear(): void {
    this.table.delete(this.#current.encoded());
  }
}
