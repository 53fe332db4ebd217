export {
  type AttemptRecord,
  attemptLocation,
  readAttempt,
  writeAttempt,
} from './attempt-record.ts';
export { slotsOfTaskManager, taskManagerCount } from './channel-plan.ts';
export type { LeaseNetworkSettings } from './lease-network.ts';
export type { BlobTier } from './remote-blobs.ts';
export { reportDelayMs } from './report-sender.ts';
export {
  type LambdaTaskManagerParts,
  type LambdaTaskManagerSettings,
  type LeaseMetrics,
  runLease,
} from './run-lease.ts';
export type { SlotStarted } from './slot-started.ts';
