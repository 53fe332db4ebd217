/**
 * The panes of an operator: one a window, with one table from key to accumulator each. In a
 * snapshot an accumulator has its key and, beside it, `start,end` of its window.
 *
 * I1  A pane is in the table from its first record to its cleanup. It never comes back: its
 *     cleanup time has passed.
 * I2  A pane that a snapshot knows is kept when it goes until the next snapshot says so.
 * I3  Entries are tracked one by one from the second snapshot that has changes of the pane. Most
 *     panes go before: once one snapshot knows a pane, any change makes all of it changed. What
 *     that writes twice came between two snapshots; to track it would cost every pane that is open
 *     at a snapshot an object and a list entry for each key.
 * I4  While entries are not tracked none is removed, and the first `knownCount` are those that the
 *     snapshot knows.
 */
import { assert, type EncodedKey } from '../core/index.ts';
import type { KeyedStateMetaRecord } from '../protocol/index.ts';
import { type EntryVisitor, KeyTable, LargeMap, type SnapshotTable } from '../state/index.ts';

export class Pane<A> {
  readonly startMs: number;
  readonly endMs: number;
  /** Last millisecond and allowed lateness. */
  readonly cleanupMs: number;
  /** Names it in snapshots. */
  readonly subKey: string;
  live = false;
  fired = false;
  /** Accumulators that may change without being told of; undefined: see {@link reopen}. */
  fresh: LargeMap<A> | undefined;
  /** Accumulators whose changes are tracked, see I3. */
  stored: KeyTable<A> | undefined;
  /** All accumulators, unless `stored`. */
  #held = new LargeMap<A>();
  #knownCount = 0;

  constructor(startMs: number, endMs: number, cleanupMs: number) {
    this.startMs = startMs;
    this.endMs = endMs;
    this.cleanupMs = cleanupMs;
    this.subKey = `${startMs},${endMs}`;
    this.fresh = this.#held;
  }

  get size(): number {
    return (this.stored ?? this.#held).size;
  }

  get changeCount(): number {
    if (this.stored !== undefined) return this.stored.changeCount;
    return this.fresh === undefined ? 0 : this.#held.size;
  }

  /** Upper bound of what {@link visitGone} will visit. */
  get knownCount(): number {
    return this.stored?.size ?? this.#knownCount;
  }

  get(key: EncodedKey): A | undefined {
    return this.stored === undefined ? this.#held.get(key) : this.stored.get(key);
  }

  forEach(visit: (accumulator: A, key: EncodedKey) => void): void {
    if (this.stored === undefined) this.#held.forEach(visit);
    else this.stored.forEach(visit);
  }

  /** Something of it may change from now on. */
  reopen(): void {
    if (this.stored === undefined) this.fresh = this.#held;
  }

  /** A snapshot has all there is: what is here counts as visited. */
  visited(): void {
    if (this.stored !== undefined || this.fresh === undefined) return;
    if (this.#knownCount > 0) this.track();
    this.#knownCount = this.#held.size;
    this.fresh = undefined;
  }

  /** Tracks changes from now on; what is here counts as visited. */
  track(): KeyTable<A> {
    this.stored ??= KeyTable.of(this.#held, { tracksChanges: true });
    this.fresh = undefined;
    return this.stored;
  }

  /** Visits, as removed, each entry that a snapshot knows. */
  visitGone(visitor: EntryVisitor): void {
    const { subKey, stored } = this;
    if (stored !== undefined) {
      stored.visitGone(visitor, subKey);
      return;
    }
    let left = this.#knownCount;
    this.#held.forEach((_, key) => {
      if (left > 0) visitor.remove(key, subKey);
      left -= 1;
    });
  }
}

export class PaneTable<A> implements SnapshotTable {
  readonly meta: KeyedStateMetaRecord;
  readonly #sizeMs: number;
  readonly #allowedLatenessMs: number;
  readonly #tracksChanges: boolean;
  /** By start; restored ones of another size, from before an upgrade, by their sub-key. */
  readonly #panes = new Map<number | string, Pane<A>>();
  #removed: Pane<A>[] = [];

