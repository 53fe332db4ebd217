export type {
  AllWindowFunction,
  AllWindowLike,
  ProcessAllWindowFunction,
  ProcessAllWindowLike,
} from './all-window-functions.ts';
export { AllWindowedStream } from './all-windowed-stream.ts';
export {
  type ArgumentErrorCode,
  checkFunction,
  checkMethods,
  checkOutputTag,
  checkText,
  durationMs,
  invalid,
} from './arguments.ts';
export { AsyncDataStream } from './async-data-stream.ts';
export { type AsyncRetryPredicates, AsyncRetryStrategies } from './async-retry-strategies.ts';
export {
  BroadcastConnectedStream,
  KeyedBroadcastConnectedStream,
} from './broadcast-connected-stream.ts';
export { BroadcastStream } from './broadcast-stream.ts';
export {
  CheckpointConfig,
  type CheckpointingMode,
  type ExternalizedCheckpointRetention,
  type WriteSettings,
} from './checkpoint-config.ts';
export { CoGroupedStreams, CoGroupedStreamsWithWindow } from './co-grouped-streams.ts';
export { ConnectedStreams } from './connected-streams.ts';
export { DataStream, SingleOutputStreamOperator } from './data-stream.ts';
export { DataStreamSink } from './data-stream-sink.ts';
export {
  type EnvironmentContext,
  StreamExecutionEnvironment,
} from './environment.ts';
export { JoinEqualTo, JoinWhere } from './equal-keys.ts';
export type {
  ComparableField,
  KeyField,
  KeyValue,
  NotCallable,
  NumericField,
} from './field-types.ts';
export { IntervalJoin, IntervalJoined } from './interval-join.ts';
export type { ExecuteOptions, JobExecutionResult, JobExecutor } from './job-executor.ts';
export {
  type EvaluatedJob,
  evaluateJob,
  type JobFunction,
  type JobInputs,
  jobFunctionOf,
} from './job-module.ts';
export type {
  CoGroupFunction,
  CoGroupLike,
  FlatJoinFunction,
  FlatJoinLike,
  JoinFunction,
  JoinLike,
} from './join-functions.ts';
export { JoinedStreams, JoinedStreamsWithWindow } from './joined-streams.ts';
export { KeyedConnectedStreams } from './keyed-connected-streams.ts';
export { KeyedStream } from './keyed-stream.ts';
export { inOperator, nameRefusals } from './name-refusals.ts';
export {
  type ExponentialDelay,
  RestartStrategies,
  type RestartStrategy,
} from './restart-strategies.ts';
export { statefulOperatorsWithoutUid } from './stateful-operators.ts';
export type { TaggedUnion } from './tagged-union.ts';
export { transform } from './transform.ts';
export { type RowFields, type TypeOf, Types } from './types.ts';
export { WindowedStream } from './windowed-stream.ts';
