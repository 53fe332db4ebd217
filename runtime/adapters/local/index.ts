/** What other adapters take from the one for a single machine. */
export { DoorbellThread } from './doorbell-thread.ts';
export { NodeFileSystem } from './node-file-system.ts';
export {
  type RingEnds,
  RingExchange,
  type RingMemory,
  ringCapacityBytes,
} from './ring-exchange.ts';
export { slotSettings } from './slot-settings.ts';
export { SystemClock, SystemRng, SystemTimers } from './system-world.ts';
