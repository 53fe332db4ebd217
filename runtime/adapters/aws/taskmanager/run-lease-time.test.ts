/** Goal: nothing a lease does outlasts its invocation. Method: services that never answer. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { BlobStore, RowStore } from '../../../checkpoint/index.ts';
import { isStreamError } from '../../../core/index.ts';
import { AwsCalls } from '../aws-calls.ts';
import type { RetryBudget } from '../retry-budget.ts';
import { LeaseWorld } from './lease-world.conformance.ts';
import { ManualTimers } from './manual-timers.conformance.ts';
import { type LambdaTaskManagerParts, runLease } from './run-lease.ts';

const REMAINING_MS = 30_000;
const STEP_MS = 100;
const RUN = {
  ...{ parallelism: 1, slotsPerTaskManager: 1, records: 1_000_000, ratePerSecond: 100 },
  handOverMs: 10_000,
};
/** Alone it would go on for ten minutes. */
const ENDLESS: RetryBudget = {
  ...{ budgetMs: 600_000, maxAttempts: 1_000 },
  ...{ throttledDelayMs: 60_000, failedDelayMs: 60_000, maxDelayMs: 60_000 },
};
const REQUEST = { jobId: '9'.repeat(32), attempt: 0, taskManager: 0, lease: 0 };

/** Settles never, whatever it is asked for and whoever gives it up. */
function never<T>(): Promise<T> {
  return new Promise<T>(() => undefined);
}

describe('runLease: its time', () => {
  let world: LeaseWorld;
  before(async () => {
    world = await new LeaseWorld().open();
  });
  after(() => world.close());

  /** How a lease ends whose services are these, and when, by its own timers. */
  async function endOf(
    change: (parts: LambdaTaskManagerParts, aborted: AbortController) => object,
  ): Promise<{ readonly code: string; readonly atMs: number; readonly timers: number }> {
    const timers = new ManualTimers();
    const aborted = new AbortController();
    world.prepare(RUN);
    const parts = { ...world.leaseParts(aborted), timers };
    let code: string | undefined;
    const lease = runLease({ ...parts, ...change(parts, aborted) }, REQUEST, REMAINING_MS).then(
      ({ outcome }) => {
        code = outcome;
      },
      (thrown: unknown) => {
        code = isStreamError(thrown) ? thrown.code : String(thrown);
      },
    );
    let atMs = 0;
    while (code === undefined) {
      await turn();
      // While its threads end, in real time, nobody waits for a timer.
      if (timers.count === 0) continue;
      timers.advance(STEP_MS);
      atMs += STEP_MS;
    }
    await lease;
    return { code: code ?? '', atMs, timers: timers.count };
  }

  it('ends a claim that no store answers', async () => {
    const rows: RowStore = { get: never, query: never, write: never };
    const end = await endOf(() => ({ rows }));
    assert.equal(end.code, 'LEASE_OVERDUE');
    assert.ok(end.atMs < REMAINING_MS, `${end.atMs}`);
    assert.equal(end.timers, 0);
  });

  it('ends a restore whose bytes never come', async () => {
    const end = await endOf(({ blobs }) => ({ blobs: { ...puttingNever(blobs), get: never } }));
    assert.equal(end.code, 'LEASE_OVERDUE');
    assert.ok(end.atMs < REMAINING_MS, `${end.atMs}`);
    assert.equal(end.timers, 0);
  });

  it('ends back-offs that would go on for minutes', async () => {
    const end = await endOf((parts, { signal }) => {
      const calls = new AwsCalls({ ...parts, budget: ENDLESS, signal });
      const throttled = () =>
        calls.call({ permission: 'dynamodb:GetItem' }, () =>
          Promise.reject(Object.assign(new Error('slow down'), { name: 'ThrottlingException' })),
        );
      return { rows: { get: throttled, query: throttled, write: throttled } };
    });
    assert.ok(end.atMs < REMAINING_MS, `${end.atMs} ${end.code}`);
    assert.equal(end.timers, 0);
  });

  it('ends uploads of a checkpoint that nobody takes, with their thread', async () => {
    const short = { ...RUN, handOverMs: 500, attempts: 0, remainingMs: 4_000 };
    const { result } = await world.countWords({ ...short, taskManagerBlobs: puttingNever });
    await world.settled();
    assert.equal(world.answers[0]?.outcome, 'LEASE_OVERDUE');
    assert.deepEqual([result.status, result.error?.code], ['FAILED', 'LEASE_OVERDUE']);
    assert.deepEqual(world.bundles, []);
  });
});

function puttingNever(blobs: BlobStore): BlobStore {
  return {
    put: never,
    get: (location, range) => blobs.get(location, range),
    list: (directory) => blobs.list(directory),
    delete: (location) => blobs.delete(location),
    // Everything is put, nothing kept in the record that would name it.
    inlineLimitBytes: 0,
  };
}
