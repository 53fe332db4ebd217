/**
 * The states that belong to a subtask and not to a key: lists, union lists, broadcast maps. They
 * are small; every snapshot holds all of them.
 *
 * I1  A name has one kind for the life of the backend.
 * I2  Restored items are in a state when its registration returns; those of names that are never
 *     registered are in every snapshot as they were.
 */
import { assert, decodeKey, type EncodedKey, encodeKey } from '../core/index.ts';
import type { OperatorStateMode } from '../protocol/index.ts';
import type { ListStateDescriptor, MapStateDescriptor } from './descriptors.ts';
import { stateIncompatible, stateNameClash } from './errors.ts';
import { flattenStrings } from './flat-copy.ts';
import type { ListState, MapState } from './keyed-state.ts';
import type { OperatorStateSnapshot, OperatorStateStore } from './operator-state.ts';

interface RestoredItems {
  readonly mode: OperatorStateMode;
  readonly items: unknown[];
}

interface OperatorState {
  readonly mode: OperatorStateMode;
  /** As a snapshot holds them; live, not a copy. */
  items(): readonly unknown[];
}

export class OperatorStateBackend implements OperatorStateStore {
  readonly #operatorName: string;
  readonly #states = new Map<string, OperatorState>();
  readonly #restored = new Map<string, RestoredItems>();

  constructor(operatorName: string) {
    this.#operatorName = operatorName;
  }

  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.#list(descriptor, 'SPLIT_DISTRIBUTE');
  }

  getUnionListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.#list(descriptor, 'UNION');
  }

  getBroadcastState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V> {
    return this.#register(descriptor.name, 'BROADCAST', (restored) => {
      // A broadcast state wrote them.
      return new BroadcastState<K, V>(restored as readonly (readonly [K, V])[]);
    });
  }

  /**
   * Keeps items for the state of this name; several calls for one name add up. To be called
   * before states are registered.
   *
   * @throws {StreamError} kind `invalid`, code `STATE_INCOMPATIBLE`, when the modes differ.
   */
  restore(name: string, mode: OperatorStateMode, items: readonly unknown[]): void {
    assert(!this.#states.has(name), `I2: state is restored before it is registered state=${name}`);
    const known = this.#restored.get(name);
    if (known === undefined) {
      this.#restored.set(name, { mode, items: [...items] });
      return;
    }
    this.#assertMode(name, known.mode, mode);
    for (const item of items) known.items.push(item);
  }

  /** Of the states that functions have asked for. */
  names(): readonly string[] {
    return [...this.#states.keys()];
  }

  /** All states, registered ones first. The items are live: serialise them before going on. */
  snapshot(): OperatorStateSnapshot[] {
    const registered = [...this.#states].map(([name, state]) => {
      return { name, mode: state.mode, items: state.items() };
    });
    return [...registered, ...[...this.#restored].map(([name, state]) => ({ name, ...state }))];
  }

  #list<T>(descriptor: ListStateDescriptor<T>, mode: OperatorStateMode): ListState<T> {
    // A list state of the same descriptor wrote them.
    const create = (restored: readonly unknown[]): ItemList<T> =>
      new ItemList<T>(mode, restored as readonly T[]);
    return this.#register(descriptor.name, mode, create);
  }

  #register<S extends OperatorState>(
    name: string,
    mode: OperatorStateMode,
    create: (restored: readonly unknown[]) => S,
  ): S {
    const known = this.#states.get(name);
    if (known !== undefined) {
      // I1: the mode decides the class.
      if (known.mode === mode) return known as S;
      throw stateNameClash(name, modeText(known.mode), modeText(mode), this.#operatorName);
    }
    const restored = this.#restored.get(name);
    if (restored !== undefined) this.#assertMode(name, restored.mode, mode);
    const state = create(restored?.items ?? []);
    this.#states.set(name, state);
    this.#restored.delete(name);
    return state;
  }

  #assertMode(name: string, stored: OperatorStateMode, declared: OperatorStateMode): void {
    if (stored === declared) return;
    const reason = `its kind changed: stored=${modeText(stored)} declared=${modeText(declared)}`;
    throw stateIncompatible(name, this.#operatorName, reason);
  }
}

function modeText(mode: OperatorStateMode): string {
  switch (mode) {
    case 'SPLIT_DISTRIBUTE':
      return 'list';
    case 'UNION':
      return 'union list';
    case 'BROADCAST':
      return 'broadcast';
  }
}

class ItemList<T> implements ListState<T>, OperatorState {
  readonly mode: OperatorStateMode;
  #items: T[];

  constructor(mode: OperatorStateMode, restored: readonly T[]) {
    this.mode = mode;
    this.#items = restored.map((item) => flattenStrings(item));
  }

  items(): readonly T[] {
    return this.#items;
  }

  get(): readonly T[] {
    return this.#items;
  }

  add(value: T): void {
    this.#items.push(flattenStrings(value));
  }

  addAll(values: Iterable<T>): void {
    for (const value of [...values]) this.add(value);
  }

  update(values: Iterable<T>): void {
    this.#items = Array.from(values, (value) => flattenStrings(value));
  }

  clear(): void {
    this.#items = [];
  }
}

class BroadcastState<K, V> implements MapState<K, V>, OperatorState {
  readonly mode = 'BROADCAST';
  readonly #entries = new Map<EncodedKey, V>();

  constructor(restored: readonly (readonly [K, V])[]) {
    this.putAll(restored);
  }

  items(): readonly (readonly [K, V])[] {
    return [...this.entries()];
  }

  get(key: K): V | undefined {
    return this.#entries.get(encodeKey(key));
  }

  put(key: K, value: V): void {
    this.#entries.set(flattenStrings(encodeKey(key)), flattenStrings(value));
  }

  putAll(entries: Iterable<readonly [K, V]>): void {
    for (const [key, value] of [...entries]) this.put(key, value);
  }

  remove(key: K): void {
    this.#entries.delete(encodeKey(key));
  }

  has(key: K): boolean {
    return this.#entries.has(encodeKey(key));
  }

  contains(key: K): boolean {
    return this.has(key);
  }

  *entries(): IterableIterator<[K, V]> {
    // A map key went in as K, and comes back as an equal one.
    for (const [key, value] of this.#entries) yield [decodeKey(key) as K, value];
  }

  *keys(): IterableIterator<K> {
    for (const key of this.#entries.keys()) yield decodeKey(key) as K;
  }

  values(): IterableIterator<V> {
    return this.#entries.values();
  }

  isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  clear(): void {
    this.#entries.clear();
  }
}
