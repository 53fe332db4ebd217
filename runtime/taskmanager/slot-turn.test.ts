import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FixtureCluster } from './slot-fixture.ts';
import { FixtureJob } from './slot-fixture-job.ts';
import { recordsPerStep } from './source-poller.ts';

/** Records of a turn of a slot that reads, when each record takes so long. */
async function recordsPerTurn(recordMs: number, turns: number): Promise<readonly number[]> {
  const job = new FixtureJob();
  const source = job.source('src', { parallelism: 1 });
  job.map('sink', [{ node: source, by: { kind: 'FORWARD' } }], { parallelism: 1 });
  const cluster = new FixtureCluster(job);
  await cluster.start();
  let records = 0;
  for (let i = 0; i < 50_000; i += 1) {
    cluster.source('src/0').emit(() => {
      records += 1;
      cluster.nowMs += recordMs;
    });
  }
  const [slot] = cluster.slots;
  // The source has said that there is something.
  await new Promise((resolve) => setImmediate(resolve));
  return Array.from({ length: turns }, () => {
    const before = records;
    slot?.turn();
    return records - before;
  });
}

describe('a turn of a slot', () => {
  it('ends after the step in which slow functions used it up, and then takes less', async () => {
    assert.deepEqual(await recordsPerTurn(1, 3), [1024, 10, 10]);
    assert.deepEqual(await recordsPerTurn(50, 3), [1024, 1, 1]);
  });

  it('takes many records while they take no time', async () => {
    assert.deepEqual(await recordsPerTurn(0, 2), [8 * 1024, 8 * 1024]);
  });
});

describe('recordsPerStep', () => {
  it('follows what a step takes, both ways, and is never nothing', () => {
    assert.equal(recordsPerStep(1024, 4), 1024);
    assert.equal(recordsPerStep(1024, 20), 1024);
    assert.equal(recordsPerStep(1024, 100), 102);
    assert.equal(recordsPerStep(102, 4), 204);
    assert.equal(recordsPerStep(1, 60_000), 1);
  });
});
