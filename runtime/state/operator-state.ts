/** State that belongs to an operator's subtask and not to a key. */
import type { OperatorStateMode } from '../protocol/index.ts';
import type { ListStateDescriptor, MapStateDescriptor } from './descriptors.ts';
import type { ListState, MapState } from './keyed-state.ts';

/** What gives operator states to a function or an operator. */
export interface OperatorStateStore {
  /** Items are dealt out among the new subtasks when the parallelism changes. */
  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T>;
  /** After a restore every subtask has the items of all. */
  getUnionListState<T>(descriptor: ListStateDescriptor<T>): ListState<T>;
  /** The same in every subtask, by the job's own doing. */
  getBroadcastState<K, V>(descriptor: MapStateDescriptor<K, V>): BroadcastState<K, V>;
}

/** A map of which every subtask has an equal copy. */
export type BroadcastState<K, V> = MapState<K, V>;

/** A broadcast state where it must not change. Nor must the caller change the values in it. */
export interface ReadOnlyBroadcastState<K, V>
  extends Omit<BroadcastState<K, V>, 'put' | 'putAll' | 'remove' | 'clear'> {
  /** Flink's name of `entries`. */
  immutableEntries(): IterableIterator<[K, V]>;
}

/** One operator state as a snapshot sees it. Broadcast states are lists of `[key, value]`. */
export interface OperatorStateSnapshot {
  readonly name: string;
  readonly mode: OperatorStateMode;
  readonly items: readonly unknown[];
}
