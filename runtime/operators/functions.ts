/**
 * What users write. Every function may be a plain function, or an object with that method and,
 * if it likes, `open` and `close` around it, and the methods of {@link CheckpointedFunction} and
 * {@link CheckpointListener}.
 *
 * Records are handed on by reference inside a slot, as with Flink's object reuse: a function must
 * not change a record it was given or has emitted, or other operators see the change at one
 * parallelism and not at another. Return a new record instead.
 */
import type { KeyedStateStore, OperatorStateStore } from '../state/index.ts';
import type { AccumulatorContext } from './accumulator-registry.ts';
import type { OperatorMetrics } from './operator.ts';
import type { OutputTag } from './output-tag.ts';

/** Where a function gets the states that are not bound to a key, and finds them filled again. */
export interface FunctionInitializationContext {
  /** True after a failure and when the job starts from a savepoint or checkpoint. */
  readonly isRestored: boolean;
  /** Undefined when there is nothing to restore. */
  readonly restoredCheckpointId: number | undefined;
  readonly operatorState: OperatorStateStore;
  /** Undefined on a stream without keys. */
  readonly keyedState: KeyedStateStore | undefined;
}

export interface FunctionSnapshotContext {
  readonly checkpointId: number;
}

/** A function with state of its own in its fields, which it puts into operator state when asked. */
export interface CheckpointedFunction {
  /** Before `open`: registers states, reads what was restored. */
  initializeState(ctx: FunctionInitializationContext): void | Promise<void>;
  /**
   * Between two records, at the cut: puts what the fields hold into the registered states. Must be
   * synchronous; the states are copied before the next record.
   */
  snapshotState(ctx: FunctionSnapshotContext): void;
}

/** A function that acts once a checkpoint is certain. */
export interface CheckpointListener {
  /** The checkpoint can no longer be lost. Ids grow; one may be skipped. */
  notifyCheckpointComplete(checkpointId: number): void | Promise<void>;
  /** The checkpoint will never complete; its state is part of later ones. */
  notifyCheckpointAborted?(checkpointId: number): void;
}

/** Around the records of one subtask. */
export interface RichFunction extends Partial<CheckpointedFunction & CheckpointListener> {
  /** Before the first record: get states and metrics here. */
  open?(ctx: RuntimeContext): void | Promise<void>;
  /** After the last record, also when the job failed. */
  close?(): void | Promise<void>;
}

export interface TaskInfo {
  readonly jobName: string;
  /** The operator's name. */
  readonly taskName: string;
  /** The subtask, 0-based. */
  readonly index: number;
  readonly parallelism: number;
  readonly maxParallelism: number;
  /** 0 for the first execution, grows at every restart. */
  readonly attempt: number;
}

/** What a rich function may use of its subtask. States need a keyed stream. */
export interface RuntimeContext extends KeyedStateStore, AccumulatorContext {
  readonly taskInfo: TaskInfo;
  getMetricGroup(): OperatorMetrics;
}

/** Takes the results of a function. */
export interface Collector<T> {
  collect(value: T): void;
}

/** Makes one result of each record; returns a new one rather than changing the old. */
export interface MapFunction<I, O> extends RichFunction {
  map(value: I): O;
}
export type MapLike<I, O> = MapFunction<I, O> | ((value: I) => O);

export interface FilterFunction<T> extends RichFunction {
  filter(value: T): boolean;
}
export type FilterLike<T> = FilterFunction<T> | ((value: T) => boolean);

// biome-ignore-start lint/suspicious/noConfusingVoidType: functions that return nothing are meant
/** Results through the collector, or returned, or both. */
export interface FlatMapFunction<I, O> extends RichFunction {
  flatMap(value: I, out: Collector<O>): Iterable<O> | void;
}
export type FlatMapLike<I, O> =
  | FlatMapFunction<I, O>
  | ((value: I, out: Collector<O>) => Iterable<O> | void);

export interface CoFlatMapFunction<A, B, O> extends RichFunction {
  flatMap1(value: A, out: Collector<O>): Iterable<O> | void;
  flatMap2(value: B, out: Collector<O>): Iterable<O> | void;
}
// biome-ignore-end lint/suspicious/noConfusingVoidType: functions that return nothing are meant

export interface CoMapFunction<A, B, O> extends RichFunction {
  map1(value: A): O;
  map2(value: B): O;
}

/** Timers belong to the current key; without `keyBy` only the times can be read. */
export interface TimerService {
  /** Milliseconds since 1970. */
  currentProcessingTime(): number;
  /** `MIN_TIMESTAMP_MS` before the first watermark. */
  currentWatermark(): number;
  registerEventTimeTimer(timestampMs: number): void;
  registerProcessingTimeTimer(epochMs: number): void;
  deleteEventTimeTimer(timestampMs: number): void;
  deleteProcessingTimeTimer(epochMs: number): void;
}

/** Valid during the call it is given to. */
export interface ProcessContext {
  /** Event time of the record in ms; undefined when it has none. */
  readonly timestamp: number | undefined;
  readonly timerService: TimerService;
  /** Sends to a side output. */
  output<X>(tag: OutputTag<X>, value: X): void;
}

export interface KeyedProcessContext<K> extends ProcessContext {
  getCurrentKey(): K;
}

export type TimeDomain = 'EVENT_TIME' | 'PROCESSING_TIME';

export interface OnTimerContext<K> extends KeyedProcessContext<K> {
  /** When the timer was set for, in ms. */
  readonly timestamp: number;
  readonly timeDomain: TimeDomain;
}

export interface ProcessFunction<I, O> extends RichFunction {
  processElement(value: I, ctx: ProcessContext, out: Collector<O>): void;
}
export type ProcessLike<I, O> =
  | ProcessFunction<I, O>
  | ((value: I, ctx: ProcessContext, out: Collector<O>) => void);

export interface KeyedProcessFunction<K, I, O> extends RichFunction {
  processElement(value: I, ctx: KeyedProcessContext<K>, out: Collector<O>): void;
  onTimer?(timestampMs: number, ctx: OnTimerContext<K>, out: Collector<O>): void;
}
export type KeyedProcessLike<K, I, O> =
  | KeyedProcessFunction<K, I, O>
  | ((value: I, ctx: KeyedProcessContext<K>, out: Collector<O>) => void);

export interface CoProcessFunction<A, B, O> extends RichFunction {
  processElement1(value: A, ctx: ProcessContext, out: Collector<O>): void;
  processElement2(value: B, ctx: ProcessContext, out: Collector<O>): void;
}

export interface KeyedCoProcessFunction<K, A, B, O> extends RichFunction {
  processElement1(value: A, ctx: KeyedProcessContext<K>, out: Collector<O>): void;
  processElement2(value: B, ctx: KeyedProcessContext<K>, out: Collector<O>): void;
  onTimer?(timestampMs: number, ctx: OnTimerContext<K>, out: Collector<O>): void;
}
