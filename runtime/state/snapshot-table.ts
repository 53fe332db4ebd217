import type { EncodedKey } from '../core/index.ts';
import type { KeyedStateMetaRecord } from '../protocol/index.ts';

/** Takes the entries of a table, in the table's order. */
export interface EntryVisitor {
  /** @param subKey what tells a key's entries apart: map key, window, timer; or undefined. */
  put(key: EncodedKey, subKey: EncodedKey | undefined, value: unknown): void;
  remove(key: EncodedKey, subKey: EncodedKey | undefined): void;
}

/** What a restore fills. */
export interface RestoreTarget {
  /**
   * Restores one entry, or replaces it. Not a change.
   *
   * @param key may be a slice of a longer string, and so may `subKey`.
   * @param value owned by the target from now on, its strings flat: see `flattenStrings`.
   */
  restorePut(key: EncodedKey, subKey: EncodedKey | undefined, value: unknown): void;
  /** An entry of an earlier segment that is gone in a later one. */
  restoreRemove(key: EncodedKey, subKey: EncodedKey | undefined): void;
}

/**
 * Anything keyed that a checkpoint holds: a state, the contents of windows, timers. A keyed state
 * backend knows all tables of its operator, so that they are snapshotted and restored alike.
 *
 * I1  `visitChanges` visits what has changed since the last visit of either kind: the last state
 *     of each changed entry, once. An entry that was never visited and is gone is not visited.
 *     Restored entries count as visited. Only where changes are tracked.
 * I2  Visiting is synchronous and keeps no reference: values are serialised before it returns.
 */
export interface SnapshotTable extends RestoreTarget {
  readonly meta: KeyedStateMetaRecord;
  /** Live entries, expired ones too. */
  readonly size: number;
  /** Upper bound of what `visitChanges` will visit. */
  readonly changeCount: number;
  visitAll(visitor: EntryVisitor): void;
  visitChanges(visitor: EntryVisitor): void;
  /** Forgets all entries at the end of a key. Only where there are no snapshots. */
  dropAll(): void;
}
