export { runSlotThread } from './aws/taskmanager/run-slot-thread.ts';
export {
  answerRequest,
  assertUploadType,
  type ClusterApi,
  CONSOLE_HEADERS,
  checkpointsJson,
  checkRequest,
  errorAnswer,
  HttpRefusal,
  type MetricSample,
  metricSamples,
  noProcesses,
  REST_ROUTES,
  type RequestGuard,
  readProgram,
  type SampledCluster,
  SECURITY_HEADERS,
  sentAnswer,
} from './http/index.ts';
export {
  type CheckSavepointOptions,
  checkSavepoint,
  type SavepointCheck,
  savepointCheckJson,
} from './local/check-savepoint.ts';
export { type ClusterOptions, type RunningCluster, startCluster } from './local/cluster.ts';
export type {
  MetricExport,
  OpenTelemetryOptions,
  RenderedMetrics,
} from './local/cluster-telemetry.ts';
export { DataDirectory, type DataDirectoryOptions } from './local/data-directory.ts';
export { DirectoryBlobStore } from './local/directory-blob-store.ts';
export { DoorbellThread } from './local/doorbell-thread.ts';
export { embeddedExecutor } from './local/embedded-executor.ts';
export {
  InThreadExecutor,
  type InThreadJob,
  type InThreadRun,
  type InThreadWorld,
} from './local/in-thread-executor.ts';
export {
  type PlannedJob,
  type PlanOptions,
  planJob,
  type RunningJob,
  type RunOptions,
  startJob,
} from './local/job-runner.ts';
export { type JobStorage, openEmbeddedStorage } from './local/job-storage.ts';
export { NodeFileSystem } from './local/node-file-system.ts';
export { type PageFile, PageFiles } from './local/page-files.ts';
export { receiveUpload, type UploadOptions } from './local/receive-upload.ts';
export { runSlotWorker } from './local/run-slot-worker.ts';
export type {
  OperatorReport,
  StateReport,
} from './local/savepoint-compatibility.ts';
export { createJobMaster, type JobStart } from './local/start-job.ts';
export { SystemClock, SystemRng, SystemTimers } from './local/system-world.ts';
export { runTaskManager } from './local/task-manager-process.ts';
export { MemoryBlobStore } from './memory/memory-blob-store.ts';
export { MemoryFileSystem } from './memory/memory-file-system.ts';
export { MemoryRowStore } from './memory/memory-row-store.ts';
export { SeededRng, VirtualTime } from './memory/virtual-time.ts';
export { TurnMaster, type TurnMasterWorld, type TurnProgram } from './turn-master.ts';
