/**
 * The panes of an operator: one a window, with one table from key to accumulator each. In a
 * snapshot an accumulator has its key and, beside it, `start,end` of its window.
 *
 * I1  A pane is in the table from its first record to its cleanup. It never comes back: its
 *     cleanup time has passed.
 * I2  A pane that a snapshot knows is kept, emptied, until the next snapshot says that it is gone.
 * I3  A pane that no snapshot knows has no entries to track: its accumulators are in a plain map.
 *     Most panes come and go between two snapshots.
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
  /** Accumulators, until a snapshot knows the pane. */
  fresh: LargeMap<A> | undefined = new LargeMap();
  /** Accumulators, from then on. */
  stored: KeyTable<A> | undefined;

  constructor(startMs: number, endMs: number, cleanupMs: number) {
    this.startMs = startMs;
    this.endMs = endMs;
    this.cleanupMs = cleanupMs;
    this.subKey = `${startMs},${endMs}`;
  }

  get size(): number {
    return (this.fresh ?? this.stored)?.size ?? 0;
  }

  get(key: EncodedKey): A | undefined {
    return (this.fresh ?? this.stored)?.get(key);
  }

  forEach(visit: (accumulator: A, key: EncodedKey) => void): void {
    (this.fresh ?? this.stored)?.forEach(visit);
  }

  /** Tracks changes from now on; what is here counts as visited. */
  track(): KeyTable<A> {
    if (this.stored === undefined) {
      this.stored = KeyTable.of(this.fresh ?? new LargeMap<A>(), { tracksChanges: true });
      this.fresh = undefined;
    }
    return this.stored;
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
    for (const { stored, size } of this.#panes.values()) count += stored?.changeCount ?? size;
    for (const { stored } of this.#removed) count += stored?.changeCount ?? 0;
    return count;
  }

  /** The pane that begins here; a new one is not in the table before {@link add}. */
  at(startMs: number): Pane<A> {
    return this.#panes.get(startMs) ?? this.#create(startMs, startMs + this.#sizeMs);
  }

  add(pane: Pane<A>): void {
    pane.live = true;
    this.#panes.set(this.#idOf(pane), pane);
  }

  remove(pane: Pane<A>): void {
    this.#panes.delete(this.#idOf(pane));
    if (pane.stored === undefined) return;
    pane.stored.clear();
    this.#removed.push(pane);
  }

  /** In no order. */
  values(): Iterable<Pane<A>> {
    return this.#panes.values();
  }

  visitAll(visitor: EntryVisitor): void {
    this.#removed = [];
    for (const pane of this.#panes.values()) this.#visitPane(pane, visitor);
  }

  visitChanges(visitor: EntryVisitor): void {
    assert(this.#tracksChanges, 'changes are visited only where they are tracked');
    for (const { stored, subKey } of this.#removed) stored?.visitChanges(visitor, subKey);
    this.#removed = [];
    for (const pane of this.#panes.values()) {
      if (pane.stored === undefined) this.#visitPane(pane, visitor);
      else pane.stored.visitChanges(visitor, pane.subKey);
    }
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
    if (this.#tracksChanges) pane.track();
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
