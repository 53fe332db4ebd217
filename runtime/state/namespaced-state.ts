/**
 * States whose entries belong to a key and a namespace, as those of windows do: each namespace of
 * a key sees entries of its own.
 *
 * Owns no entries of its own: its tables are tables of the operator's backend, where they are
 * snapshotted and restored by key, the namespace in the sub-key.
 *
 * I1  Handles work on the namespace set last: {@link NamespacedState.setCurrent} comes before
 *     every use.
 * I2  A namespace has no U+0000.
 */
import { assert, type EncodedKey, StreamError } from '../core/index.ts';
import type { KeyedStateMetaRecord } from '../protocol/index.ts';
import type {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  ReducingStateDescriptor,
  StateDescriptor,
} from './descriptors.ts';
import { HeapKeyedStateBackend } from './heap-keyed-state-backend.ts';
import { HeapAggregatingState } from './heap-state.ts';
import type { KeyedStateStore } from './keyed-state.ts';
import type { EntryVisitor, SnapshotTable } from './snapshot-table.ts';
import type { AskedTable, StateTable } from './state-tables.ts';

const SEPARATOR = '\u0000';

export class NamespacedState {
  readonly #states: HeapKeyedStateBackend;

  /** @param prefix of the states' names in snapshots. */
  constructor(backend: HeapKeyedStateBackend, prefix: string) {
    const { operatorName, tracksChanges, clock } = backend;
    this.#states = new HeapKeyedStateBackend({
      operatorName,
      tracksChanges,
      ...(clock === undefined ? {} : { clock }),
      adopt: (table, shape) => {
        assert('heldEntries' in table, 'a table behind a handle can list what it holds');
        const name = prefix + table.meta.name;
        const declared = { ...shape.declared, name };
        backend.registerTable(new NamespacedTable(table as StateTable, name), {
          ...shape,
          declared,
        });
      },
    });
  }

  /** Gives handles; they work on the current namespace. */
  get store(): KeyedStateStore {
    return this.#states;
  }

  /** The handle that a descriptor of any kind stands for. */
  stateOf(descriptor: StateDescriptor): unknown {
    return this.#states.getStateOf(descriptor);
  }

  setCurrent(key: EncodedKey, namespace: string): void {
    this.#states.setCurrentEncodedKey(join(namespace, key));
  }

  /**
   * Moves what the sources hold into the target, in their order. The current namespace is the
   * target afterwards.
   *
   * @throws {StreamError} kind `invalid`, code `STATE_NOT_MERGEABLE`.
   */
  merge<I, A, O>(
    descriptor:
      | ListStateDescriptor<I>
      | ReducingStateDescriptor<I>
      | AggregatingStateDescriptor<I, A, O>,
    key: EncodedKey,
    target: string,
    sources: readonly string[],
  ): void {
    if (descriptor.kind === 'aggregating') {
      this.#mergeAccumulators(descriptor, key, target, sources);
    } else if (descriptor.kind === 'list') {
      const list = this.#states.getListState(descriptor);
      const moved = this.#take(key, sources, list, () => [...list.get()]).flat();
      this.setCurrent(key, target);
      list.addAll(moved);
    } else if (descriptor.kind === 'reducing') {
      const reducing = this.#states.getReducingState(descriptor);
      const moved = this.#take(key, sources, reducing, () => reducing.get());
      this.setCurrent(key, target);
      for (const value of moved) if (value !== undefined) reducing.add(value);
    } else throw notMergeable(descriptor, 'list, reducing and aggregating states can be');
  }

  #take<V>(
    key: EncodedKey,
    sources: readonly string[],
    state: { clear(): void },
    read: () => V,
  ): V[] {
    return sources.map((source) => {
      this.setCurrent(key, source);
      const value = read();
      state.clear();
      return value;
    });
  }

  #mergeAccumulators<I, A, O>(
    descriptor: AggregatingStateDescriptor<I, A, O>,
    key: EncodedKey,
    target: string,
    sources: readonly string[],
  ): void {
    const { aggregate } = descriptor;
    const state = this.#states.getAggregatingState(descriptor);
    if (aggregate.merge === undefined) {
      throw notMergeable(descriptor, 'give its aggregate function merge');
    }
    if (!(state instanceof HeapAggregatingState)) {
      throw notMergeable(descriptor, 'those with a time to live cannot be, leave it out');
    }
    const { entries } = (state as HeapAggregatingState<I, A, O>).table;
    const targetKey = join(target, key);
    for (const source of sources) {
      const moved = entries.get(join(source, key));
      if (moved === undefined) continue;
      entries.delete(join(source, key));
      const held = entries.get(targetKey);
      entries.set(targetKey, held === undefined ? moved : aggregate.merge(held, moved));
    }
    this.setCurrent(key, target);
  }
}

