import type { Clock } from '../core/index.ts';
import type { Slot } from './slot.ts';
import type { SlotThread } from './slot-ports.ts';

/** How long a busy thread may keep its own input and output waiting. */
const BREATHE_INTERVAL_MS = 4;

export interface SlotLoopOptions {
  readonly clock: Clock;
  readonly thread: SlotThread;
  /** How often slots report metrics; undefined: only when released. */
  readonly metricsIntervalMs?: number;
  /** A task has done something for the first time. */
  readonly onFirstProgress?: () => void;
}

/**
 * Runs the slots of one thread until all are released. Buffers are flushed before the thread
 * sleeps: a record never waits while there is nothing else to do.
 */
export async function runSlots(slots: readonly Slot[], options: SlotLoopOptions): Promise<void> {
  const { clock, thread, metricsIntervalMs } = options;
  let breathedAtMs = clock.monotonicMs();
  let onFirstProgress = options.onFirstProgress;
  let metricsAtEpochMs = clock.nowEpochMs() + (metricsIntervalMs ?? 0);
  for (;;) {
    thread.arm();
    let progress = false;
    let released = 0;
    for (const slot of slots) {
      const turn = slot.turn();
      if (turn === 'progress') progress = true;
      else if (turn === 'released') released += 1;
    }
    if (released === slots.length) return;
    if (progress && onFirstProgress !== undefined) {
      onFirstProgress();
      onFirstProgress = undefined;
    }
    if (metricsIntervalMs !== undefined && clock.nowEpochMs() >= metricsAtEpochMs) {
      for (const slot of slots) slot.reportMetrics();
      metricsAtEpochMs = clock.nowEpochMs() + metricsIntervalMs;
    }
    if (!progress) {
      // What one slot flushes may be input of another slot of this very thread.
      if (flushAll(slots) && slots.length > 1) continue;
      await thread.sleep(
        wakeAt(slots, metricsIntervalMs === undefined ? undefined : metricsAtEpochMs),
      );
      breathedAtMs = clock.monotonicMs();
    } else if (clock.monotonicMs() - breathedAtMs >= BREATHE_INTERVAL_MS) {
      await thread.breathe();
      breathedAtMs = clock.monotonicMs();
    }
  }
}

function wakeAt(slots: readonly Slot[], metricsAtEpochMs: number | undefined): number | undefined {
  let earliest = metricsAtEpochMs;
  for (const slot of slots) {
    const next = slot.nextTimerAtEpochMs();
    if (next !== undefined && (earliest === undefined || next < earliest)) earliest = next;
  }
  return earliest;
}

/** True when some buffer held records. */
function flushAll(slots: readonly Slot[]): boolean {
  let any = false;
  for (const slot of slots) if (slot.flush()) any = true;
  return any;
}
