export { MemoryFileSystem } from '../adapters/index.ts';
export {
  type Emitted,
  type HarnessOptions,
  ManualProcessingTime,
  OperatorHarness,
} from './operator-harness.ts';
export { type LogLine, type RunJobOptions, type RunJobOutcome, runJob } from './run-job.ts';