/** A table by namespace and key, as one of the backend by key. */
class NamespacedTable implements SnapshotTable, AskedTable {
  readonly meta: KeyedStateMetaRecord;
  readonly isPerWindow = true;
  readonly #table: StateTable;

  constructor(table: StateTable, name: string) {
    this.meta = { ...table.meta, name };
    this.#table = table;
  }

  get size(): number {
    return this.#table.size;
  }

  get changeCount(): number {
    return this.#table.changeCount;
  }

  visitAll(visitor: EntryVisitor): void {
    this.#table.visitAll(splitting(visitor));
  }

  visitChanges(visitor: EntryVisitor): void {
    this.#table.visitChanges(splitting(visitor));
  }

  get resultOf(): AskedTable['resultOf'] {
    return this.#table.resultOf;
  }

  heldOf(key: EncodedKey, namespace: string | undefined): unknown {
    return this.#table.heldOf(join(namespace ?? '', key), undefined);
  }

  exampleKey(): undefined {
    return undefined;
  }

  dropAll(): void {
    this.#table.dropAll();
  }

  restorePut(key: EncodedKey, subKey: EncodedKey | undefined, value: unknown): void {
    const [joined, mapKey] = joinedOf(key, subKey);
    this.#table.restorePut(joined, mapKey, value);
  }

  restoreRemove(key: EncodedKey, subKey: EncodedKey | undefined): void {
    const [joined, mapKey] = joinedOf(key, subKey);
    this.#table.restoreRemove(joined, mapKey);
  }
}

function splitting(visitor: EntryVisitor): EntryVisitor {
  return {
    put: (joined, mapKey, value) => {
      const [namespace, key] = split(joined);
      visitor.put(key, subKeyOf(namespace, mapKey), value);
    },
    remove: (joined, mapKey) => {
      const [namespace, key] = split(joined);
      visitor.remove(key, subKeyOf(namespace, mapKey));
    },
  };
}

function subKeyOf(namespace: string, mapKey: EncodedKey | undefined): EncodedKey {
  return mapKey === undefined ? namespace : join(namespace, mapKey);
}

/** What a sub-key in a snapshot says: the namespace and, of a map state, the map key. */
export function splitSubKey(
  subKey: EncodedKey | undefined,
): readonly [namespace: string, mapKey: EncodedKey | undefined] {
  const text = String(subKey);
  return text.includes(SEPARATOR) ? split(text) : [text, undefined];
}

function joinedOf(
  key: EncodedKey,
  subKey: EncodedKey | undefined,
): readonly [EncodedKey, EncodedKey | undefined] {
  const [namespace, mapKey] = splitSubKey(subKey);
  return [join(namespace, key), mapKey];
}

/** Namespace, then a letter for the key's type, then the key. */
function join(namespace: string, key: EncodedKey): string {
  return `${namespace}${SEPARATOR}${TYPES[typeof key as keyof typeof TYPES]}${String(key)}`;
}

const TYPES = { string: 's', number: 'n', bigint: 'i', boolean: 'b' } as const;

function split(joined: EncodedKey): readonly [namespace: string, key: EncodedKey] {
  const text = String(joined);
  const at = text.indexOf(SEPARATOR);
  assert(at > 0, 'I2: a key within a namespace begins with it');
  const key = text.slice(at + 2);
  const namespace = text.slice(0, at);
  switch (text.charAt(at + 1)) {
    case TYPES.number:
      return [namespace, Number(key)];
    case TYPES.bigint:
      return [namespace, BigInt(key)];
    case TYPES.boolean:
      return [namespace, key === 'true'];
    default:
      return [namespace, key];
  }
}

function notMergeable(descriptor: { readonly name: string }, remedy: string): StreamError {
  const { name } = descriptor;
  return new StreamError({
    kind: 'invalid',
    code: 'STATE_NOT_MERGEABLE',
    message: `a state of windows that merge cannot be merged, ${remedy}: state=${name}`,
    details: { state: name },
  });
}
