/**
 * Which entries of a table have changed since a snapshot last visited it.
 *
 * Owns the list of changed entries and the `mark` of every entry, which nobody else writes. The
 * table tells of every entry that comes, changes or goes, and visits the list at a snapshot.
 *
 * I1  Marks below {@link ChangeLog.mark} are of entries visited and unchanged since; equal to it,
 *     visited and changed since; above it, never visited. Negative ones are of entries that went.
 * I2  An entry is in the list once. An entry that went is in it if it was visited before: its
 *     tombstone. One that went unvisited is dropped, at the latest when such are half of the list,
 *     so that the list is bounded by the table and its tombstones.
 * I3  A key has at most one tombstone between two visits: an entry that takes a key again has
 *     never been visited.
 */
import { assert } from '../core/index.ts';

/** What a log keeps on an entry; 0 before the entry is given to a log. */
export interface Tracked {
  mark: number;
}

const TOMBSTONE = -1;
const GONE = -2;
/** Lists shorter than this are not worth compacting. */
const MIN_COMPACTED = 1024;

export class ChangeLog<E extends Tracked> {
  readonly tracksChanges: boolean;
  #mark: number;
  #changed: E[] = [];
  #goneCount = 0;

  /** @param tracksChanges false: nothing is listed and nothing costs. */
  constructor(tracksChanges: boolean) {
    this.tracksChanges = tracksChanges;
    this.#mark = tracksChanges ? 2 : 0;
  }

  get mark(): number {
    return this.#mark;
  }

  /** Entries that {@link visit} will give to one of its callbacks, at most. */
  get changeCount(): number {
    return this.#changed.length - this.#goneCount;
  }

  /** A new entry is in the table. */
  added(entry: E): void {
    if (!this.tracksChanges) return;
    entry.mark = this.#mark + 1;
    this.#changed.push(entry);
  }

  /** An entry of the table has changed, or is about to. */
  touch(entry: E): void {
    if (entry.mark >= this.#mark) return;
    entry.mark = this.#mark;
    this.#changed.push(entry);
  }

  /** The entry is no longer in the table; it must not come back, nor be touched. */
  removed(entry: E): void {
    if (!this.tracksChanges) return;
    if (entry.mark > this.#mark) {
      entry.mark = GONE;
      this.#goneCount += 1;
      if (this.#goneCount > MIN_COMPACTED && this.#goneCount * 2 > this.#changed.length) {
        this.#changed = this.#changed.filter(({ mark }) => mark !== GONE);
        this.#goneCount = 0;
      }
      return;
    }
    if (entry.mark < this.#mark) this.#changed.push(entry);
    entry.mark = TOMBSTONE;
  }

  /** Of an entry in the table: a snapshot has it, in whatever shape. */
  wasVisited(entry: E): boolean {
    return entry.mark <= this.#mark;
  }

  /**
   * Gives each changed entry to `put`, each tombstone to `remove`, and begins anew. When a
   * callback throws nothing is forgotten.
   *
   * @param remove is called for an entry that went; its key may be in the table again (I3).
   */
  visit(put: (entry: E) => void, remove: (entry: E) => void): void {
    assert(this.tracksChanges, 'changes are visited only where they are tracked');
    for (const entry of this.#changed) {
      if (entry.mark === TOMBSTONE) remove(entry);
      else if (entry.mark !== GONE) put(entry);
    }
    this.reset();
  }

  /** All entries were visited. */
  reset(): void {
    this.#changed = [];
    this.#goneCount = 0;
    if (this.tracksChanges) this.#mark += 2;
  }
}
