/**
 * The heap's keyed state: one table a state, values updated in place.
 *
 * Owns the current key and the tables of one subtask's operator, and what was restored for them.
 * The operator sets the key before each call of a user function; handles read it; nothing else
 * changes it. A checkpoint visits {@link HeapKeyedStateBackend.tables}.
 *
 * I1  A name has one kind, and one table, for the life of the backend.
 * I2  Keys are the same when their encodings are; tables hold encodings only.
 * I3  All that is restored is handed over before the first name is registered. A name's entries
 *     are in its table when its registration returns; those of other names are carried along.
 */
import { assert, decodeKey, defined, type EncodedKey, encodeKey } from '../core/index.ts';
import type { KeyedStateMetaRecord } from '../protocol/index.ts';
import type {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  StateDescriptor,
  StateKind,
  StateOptions,
  ValueStateDescriptor,
} from './descriptors.ts';
import { noCurrentKey, queryableNameTaken, stateIncompatible, stateNameClash } from './errors.ts';
import {
  type CurrentKey,
  HeapAggregatingState,
  HeapListState,
  HeapMapState,
  type HeapReducingState,
  HeapValueState,
  PlainReducingState,
} from './heap-state.ts';
import type {
  AggregatingState,
  KeyedStateStore,
  ListState,
  MapState,
  ValueState,
} from './keyed-state.ts';
import { adaptedTarget, CarriedTable, type RestoreFill, type RestoreShape } from './restore.ts';
import type { SnapshotTable } from './snapshot-table.ts';
import { compareStateMeta, metaRecordOf, sameStoredShape, stateMetaOf } from './state-meta.ts';
import {
  type AskedTable,
  MapTable,
  type StateTable,
  type StateTableOptions,
  ValueTable,
} from './state-tables.ts';
import { Ttl, type TtlClock, type TtlValue } from './ttl.ts';
import {
  TtlAggregatingState,
  TtlListState,
  TtlMapState,
  TtlReducingState,
  TtlValueState,
  unexpiredElements,
} from './ttl-state.ts';

/** One entry of a state as a snapshot sees it; the namespace is undefined outside of windows. */
export interface KeyedStateEntry {
  readonly key: EncodedKey;
  readonly namespace: undefined;
  readonly value: unknown;
}

export interface KeyedStateBackendOptions {
  readonly operatorName: string;
  /** The job checkpoints: tables list what changes. @defaultValue false */
  readonly tracksChanges?: boolean;
  /** Input is sorted: a key comes once, and is ended by {@link HeapKeyedStateBackend.endKey}. */
  readonly keyByKey?: boolean;
  /** Processing time; needed by states with a time to live. */
  readonly clock?: TtlClock;
  /** Takes each table when it is registered, in place of this backend, and restores it. */
  readonly adopt?: (table: SnapshotTable, shape: RestoreShape) => void;
}

interface RegisteredState {
  readonly table: SnapshotTable;
  /** Undefined: a table of the operator itself. */
  readonly handle: { readonly table: StateTable } | undefined;
}

type TableBase = Pick<StateTableOptions<never>, 'meta' | 'tracksChanges'>;

export class HeapKeyedStateBackend implements KeyedStateStore, CurrentKey {
  /** For the tables that an operator registers itself. */
  readonly tracksChanges: boolean;
  /**
   * Restored values were brought into another shape, so that no delta may follow the segments they
   * came from: set here, cleared by who has visited all of all tables.
   */
  needsFullSnapshot = false;
  readonly operatorName: string;
  /**
   * One key comes after the other, as in BATCH: its states are dropped at its end, and its timers
   * fire then, not before.
   */
  readonly keyByKey: boolean;
  readonly clock: TtlClock | undefined;
  readonly #adopt: KeyedStateBackendOptions['adopt'];
  readonly #states = new Map<string, RegisteredState>();
  readonly #keyEnds: (() => void)[] = [];
  #carried: CarriedTable[] = [];
  #encodedKey: EncodedKey | undefined;
  #key: unknown;

  constructor(options: KeyedStateBackendOptions) {
    this.tracksChanges = options.tracksChanges ?? false;
    this.keyByKey = options.keyByKey ?? false;
    this.operatorName = options.operatorName;
    this.clock = options.clock;
    this.#adopt = options.adopt;
  }

  /** @throws {StreamError} as {@link encodeKey} does. */
  setCurrentKey(key: unknown): void {
    this.#encodedKey = encodeKey(key);
    this.#key = key;
  }

  /** Sets the key from its encoding, as timers and windows hold it. */
  setCurrentEncodedKey(encoded: EncodedKey): void {
    this.#encodedKey = encoded;
    this.#key = decodeKey(encoded);
  }

