/**
 * The coordinator dies before each of the writes of a job's life: its first turn, those that
 * trigger and complete checkpoints, its last. Between two writes it makes no difference when. A job
 * dies more than once, far enough apart that a turn comes to its end in between.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { FaultyCluster, isOf, isWrite, type NumberedRun } from './faulty-cluster.ts';

/** A killed turn is repeated after twice that. */
const TURN_S = 3;
const RUN: NumberedRun = { parallelism: 2, count: 300, rate: 100, checkpointMs: 1000 };
/** Jobs at once. What is in one batch dies together, and is tried one job at a time then. */
const WIDTH = 4;
/**
 * Jobs: each dies before every 50th of its writes, no two of them before the same. Five turns make
 * fewer, so that no message dies twice of its own job.
 */
const JOBS = 50;

describe('a coordinator that dies between any two writes', () => {
  let faulty: FaultyCluster;
  before(async () => {
    faulty = await FaultyCluster.deploy({ turnSeconds: `${TURN_S}` }, { auth: true });
  });
  after(async () => {
    await faulty?.stop();
  });

  /** @returns before what it died, each time. */
  const dieBefore = async (first: number): Promise<readonly string[]> => {
    const jobId = await faulty.submit(RUN);
    const isOfJob = isOf(jobId, 'coordinator');
    const writes: string[] = [];
    let seen = -1;
    faulty.proxy.inject({
      where: (call) => {
        if (!isOfJob(call) || !isWrite(call)) return false;
        seen += 1;
        if (seen % JOBS !== first) return false;
        const kind = call.resource.replace(jobId, 'JOB').replace(/[0-9a-f-]{36}|\d+/g, 'N');
        writes.push(`${call.service}:${call.operation} ${kind}`);
        return true;
      },
      fault: { kind: 'kill-caller', isCarriedOut: false },
    });
    await faulty.assertSameAsLocal(jobId, RUN);
    const { rootException } = await faulty.ended(jobId);
    const { restarts, failures } = await faulty.checkpoints(jobId);
    assert.deepEqual(
      [restarts, failures],
      [0, []],
      `died before ${writes}, from ${first} on: ${rootException}`,
    );
    return writes;
  };

  it('does what it has decided, once, wherever it died', async () => {
    const deaths: string[] = [];
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < JOBS) deaths.push(...(await dieBefore(next++)));
    };
    await Promise.all(Array.from({ length: WIDTH }, work));
    process.stdout.write(`died before ${deaths.length} writes\n`);
    assert.ok(deaths.length > 30, `deaths=${deaths.length}`);
    for (const kind of [/_metadata$/, /TransactWriteItems/, /-ticks$/, /-i-JOB-/, /PutItem/]) {
      assert.ok(
        deaths.some((write) => kind.test(write)),
        String(kind),
      );
    }
  });
});
