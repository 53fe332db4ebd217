/** Operator states in memory, and what a restore at another parallelism makes of them. */
import type { OperatorStateMode } from '../protocol/index.ts';
import type {
  ListState,
  ListStateDescriptor,
  MapState,
  OperatorStateStore,
} from '../state/index.ts';
import { throughJson } from './connector-world.conformance.ts';

export interface StoredList {
  readonly mode: OperatorStateMode;
  readonly items: readonly unknown[];
}

/** The operator states of one subtask in a checkpoint, by name. */
export type StoredStates = Readonly<Record<string, StoredList>>;

export class MemoryOperatorState implements OperatorStateStore {
  readonly #restored: StoredStates;
  readonly #lists = new Map<string, { readonly mode: OperatorStateMode; items: unknown[] }>();

  constructor(restored: StoredStates = {}) {
    this.#restored = restored;
  }

  getListState<T>({ name }: ListStateDescriptor<T>): ListState<T> {
    return this.#list(name, 'SPLIT_DISTRIBUTE');
  }

  getUnionListState<T>({ name }: ListStateDescriptor<T>): ListState<T> {
    return this.#list(name, 'UNION');
  }

  getBroadcastState<K, V>(): MapState<K, V> {
    throw new Error('connectors have no broadcast state');
  }

  snapshot(): StoredStates {
    return throughJson(Object.fromEntries(this.#lists));
  }

  #list<T>(name: string, mode: OperatorStateMode): ListState<T> {
    const list = { mode, items: [...(this.#restored[name]?.items ?? [])] };
    this.#lists.set(name, list);
    return {
      get: () => list.items as T[],
      add: (value) => void list.items.push(value),
      addAll: (values) => void list.items.push(...values),
      update: (values) => {
        list.items = [...values];
      },
      clear: () => {
        list.items = [];
      },
    };
  }
}

/** What the subtasks of a restored operator get. */
export function redistribute(stored: readonly StoredStates[], parallelism: number): StoredStates[] {
  const names = new Set(stored.flatMap((states) => Object.keys(states)));
  return Array.from({ length: parallelism }, (_, subtask) => {
    const entries = [...names].map((name) => {
      const lists = stored.flatMap((states) => states[name] ?? []);
      const mode = lists[0]?.mode ?? 'SPLIT_DISTRIBUTE';
      const all = lists.flatMap(({ items }) => items);
      const own = all.filter((_item, index) => index % parallelism === subtask);
      return [name, { mode, items: mode === 'UNION' ? all : own }] as const;
    });
    return Object.fromEntries(entries);
  });
}
