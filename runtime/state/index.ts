export type { AggregateFunction, ReduceFunction, ReduceLike } from './aggregate-function.ts';
export {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  type StateDescriptor,
  type StateKind,
  ValueStateDescriptor,
} from './descriptors.ts';
export { flatCopy, flattenStrings } from './flat-copy.ts';
export {
  HeapKeyedStateBackend,
  type KeyedStateEntry,
  noKeyedContext,
} from './heap-keyed-state-backend.ts';
export type { HeapReducingState } from './heap-state.ts';
export { KeyTable, MAX_MAP_ENTRIES } from './key-table.ts';
export type {
  AggregatingState,
  AppendingState,
  KeyedStateStore,
  ListState,
  MapState,
  ReducingState,
  ValueState,
} from './keyed-state.ts';
