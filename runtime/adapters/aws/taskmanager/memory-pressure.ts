/** How near a TaskManager is to being killed for its memory. Pure. */
import { StreamError } from '../../../core/index.ts';

export type MemoryPressure = 'low' | 'high' | 'critical';

/** Of the function's memory: said once, and so near that it stops by itself. */
const HIGH = 0.85;
const CRITICAL = 0.95;
/** Of the main thread and of Node itself. */
const OVERHEAD_MB = 96;
/** Of a thread's share: the rest is rings, buffers and what is young. */
const HEAP_SHARE = 0.75;

export function memoryPressure(residentBytes: number, limitBytes: number): MemoryPressure {
  const share = residentBytes / limitBytes;
  if (share >= CRITICAL) return 'critical';
  return share >= HIGH ? 'high' : 'low';
}

/** The heap that each of a function's slots may fill. */
export function slotHeapMb(memoryMb: number, slots: number): number {
  return Math.max(32, Math.floor(((memoryMb - OVERHEAD_MB) * HEAP_SHARE) / slots));
}

/** Said before the function is killed. */
export function memoryExhausted(residentBytes: number, limitBytes: number): StreamError {
  const details = { residentBytes, limitBytes };
  return new StreamError({
    kind: 'user',
    code: 'MEMORY_EXHAUSTED',
    message:
      'a TaskManager has nearly all of its memory in use and stops before it is killed: give ' +
      'the function more memory, host fewer slots in it, or raise the parallelism; ' +
      `residentBytes=${residentBytes} limitBytes=${limitBytes}`,
    details,
  });
}
