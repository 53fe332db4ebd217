export { MemoryBlobStore, MemoryFileSystem, MemoryRowStore } from '../adapters/index.ts';
export {
  FaultyBlobStore,
  FaultyRowStore,
  type StoreCall,
  type StoreFault,
} from './faulty-stores.ts';
export type {
  HarnessEntry,
  HarnessKeyedState,
  HarnessSnapshot,
} from './harness-state.ts';
export {
  type Emitted,
  type HarnessOptions,
  ManualProcessingTime,
  OperatorHarness,
  restoreAt,
} from './operator-harness.ts';
export {
  type LogLine,
  type RunJobOptions,
  type RunJobOutcome,
  runJob,
  type StartedJob,
  type StartJobOptions,
  startJob,
} from './run-job.ts';
export { takeExampleSavepoint } from './savepoint-example.ts';
