export {
  type AccountLimitParts,
  accountTaskManagers,
  createLambdaClient,
} from './account-limit.ts';
export {
  AwsClusterJobs,
  type AwsClusterParts,
  awsOperations,
} from './aws-cluster-api.ts';
export { type AwsProcessesParts, awsProcesses } from './aws-processes.ts';
export { AwsPrograms, type AwsProgramsParts } from './aws-programs.ts';
export {
  Coordinator,
  type CoordinatorParts,
  type QueueRecord,
} from './coordinator.ts';
export { type ParsedMessage, parseCoordinatorMessage } from './coordinator-message.ts';
export { deployedLifecycle } from './deployed-lifecycle.ts';
export type {
  AddressedCommand,
  AttemptWriter,
  CommandSender,
  CoordinatorQueues,
  Inboxes,
  MetricName,
  MetricSink,
  Previews,
  StateMachines,
  WakeUpSchedules,
} from './effect-ports.ts';
export {
  type ArmedRule,
  allWakeUps,
  createEventBridgeClient,
  EventWakeUps,
  type EventWakeUpsParts,
} from './event-wake-ups.ts';
export {
  type ForgetJobsParts,
  type ForgetResult,
  forgetJobs,
} from './forget-jobs.ts';
export { CloudWatchFunctionLog, type FunctionLog } from './function-log.ts';
export {
  type HttpEvent,
  type HttpResult,
  httpRequestOf,
  httpResultOf,
} from './http-event.ts';
export { importBundle } from './import-bundle.ts';
export {
  JobMessages,
  type JobMessagesParts,
  MAX_DEATHS,
  MAX_FAULTS,
} from './job-messages.ts';
export {
  JobPrograms,
  type JobProgramsParts,
} from './job-programs.ts';
export { JobTroubles } from './job-troubles.ts';
export { JobTurns, type JobTurnsParts } from './job-turns.ts';
export { JobViews } from './job-views.ts';
export {
  type CaughtError,
  lambdaFailure,
  leaseFailure,
  MAX_CAUSE_CHARS,
  thrownByFunction,
} from './lambda-failure.ts';
export { objectThresholdBytes } from './object-threshold.ts';
export { passing, pauseOf } from './outage.ts';
export { type PlanJobParts, planJob } from './plan-job.ts';
export { type PlanRecord, readPlan } from './plan-record.ts';
export { presignUpload } from './presign-upload.ts';
export { type PreviewProgramParts, previewProgram } from './preview-program.ts';
export {
  PREVIEW_TIMEOUT_MS,
  ProgramPreviews,
  type ProgramPreviewsParts,
} from './program-previews.ts';
export { SavepointDisposals, type SavepointDisposalsParts } from './savepoint-disposals.ts';
export {
  createSchedulerClient,
  SchedulerWakeUps,
  type SchedulerWakeUpsParts,
} from './scheduler-wake-ups.ts';
export { type SettleJobParts, settleJob } from './settle-job.ts';
export { ShownExecutions, type ShownExecutionsParts } from './shown-executions.ts';
export { SqsCommandSender, type SqsCommandSenderParts } from './sqs-command-sender.ts';
export {
  SqsCoordinatorQueues,
  type SqsCoordinatorQueuesParts,
} from './sqs-coordinator-queues.ts';
export { SqsInboxes, type SqsInboxesParts } from './sqs-inboxes.ts';
export { createSfnClient, StepFunctions, type StepFunctionsParts } from './step-functions.ts';
export { TaskManagerReservations } from './task-manager-reservations.ts';
export { TickForwarder, type TickForwarderParts } from './tick-forwarder.ts';
export { TurnEffects, type TurnEffectsParts } from './turn-effects.ts';
