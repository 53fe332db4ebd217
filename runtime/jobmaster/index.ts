export { JobMaster, type JobMasterParts, type JobResult } from './job-master.ts';
export type { JobSnapshot, VertexSnapshot } from './job-snapshot.ts';
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
} from './job-state.ts';
export type { SlotEvents, SlotHandle, SlotLauncher } from './slot-launcher.ts';
