import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { JobStore, jobPartition } from '../../../checkpoint/index.ts';
import { ClusterWorld, EXPIRATION_MS, JOB_ID, ROOT } from './cluster-world.conformance.ts';
import { decideForget, type ForgetResult, forgetJobs, NAME_RESTS_MS } from './forget-jobs.ts';

async function swept(world: ClusterWorld, remainingMs = 60_000): Promise<ForgetResult> {
  const { rows, blobs, clock, logger } = world;
  return await forgetJobs({
    ...{ rows, blobs, clock, logger },
    jobs: new JobStore(rows, 'sweeper'),
    jobsDirectory: `${ROOT}/jobs`,
    expirationMs: EXPIRATION_MS,
    remainingMs: () => remainingMs,
  });
}

/** A job that was canceled, with a savepoint and a checkpoint that was kept. */
async function endedWorld(): Promise<ClusterWorld> {
  const world = new ClusterWorld();
  await world.startJob();
  await world.ask(`PATCH /jobs/${JOB_ID}`);
  await world.work();
  await world.reportAll({ type: 'released' });
  await world.next(1);
  assert.equal((await world.view()).status, 'CANCELED');
  for (const kept of [
    `savepoints/savepoint-a/_metadata`,
    `checkpoints/${JOB_ID}/chk-1/_metadata`,
  ]) {
    await world.blobs.put(`${ROOT}/${kept}`, Buffer.from('kept'));
  }
  return world;
}

const BYTES = Buffer.from('x');

/** As S3 does: many with a call, but for one that it refuses. Others are not to be used. */
function countedDeletes(world: ClusterWorld, calls: number[]): { fails: string } {
  const batch = { fails: '' };
  const deleteOne = world.blobs.delete.bind(world.blobs);
  Object.assign(world.blobs, {
    delete: async () => assert.fail('one by one'),
    deleteMany: async (locations: readonly string[]) => {
      if (locations.length === 0) return [];
      calls.push(locations.length);
      for (const location of locations) if (location !== batch.fails) await deleteOne(location);
      return locations.filter((location) => location === batch.fails);
    },
  });
  return batch;
}

const statusOf = async (world: ClusterWorld, line: string): Promise<number> =>
  (await world.ask(line)).status;