  /** What is to be done when a key has had all its records; in the order of these calls. */
  onKeyEnd(listener: () => void): void {
    this.#keyEnds.push(listener);
  }

  /**
   * The key has had all its records and does not come again: its timers fire, then its states are
   * dropped. Only where keys come one by one.
   *
   * @see Flink `BatchExecutionKeyedStateBackend`
   */
  endKey(): void {
    assert(this.keyByKey, 'keys end where they come one by one');
    for (const listener of this.#keyEnds) listener();
    for (const { table } of this.#states.values()) table.dropAll();
    this.clearCurrentKey();
  }

  /** From here on keyed state is refused until a key is set. */
  clearCurrentKey(): void {
    this.#encodedKey = undefined;
    this.#key = undefined;
  }

  getCurrentKey(): unknown {
    return this.#key;
  }

  encoded(): EncodedKey {
    if (this.#encodedKey !== undefined) return this.#encodedKey;
    throw noCurrentKey(this.operatorName);
  }

  getState<T, R>(descriptor: ValueStateDescriptor<T, R>): ValueState<T, R> {
    const { defaultValue } = descriptor;
    return this.#register<ValueState<T, R>>('value', descriptor, (base, ttl) =>
      ttl === undefined
        ? new HeapValueState<T, R>(new ValueTable(base), this, defaultValue)
        : new TtlValueState<T, R>(new ValueTable(expiring(base, ttl)), this, ttl, defaultValue),
    );
  }

  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.#register<ListState<T>>('list', descriptor, (base, ttl) => {
      if (ttl === undefined) return new HeapListState<T>(new ValueTable(base), this);
      const unexpired = (elements: TtlValue<T>[]): TtlValue<T>[] | undefined =>
        unexpiredElements(ttl, elements);
      return new TtlListState<T>(new ValueTable({ ...base, unexpired }), this, ttl);
    });
  }

  getMapState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V> {
    return this.#register<MapState<K, V>>('map', descriptor, (base, ttl) =>
      ttl === undefined
        ? new HeapMapState<K, V>(new MapTable(base), this)
        : new TtlMapState<K, V>(new MapTable(expiring(base, ttl)), this, ttl),
    );
  }

  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): HeapReducingState<T> {
    const { reduce } = descriptor;
    return this.#register<HeapReducingState<T>>('reducing', descriptor, (base, ttl) =>
      ttl === undefined
        ? new PlainReducingState<T>(new ValueTable(base), this, reduce)
        : new TtlReducingState<T>(new ValueTable(expiring(base, ttl)), this, ttl, reduce),
    );
  }

  getAggregatingState<I, A, O>(
    descriptor: AggregatingStateDescriptor<I, A, O>,
  ): AggregatingState<I, O> {
    const { aggregate } = descriptor;
    // What the table holds are accumulators of this function.
    const resultOf = (accumulator: unknown): O => aggregate.getResult(accumulator as A);
    return this.#register<AggregatingState<I, O>>('aggregating', descriptor, (base, ttl) => {
      if (ttl === undefined) {
        const table = new ValueTable<A>({ ...base, resultOf });
        return new HeapAggregatingState<I, A, O>(table, this, aggregate);
      }
      const table = new ValueTable<TtlValue<A>>({ ...expiring<A>(base, ttl), resultOf });
      return new TtlAggregatingState<I, A, O>(table, this, ttl, aggregate);
    });
  }

  /** The state that a descriptor of any kind stands for. */
  getStateOf(descriptor: StateDescriptor): unknown {
    switch (descriptor.kind) {
      case 'value':
        return this.getState(descriptor);
      case 'list':
        return this.getListState(descriptor);
      case 'map':
        return this.getMapState(descriptor);
      case 'reducing':
        return this.getReducingState(descriptor);
      case 'aggregating':
        return this.getAggregatingState(descriptor);
    }
  }

  /** Calls back for every key that has the state, as the current key; no key is current after. */
  forEachKeyOf(name: string, visit: (key: unknown) => void): void {
    // A copy: what is visited may be changed and removed.
    const keys = Array.from(this.entriesOf(name), ({ key }) => key);
    try {
      for (const key of keys) {
        this.setCurrentEncodedKey(key);
        visit(this.#key);
      }
    } finally {
      this.clearCurrentKey();
    }
  }

  /**
   * Adds a table that the operator keeps itself, and fills it with what was restored under its
   * name.
   *
   * @param shape how a state behind the table wants its values.
   * @throws {StreamError} kind `invalid`: code `STATE_NAME_CLASH`, `STATE_INCOMPATIBLE`.
   */
  registerTable(table: SnapshotTable, shape?: RestoreShape): void {
    const { name, kind } = table.meta;
    const known = this.#states.get(name);
    if (known !== undefined)
      throw stateNameClash(name, known.table.meta.kind, kind, this.operatorName);
    this.#assertOwnQueryable(table.meta);
    this.#restore(table, shape ?? { declared: table.meta, operatorName: this.operatorName });
    this.#states.set(name, { table, handle: undefined });
  }

  /**
   * Keeps entries for the table that will be registered under this name. May be called several
   * times for a name; the fills run in that order, deltas after their base.
   */
  restorePending(name: string, meta: KeyedStateMetaRecord, fill: RestoreFill): void {
    assert(!this.#states.has(name), `I3: state is restored before it is registered state=${name}`);
    let carried = this.#carried.find(
      (table) => table.meta.name === name && sameStoredShape(table.meta, meta),
    );
    if (carried === undefined) {
      carried = new CarriedTable({ ...meta, name });
      this.#carried.push(carried);
    }
    carried.addFill(fill);
  }

  /** What a snapshot has to visit: registered tables, and what is carried along. */
  tables(): readonly SnapshotTable[] {
    return [...[...this.#states.values()].map(({ table }) => table), ...this.#carried];
  }

  /** Of all states that functions have asked for: what else the operator keeps is its own. */
  askedTables(): readonly AskedTable[] {
    const tables: readonly SnapshotTable[] = [...this.#states.values()].map(({ table }) => table);
    return tables.filter((table): table is SnapshotTable & AskedTable => 'heldOf' in table);
  }

  /** The names registered so far, in order of registration. */
  stateNames(): readonly string[] {
    return [...this.#states.keys()];
  }

  /** All entries of a state, in order of first insertion; values are live, not copies. */
  *entriesOf(name: string): IterableIterator<KeyedStateEntry> {
    const table = this.#states.get(name)?.handle?.table;
    if (table === undefined) return;
    for (const [key, value] of table.heldEntries()) yield { key, namespace: undefined, value };
  }

  #register<S>(
    kind: StateKind,
    descriptor: { readonly name: string; readonly options: StateOptions<unknown> },
    create: (base: TableBase, ttl: Ttl | undefined) => S & { readonly table: StateTable },
  ): S {
    const { name, options } = descriptor;
    const known = this.#states.get(name);
    if (known !== undefined) {
      // I1: the kind decides the interface of the handle.
      if (known.table.meta.kind === kind && known.handle !== undefined) return known.handle as S;
      throw stateNameClash(name, known.table.meta.kind, kind, this.operatorName);
    }
    const ttl = options.ttl && new Ttl(options.ttl, this.#ttlClock());
    const declared = stateMetaOf(kind, descriptor);
    const base = { meta: metaRecordOf(declared), tracksChanges: this.tracksChanges };
    const handle = create(base, ttl);
    this.#assertOwnQueryable(handle.table.meta);
    const { migrate } = options;
    const plain = { declared, operatorName: this.operatorName, ttl };
    const shape = migrate === undefined ? plain : { ...plain, migrate };
    this.#restore(handle.table, shape);
    this.#states.set(name, { table: handle.table, handle });
    return handle;
  }

  /** Who asks under a name means one state. */
  #assertOwnQueryable({ name, queryable }: KeyedStateMetaRecord): void {
    if (queryable === undefined) return;
    const other = this.askedTables().find(({ meta }) => meta.queryable === queryable);
    if (other === undefined) return;
    throw queryableNameTaken(queryable, [other.meta.name, name], this.operatorName);
  }

  #ttlClock(): TtlClock {
    return defined(this.clock, 'a backend with states that have a time to live has a clock');
  }

  #restore(table: SnapshotTable, shape: RestoreShape): void {
    if (this.#adopt === undefined) this.#fill(table, shape);
    else this.#adopt(table, shape);
  }

  #fill(table: SnapshotTable, shape: RestoreShape): void {
    const { name } = table.meta;
    const found = this.#carried.filter(({ meta }) => meta.name === name);
    for (const { meta } of found) {
      const compared = compareStateMeta(meta, shape.declared);
      if (typeof compared === 'object') {
        throw stateIncompatible(name, this.operatorName, compared.incompatible);
      }
      if (!sameStoredShape(meta, table.meta)) this.needsFullSnapshot = true;
    }
    for (const carried of found) carried.giveTo(adaptedTarget(table, carried.meta, shape));
    this.#carried = this.#carried.filter((carried) => !found.includes(carried));
  }
}

function expiring<T>(base: TableBase, ttl: Ttl): StateTableOptions<TtlValue<T>> {
  return { ...base, unexpired: (held) => (ttl.expired(held) ? undefined : held) };
}
