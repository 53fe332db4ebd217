export { DoorbellThread } from './local/doorbell-thread.ts';
export { embeddedExecutor } from './local/embedded-executor.ts';
export { InThreadExecutor, type InThreadWorld } from './local/in-thread-executor.ts';
export {
  type PlannedJob,
  type PlanOptions,
  planJob,
  type RunningJob,
  type RunOptions,
  startJob,
} from './local/job-runner.ts';
export { NodeFileSystem } from './local/node-file-system.ts';
export { runSlotWorker } from './local/run-slot-worker.ts';
export { StderrLogger, SystemClock, SystemRng, SystemTimers } from './local/system-world.ts';
export { MemoryFileSystem } from './memory/memory-file-system.ts';
export { SeededRng, VirtualTime } from './memory/virtual-time.ts';
