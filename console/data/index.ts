export {
  ConsoleContext,
  type ConsoleServices,
  useConfig,
  useConnection,
  useConsole,
  useNow,
  useOperations,
  usePolled,
} from './console-context.ts';
export { consoleServices } from './console-services.ts';
export { browserWorld, type ConsoleWorld } from './console-world.ts';
export type {
  DiagnosedSinkJson,
  DiagnosisJson,
  FindingJson,
  VerdictJson,
} from './diagnosis-json.ts';
export {
  cancelRequest,
  rescaleRequest,
  savepointRequest,
  stopRequest,
  wakeRequest,
} from './job-operations.ts';
export {
  type Operation,
  type OperationProgress,
  type OperationRequest,
  OperationStore,
} from './operations.ts';
export { type Connection, type Polled, PollStore } from './poll-store.ts';
export { RateHistory, type RatePoint } from './rate-history.ts';
export { ConnectionError, type Method, RestClient, RestError } from './rest-client.ts';
export type {
  AggregateJson,
  BackPressureJson,
  Bytes,
  CheckpointConfigJson,
  CheckpointJson,
  CheckpointSubtaskJson,
  CheckpointSubtasksJson,
  CheckpointsJson,
  CheckpointTaskJson,
  ConfigJson,
  EnvironmentJson,
  ExceptionJson,
  ExceptionsJson,
  FailureJson,
  IoMetricsJson,
  JobConfigJson,
  JobJson,
  JobOverviewJson,
  JobState,
  JobVertexJson,
  LogFileJson,
  MetricJson,
  Millis,
  OperationJson,
  OverviewJson,
  PlanInputJson,
  PlanJson,
  PlanNodeJson,
  ProgramJson,
  SubtaskJson,
  SubtaskTimesJson,
  TaskManagerDetailsJson,
  TaskManagerJson,
  TaskState,
  ThreadJson,
  VertexJson,
} from './rest-json.ts';
export { useVertexLive } from './use-vertex-live.ts';
export { knownCount, type Load, loadOf, type VertexLive } from './vertex-live.ts';
