export {
  assignmentErrors,
  assignState,
  type StateAssignment,
  storedMaxParallelism,
} from './assign-state.ts';
export type {} from './assign-state-graph.ts';
export {
  type BarrierCommand,
  type BarrierDecision,
  type BarrierEvent,
  type BarrierState,
  decideBarrier,
  initialBarrierState,
  type PendingBarrier,
  type SnapshotTrigger,
  unalignedAtMs,
} from './barrier-handler.ts';
export type { BlobInfo, BlobRange, BlobStore } from './blob-store.ts';
export { loadBytes, storeBytes, storedSizeBytes } from './bytes-record.ts';
export {
  type CheckpointsInit,
  createdCheckpoints,
  decideCheckpoint,
  withRestored,
} from './checkpoint-coordinator.ts';
export {
  type CheckpointAnswer,
  type CheckpointCommand,
  type CheckpointDecision,
  type CheckpointEvent,
  type CheckpointOccurrence,
  type CheckpointRequest,
  type CheckpointsState,
  isStoring,
  isTerminated,
  type StopProgress,
} from './checkpoint-coordinator-records.ts';
export type { CheckpointFailureReason } from './checkpoint-failures.ts';
export type { CheckpointRowRecord } from './checkpoint-log.ts';
export {
  type CheckpointRetention,
  type CheckpointSettings,
  checkpointSettings,
  type RecoverySettings,
  recoverySettings,
} from './checkpoint-settings.ts';
export {
  type AcknowledgedSubtaskStats,
  type CheckpointCounts,
  type CheckpointStatistics,
  type CheckpointStatsRecord,
  type CheckpointTotals,
  checkpointTotals,
  emptyStatistics,
  endToEndDurationMs,
  failedInARow,
  isFailure,
  type LatestCheckpoints,
  type RestoredCheckpointRecord,
  statsAcknowledged,
  statsCompleted,
  statsContinued,
  statsDiscarded,
  statsFailed,
  statsTriggered,
  type TaskCheckpointStats,
  taskTotals,
} from './checkpoint-statistics.ts';
export {
  averageOf,
  type CheckpointSummary,
  type MetricSummary,
  type Percentiles,
  percentilesOf,
} from './checkpoint-statistics-summary.ts';
export {
  CheckpointStore,
  type CheckpointStoreParts,
  type CompletedCheckpoint,
  type CompleteResult,
  deleteAll,
  type GarbageOptions,
  type GarbageResult,
  putOnce,
} from './checkpoint-store.ts';
export { isErrorWithCode, type StorageErrorCode } from './errors.ts';
export type { GarbageFacts, LiveManifest } from './garbage.ts';
export {
  type JobRecord,
  JobStore,
  type JobWriteResult,
  type StoredJob,
} from './job-store.ts';
export { decodeManifest, readManifest } from './manifest-codec.ts';
export { manifestBlobs } from './manifest-locations.ts';
export {
  type CheckpointManifest,
  MANIFEST_FORMAT_VERSION,
  type ManifestInput,
  type ManifestOperator,
  type ManifestVertex,
  type SourceStateRecord,
} from './manifest-record.ts';
export type { BlobBytes } from './manifest-shape.ts';
export { loadList, serializeList, storeList } from './operator-state-codec.ts';
export {
  OperatorStateHandler,
  type OperatorStateHandlerOptions,
  type OperatorStateSnapshotHandle,
  type StoredOperatorSnapshot,
} from './operator-state-handler.ts';
export {
  answerKey,
  archiveLocation,
  attemptKey,
  bundleLocation,
  CLAIM_NAME,
  checkpointDirectory,
  checkpointsDirectory,
  coordinatorKey,
  disposalKey,
  isRowSegment,
  isSharedSegment,
  jobPartition,
  jobRoot,
  leaseKey,
  METADATA_NAME,
  manifestLocation,
  nameOf,
  OPERATIONS_PARTITION,
  OWNER_KEY,
  operationKey,
  PAST_ROW_PREFIX,
  parentOf,
  pastCheckpointKey,
  pastCheckpointsKey,
  pastKey,
  planKey,
  RESERVATIONS_PARTITION,
  type RowKey,
  requestKey,
  reservationKey,
  rowSegmentLocation,
  type SegmentName,
  SUMMARIES_PARTITION,
  savepointDirectory,
  savepointsDirectory,
  segmentLocation,
  sharedDirectory,
  summaryKey,
  troubleKey,
  turnKey,
  turnObjectLocation,
  turnObjectsDirectory,
  viewKey,
} from './paths.ts';
export {
  type CheckpointTask,
  type CheckpointTaskInput,
  type CheckpointToStore,
  type PendingCheckpoint,
  type TaskInputs,
  type TrackedTask,
  taskKey,
  toStoreOf,
} from './pending-checkpoint.ts';
export {
  type CheckpointedValue,
  findOperator,
  placeOfKey,
  type QueriedOperator,
  queryCheckpoint,
} from './query-checkpoint.ts';
export {
  anything,
  type Check,
  count,
  flag,
  mapOf,
  oneOf,
  record,
  text,
} from './record-shape.ts';
export type { EndStatus, RetainedCheckpoint } from './retention.ts';
export type { Row, RowQuery, RowStore, RowWrite } from './row-store.ts';
export {
  openRestorePoint,
  type RestorePoint,
  writeSavepoint,
} from './savepoint.ts';
export { checkBlobs, verifySavepoint } from './savepoint-check.ts';
export {
  claimSavepoint,
  collectClaimed,
  disposeSavepoint,
  readClaim,
  unclaimSavepoint,
} from './savepoint-claim.ts';
export { type LoadedSegment, loadSegment } from './segment-reader.ts';
export { storeSegment } from './segment-store.ts';
export {
  type RawChunk,
  SegmentWriter,
  type SerializedSegment,
  type SerializeOptions,
  serializeTables,
} from './segment-writer.ts';
export { compress, decompress } from './zstd.ts';
