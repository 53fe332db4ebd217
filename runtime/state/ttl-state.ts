/**
 * Handles of states with a time to live. They hold {@link TtlValue}s: one a key, one for each
 * element of a list, one for each entry of a map.
 *
 * I1  A read removes what has expired, whatever it returns.
 * I2  What is read is written, when reads start the time anew: a change for snapshots.
 *
 * @see Flink `TtlValueState`, `TtlListState`, `TtlMapState`, `TtlReduceFunction`
 */
import { decodeKey, encodeKey } from '../core/index.ts';
import type { AggregateFunction } from './aggregate-function.ts';
import { flattenStrings } from './flat-copy.ts';
import { type CurrentKey, defaultOf, type HeapReducingState } from './heap-state.ts';
import type { KeyTable } from './key-table.ts';
import type { AppendingState, ListState, MapState, ValueState } from './keyed-state.ts';
import type { MapEntry, MapTable, ValueTable } from './state-tables.ts';
import type { Ttl, TtlValue } from './ttl.ts';

/** Reads and writes one value a key. */
class TtlCell<T> {
  readonly #entries: KeyTable<TtlValue<T>>;
  readonly #current: CurrentKey;
  readonly #ttl: Ttl;

  constructor(table: ValueTable<TtlValue<T>>, current: CurrentKey, ttl: Ttl) {
    this.#entries = table.entries;
    this.#current = current;
    this.#ttl = ttl;
  }

  read(): T | undefined {
    const key = this.#current.encoded();
    const entry = this.#entries.find(key);
    if (entry === undefined) return undefined;
    const held = entry.value;
    if (this.#ttl.expired(held)) {
      this.#entries.delete(key);
      return this.#ttl.returnsExpired ? held.value : undefined;
    }
    if (this.#ttl.updatesOnRead) {
      this.#ttl.refresh(held);
      this.#entries.touch(entry);
    }
    return held.value;
  }

  /** Folds into what is held, if that may still be seen. */
  change(fold: (held: T | undefined) => T): T {
    const key = this.#current.encoded();
    const entry = this.#entries.find(key);
    if (entry === undefined) {
      const first = fold(undefined);
      this.#entries.insert(key, this.#ttl.stamp(flattenStrings(first)));
      return first;
    }
    const seen = this.#ttl.returnsExpired || !this.#ttl.expired(entry.value);
    const held = seen ? entry.value.value : undefined;
    const next = fold(held);
    this.#entries.write(entry, this.#ttl.stamp(flattenStrings(next, held)));
    return next;
  }

  clear(): void {
    this.#entries.delete(this.#current.encoded());
  }
}

export class TtlValueState<T, R> implements ValueState<T, R> {
  readonly table: ValueTable<TtlValue<T>>;
  readonly #cell: TtlCell<T>;
  readonly #defaultValue: R;

  constructor(table: ValueTable<TtlValue<T>>, current: CurrentKey, ttl: Ttl, defaultValue: R) {
    this.table = table;
    this.#cell = new TtlCell(table, current, ttl);
    this.#defaultValue = defaultValue;
  }

  value(): R {
    const held = this.#cell.read();
    // R includes T by the descriptor's constructors.
    return held === undefined ? defaultOf(this.#defaultValue) : (held as unknown as R);
  }

  update(value: T | undefined | null): void {
    if (value === undefined || value === null) this.#cell.clear();
    else this.#cell.change(() => value);
  }

  clear(): void {
    this.#cell.clear();
  }
}

export class TtlReducingState<T> implements HeapReducingState<T> {
  readonly table: ValueTable<TtlValue<T>>;
  readonly #cell: TtlCell<T>;
  readonly #reduce: (left: T, right: T) => T;

  constructor(
    table: ValueTable<TtlValue<T>>,
    current: CurrentKey,
    ttl: Ttl,
    reduce: (left: T, right: T) => T,
  ) {
    this.table = table;
    this.#cell = new TtlCell(table, current, ttl);
    this.#reduce = reduce;
  }

  get(): T | undefined {
    return this.#cell.read();
  }

  add(value: T): void {
    this.addAndGet(value);
  }

  addAndGet(value: T): T {
    return this.#cell.change((held) => (held === undefined ? value : this.#reduce(held, value)));
  }

  clear(): void {
    this.#cell.clear();
  }
}

export class TtlAggregatingState<I, A, O> implements AppendingState<I, O> {
  readonly table: ValueTable<TtlValue<A>>;
  readonly #cell: TtlCell<A>;
  readonly #aggregate: AggregateFunction<I, A, O>;

  constructor(
    table: ValueTable<TtlValue<A>>,
    current: CurrentKey,
    ttl: Ttl,
    aggregate: AggregateFunction<I, A, O>,
  ) {
    this.table = table;
    this.#cell = new TtlCell(table, current, ttl);
    this.#aggregate = aggregate;
  }

  get(): O | undefined {
    const held = this.#cell.read();
    return held === undefined ? undefined : this.#aggregate.getResult(held);
  }

