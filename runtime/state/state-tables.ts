/**
 * The tables behind keyed states, as snapshots and handles see them.
 *
 * I1  Strings held are flat, see {@link flattenStrings}.
 * I2  What a time to live has ended is in the table until a read or {@link SnapshotTable.visitAll}
 *     removes it.
 */
import type { EncodedKey } from '../core/index.ts';
import type { KeyedStateMetaRecord } from '../protocol/index.ts';
import { ChangeLog, type Tracked } from './change-log.ts';
import { flattenStrings } from './flat-copy.ts';
import { KeyTable } from './key-table.ts';
import type { EntryVisitor, SnapshotTable } from './snapshot-table.ts';

export interface StateTableOptions<V> {
  readonly meta: KeyedStateMetaRecord;
  readonly tracksChanges: boolean;
  /** What is left of a value once the expired is gone; undefined: nothing. */
  readonly unexpired?: ((value: V) => V | undefined) | undefined;
  /** Of an aggregating state: what it answers of an accumulator. */
  readonly resultOf?: ((accumulator: unknown) => unknown) | undefined;
}

/** A table of a state that can be asked for what it holds for a key. Reading changes nothing. */
export interface AskedTable {
  readonly meta: KeyedStateMetaRecord;
  /** Entries belong to windows of their keys. */
  readonly isPerWindow: boolean;
  readonly resultOf: ((accumulator: unknown) => unknown) | undefined;
  /**
   * As a snapshot would hold it, the expired too; of a map state a {@link HeldMap}. Undefined:
   * nothing.
   *
   * @param namespace undefined unless {@link isPerWindow}.
   */
  heldOf(key: EncodedKey, namespace: string | undefined): unknown;
  /** Any key that it has; undefined: none is at hand. */
  exampleKey(): EncodedKey | undefined;
}

/** The map of one key, by encoded map key. */
export interface HeldMap<V> extends Iterable<readonly [EncodedKey, V]> {
  get(mapKey: EncodedKey): V | undefined;
}

/** A table that can list what it holds. */
export interface StateTable extends SnapshotTable, AskedTable {
  /** By key; values as snapshots hold them, those of a map state in a `Map` by encoded map key. */
  heldEntries(): IterableIterator<[EncodedKey, unknown]>;
}

/** One value a key: of value, list, reducing and aggregating states. */
export class ValueTable<V> implements StateTable {
  readonly meta: KeyedStateMetaRecord;
  readonly entries: KeyTable<V>;
  readonly isPerWindow = false;
  readonly resultOf: ((accumulator: unknown) => unknown) | undefined;
  readonly #unexpired: ((value: V) => V | undefined) | undefined;
  /** Of a handle that remembers an entry. */
  onDropAll: (() => void) | undefined;

  constructor(options: StateTableOptions<V>) {
    this.meta = options.meta;
    this.resultOf = options.resultOf;
    this.entries = new KeyTable({ tracksChanges: options.tracksChanges });
    this.#unexpired = options.unexpired;
  }

  get size(): number {
    return this.entries.size;
  }

  get changeCount(): number {
    return this.entries.changeCount;
  }

  visitAll(visitor: EntryVisitor): void {
    if (this.#unexpired !== undefined) this.#dropExpired(this.#unexpired);
    this.entries.visitAll(visitor);
  }

  visitChanges(visitor: EntryVisitor): void {
    this.entries.visitChanges(visitor);
  }

  dropAll(): void {
    this.entries.clear();
    this.onDropAll?.();
  }

  restorePut(key: EncodedKey, _subKey: EncodedKey | undefined, value: unknown): void {
    // The backend has compared the kinds, and a kind always stores a V.
    this.entries.restorePut(key, value as V);
  }

  restoreRemove(key: EncodedKey): void {
    this.entries.restoreRemove(key);
  }

  heldEntries(): IterableIterator<[EncodedKey, V]> {
    return this.entries.entries();
  }

  heldOf(key: EncodedKey): V | undefined {
    return this.entries.get(key);
  }

  exampleKey(): EncodedKey | undefined {
    return this.entries.entries().next().value?.[0];
  }

  #dropExpired(unexpired: (value: V) => V | undefined): void {
    this.entries.forEach((value, key) => {
      const left = unexpired(value);
      if (left === undefined) this.entries.delete(key);
      else if (left !== value) this.entries.set(key, left);
    });
  }
}

/** One entry of a key's map. */
export interface MapEntry<V> extends Tracked {
  readonly key: EncodedKey;
  readonly mapKey: EncodedKey;
  value: V;
}

export type MapEntries<V> = Map<EncodedKey, MapEntry<V>>;

/**
 * A map a key, its entries tracked one by one.
 *
 * I3  A key without entries has no map: an empty map is no state.
 */
