/**
 * The coordinator dies before each of the writes of a job's life: its first turn, those that
 * trigger and complete checkpoints, its last. Between two writes it makes no difference when.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { FaultyCluster, isOf, isWrite, type NumberedRun } from './faulty-cluster.ts';

/** A killed turn is repeated after twice that. */
const TURN_S = 4;
const RUN: NumberedRun = { parallelism: 2, count: 300, rate: 100, checkpointMs: 1000 };
/** Jobs at once. */
const WIDTH = 4;
/** More than the life of an undisturbed job has. */
const MAX_WRITES = 150;

describe('a coordinator that dies between any two writes', () => {
  let faulty: FaultyCluster;
  before(async () => {
    faulty = await FaultyCluster.deploy({ turnSeconds: `${TURN_S}` }, { auth: true });
  });
  after(async () => {
    await faulty?.stop();
  });

  /** @returns what it died of, or undefined: the job had no such write. */
  const dieBefore = async (index: number): Promise<string | undefined> => {
    const jobId = await faulty.submit(RUN);
    const isOfJob = isOf(jobId, 'coordinator');
    let write: string | undefined;
    let seen = -1;
    faulty.proxy.inject({
      where: (call) => {
        if (write !== undefined || !isOfJob(call) || !isWrite(call)) return false;
        seen += 1;
        if (seen < index) return false;
        const kind = call.resource.replace(jobId, 'JOB').replace(/[0-9a-f-]{36}|\d+/g, 'N');
        write = `${call.service}:${call.operation} ${kind}`;
        return true;
      },
      times: 1,
      fault: { kind: 'kill-caller', isCarriedOut: false },
    });
    await faulty.assertSameAsLocal(jobId, RUN);
    const { restarts, failures } = await faulty.checkpoints(jobId);
    assert.deepEqual([restarts, failures], [0, []], `died before ${write}, number ${index}`);
    return write;
  };

  it('does what it has decided, once, wherever it died', async () => {
    const deaths: string[] = [];
    let next = 0;
    let hasEnded = false;
    const work = async (): Promise<void> => {
      while (!hasEnded && next < MAX_WRITES) {
        const index = next++;
        const write = await dieBefore(index);
        if (write === undefined) hasEnded = true;
        else deaths.push(write);
      }
    };
    await Promise.all(Array.from({ length: WIDTH }, work));
    assert.ok(deaths.length > 30, `deaths=${deaths.length}`);
    for (const kind of [/_metadata$/, /TransactWriteItems/, /-ticks$/, /-i-JOB-/, /PutItem/]) {
      assert.ok(
        deaths.some((write) => kind.test(write)),
        String(kind),
      );
    }
    process.stdout.write(`died before ${deaths.length} writes\n`);
  });
});