  add(value: I): void {
    const aggregate = this.#aggregate;
    this.#cell.change((held) => aggregate.add(value, held ?? aggregate.createAccumulator()));
  }

  clear(): void {
    this.#cell.clear();
  }
}

export class TtlListState<T> implements ListState<T> {
  readonly table: ValueTable<TtlValue<T>[]>;
  readonly #entries: KeyTable<TtlValue<T>[]>;
  readonly #current: CurrentKey;
  readonly #ttl: Ttl;

  constructor(table: ValueTable<TtlValue<T>[]>, current: CurrentKey, ttl: Ttl) {
    this.table = table;
    this.#entries = table.entries;
    this.#current = current;
    this.#ttl = ttl;
  }

  get(): readonly T[] {
    const key = this.#current.encoded();
    const entry = this.#entries.find(key);
    if (entry === undefined) return [];
    const all = entry.value;
    const left = unexpiredElements(this.#ttl, all);
    if (left === undefined) this.#entries.delete(key);
    else {
      if (this.#ttl.updatesOnRead) for (const element of left) this.#ttl.refresh(element);
      if (left !== all || this.#ttl.updatesOnRead) this.#entries.write(entry, left);
    }
    return (this.#ttl.returnsExpired ? all : (left ?? [])).map(({ value }) => value);
  }

  add(value: T): void {
    const key = this.#current.encoded();
    const element = this.#ttl.stamp(flattenStrings(value));
    const entry = this.#entries.find(key);
    if (entry === undefined) this.#entries.insert(key, [element]);
    else {
      entry.value.push(element);
      this.#entries.touch(entry);
    }
  }

  addAll(values: Iterable<T>): void {
    for (const value of [...values]) this.add(value);
  }

  update(values: Iterable<T>): void {
    const list = Array.from(values, (value) => this.#ttl.stamp(flattenStrings(value)));
    if (list.length === 0) this.clear();
    else this.#entries.set(this.#current.encoded(), list);
  }

  clear(): void {
    this.#entries.delete(this.#current.encoded());
  }
}

/** The array itself when nothing in it has expired; undefined when everything has. */
export function unexpiredElements<T>(ttl: Ttl, elements: TtlValue<T>[]): TtlValue<T>[] | undefined {
  if (!elements.some((element) => ttl.expired(element))) return elements;
  const left = elements.filter((element) => !ttl.expired(element));
  return left.length === 0 ? undefined : left;
}

export class TtlMapState<K, V> implements MapState<K, V> {
  readonly table: MapTable<TtlValue<V>>;
  readonly #current: CurrentKey;
  readonly #ttl: Ttl;

  constructor(table: MapTable<TtlValue<V>>, current: CurrentKey, ttl: Ttl) {
    this.table = table;
    this.#current = current;
    this.#ttl = ttl;
  }

  get(key: K): V | undefined {
    const entry = this.table.find(this.#current.encoded(), encodeKey(key));
    return entry !== undefined && this.#seen(entry) ? entry.value.value : undefined;
  }

  put(key: K, value: V): void {
    const held = this.#ttl.stamp(flattenStrings(value));
    this.table.put(this.#current.encoded(), encodeKey(key), held);
  }

  putAll(entries: Iterable<readonly [K, V]>): void {
    for (const [key, value] of [...entries]) this.put(key, value);
  }

  remove(key: K): void {
    const entry = this.table.find(this.#current.encoded(), encodeKey(key));
    if (entry !== undefined) this.table.remove(entry);
  }

  has(key: K): boolean {
    const entry = this.table.find(this.#current.encoded(), encodeKey(key));
    return entry !== undefined && this.#seen(entry);
  }

  contains(key: K): boolean {
    return this.has(key);
  }

  *entries(): IterableIterator<[K, V]> {
    // A map key went in as K, and comes back as an equal one.
    for (const { mapKey, value } of this.#all()) yield [decodeKey(mapKey) as K, value.value];
  }

  *keys(): IterableIterator<K> {
    for (const { mapKey } of this.#all()) yield decodeKey(mapKey) as K;
  }

  *values(): IterableIterator<V> {
    for (const { value } of this.#all()) yield value.value;
  }

  isEmpty(): boolean {
    return this.#all().next().done === true;
  }

  clear(): void {
    this.table.clear(this.#current.encoded());
  }

  *#all(): IterableIterator<MapEntry<TtlValue<V>>> {
    const map = this.table.mapOf(this.#current.encoded());
    if (map === undefined) return;
    for (const entry of map.values()) if (this.#seen(entry)) yield entry;
  }

  /** Whether an entry that is read is returned. */
  #seen(entry: MapEntry<TtlValue<V>>): boolean {
    if (this.#ttl.expired(entry.value)) {
      this.table.remove(entry);
      return this.#ttl.returnsExpired;
    }
    if (this.#ttl.updatesOnRead) {
      this.#ttl.refresh(entry.value);
      this.table.touch(entry);
    }
    return true;
  }
}
