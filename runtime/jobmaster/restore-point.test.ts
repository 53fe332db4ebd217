import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RetainedCheckpoint } from '../checkpoint/index.ts';
import { MasterWorld } from './job-master-world.conformance.ts';
import { readRestorePoint, restoredSubtasks } from './restore-point.ts';

async function savedWorld(): Promise<{ world: MasterWorld; path: string }> {
  const world = new MasterWorld();
  const run = await world.start();
  const path = await run.master.triggerSavepoint();
  await world.time.advance(100);
  run.master.suspend();
  await run.result;
  return { world, path };
}

const retained = (path: string, checkpointId: number): RetainedCheckpoint => ({
  checkpointId,
  path,
  completedAtEpochMs: 0,
  full: true,
});

describe('readRestorePoint', () => {
  it('is nothing for a job that begins', async () => {
    const { blobs } = new MasterWorld();
    assert.equal(await readRestorePoint({ blobs }, undefined), undefined);
    assert.deepEqual(restoredSubtasks({}, undefined, { vertices: [], edges: [] } as never), []);
  });

  it('is what the job was started from until it has a checkpoint of its own', async () => {
    const { world, path } = await savedWorld();
    const manifest = await world.manifest(path);
    const restore = { path, manifest, claimMode: 'CLAIM', allowNonRestoredState: false } as const;
    const { blobs } = world;
    assert.equal(await readRestorePoint({ blobs, restore }, undefined), manifest);
    assert.equal(await readRestorePoint({ blobs, restore }, retained(path, 1)), manifest);
    const own = '/checkpoints/job/chk-2';
    const read = await readRestorePoint({ blobs, restore }, retained(own, 2));
    assert.equal(read?.checkpointId, 2);
  });

  it('fails when its own newest checkpoint is not there', async () => {
    const { world } = await savedWorld();
    await assert.rejects(
      readRestorePoint({ blobs: world.blobs }, retained('/checkpoints/job/chk-9', 9)),
      /chk-9/,
    );
  });
});
