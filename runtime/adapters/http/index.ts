export { answerRequest, REST_ROUTES } from './answer-request.ts';
export { checkpointsJson } from './checkpoints-json.ts';
export type {
  AskedSavepoint,
  ClusterApi,
  ClusterJobs,
  ClusterLifecycle,
  ClusterPrograms,
  OperationLog,
  OperationPlace,
  OperationState,
  ProgramRun,
  SavepointCheckAnswer,
  TaskPlace,
  TriggeredOperation,
  UploadedProgram,
  UploadPlace,
  WebSettings,
} from './cluster-api.ts';
export {
  badRequest,
  errorAnswer,
  type HttpAnswer,
  HttpContent,
  HttpRefusal,
  type HttpRequest,
  type ReceivedFile,
  type SentAnswer,
  sentAnswer,
} from './http-records.ts';
export { type MetricSample, metricSamples, type SampledCluster } from './metric-samples.ts';
export { closedProcess, noProcesses } from './no-processes.ts';
export type {
  AskedFlameGraph,
  ClusterJobManager,
  ClusterProcess,
  ClusterProcesses,
  ClusterTaskManager,
  FlameGraph,
  FlameGraphNode,
  GivenHardware,
  LogFile,
  ProcessStatistics,
  Profiling,
  ProfilingMode,
  TaskManagerView,
  ThreadDump,
} from './process-records.ts';
export {
  checkProgramName,
  type ProgramContent,
  type ReadProgram,
  readProgram,
  withEntry,
} from './program-archive.ts';
export { programFileName } from './program-file-name.ts';
export { assertUploadType } from './program-routes.ts';
export {
  checkRequest,
  corsHeaders,
  type GuardedRequest,
  type RequestGuard,
} from './request-guard.ts';
export { CONSOLE_HEADERS, pageHeaders, SECURITY_HEADERS } from './security-headers.ts';
export { serializedThrowable } from './serialized-throwable.ts';
export { webSettings } from './web-settings.ts';
