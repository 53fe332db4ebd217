/**
 * The heap's keyed state: one table a state, values updated in place.
 *
 * Owns the current key and the tables of one subtask's operator. The operator sets the key before
 * each call of a user function; handles read it; nothing else changes it.
 *
 * I1  A name has one kind, and one table, for the life of the backend.
 * I2  Keys are the same when their encodings are; tables hold encodings only.
 */
import { decodeKey, type EncodedKey, encodeKey, StreamError } from '../core/index.ts';
import type {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  StateKind,
  ValueStateDescriptor,
} from './descriptors.ts';
import {
  type CurrentKey,
  HeapAggregatingState,
  HeapListState,
  HeapMapState,
  HeapReducingState,
  HeapValueState,
} from './heap-state.ts';
import type { KeyTable } from './key-table.ts';
import type {
  AggregatingState,
  KeyedStateStore,
  ListState,
  MapState,
  ValueState,
} from './keyed-state.ts';

/** One entry of a state as a snapshot sees it; the namespace is undefined outside of windows. */
export interface KeyedStateEntry {
  readonly key: EncodedKey;
  readonly namespace: undefined;
  readonly value: unknown;
}

interface RegisteredState {
  readonly kind: StateKind;
  readonly handle: { readonly table: KeyTable<unknown> };
}

export class HeapKeyedStateBackend implements KeyedStateStore, CurrentKey {
  readonly #operatorName: string;
  readonly #states = new Map<string, RegisteredState>();
  #encodedKey: EncodedKey | undefined;
  #key: unknown;

  constructor(operatorName: string) {
    this.#operatorName = operatorName;
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

  getCurrentKey(): unknown {
    return this.#key;
  }

  encoded(): EncodedKey {
    if (this.#encodedKey !== undefined) return this.#encodedKey;
    throw new StreamError({
      kind: 'invalid',
      code: 'NO_CURRENT_KEY',
      message: `keyed state was used outside of a record or timer, in open or close; register it there and use it in the function: operator=${this.#operatorName}`,
      details: { operator: this.#operatorName },
    });
  }

  getState<T, R>(descriptor: ValueStateDescriptor<T, R>): ValueState<T, R> {
    const { name, defaultValue } = descriptor;
    return this.#register('value', name, () => new HeapValueState<T, R>(this, defaultValue));
  }

  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.#register('list', descriptor.name, () => new HeapListState<T>(this));
  }

  getMapState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V> {
    return this.#register('map', descriptor.name, () => new HeapMapState<K, V>(this));
  }

  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): HeapReducingState<T> {
    const { name, reduce } = descriptor;
    return this.#register('reducing', name, () => new HeapReducingState<T>(this, reduce));
  }

  getAggregatingState<I, A, O>(
    descriptor: AggregatingStateDescriptor<I, A, O>,
  ): AggregatingState<I, O> {
    const { name, aggregate } = descriptor;
    const create = (): HeapAggregatingState<I, A, O> => new HeapAggregatingState(this, aggregate);
    return this.#register('aggregating', name, create);
  }

  /** The names registered so far, in order of registration. */
  stateNames(): readonly string[] {
    return [...this.#states.keys()];
  }

  /** All entries of a state, in order of first insertion; values are live, not copies. */
  *entriesOf(name: string): IterableIterator<KeyedStateEntry> {
    const state = this.#states.get(name);
    if (state === undefined) return;
    for (const [key, value] of state.handle.table.entries()) {
      yield { key, namespace: undefined, value };
    }
  }

  #register<S>(kind: StateKind, name: string, create: () => S & RegisteredState['handle']): S {
    const known = this.#states.get(name);
    if (known === undefined) {
      const handle = create();
      this.#states.set(name, { kind, handle });
      return handle;
    }
    // I1: the kind decides the class of the handle.
    if (known.kind === kind) return known.handle as S & RegisteredState['handle'];
    throw new StreamError({
      kind: 'invalid',
      code: 'STATE_NAME_CLASH',
      message: `state "${name}" is registered as ${known.kind} and as ${kind} state, give each state its own name: operator=${this.#operatorName}`,
      details: { state: name, operator: this.#operatorName },
    });
  }
}

/** What a function on a stream without `keyBy` gets when it asks for state. */
export function noKeyedContext(operatorName: string, stateName: string): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'NO_KEYED_CONTEXT',
    message: `keyed state needs a keyed stream, call keyBy before this operator: state=${stateName} operator=${operatorName}`,
    details: { state: stateName, operator: operatorName },
  });
}