describe('a job that has ended', () => {
  it('is told of until its time is over, to the millisecond', async () => {
    const world = await endedWorld();
    world.nowEpochMs += EXPIRATION_MS;
    assert.equal(await statusOf(world, `GET /jobs/${JOB_ID}`), 200);
    assert.deepEqual(await swept(world), { forgotten: 0, failedToForget: 0 });
    world.nowEpochMs += 1;
    for (const line of [
      `GET /jobs/${JOB_ID}`,
      `GET /jobs/${JOB_ID}/plan`,
      `PATCH /jobs/${JOB_ID}`,
    ]) {
      assert.equal(await statusOf(world, line), 404, line);
    }
    assert.deepEqual((await world.ask('GET /jobs')).body, { jobs: [] });
  });

  it('leaves its savepoints and checkpoints behind, and nothing else', async () => {
    const world = await endedWorld();
    world.nowEpochMs += EXPIRATION_MS + 1;
    assert.deepEqual(await swept(world), { forgotten: 1, failedToForget: 0 });
    assert.deepEqual(await world.rows.query(jobPartition(JOB_ID)), []);
    const left = (await world.blobs.list(ROOT)).map(({ location }) => location.slice(ROOT.length));
    assert.deepEqual(
      left.filter((location) => !location.startsWith('/uploads/')),
      [`/checkpoints/${JOB_ID}/chk-1/_metadata`, '/savepoints/savepoint-a/_metadata'],
    );
    assert.equal(await statusOf(world, `GET /jobs/${JOB_ID}`), 404);
    assert.deepEqual(await swept(world), { forgotten: 0, failedToForget: 0 });
  });

  it('is deleted with few calls, and stays when some of it could not be', async () => {
    const world = await endedWorld();
    const calls: number[] = [];
    const batch = countedDeletes(world, calls);
    for (let n = 0; n < 30; n++) await world.blobs.put(`${ROOT}/jobs/${JOB_ID}/turns/${n}`, BYTES);
    world.nowEpochMs += EXPIRATION_MS + 1;
    batch.fails = `${ROOT}/jobs/${JOB_ID}/turns/7`;
    assert.deepEqual(await swept(world), { forgotten: 0, failedToForget: 1 });
    const said = world.logs.find(({ fields }) => fields.code === 'JOB_OBJECTS_LEFT');
    assert.match(String(said?.fields.reason), /left=1 of=\d+ example=.*turns\/7$/);
    batch.fails = '';
    assert.deepEqual(await swept(world), { forgotten: 1, failedToForget: 0 });
    assert.equal(calls.length, 2);
    assert.equal(calls.at(-1), 1);
  });

  it('is cleared up with a call for each folder, which says what is left', async () => {
    const world = await endedWorld();
    const calls: number[] = [];
    const batch = countedDeletes(world, calls);
    for (let n = 0; n < 30; n++) await world.blobs.put(`${ROOT}/frames/${JOB_ID}/${n}`, BYTES);
    batch.fails = `${ROOT}/frames/${JOB_ID}/7`;
    const settled = await world.settle({ type: 'ended', jobId: JOB_ID });
    assert.deepEqual(settled, { inboxes: 2, frames: 29, turns: 0 });
    assert.deepEqual(calls, [30]);
    const said = world.logs.find(({ message }) => message.includes('left behind'));
    assert.deepEqual([said?.fields.left, said?.fields.example], [1, batch.fails]);
  });

  it('is not started again by a submission that comes again', async () => {
    const world = await endedWorld();
    world.nowEpochMs += EXPIRATION_MS + 1;
    await swept(world);
    world.started.length = 0;
    assert.deepEqual(await world.submit('numbers'), { jobid: JOB_ID });
    assert.deepEqual(world.started, []);
    world.nowEpochMs += NAME_RESTS_MS;
    await swept(world);
    assert.deepEqual(await world.submit('numbers'), { jobid: JOB_ID });
    assert.deepEqual(world.started, [`${JOB_ID}-0`]);
    assert.equal((await world.view()).status, 'CREATED');
  });

  it('is forgotten again when a message that came late has shown it', async () => {
    const world = await endedWorld();
    world.nowEpochMs += EXPIRATION_MS + 1;
    await swept(world);
    await world.send({ type: 'wake', jobId: JOB_ID });
    world.nowEpochMs += EXPIRATION_MS + 1;
    assert.deepEqual(await swept(world), { forgotten: 1, failedToForget: 0 });
    assert.deepEqual(await world.rows.query(jobPartition(JOB_ID)), []);
  });

  it('stays when the sweep has no time left, and the next one goes on', async () => {
    const world = await endedWorld();
    world.nowEpochMs += EXPIRATION_MS + 1;
    assert.deepEqual(await swept(world, 1_000), { forgotten: 0, failedToForget: 0 });
    assert.deepEqual(await swept(world), { forgotten: 1, failedToForget: 0 });
  });
});

describe('a job that runs', () => {
  it('is never forgotten', async () => {
    const world = new ClusterWorld();
    await world.startJob();
    world.nowEpochMs += 10 * NAME_RESTS_MS;
    assert.deepEqual(await swept(world), { forgotten: 0, failedToForget: 0 });
    assert.equal(await statusOf(world, `GET /jobs/${JOB_ID}`), 200);
  });
});

describe('decideForget', () => {
  it('removes at last, and not before the job is forgotten for long', () => {
    const facts = { isEnded: true, isForgotten: true, endedAtEpochMs: 0, expirationMs: 10 };
    assert.equal(decideForget({ ...facts, nowEpochMs: NAME_RESTS_MS }), 'keep');
    assert.equal(decideForget({ ...facts, nowEpochMs: NAME_RESTS_MS + 1 }), 'remove');
    const patient = { ...facts, expirationMs: 2 * NAME_RESTS_MS };
    assert.equal(decideForget({ ...patient, nowEpochMs: 2 * NAME_RESTS_MS }), 'keep');
    assert.equal(decideForget({ ...facts, isEnded: false, nowEpochMs: 1e15 }), 'keep');
  });
});