export class MapTable<V> implements StateTable {
  readonly meta: KeyedStateMetaRecord;
  readonly isPerWindow = false;
  readonly resultOf = undefined;
  readonly #maps = new KeyTable<MapEntries<V>>();
  readonly #log: ChangeLog<MapEntry<V>>;
  readonly #unexpired: ((value: V) => V | undefined) | undefined;
  #size = 0;

  constructor(options: StateTableOptions<V>) {
    this.meta = options.meta;
    this.#log = new ChangeLog(options.tracksChanges);
    this.#unexpired = options.unexpired;
  }

  get size(): number {
    return this.#size;
  }

  get changeCount(): number {
    return this.#log.changeCount;
  }

  mapOf(key: EncodedKey): MapEntries<V> | undefined {
    return this.#maps.get(key);
  }

  find(key: EncodedKey, mapKey: EncodedKey): MapEntry<V> | undefined {
    return this.#maps.get(key)?.get(mapKey);
  }

  put(key: EncodedKey, mapKey: EncodedKey, value: V): void {
    const map = this.#maps.find(key) ?? this.#maps.insert(key, new Map());
    const entry = map.value.get(mapKey);
    if (entry !== undefined) {
      entry.value = value;
      this.#log.touch(entry);
    } else this.#log.added(this.#insert(map.value, map.key, mapKey, value));
  }

  /** Must follow every change of the entry's value in place. */
  touch(entry: MapEntry<V>): void {
    this.#log.touch(entry);
  }

  /** Removes an entry of this table. */
  remove(entry: MapEntry<V>): void {
    this.#delete(entry.key, entry.mapKey);
    this.#log.removed(entry);
  }

  clear(key: EncodedKey): void {
    const map = this.#maps.get(key);
    if (map === undefined) return;
    for (const entry of map.values()) this.#log.removed(entry);
    this.#size -= map.size;
    map.clear();
    this.#maps.delete(key);
  }

  visitAll(visitor: EntryVisitor): void {
    this.#maps.forEach((map) => {
      for (const entry of map.values()) {
        if (this.#unexpired?.(entry.value) === undefined && this.#unexpired !== undefined) {
          this.remove(entry);
        } else visitor.put(entry.key, entry.mapKey, entry.value);
      }
    });
    this.#log.reset();
  }

  visitChanges(visitor: EntryVisitor): void {
    this.#log.visit(
      ({ key, mapKey, value }) => visitor.put(key, mapKey, value),
      ({ key, mapKey }) => {
        if (this.find(key, mapKey) === undefined) visitor.remove(key, mapKey);
      },
    );
  }

  dropAll(): void {
    this.#maps.clear();
    this.#size = 0;
  }

  restorePut(key: EncodedKey, mapKey: EncodedKey | undefined, value: unknown): void {
    const map = this.#maps.find(key) ?? this.#maps.insert(key, new Map());
    // The backend has compared the kinds: there is a map key, and the value is a V.
    const at = mapKey as EncodedKey;
    const held = value as V;
    const entry = map.value.get(at);
    if (entry === undefined) this.#insert(map.value, map.key, at, held);
    else entry.value = held;
  }

  restoreRemove(key: EncodedKey, mapKey: EncodedKey | undefined): void {
    this.#delete(key, mapKey as EncodedKey);
  }

  *heldEntries(): IterableIterator<[EncodedKey, Map<EncodedKey, V>]> {
    for (const [key, map] of this.#maps.entries()) yield [key, new Map(valuesOf(map))];
  }

  heldOf(key: EncodedKey): HeldMap<V> | undefined {
    const map = this.mapOf(key);
    return (
      map && {
        get: (mapKey) => map.get(mapKey)?.value,
        [Symbol.iterator]: () => valuesOf(map),
      }
    );
  }

  exampleKey(): EncodedKey | undefined {
    return this.#maps.entries().next().value?.[0];
  }

  #insert(map: MapEntries<V>, key: EncodedKey, mapKey: EncodedKey, value: V): MapEntry<V> {
    const entry: MapEntry<V> = { key, mapKey: flattenStrings(mapKey), value, mark: 0 };
    map.set(entry.mapKey, entry);
    this.#size += 1;
    return entry;
  }

  #delete(key: EncodedKey, mapKey: EncodedKey): void {
    const map = this.#maps.get(key);
    if (map === undefined || !map.delete(mapKey)) return;
    this.#size -= 1;
    if (map.size === 0) this.#maps.delete(key);
  }
}

function valuesOf<V>(map: MapEntries<V>): IteratorObject<[EncodedKey, V]> {
  return map.values().map(({ mapKey, value }) => [mapKey, value]);
}
