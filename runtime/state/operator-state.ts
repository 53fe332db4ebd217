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
  getBroadcastState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V>;
}

/** One operator state as a snapshot sees it. Broadcast states are lists of `[key, value]`. */
export interface OperatorStateSnapshot {
  readonly name: string;
  readonly mode: OperatorStateMode;
  readonly items: readonly unknown[];
}
