/**
 * The heap's state handles. A handle works on one table and reads the current key from its backend
 * at every call. States with a time to live have handles of their own in `ttl-state.ts`.
 */
import { decodeKey, type EncodedKey, encodeKey } from '../core/index.ts';
import type { AggregateFunction } from './aggregate-function.ts';
import { flattenStrings } from './flat-copy.ts';
import type { KeyEntry, KeyTable } from './key-table.ts';
import type { AppendingState, ListState, MapState, ValueState } from './keyed-state.ts';
import type { MapEntries, MapTable, ValueTable } from './state-tables.ts';

/** Where a handle finds the key it works for. */
export interface CurrentKey {
  /** @throws {StreamError} kind `invalid`, code `NO_CURRENT_KEY`, outside of a keyed call. */
  encoded(): EncodedKey;
}

/** A reducing state that also answers what it adds to. */
export interface HeapReducingState<T> extends AppendingState<T, T> {
  /** `add`, then `get`, in one look-up. */
  addAndGet(value: T): T;
}

const NOTHING: readonly never[] = Object.freeze([]);

export class HeapValueState<T, R> implements ValueState<T, R> {
  readonly table: ValueTable<T>;
  readonly #entries: KeyTable<T>;
  readonly #current: CurrentKey;
  readonly #defaultValue: R;
  /** What `value` found last, for the `update` that usually follows. */
  #lastKey: EncodedKey | undefined;
  #lastEntry: KeyEntry<T> | undefined;

  constructor(table: ValueTable<T>, current: CurrentKey, defaultValue: R) {
    this.table = table;
    this.#entries = table.entries;
    this.#current = current;
    this.#defaultValue = defaultValue;
    table.onDropAll = () => this.#forget();
  }

  value(): R {
    const key = this.#current.encoded();
    const entry = this.#entries.find(key);
    this.#lastKey = key;
    this.#lastEntry = entry;
    // R includes T by the descriptor's constructors.
    return entry === undefined ? defaultOf(this.#defaultValue) : (entry.value as unknown as R);
  }

  update(value: T | undefined | null): void {
    if (value === undefined || value === null) {
      this.clear();
      return;
    }
    const key = this.#current.encoded();
    const held = typeof value === 'number' ? value : flattenStrings(value);
    const entry = key === this.#lastKey ? this.#lastEntry : this.#entries.find(key);
    if (entry !== undefined) this.#entries.write(entry, held);
    else {
      this.#lastKey = key;
      this.#lastEntry = this.#entries.insert(key, held);
    }
  }

  clear(): void {
    this.#entries.delete(this.#current.encoded());
    this.#forget();
  }

  #forget(): void {
    this.#lastKey = undefined;
    this.#lastEntry = undefined;
  }
}

/** An object default is cloned, so that keys do not share it. */
export function defaultOf<R>(value: R): R {
  return typeof value === 'object' && value !== null ? structuredClone(value) : value;
}

export class HeapListState<T> implements ListState<T> {
  readonly table: ValueTable<T[]>;
  readonly #entries: KeyTable<T[]>;
  readonly #current: CurrentKey;

  constructor(table: ValueTable<T[]>, current: CurrentKey) {
    this.table = table;
    this.#entries = table.entries;
    this.#current = current;
  }

  get(): readonly T[] {
    return this.#entries.get(this.#current.encoded()) ?? NOTHING;
  }

  add(value: T): void {
    const key = this.#current.encoded();
    const entry = this.#entries.find(key);
    if (entry === undefined) this.#entries.insert(key, [flattenStrings(value)]);
    else {
      entry.value.push(flattenStrings(value));
      this.#entries.touch(entry);
    }
  }

  addAll(values: Iterable<T>): void {
    // The copy lets a caller add the state's own list to it.
    for (const value of [...values]) this.add(value);
  }

  update(values: Iterable<T>): void {
    const list = Array.from(values, (value) => flattenStrings(value));
    if (list.length === 0) this.clear();
    else this.#entries.set(this.#current.encoded(), list);
  }

  clear(): void {
    this.#entries.delete(this.#current.encoded());
  }
}

export class HeapMapState<K, V> implements MapState<K, V> {
  readonly table: MapTable<V>;
  readonly #current: CurrentKey;

