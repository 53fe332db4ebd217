import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StreamError } from '../../../core/index.ts';
import { LeaseWatch } from './lease-watch.ts';
import { ManualTimers } from './manual-timers.conformance.ts';

const REQUEST = { jobId: '0'.repeat(32), attempt: 0, taskManager: 1, lease: 2 };

function watch(memoryMb = 1_000_000) {
  const timers = new ManualTimers();
  const events: string[] = [];
  const lease = new LeaseWatch({
    ...{ request: REQUEST, lengthMs: 1000, handOverAfterMs: 600, memoryMb, timers },
    logger: { log: (level, message) => void events.push(`${level} ${message}`) },
    onHandOver: () => void events.push('hand over'),
    onMemoryExhausted: ({ code }: StreamError) => void events.push(code),
  });
  return { timers, events, lease };
}

describe('LeaseWatch', () => {
  it('begins the hand-over in time, and ends what is overdue', async () => {
    const { timers, events, lease } = watch();
    const never = lease.inTime(new Promise(() => undefined));
    timers.advance(700);
    assert.deepEqual(events, ['hand over']);
    timers.advance(300);
    await assert.rejects(never, { code: 'LEASE_OVERDUE', kind: 'unavailable' });
    await assert.rejects(lease.pause(10), { code: 'LEASE_OVERDUE' });
  });

  it('tells of memory before it is used up, and stops when it nearly is', () => {
    const { timers, events } = watch(1);
    timers.advance(1000);
    assert.ok(events.includes('MEMORY_EXHAUSTED'));
    const rssMb = process.memoryUsage.rss() / 1024 / 1024;
    const high = watch(rssMb / 0.9);
    high.timers.advance(1000);
    high.timers.advance(1000);
    const warnings = high.events.filter((event) => event.startsWith('warn'));
    assert.equal(warnings.length, 1);
  });

  it('closed, has no timer and nobody who waits', async () => {
    const { timers, lease } = watch();
    const paused = lease.pause(500);
    lease.close();
    await assert.rejects(paused);
    assert.equal(timers.count, 0);
  });
});
