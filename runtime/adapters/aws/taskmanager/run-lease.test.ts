/** Goal: hand-overs lose and repeat nothing. Method: real leases and threads over a fake of SQS. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { isStreamError } from '../../../core/index.ts';
import { expectedLines, LeaseWorld, type WordCounts } from './lease-world.conformance.ts';

const BAD_QUEUES = { duplicateRate: 0.2, maxDelayMs: 120, ghostRate: 0.5, failureRate: 0.05 };
const SMALL = { records: 600, ratePerSecond: 300, handOverMs: 500 };

describe('runLease', () => {
  let world: LeaseWorld;
  before(async () => {
    world = await new LeaseWorld().open();
  });
  after(() => world.close());

  function leaseCount(outcome: string): number {
    return world.answers.filter((answer) => answer.outcome === outcome).length;
  }

  /** At least once: what was counted since the last checkpoint is counted, and written, again. */
  function assertCounts({ result, lines }: WordCounts, records: number): void {
    assert.equal(result.status, 'FINISHED', result.error?.message);
    assert.deepEqual([...new Set(lines)].toSorted(), expectedLines(records).toSorted());
  }

  it('hands over, again and again, and every record counts once', async () => {
    const run = { ...SMALL, parallelism: 2, slotsPerTaskManager: 1 };
    const { result, lines } = await world.countWords(run);
    await world.settled();
    assert.equal(result.status, 'FINISHED', result.error?.message);
    assert.deepEqual(lines.toSorted(), expectedLines(600).toSorted());
    assert.ok(leaseCount('LEFT') >= 2, JSON.stringify(world.answers));
    assert.equal(leaseCount('RELEASED'), 2);
    assert.equal(world.rollOvers.length, leaseCount('LEFT'), 'each is measured');
    assert.equal(world.started.length, world.answers.length, 'so is the start of each slot');
    for (const { claimedMs, fetchedMs, bundleMs, restoredMs, firstRecordMs } of world.started) {
      const times = [claimedMs, fetchedMs, bundleMs, restoredMs, firstRecordMs];
      assert.deepEqual(
        times,
        times.toSorted((a, b) => a - b),
      );
    }
  });

  it('ends a job that has no memory left, and says so, before it is killed', async () => {
    const memoryMb = Math.floor(process.memoryUsage.rss() / 1024 / 1024);
    const run = { ...SMALL, parallelism: 1, slotsPerTaskManager: 1, memoryMb, attempts: 0 };
    const { result } = await world.countWords({ ...run, handOverMs: 40_000, records: 1_000_000 });
    await world.settled();
    assert.deepEqual([result.status, result.error?.code], ['FAILED', 'MEMORY_EXHAUSTED']);
    assert.match(result.error?.message ?? '', /give the function more memory/);
    assert.ok(world.logs.some((line) => line.includes('MEMORY_EXHAUSTED')));
  });

  it('hands over slots that share a function, over queues that repeat and delay', async () => {
    const run = { ...SMALL, parallelism: 4, slotsPerTaskManager: 2, faults: BAD_QUEUES };
    const { result, lines } = await world.countWords(run);
    await world.settled();
    assert.equal(result.status, 'FINISHED', result.error?.message);
    assert.deepEqual(lines.toSorted(), expectedLines(600).toSorted());
    assert.ok(leaseCount('LEFT') >= 2, JSON.stringify(world.answers));
  });

  it('never touches an inbox with channels between slots of one function', async () => {
    const run = { ...SMALL, parallelism: 2, slotsPerTaskManager: 2, handOverMs: 40_000 };
    const { result, lines } = await world.countWords(run);
    await world.settled();
    assert.equal(result.status, 'FINISHED', result.error?.message);
    assert.deepEqual(lines.toSorted(), expectedLines(600).toSorted());
    // But for the one that ends its own last poll.
    assert.ok((world.fake.requests.get('SendMessage') ?? 0) <= 1);
  });

  it('survives a zombie of an older attempt at the same inbox, which is fenced', async () => {
    const run = { ...SMALL, parallelism: 2, slotsPerTaskManager: 1, handOverMs: 40_000 };
    const counts = await world.countWords(run, (launcher, attempt) => {
      if (attempt === 0) world.timers.schedule(800, () => launcher.loseSightOf(1));
    });
    await world.settled();
    assertCounts(counts, 600);
    const zombie = world.answers.find(
      ({ attempt, taskManager }) => attempt === 0 && taskManager === 1,
    );
    assert.equal(zombie?.outcome, 'LEASE_FENCED', JSON.stringify(world.answers));
  });

  it('restarts a job whose user code ends the thread, and says so', async () => {
    const onCount =
      "if (count.n === 5 && !existsSync(once)) { writeFileSync(once, ''); process.exit(3); }";
    const run = { ...SMALL, parallelism: 2, slotsPerTaskManager: 1, onCount };
    const counts = await world.countWords(run);
    await world.settled();
    assertCounts(counts, 600);
    assert.ok(
      world.logs.some((line) => line.includes('SLOT_LOST')),
      'I1 of slot-thread',
    );
  });

  it('leaves nothing behind: no thread, port, timer or file', async () => {
    const run = { ...SMALL, parallelism: 2, slotsPerTaskManager: 1 };
    await world.countWords({ ...run, records: 300 });
    await world.settled();
    // What was closed in this turn of the event loop is gone in the next.
    await new Promise((resolve) => setImmediate(resolve));
    // The test runner's own are these.
    const left = process.getActiveResourcesInfo().filter((kind) => !/^(PipeWrap|FSReq)/.test(kind));
    assert.deepEqual(left, []);
    assert.equal(world.fake.polls, 0);
    assert.deepEqual(world.bundles, []);
  });

  it('does not begin what another process holds', async () => {
    await world.countWords({
      ...{ ...SMALL, parallelism: 1, slotsPerTaskManager: 1, handOverMs: 40_000, records: 60 },
    });
    await world.settled();
    const [done] = world.answers;
    assert.ok(done !== undefined);
    const { jobId, attempt, taskManager, lease } = done;
    await assert.rejects(
      world.runLease({ jobId, attempt, taskManager, lease }),
      (thrown) => isStreamError(thrown) && thrown.code === 'LEASE_HELD',
    );
    await assert.rejects(
      world.runLease({ jobId, attempt, taskManager, lease: lease + 1 }),
      (thrown) => isStreamError(thrown) && thrown.code === 'LEASE_NOT_LEFT',
    );
  });
});
