import { StreamError } from '../core/index.ts';
import type { BroadcastState, MapStateDescriptor, ReadOnlyBroadcastState } from '../state/index.ts';
import type { OperatorContext } from './operator.ts';

/**
 * The broadcast states of one subtask, those that were given to `broadcast`.
 *
 * I1  All are registered, and so restored, when the constructor returns.
 */
export class BroadcastStates {
  readonly #operatorName: string;
  readonly #states = new Map<string, Both>();

  constructor(descriptors: readonly MapStateDescriptor<unknown, unknown>[], ctx: OperatorContext) {
    this.#operatorName = ctx.operatorName;
    for (const descriptor of descriptors) {
      const writable = ctx.operatorState.getBroadcastState(descriptor);
      const readOnly = new ReadOnlyState(writable, descriptor.name, ctx.operatorName);
      this.#states.set(descriptor.name, { writable, readOnly });
    }
  }

  /** For the broadcast side. */
  writable<K, V>(descriptor: MapStateDescriptor<K, V>): BroadcastState<K, V> {
    // The descriptor of this name says what is in it.
    return this.#find(descriptor).writable as BroadcastState<K, V>;
  }

  /** For the other side. */
  readOnly<K, V>(descriptor: MapStateDescriptor<K, V>): ReadOnlyBroadcastState<K, V> {
    return this.#find(descriptor).readOnly as ReadOnlyBroadcastState<K, V>;
  }

  #find(descriptor: Pick<MapStateDescriptor<unknown, unknown>, 'name'>): Both {
    const name = descriptor?.name;
    const found = this.#states.get(name);
    if (found !== undefined) return found;
    const operator = this.#operatorName;
    const known = [...this.#states.keys()].join(',');
    throw new StreamError({
      kind: 'invalid',
      code: 'BROADCAST_STATE_UNKNOWN',
      message: `there is no broadcast state of this name, give its descriptor to broadcast(): state=${String(name)} known=${known} operator=${operator}`,
      details: { state: String(name), operator },
    });
  }
}

interface Both {
  readonly writable: BroadcastState<unknown, unknown>;
  readonly readOnly: ReadOnlyBroadcastState<unknown, unknown>;
}

/** A broadcast state whose writes are refused, also those of programs that nobody type-checked. */
class ReadOnlyState<K, V> implements ReadOnlyBroadcastState<K, V> {
  readonly #state: BroadcastState<K, V>;
  readonly #name: string;
  readonly #operatorName: string;

  constructor(state: BroadcastState<K, V>, name: string, operatorName: string) {
    this.#state = state;
    this.#name = name;
    this.#operatorName = operatorName;
  }

  get(key: K): V | undefined {
    return this.#state.get(key);
  }

  has(key: K): boolean {
    return this.#state.has(key);
  }

  contains(key: K): boolean {
    return this.#state.has(key);
  }

  entries(): IterableIterator<[K, V]> {
    return this.#state.entries();
  }

  immutableEntries(): IterableIterator<[K, V]> {
    return this.#state.entries();
  }

  keys(): IterableIterator<K> {
    return this.#state.keys();
  }

  values(): IterableIterator<V> {
    return this.#state.values();
  }

  isEmpty(): boolean {
    return this.#state.isEmpty();
  }

  put(): never {
    throw this.#refusal('put');
  }

  putAll(): never {
    throw this.#refusal('putAll');
  }

  remove(): never {
    throw this.#refusal('remove');
  }

  clear(): never {
    throw this.#refusal('clear');
  }

  #refusal(call: string): StreamError {
    const state = this.#name;
    const operator = this.#operatorName;
    return new StreamError({
      kind: 'invalid',
      code: 'BROADCAST_STATE_READ_ONLY',
      message: `broadcast state can only be changed in processBroadcastElement: elsewhere a subtask would change its copy alone: call=${call} state=${state} operator=${operator}`,
      details: { state, operator },
    });
  }
}