  /** @param tracksChanges false: there will be no snapshots of changes. */
  constructor(
    meta: KeyedStateMetaRecord,
    sizeMs: number,
    allowedLatenessMs: number,
    tracksChanges: boolean,
  ) {
    this.meta = meta;
    this.#sizeMs = sizeMs;
    this.#allowedLatenessMs = allowedLatenessMs;
    this.#tracksChanges = tracksChanges;
  }

  get size(): number {
    let size = 0;
    for (const pane of this.#panes.values()) size += pane.size;
    return size;
  }

  get changeCount(): number {
    if (!this.#tracksChanges) return 0;
    let count = 0;
    for (const { changeCount } of this.#panes.values()) count += changeCount;
    for (const { knownCount } of this.#removed) count += knownCount;
    return count;
  }

  /** The pane that begins here, to be changed; a new one is not in the table before {@link add}. */
  at(startMs: number): Pane<A> {
    const pane = this.#panes.get(startMs) ?? this.#create(startMs, startMs + this.#sizeMs);
    pane.reopen();
    return pane;
  }

  add(pane: Pane<A>): void {
    pane.live = true;
    this.#panes.set(this.#idOf(pane), pane);
  }

  remove(pane: Pane<A>): void {
    this.#panes.delete(this.#idOf(pane));
    if (pane.knownCount > 0) this.#removed.push(pane);
  }

  /** In no order. */
  values(): Iterable<Pane<A>> {
    return this.#panes.values();
  }

  visitAll(visitor: EntryVisitor): void {
    this.#removed = [];
    for (const pane of inOrder(this.#panes.values())) this.#visitPane(pane, visitor);
  }

  visitChanges(visitor: EntryVisitor): void {
    assert(this.#tracksChanges, 'changes are visited only where they are tracked');
    for (const pane of inOrder(this.#removed)) pane.visitGone(visitor);
    this.#removed = [];
    for (const pane of inOrder(this.#panes.values())) {
      if (pane.stored !== undefined) pane.stored.visitChanges(visitor, pane.subKey);
      else if (pane.fresh !== undefined) this.#visitPane(pane, visitor);
    }
  }

  dropAll(): void {
    this.#panes.clear();
    this.#removed = [];
  }

  restorePut(key: EncodedKey, subKey: EncodedKey | undefined, value: unknown): void {
    const pane = this.#restored(subKey);
    const accumulator = value as A;
    if (pane.stored !== undefined) pane.stored.restorePut(key, accumulator);
    else pane.fresh?.set(key, accumulator);
  }

  restoreRemove(key: EncodedKey, subKey: EncodedKey | undefined): void {
    const pane = this.#restored(subKey);
    if (pane.stored !== undefined) pane.stored.restoreRemove(key);
    else pane.fresh?.delete(key);
    if (pane.size === 0) this.#panes.delete(this.#idOf(pane));
  }

  #visitPane(pane: Pane<A>, visitor: EntryVisitor): void {
    const { stored, subKey } = pane;
    if (stored !== undefined) {
      stored.visitAll(visitor, subKey);
      return;
    }
    pane.forEach((accumulator, key) => {
      visitor.put(key, subKey, accumulator);
    });
    if (this.#tracksChanges) pane.visited();
  }

  #restored(subKey: EncodedKey | undefined): Pane<A> {
    const [startMs = Number.NaN, endMs = Number.NaN] = String(subKey).split(',').map(Number);
    assert(startMs < endMs, 'the sub-key of window contents names the window');
    const known = this.#panes.get(this.#idOf({ startMs, endMs }));
    if (known !== undefined) return known;
    const pane = this.#create(startMs, endMs);
    if (this.#tracksChanges) pane.track();
    this.add(pane);
    return pane;
  }

  #create(startMs: number, endMs: number): Pane<A> {
    const cleanupMs = endMs - 1 + this.#allowedLatenessMs;
    return new Pane<A>(startMs, endMs, cleanupMs);
  }

  #idOf({ startMs, endMs }: Pick<Pane<A>, 'startMs' | 'endMs'>): number | string {
    return endMs - startMs === this.#sizeMs ? startMs : `${startMs},${endMs}`;
  }
}

/** As entries are ordered in snapshots, which then need not be sorted by it. */
function inOrder<A>(panes: Iterable<Pane<A>>): readonly Pane<A>[] {
  return [...panes].sort((left, right) => (left.subKey < right.subKey ? -1 : 1));
}
