export type { AggregateFunction, ReduceFunction, ReduceLike } from './aggregate-function.ts';
export { ChangeLog, type Tracked } from './change-log.ts';
export {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  type StateDescriptor,
  type StateKind,
  type StateOptions,
  ValueStateDescriptor,
} from './descriptors.ts';
export { noKeyedContext } from './errors.ts';
export { flatCopy, flattenStrings } from './flat-copy.ts';
export {
  HeapKeyedStateBackend,
  type KeyedStateBackendOptions,
  type KeyedStateEntry,
} from './heap-keyed-state-backend.ts';
export type { HeapReducingState } from './heap-state.ts';
export { KeyEntry, KeyTable, type KeyTableOptions } from './key-table.ts';
export type {
  AggregatingState,
  AppendingState,
  KeyedStateStore,
  ListState,
  MapState,
  ReducingState,
  ValueState,
} from './keyed-state.ts';
export { LargeMap, MAX_MAP_ENTRIES } from './large-map.ts';
export { NamespacedState, splitSubKey } from './namespaced-state.ts';
export type {
  BroadcastState,
  OperatorStateSnapshot,
  OperatorStateStore,
  ReadOnlyBroadcastState,
} from './operator-state.ts';
export { OperatorStateBackend } from './operator-state-backend.ts';
export { MAX_STATE_ANSWER_CHARS } from './plain-json.ts';
export { keyNotFound, noKeyedState } from './query-errors.ts';
export { encodeQueryKey } from './query-key.ts';
export { askedMeta, checkQuery, heldValue, queryTables } from './query-state.ts';
export { adaptedTarget, type RestoreFill, type RestoreShape } from './restore.ts';
export type { EntryVisitor, RestoreTarget, SnapshotTable } from './snapshot-table.ts';
export {
  compareStateMeta,
  type DeclaredStateMeta,
  type StateMetaComparison,
  stateMetaOf,
} from './state-meta.ts';
export { type AskedTable, type HeldMap, type MapEntry, MapTable } from './state-tables.ts';
export type {
  StateTtlConfig,
  StateTtlUpdateType,
  StateTtlVisibility,
  TtlClock,
} from './ttl.ts';
