export {
  type AccumulatorContext,
  AccumulatorRegistry,
} from './accumulator-registry.ts';
export {
  type Accumulator,
  AverageAccumulator,
  DoubleCounter,
  DoubleMaximum,
  DoubleMinimum,
  Histogram,
  IntCounter,
  IntMaximum,
  IntMinimum,
  ListAccumulator,
  LongCounter,
  LongMaximum,
  LongMinimum,
  MAX_ACCUMULATORS_BYTES,
} from './accumulators.ts';
export type {
  AsyncFunction,
  AsyncLike,
  AsyncOutputMode,
  AsyncResults,
  AsyncRetryStrategy,
  AsyncWaitOptions,
} from './async-function.ts';
export { asyncWaitOperator } from './async-wait-operator.ts';
export type {
  BroadcastContext,
  BroadcastProcessFunction,
  KeyedBroadcastContext,
  KeyedBroadcastProcessFunction,
  KeyedStateFunction,
  KeyedStateLike,
  ReadOnlyBroadcastContext,
} from './broadcast-functions.ts';
export { coBroadcastOperator, keyedCoBroadcastOperator } from './co-broadcast-operator.ts';
export { type CoKeySelectors, coFlatMapOperator, coMapOperator } from './co-flat-map-operator.ts';
export { coProcessOperator, keyedCoProcessOperator } from './co-process-operator.ts';
export {
  type FieldAggregation,
  type FieldAggregationKind,
  type FieldSelector,
  fieldAggregation,
} from './field-aggregation.ts';
export { filterOperator } from './filter-operator.ts';
export { flatMapOperator } from './flat-map-operator.ts';
export { FunctionOperator } from './function-operator.ts';
export type {
  CheckpointedFunction,
  CheckpointListener,
  CoFlatMapFunction,
  Collector,
  CoMapFunction,
  CoProcessFunction,
  FilterFunction,
  FilterLike,
  FlatMapFunction,
  FlatMapLike,
  FunctionInitializationContext,
  FunctionSnapshotContext,
  KeyedCoProcessFunction,
  KeyedProcessContext,
  KeyedProcessFunction,
  KeyedProcessLike,
  MapFunction,
  MapLike,
  OnTimerContext,
  ProcessContext,
  ProcessFunction,
  ProcessLike,
  RichFunction,
  RuntimeContext,
  TaskInfo,
  TimeDomain,
  TimerService,
} from './functions.ts';
export { IgnoredTimers } from './ignored-timers.ts';
export { type IntervalJoinOptions, intervalJoinOperator } from './interval-join-operator.ts';
export type {
  ProcessJoinContext,
  ProcessJoinFunction,
  ProcessJoinLike,
} from './join-functions.ts';
export { KeyedContext } from './keyed-context.ts';
export { mapOperator } from './map-operator.ts';
export { MetricRegistry, type MetricValue } from './metric-registry.ts';
export type {
  CounterMetric,
  GaugeMetric,
  HistogramMetric,
  HistogramStatistics,
  MeterMetric,
} from './metrics.ts';
export type {
  Input,
  JobType,
  MailboxExecutor,
  OneInputFactory,
  OneInputOperator,
  Operator,
  OperatorContext,
  OperatorMetrics,
  Output,
  ProcessingTimeScheduler,
  ReaderEvent,
  SourceEvent,
  SourceFactory,
  SourceOperator,
  SourcePoll,
  TwoInputFactory,
  TwoInputOperator,
} from './operator.ts';
export { OutputTag } from './output-tag.ts';
export { keyedProcessOperator, processOperator } from './process-operator.ts';
export { reduceOperator } from './reduce-operator.ts';
export { TimestampExtractor } from './timestamp-extractor.ts';
export { TimestampedCollector } from './timestamped-collector.ts';
export {
  timestampsAndWatermarksOperator,
  WatermarkEmitter,
  watermarkMaker,
} from './timestamps-and-watermarks-operator.ts';
export {
  lifeCycleOf,
  type OperatorPlace,
  UserFunction,
  userFailure,
} from './user-function.ts';
