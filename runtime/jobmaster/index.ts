export { type ResultStorage, removeFiles } from './blocking-results.ts';
export { describeJob, endRecordOf, type KnownJob } from './describe-job.ts';
export { diagnoseJob } from './diagnose-job.ts';
export type { DiagnosedGraph, DiagnosedJob } from './diagnosed-job.ts';
export {
  type Diagnosis,
  FINDING_CODES,
  type Finding,
  type FindingCode,
  type FindingInput,
  type FindingSeverity,
  type SinkReport,
  type Verdict,
} from './diagnosis.ts';
export { Dispatcher, type DispatcherParts, type SlotOverview } from './dispatcher.ts';
export {
  jobAlreadyEnded,
  jobAlreadySubmitted,
  jobNotFound,
  noResourceAvailable,
} from './dispatcher-errors.ts';
export { DispatcherJournal } from './dispatcher-journal.ts';
export type {
  DispatchedJob,
  DispatchedVertex,
  JobControl,
  JobPlanner,
  JobProgram,
  JobSubmission,
  PlannedProgram,
  PlannedVertex,
  StartedMaster,
} from './dispatcher-records.ts';
export {
  EXECUTION_STATES,
  type ExecutionState,
  isEnd,
  type SlotExecution,
  type StateTimes,
} from './execution-states.ts';
export {
  AWAKE,
  decideHibernation,
  type HibernatingJob,
  type HibernationCommand,
  type HibernationDecision,
  type HibernationEvent,
  type HibernationSettings,
  type HibernationState,
  type IdleSlot,
  type WakeUps,
} from './hibernation.ts';
export {
  hibernationSettings,
  MAX_WAKE_SCHEDULES,
  slotIdleAfterMs,
} from './hibernation-settings.ts';
export type { CheckpointHost } from './job-checkpoints-parts.ts';
export {
  type SubtaskExecution,
  sleepingExecutions,
  type VertexExecutions,
} from './job-executions.ts';
export { type HibernationView, JobHibernation, type WakeUpArming } from './job-hibernation.ts';
export { type JobHistorySettings, jobHistorySettings } from './job-history.ts';
export { type JobJournal, type JournalEntry, TransientJournal } from './job-journal.ts';
export { JobMaster } from './job-master.ts';
export type { JobMasterParts, JobRestore, JobResult } from './job-master-parts.ts';
export { asOneRegion, type JobPlan, planJobExecution, planOf } from './job-plan.ts';
export type { JobRequest, OpenRequest } from './job-requests.ts';
export { type JobSnapshot, jobAccumulators, type VertexSnapshot } from './job-snapshot.ts';
export {
  createdJob,
  decideJob,
  isTerminal,
  JOB_TRANSITIONS,
  type JobCommand,
  type JobDecision,
  type JobEvent,
  type JobState,
  type JobStatus,
  type RegionPhase,
  type RegionState,
  type SlotStatus,
} from './job-state.ts';
export {
  JobTurn,
  type JobTurnParts,
  NEW_TURN_RECORD,
  type TurnEnd,
  type TurnMasterParts,
  type TurnRecord,
} from './job-turn.ts';
export { JOB_FAILED } from './life-log.ts';
export {
  assertQueryable,
  checkpointAnswer,
  runningAnswer,
  type StateAnswer,
  type StateQuestion,
} from './query-state.ts';
export {
  type ExceptionHistory,
  type ExceptionHistoryEntry,
  type ExceptionRecord,
  emptyExceptionHistory,
  withException,
} from './restart-exception-history.ts';
export { type RestartSettings, restartSettings } from './restart-settings.ts';
export {
  createdRestart,
  decideRestart,
  isRecoverable,
  type RestartDecision,
  type RestartState,
} from './restart-strategy.ts';
export type { SleepingJob } from './sleeping-job.ts';
export { latestCompleted, type PackedStatistics } from './sleeping-statistics.ts';
export type {
  AttachingLauncher,
  RegionLaunch,
  SlotEvents,
  SlotHandle,
  SlotLaunch,
  SlotLauncher,
  SlotPlace,
} from './slot-launcher.ts';
export { TurnJournal, type TurnJournalParts, type TurnRow } from './turn-journal.ts';
export type {
  AttemptRecord,
  ClientAnswer,
  ClientRequest,
  NextStep,
  RestoredFrom,
  TurnEffect,
  TurnMessage,
} from './turn-messages.ts';
export {
  type TurnObject,
  TurnObjects,
  type TurnObjectsParts,
} from './turn-objects.ts';
export type { TurnRunnerRecord } from './turn-runner.ts';
export {
  type TakenTurn,
  type TurnHost,
  TurnTaker,
  type TurnTakerParts,
} from './turn-taker.ts';
