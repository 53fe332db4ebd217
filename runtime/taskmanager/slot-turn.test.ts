import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FixtureCluster } from './slot-fixture.ts';
import { FixtureJob } from './slot-fixture-job.ts';
import { recordsPerStep, StepPace } from './step-pace.ts';

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
  it('takes few records where user functions are slow, from the first on', async () => {
    assert.deepEqual(await recordsPerTurn(1, 3), [7, 8, 8]);
    assert.deepEqual(await recordsPerTurn(50, 3), [1, 1, 1]);
  });

  it('takes more and more while they take no time, up to a limit', async () => {
    assert.deepEqual(await recordsPerTurn(0, 3), [255, 6912, 8 * 1024]);
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

describe('StepPace', () => {
  it('learns nothing from steps without a record', () => {
    const pace = new StepPace();
    for (let step = 0; step < 20; step += 1) pace.stepped(0);
    assert.equal(pace.maxRecords, 1);
    assert.equal(pace.takenCount, 0);
    pace.took(1);
    pace.stepped(0);
    assert.equal(pace.maxRecords, 2);
    pace.took(2);
    pace.stepped(50);
    assert.deepEqual([pace.maxRecords, pace.takenCount], [1, 3]);
  });
});
