export type {
  AllWindowFunction,
  AllWindowLike,
  ProcessAllWindowFunction,
  ProcessAllWindowLike,
} from './all-window-functions.ts';
export { AllWindowedStream } from './all-windowed-stream.ts';
export type { ArgumentErrorCode } from './arguments.ts';
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
export { ConnectedStreams } from './connected-streams.ts';
export { DataStream, SingleOutputStreamOperator } from './data-stream.ts';
export { DataStreamSink } from './data-stream-sink.ts';
export {
  type EnvironmentContext,
  type RuntimeExecutionMode,
  StreamExecutionEnvironment,
} from './environment.ts';
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
export { KeyedConnectedStreams } from './keyed-connected-streams.ts';
export { KeyedStream } from './keyed-stream.ts';
export {
  type ExponentialDelay,
  RestartStrategies,
  type RestartStrategy,
} from './restart-strategies.ts';
export { statefulOperatorsWithoutUid } from './stateful-operators.ts';
export { type RowFields, type TypeOf, Types } from './types.ts';
export { WindowedStream } from './windowed-stream.ts';
