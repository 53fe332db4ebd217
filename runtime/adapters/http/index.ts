export { answerRequest } from './answer-request.ts';
export { checkpointsJson } from './checkpoints-json.ts';
export type {
  ClusterApi,
  ClusterJobs,
  ClusterLifecycle,
  ClusterPrograms,
  OperationLog,
  OperationPlace,
  OperationState,
  ProgramRun,
  TaskPlace,
  TriggeredOperation,
  UploadedProgram,
  UploadPlace,
} from './cluster-api.ts';
export {
  badRequest,
  errorAnswer,
  type HttpAnswer,
  HttpContent,
  HttpRefusal,
  type HttpRequest,
  type SentAnswer,
  sentAnswer,
} from './http-records.ts';
export { programFileName } from './program-file-name.ts';
export { serializedThrowable } from './serialized-throwable.ts';
