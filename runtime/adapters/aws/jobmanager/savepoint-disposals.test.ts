import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ClusterWorld, JOB_ID, ROOT } from './cluster-world.conformance.ts';

const TRIGGER = 'e'.repeat(32);

/** A job with a savepoint. */
async function savedWorld(): Promise<{ readonly world: ClusterWorld; readonly path: string }> {
  const world = new ClusterWorld();
  await world.startJob();
  await world.ask(`POST /jobs/${JOB_ID}/savepoints`, { triggerId: TRIGGER });
  await world.work();
  await world.send(...world.acksOf(world.triggered));
  const { body } = await world.ask(`GET /jobs/${JOB_ID}/savepoints/${TRIGGER}`);
  return { world, path: (body as { operation: { location: string } }).operation.location };
}

const dispose = (world: ClusterWorld, path: string) =>
  world.ask('POST /savepoint-disposal', { 'savepoint-path': path, triggerId: TRIGGER });

async function outcomeOf(world: ClusterWorld) {
  const { body } = await world.ask(`GET /savepoint-disposal/${TRIGGER}`);
  const { status, operation } = body as {
    status?: { id: string };
    operation?: { 'failure-cause'?: { class: string } };
  };
  return operation?.['failure-cause']?.class ?? status?.id;
}

describe('the disposal of a savepoint', () => {
  it('deletes all of it, and nothing else', async () => {
    const { world, path } = await savedWorld();
    const before = (await world.blobs.list(ROOT)).map(({ location }) => location);
    assert.ok(before.some((location) => location.startsWith(`${path}/`)));
    assert.deepEqual(await dispose(world, path), { status: 200, body: { 'request-id': TRIGGER } });
    assert.equal(await outcomeOf(world), 'COMPLETED');
    const after = (await world.blobs.list(ROOT)).map(({ location }) => location);
    assert.deepEqual(
      after,
      before.filter((location) => !location.startsWith(`${path}/`)),
    );
  });

  it('is done once, however often it is sent', async () => {
    const { world, path } = await savedWorld();
    await dispose(world, path);
    await dispose(world, path);
    assert.equal(await outcomeOf(world), 'COMPLETED');
  });

  it('tells why a path cannot be disposed of', async () => {
    for (const [path, code] of [
      ['/tmp/savepoint', 'LOCATION_NOT_ON_AWS'],
      [`${ROOT}/savepoints/none`, 'RESTORE_PATH_NOT_FOUND'],
    ] as const) {
      const { world } = await savedWorld();
      await dispose(world, path);
      assert.equal(await outcomeOf(world), code);
    }
  });

  it('leaves alone what a running job has claimed', async () => {
    const { world, path } = await savedWorld();
    await world.blobs.put(`${path}/_claimed`, Buffer.from(JSON.stringify({ jobId: JOB_ID })));
    await dispose(world, path);
    assert.equal(await outcomeOf(world), 'SAVEPOINT_CLAIMED');
  });

  it('is taken up again when the request that did it has died', async () => {
    const { world, path } = await savedWorld();
    const deleting = world.blobs.delete.bind(world.blobs);
    const never = Promise.withResolvers<never>();
    world.blobs.delete = () => never.promise;
    void dispose(world, path);
    while ((await outcomeOf(world)) === undefined) await Promise.resolve();
    assert.equal(await outcomeOf(world), 'IN_PROGRESS');
    world.blobs.delete = deleting;
    world.nowEpochMs += 30_001;
    assert.equal(await outcomeOf(world), 'DISPOSAL_INTERRUPTED');
    await dispose(world, path);
    assert.equal(await outcomeOf(world), 'COMPLETED');
    await assert.rejects(world.blobs.get(`${path}/_metadata`), { code: 'BLOB_NOT_FOUND' });
  });
});
