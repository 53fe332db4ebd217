/**
 * Restored entries on their way into the tables of an operator.
 *
 * I1  What a name has in store is given out once, in the order in which it came.
 * I2  Names nobody asks for are carried along: later snapshots hold them as they were.
 */
import { type EncodedKey, isStreamError, StreamError } from '../core/index.ts';
import type { KeyedStateMetaRecord } from '../protocol/index.ts';
import type { StateOptions } from './descriptors.ts';
import { flattenStrings } from './flat-copy.ts';
import { KeyTable } from './key-table.ts';
import type { EntryVisitor, RestoreTarget, SnapshotTable } from './snapshot-table.ts';
import { type DeclaredStateMeta, valueAdapter } from './state-meta.ts';
import type { Ttl, TtlValue } from './ttl.ts';

/** Puts entries of one state into a table; called at most once. */
export type RestoreFill = (target: RestoreTarget) => void;

/** How a declared state wants its values. */
export interface RestoreShape {
  readonly declared: DeclaredStateMeta;
  readonly operatorName: string;
  readonly migrate?: StateOptions<unknown>['migrate'];
  readonly ttl?: Ttl | undefined;
}

/** The table itself, or one before it that brings values into the declared shape. */
export function adaptedTarget(
  table: SnapshotTable,
  stored: KeyedStateMetaRecord,
  shape: RestoreShape,
): RestoreTarget {
  const adaptOne = elementAdapter(stored, shape);
  if (adaptOne === undefined) return table;
  // A list state stores an array of what the others store.
  const adapt =
    stored.kind === 'list'
      ? (list: unknown): unknown => (list as readonly unknown[]).map(adaptOne)
      : adaptOne;
  return {
    restorePut: (key, subKey, value) => table.restorePut(key, subKey, flattenStrings(adapt(value))),
    restoreRemove: (key, subKey) => table.restoreRemove(key, subKey),
  };
}

function elementAdapter(
  stored: KeyedStateMetaRecord,
  shape: RestoreShape,
): ((raw: unknown) => unknown) | undefined {
  const { declared, ttl, migrate } = shape;
  const adapt = valueAdapter(stored, declared, migrate && blaming(migrate, shape));
  const wasStamped = stored.ttlMs !== undefined;
  if (adapt === undefined && wasStamped === (ttl !== undefined)) return undefined;
  return (raw) => {
    // The stored meta says what was stored.
    const held = wasStamped ? (raw as TtlValue<unknown>) : undefined;
    const inner = held === undefined ? raw : held.value;
    const value = adapt === undefined ? inner : adapt(inner);
    if (ttl === undefined) return value;
    // The time of a value that had none begins with the restore.
    return held === undefined ? ttl.stamp(value) : { value, lastAccessMs: held.lastAccessMs };
  };
}

function blaming(
  migrate: NonNullable<StateOptions<unknown>['migrate']>,
  { declared, operatorName }: RestoreShape,
): NonNullable<StateOptions<unknown>['migrate']> {
  return (value, fromVersion) => {
    try {
      return migrate(value, fromVersion);
    } catch (thrown) {
      if (isStreamError(thrown)) throw thrown;
      throw new StreamError({
        kind: 'user',
        code: 'STATE_MIGRATION_FAILED',
        message: `the migrate function of a state failed, it must take every stored value: state=${declared.name} operator=${operatorName} fromVersion=${fromVersion} cause=${String(thrown)}`,
        details: { state: declared.name, operator: operatorName, fromVersion },
        cause: thrown,
      });
    }
  };
}

/**
 * Restored entries of a name, until a state of the operator asks for them. As long as none does
 * they are a table that never changes.
 */
export class CarriedTable implements SnapshotTable {
  readonly meta: KeyedStateMetaRecord;
  readonly changeCount = 0;
  readonly #plain = new KeyTable<unknown>();
  readonly #maps = new KeyTable<Map<EncodedKey, unknown>>();
  /** Not read before somebody wants the entries. */
  #fills: RestoreFill[] = [];

  constructor(meta: KeyedStateMetaRecord) {
    this.meta = meta;
  }

  get size(): number {
    this.#fill();
    let size = this.#plain.size;
    this.#maps.forEach((map) => {
      size += map.size;
    });
    return size;
  }

  addFill(fill: RestoreFill): void {
    this.#fills.push(fill);
  }

  visitAll(visitor: EntryVisitor): void {
    this.#fill();
    this.#give((key, subKey, value) => visitor.put(key, subKey, value));
  }

  visitChanges(): void {
    // Nothing ever changes here.
  }

  dropAll(): void {
    this.#plain.clear();
    this.#maps.clear();
    this.#fills = [];
  }

  /** A state asks for the entries: straight into its table, where nobody wanted them before. */
  giveTo(target: RestoreTarget): void {
    this.#give((key, subKey, value) => target.restorePut(key, subKey, value));
    for (const fill of this.#takeFills()) fill(target);
  }

  restorePut(key: EncodedKey, subKey: EncodedKey | undefined, value: unknown): void {
    if (subKey === undefined) {
      this.#plain.restorePut(key, value);
      return;
    }
    const map = this.#maps.find(key) ?? this.#maps.insert(key, new Map());
    map.value.set(flattenStrings(subKey), value);
  }

  restoreRemove(key: EncodedKey, subKey: EncodedKey | undefined): void {
    if (subKey === undefined) this.#plain.restoreRemove(key);
    else this.#maps.get(key)?.delete(subKey);
  }

  #give(put: EntryVisitor['put']): void {
    this.#plain.forEach((value, key) => {
      put(key, undefined, value);
    });
    this.#maps.forEach((map, key) => {
      for (const [subKey, value] of map) put(key, subKey, value);
    });
  }

  #fill(): void {
    for (const fill of this.#takeFills()) fill(this);
  }

  #takeFills(): readonly RestoreFill[] {
    const fills = this.#fills;
    this.#fills = [];
    return fills;
  }
}
