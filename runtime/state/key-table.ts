/**
 * Values by encoded key, updated in place, that know whether they have changed since a snapshot.
 *
 * An update costs one look-up: `find` the entry, then `write` it, or `touch` it when the value
 * itself was changed; `insert` when there is none.
 *
 * I1  Iteration visits keys in the order of their first insertion while {@link LargeMap} does.
 * I2  Every change of an entry is told to the log, see {@link ChangeLog}.
 * I3  What was restored, or handed over, is in the map as it is until it is looked for: entries of
 *     a million values nobody has asked for yet would cost more than the rest of their restore.
 */
import type { EncodedKey } from '../core/index.ts';
import { ChangeLog, type Tracked } from './change-log.ts';
import { flatCopy } from './flat-copy.ts';
import { LargeMap } from './large-map.ts';
import type { EntryVisitor } from './snapshot-table.ts';

/** A key's place in a table; change it through the table only. */
export class KeyEntry<V> implements Tracked {
  readonly key: EncodedKey;
  value: V;
  mark = 0;

  constructor(key: EncodedKey, value: V) {
    this.key = key;
    this.value = value;
  }
}

export interface KeyTableOptions {
  /** @defaultValue false */
  readonly tracksChanges?: boolean;
  /** As of {@link LargeMap}. */
  readonly maxMapEntries?: number;
}

/** I3. */
type Held<V> = KeyEntry<V> | V;

export class KeyTable<V> {
  #held: LargeMap<Held<V>>;
  readonly #log: ChangeLog<KeyEntry<V>>;

  constructor(options: KeyTableOptions = {}) {
    this.#held = new LargeMap(options.maxMapEntries);
    this.#log = new ChangeLog(options.tracksChanges ?? false);
  }

  /** A table of values that were visited; the map is its own from now on. */
  static of<V>(visited: LargeMap<V>, options: Pick<KeyTableOptions, 'tracksChanges'>): KeyTable<V> {
    const table = new KeyTable<V>(options);
    table.#held = visited;
    return table;
  }

  get size(): number {
    return this.#held.size;
  }

  /** Upper bound of what {@link visitChanges} will visit. */
  get changeCount(): number {
    return this.#log.changeCount;
  }

  /** The entry of a key; valid until the key is deleted or the table cleared. */
  find(key: EncodedKey): KeyEntry<V> | undefined {
    const held = this.#held.get(key);
    return held instanceof KeyEntry ? held : this.#entryOf(key, held);
  }

  /** Must follow every change of the entry's value in place. */
  touch(entry: KeyEntry<V>): void {
    this.#log.touch(entry);
  }

  /** Replaces the value of an entry of this table. */
  write(entry: KeyEntry<V>, value: V): void {
    entry.value = value;
    this.#log.touch(entry);
  }

  /** Adds an entry for a key that has none. */
  insert(key: EncodedKey, value: V): KeyEntry<V> {
    const entry = new KeyEntry(flatKey(key), value);
    this.#held.setFlat(entry.key, entry);
    this.#log.added(entry);
    return entry;
  }

  get(key: EncodedKey): V | undefined {
    return this.find(key)?.value;
  }

  has(key: EncodedKey): boolean {
    return this.find(key) !== undefined;
  }

  set(key: EncodedKey, value: V): void {
    const entry = this.find(key);
    if (entry === undefined) this.insert(key, value);
    else this.write(entry, value);
  }

  delete(key: EncodedKey): boolean {
    const entry = this.find(key);
    if (entry === undefined) return false;
    this.#held.delete(key);
    this.#log.removed(entry);
    return true;
  }

  clear(): void {
    if (this.#log.tracksChanges) {
      this.#held.forEach((held, key) => {
        this.#log.removed(held instanceof KeyEntry ? held : new KeyEntry(key, held));
      });
    }
    this.#held.clear();
  }

  /** May change or delete the entry it is given. */
  forEach(visit: (value: V, key: EncodedKey) => void): void {
    this.#held.forEach((held, key) => {
      visit(held instanceof KeyEntry ? held.value : held, key);
    });
  }

  *entries(): IterableIterator<[EncodedKey, V]> {
    for (const [key, held] of this.#held.entries()) {
      yield [key, held instanceof KeyEntry ? held.value : held];
    }
  }

  /** Visits every entry; changes so far are forgotten. */
  visitAll(visitor: EntryVisitor, subKey?: EncodedKey): void {
    // Not by `forEach`: a call less for each of millions.
    this.#held.forEach((held, key) => {
      visitor.put(key, subKey, held instanceof KeyEntry ? held.value : held);
    });
    this.#log.reset();
  }

  /** Visits what has changed since the last visit; `I1` of {@link SnapshotTable}. */
  visitChanges(visitor: EntryVisitor, subKey?: EncodedKey): void {
    this.#log.visit(
      (entry) => visitor.put(entry.key, subKey, entry.value),
      ({ key }) => {
        if (!this.has(key)) visitor.remove(key, subKey);
      },
    );
  }

  /**
   * Visits, as removed, what was visited before and is still here: the table is given up as a
   * whole, so nobody needs to delete and list its entries one by one.
   */
  visitGone(visitor: EntryVisitor, subKey?: EncodedKey): void {
    this.#held.forEach((held, key) => {
      if (!(held instanceof KeyEntry) || this.#log.wasVisited(held)) visitor.remove(key, subKey);
    });
  }

  /** Like `set` of an entry that was visited before. */
  restorePut(key: EncodedKey, value: V): void {
    const flat = typeof key === 'string' ? flatCopy(key) : key;
    // As it is, undefined would be no value.
    this.#held.setFlat(flat, value === undefined ? new KeyEntry(flat, value) : value);
  }

  /** Like `delete` of an entry that a snapshot knows to be gone. */
  restoreRemove(key: EncodedKey): void {
    this.#held.delete(key);
  }

  #entryOf(key: EncodedKey, value: V | undefined): KeyEntry<V> | undefined {
    if (value === undefined) return undefined;
    const entry = new KeyEntry(flatKey(key), value);
    this.#held.setFlat(entry.key, entry);
    return entry;
  }
}

function flatKey(key: EncodedKey): EncodedKey {
  return typeof key === 'string' ? flatCopy(key) : key;
}
