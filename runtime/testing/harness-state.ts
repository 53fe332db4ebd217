/**
 * The state of one operator in a test: taken as a checkpoint takes it, kept as plain values, given
 * to another harness of any parallelism.
 *
 * I1  A value in a snapshot shares nothing with the operator it came from.
 * I2  A delta removes only what the snapshots before it hold.
 */
import {
  assert,
  type EncodedKey,
  hashKey,
  type KeyGroupRange,
  keyGroupOf,
  keyGroupRangeOf,
} from '../core/index.ts';
import type { KeyedStateMetaRecord } from '../protocol/index.ts';
import {
  type EntryVisitor,
  HeapKeyedStateBackend,
  OperatorStateBackend,
  type OperatorStateSnapshot,
  type SnapshotTable,
  type TtlClock,
} from '../state/index.ts';

export type HarnessEntry = readonly [
  key: EncodedKey,
  subKey: EncodedKey | undefined,
  value: unknown,
];

/** All entries of one keyed state: user state, timers, window contents. */
export interface HarnessKeyedState {
  readonly meta: KeyedStateMetaRecord;
  readonly entries: readonly HarnessEntry[];
}

/** A checkpoint of one subtask of one operator. */
export interface HarnessSnapshot {
  readonly checkpointId: number;
  readonly keyedStates: readonly HarnessKeyedState[];
  readonly operatorStates: readonly OperatorStateSnapshot[];
  /** What was written for it: everything, or what had changed. */
  readonly written: { readonly puts: number; readonly removes: number };
}

/** Where a restored subtask stands. */
export interface HarnessPlace {
  readonly subtaskIndex: number;
  readonly parallelism: number;
  readonly maxParallelism: number;
}

interface StoredState {
  readonly meta: KeyedStateMetaRecord;
  readonly entries: Map<string, HarnessEntry>;
}

export interface HarnessStateOptions extends HarnessPlace {
  readonly operatorName: string;
  readonly tracksChanges: boolean;
  readonly keyByKey: boolean;
  readonly clock: TtlClock;
  /** One or more subtasks of one checkpoint. */
  readonly restore: readonly HarnessSnapshot[];
}

export class HarnessState {
  readonly operatorState: OperatorStateBackend;
  readonly #options: HarnessStateOptions;
  /** By name: what the last snapshot holds. */
  #stored = new Map<string, StoredState>();
  #backend: HeapKeyedStateBackend | undefined;

  constructor(options: HarnessStateOptions) {
    this.#options = options;
    this.operatorState = new OperatorStateBackend(options.operatorName);
    this.#restoreOperatorStates();
    const range = keyGroupRangeOf(
      options.maxParallelism,
      options.parallelism,
      options.subtaskIndex,
    );
    for (const { keyedStates } of options.restore) {
      for (const state of keyedStates) this.#takeShare(state, range);
    }
  }

  /** Of the operator's context. */
  readonly keyedState = (): HeapKeyedStateBackend => {
    this.#backend ??= this.#createBackend();
    return this.#backend;
  };

  /** @param delta only what has changed is visited, and added to the snapshots before. */
  snapshot(checkpointId: number, delta: boolean): HarnessSnapshot {
    const written = { puts: 0, removes: 0 };
    const full = !delta || (this.#backend?.needsFullSnapshot ?? false);
    const before = full ? new Map<string, StoredState>() : this.#stored;
    const stored = new Map<string, StoredState>();
    for (const table of this.#backend?.tables() ?? []) {
      const { meta } = table;
      const entries = new Map(before.get(meta.name)?.entries);
      const visitor = new StoringVisitor(entries, written);
      if (full) table.visitAll(visitor);
      else visitChanges(table, visitor);
      stored.set(meta.name, { meta, entries });
    }
    if (full && this.#backend !== undefined) this.#backend.needsFullSnapshot = false;
    this.#stored = stored;
    const keyedStates = [...stored.values()].map(({ meta, entries }) => {
      return { meta, entries: structuredClone([...entries.values()]) };
    });
    const operatorStates = structuredClone(this.operatorState.snapshot());
    return { checkpointId, keyedStates, operatorStates, written };
  }

  #takeShare({ meta, entries }: HarnessKeyedState, range: KeyGroupRange): void {
    const stored = this.#stored.get(meta.name) ?? { meta, entries: new Map() };
    this.#stored.set(meta.name, stored);
    for (const [key, subKey, value] of entries) {
      const keyGroup = keyGroupOf(hashKey(key), this.#options.maxParallelism);
      if (keyGroup < range.start || keyGroup > range.end) continue;
      stored.entries.set(entryId(key, subKey), [key, subKey, structuredClone(value)]);
    }
  }

  #createBackend(): HeapKeyedStateBackend {
    const backend = new HeapKeyedStateBackend(this.#options);
    for (const [name, { meta, entries }] of this.#stored) {
      const restored = structuredClone([...entries.values()]);
      backend.restorePending(name, meta, (target) => {
        for (const [key, subKey, value] of restored) target.restorePut(key, subKey, value);
      });
    }
    return backend;
  }

  /** Split lists are dealt out in turn; broadcast states are the same in all snapshots. */
  #restoreOperatorStates(): void {
    const { subtaskIndex, parallelism, restore } = this.#options;
    let dealt = 0;
    for (const [i, { operatorStates }] of restore.entries()) {
      for (const { name, mode, items } of operatorStates) {
        const share =
          mode === 'UNION'
            ? items
            : mode === 'BROADCAST'
              ? items.filter(() => i === 0)
              : items.filter(() => dealt++ % parallelism === subtaskIndex);
        this.operatorState.restore(name, mode, structuredClone(share));
      }
    }
  }
}

/** Keeps clones, so that what the operator changes later does not show (I1). */
class StoringVisitor implements EntryVisitor {
  readonly #entries: Map<string, HarnessEntry>;
  readonly #written: { puts: number; removes: number };

  constructor(entries: Map<string, HarnessEntry>, written: { puts: number; removes: number }) {
    this.#entries = entries;
    this.#written = written;
  }

  put(key: EncodedKey, subKey: EncodedKey | undefined, value: unknown): void {
    this.#written.puts += 1;
    this.#entries.set(entryId(key, subKey), [key, subKey, structuredClone(value)]);
  }

  remove(key: EncodedKey, subKey: EncodedKey | undefined): void {
    this.#written.removes += 1;
    const known = this.#entries.delete(entryId(key, subKey));
    assert(known, `I2: an entry is removed that no snapshot holds: ${entryId(key, subKey)}`);
  }
}

function visitChanges(table: SnapshotTable, visitor: EntryVisitor): void {
  const upperBound = table.changeCount;
  let visited = 0;
  const count = (): void => {
    visited += 1;
  };
  table.visitChanges({
    put: (key, subKey, value) => {
      count();
      visitor.put(key, subKey, value);
    },
    remove: (key, subKey) => {
      count();
      visitor.remove(key, subKey);
    },
  });
  assert(visited <= upperBound, `a table visits at most changeCount entries: ${table.meta.name}`);
}

function entryId(key: EncodedKey, subKey: EncodedKey | undefined): string {
  return `${typeof key} ${key} ${typeof subKey} ${String(subKey)}`;
}