  constructor(table: MapTable<V>, current: CurrentKey) {
    this.table = table;
    this.#current = current;
  }

  get(key: K): V | undefined {
    return this.#map()?.get(encodeKey(key))?.value;
  }

  put(key: K, value: V): void {
    this.table.put(this.#current.encoded(), encodeKey(key), flattenStrings(value));
  }

  putAll(entries: Iterable<readonly [K, V]>): void {
    for (const [key, value] of [...entries]) this.put(key, value);
  }

  remove(key: K): void {
    const entry = this.#map()?.get(encodeKey(key));
    if (entry !== undefined) this.table.remove(entry);
  }

  has(key: K): boolean {
    return this.#map()?.has(encodeKey(key)) ?? false;
  }

  contains(key: K): boolean {
    return this.has(key);
  }

  *entries(): IterableIterator<[K, V]> {
    // A map key went in as K, and comes back as an equal one.
    for (const { mapKey, value } of this.#values()) yield [decodeKey(mapKey) as K, value];
  }

  *keys(): IterableIterator<K> {
    for (const { mapKey } of this.#values()) yield decodeKey(mapKey) as K;
  }

  *values(): IterableIterator<V> {
    for (const { value } of this.#values()) yield value;
  }

  isEmpty(): boolean {
    return this.#map() === undefined;
  }

  clear(): void {
    this.table.clear(this.#current.encoded());
  }

  #map(): MapEntries<V> | undefined {
    return this.table.mapOf(this.#current.encoded());
  }

  #values(): Iterable<{ readonly mapKey: EncodedKey; readonly value: V }> {
    return this.#map()?.values() ?? NOTHING;
  }
}

export class PlainReducingState<T> implements HeapReducingState<T> {
  readonly table: ValueTable<T>;
  readonly #entries: KeyTable<T>;
  readonly #current: CurrentKey;
  readonly #reduce: (left: T, right: T) => T;

  constructor(table: ValueTable<T>, current: CurrentKey, reduce: (left: T, right: T) => T) {
    this.table = table;
    this.#entries = table.entries;
    this.#current = current;
    this.#reduce = reduce;
  }

  get(): T | undefined {
    return this.#entries.get(this.#current.encoded());
  }

  add(value: T): void {
    this.addAndGet(value);
  }

  addAndGet(value: T): T {
    const key = this.#current.encoded();
    const entry = this.#entries.find(key);
    if (entry === undefined) {
      this.#entries.insert(key, flattenStrings(value));
      return value;
    }
    const held = entry.value;
    const next = this.#reduce(held, value);
    // The function may have changed what is held, so that an equal reference is a change too.
    if (next === held) this.#entries.touch(entry);
    else this.#entries.write(entry, typeof next === 'number' ? next : flattenStrings(next, held));
    return next;
  }

  clear(): void {
    this.#entries.delete(this.#current.encoded());
  }
}

export class HeapAggregatingState<I, A, O> implements AppendingState<I, O> {
  readonly table: ValueTable<A>;
  readonly #entries: KeyTable<A>;
  readonly #current: CurrentKey;
  readonly #aggregate: AggregateFunction<I, A, O>;

  constructor(table: ValueTable<A>, current: CurrentKey, aggregate: AggregateFunction<I, A, O>) {
    this.table = table;
    this.#entries = table.entries;
    this.#current = current;
    this.#aggregate = aggregate;
  }

  get(): O | undefined {
    const held = this.#entries.find(this.#current.encoded());
    return held === undefined ? undefined : this.#aggregate.getResult(held.value);
  }

  add(value: I): void {
    const key = this.#current.encoded();
    const entry = this.#entries.find(key);
    if (entry === undefined) {
      this.#addFirst(key, value);
      return;
    }
    const held = entry.value;
    const next = this.#aggregate.add(value, held);
    if (next === held) this.#entries.touch(entry);
    else this.#entries.write(entry, flattenStrings(next, held));
  }

  #addFirst(key: EncodedKey, value: I): void {
    const first = this.#aggregate.add(value, this.#aggregate.createAccumulator());
    this.#entries.insert(key, flattenStrings(first));
  }

  clear(): void {
    this.#entries.delete(this.#current.encoded());
  }
}
