/**
 * What users write for a stream that meets a broadcast one. Records of the broadcast side reach
 * every subtask and change its copy of the broadcast states; records of the other side read them.
 *
 * The copies are equal because every subtask does the same: what the broadcast side writes may
 * depend on its records and the broadcast states alone. The order of broadcast records that come
 * from several subtasks may differ between the copies.
 */
import type {
  AggregatingState,
  AggregatingStateDescriptor,
  BroadcastState,
  ListState,
  ListStateDescriptor,
  MapState,
  MapStateDescriptor,
  ReadOnlyBroadcastState,
  ReducingState,
  ReducingStateDescriptor,
  ValueState,
  ValueStateDescriptor,
} from '../state/index.ts';
import type {
  Collector,
  KeyedProcessContext,
  OnTimerContext,
  ProcessContext,
  RichFunction,
} from './functions.ts';
import type { OutputTag } from './output-tag.ts';

/** Of the side that is not broadcast: broadcast states can be read, not changed. */
export interface ReadOnlyBroadcastContext extends ProcessContext {
  /**
   * @throws {StreamError} kind `invalid`, code `BROADCAST_STATE_UNKNOWN`, unless the descriptor was
   * given to `broadcast`.
   */
  getBroadcastState<K, V>(descriptor: MapStateDescriptor<K, V>): ReadOnlyBroadcastState<K, V>;
}

/** Of the broadcast side. Valid during the call it is given to. */
export interface BroadcastContext {
  /** Event time of the record in ms; undefined when it has none. */
  readonly timestamp: number | undefined;
  /** Milliseconds since 1970. */
  currentProcessingTime(): number;
  /** `MIN_TIMESTAMP_MS` before the first watermark of both sides. */
  currentWatermark(): number;
  /** Sends to a side output. */
  output<X>(tag: OutputTag<X>, value: X): void;
  /** @throws {StreamError} as {@link ReadOnlyBroadcastContext.getBroadcastState}. */
  getBroadcastState<K, V>(descriptor: MapStateDescriptor<K, V>): BroadcastState<K, V>;
}

/** Called for each key of this subtask that has the state. */
export interface KeyedStateFunction<K, S> {
  process(key: K, state: S): void;
}
export type KeyedStateLike<K, S> = KeyedStateFunction<K, S> | ((key: K, state: S) => void);

/** Of the broadcast side, where the other side is keyed. */
export interface KeyedBroadcastContext<K> extends BroadcastContext {
  /** Calls the function for every key of this subtask that has the state, in no set order. */
  applyToKeyedState<T, R>(
    descriptor: ValueStateDescriptor<T, R>,
    fn: KeyedStateLike<K, ValueState<T, R>>,
  ): void;
  applyToKeyedState<T>(
    descriptor: ListStateDescriptor<T>,
    fn: KeyedStateLike<K, ListState<T>>,
  ): void;
  applyToKeyedState<MK, MV>(
    descriptor: MapStateDescriptor<MK, MV>,
    fn: KeyedStateLike<K, MapState<MK, MV>>,
  ): void;
  applyToKeyedState<T>(
    descriptor: ReducingStateDescriptor<T>,
    fn: KeyedStateLike<K, ReducingState<T>>,
  ): void;
  applyToKeyedState<I, A, O>(
    descriptor: AggregatingStateDescriptor<I, A, O>,
    fn: KeyedStateLike<K, AggregatingState<I, O>>,
  ): void;
}

export interface BroadcastProcessFunction<A, B, O> extends RichFunction {
  processElement(value: A, ctx: ReadOnlyBroadcastContext, out: Collector<O>): void;
  processBroadcastElement(value: B, ctx: BroadcastContext, out: Collector<O>): void;
}

/** With keyed state and timers on the side that is not broadcast. */
export interface KeyedBroadcastProcessFunction<K, A, B, O> extends RichFunction {
  processElement(
    value: A,
    ctx: KeyedProcessContext<K> & ReadOnlyBroadcastContext,
    out: Collector<O>,
  ): void;
  processBroadcastElement(value: B, ctx: KeyedBroadcastContext<K>, out: Collector<O>): void;
  onTimer?(
    timestampMs: number,
    ctx: OnTimerContext<K> & ReadOnlyBroadcastContext,
    out: Collector<O>,
  ): void;
}
