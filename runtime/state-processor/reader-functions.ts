/** What users write to read keyed state. */
import type { Collector, OperatorMetrics, TaskInfo } from '../operators/index.ts';
import type {
  AggregatingState,
  AggregatingStateDescriptor,
  KeyedStateStore,
  ListState,
  ListStateDescriptor,
  MapState,
  MapStateDescriptor,
  ReducingState,
  ReducingStateDescriptor,
  ValueState,
  ValueStateDescriptor,
} from '../state/index.ts';
import type { TimeWindow } from '../windowing/index.ts';

/** What a reader function may use of its subtask. */
export interface StateReaderContext extends KeyedStateStore {
  readonly taskInfo: Pick<TaskInfo, 'taskName' | 'index' | 'parallelism'>;
  getMetricGroup(): OperatorMetrics;
}

/** The timers of the current key. */
export interface RegisteredTimers {
  registeredEventTimeTimers(): ReadonlySet<number>;
  registeredProcessingTimeTimers(): ReadonlySet<number>;
}

/** Valid during the call it is given to. */
export type KeyedStateReaderFunctionContext = RegisteredTimers;

/** Called for every key that has one of the states it asked for. What it changes is lost. */
export interface KeyedStateReaderFunction<K, O> {
  /** Asks for all the states that are to be read; by their names in the savepoint. */
  open(ctx: StateReaderContext): void | Promise<void>;
  readKey(key: K, ctx: KeyedStateReaderFunctionContext, out: Collector<O>): void;
  close?(): void | Promise<void>;
}

/** Valid during the call it is given to. */
export interface WindowReaderContext extends RegisteredTimers {
  window(): TimeWindow;
  /** A state that the trigger has for this window. */
  triggerState<T, R>(descriptor: ValueStateDescriptor<T, R>): ValueState<T, R>;
  triggerState<T>(descriptor: ListStateDescriptor<T>): ListState<T>;
  triggerState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V>;
  triggerState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T>;
  triggerState<I, A, O>(descriptor: AggregatingStateDescriptor<I, A, O>): AggregatingState<I, O>;
  /** States of the window function in this window. */
  windowState(): KeyedStateStore;
  /** States of the window function, whatever the window. */
  globalState(): KeyedStateStore;
}

/** Called for every window of every key. */
export interface WindowReaderFunction<I, O, K> {
  open?(ctx: Omit<StateReaderContext, keyof KeyedStateStore>): void | Promise<void>;
  /** @param elements as the window function of the job would get them. */
  readWindow(key: K, ctx: WindowReaderContext, elements: Iterable<I>, out: Collector<O>): void;
  close?(): void | Promise<void>;
}

export type WindowReaderLike<I, O, K> =
  | WindowReaderFunction<I, O, K>
  | ((key: K, ctx: WindowReaderContext, elements: Iterable<I>, out: Collector<O>) => void);
