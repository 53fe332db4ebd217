import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  FaultyBlobStore,
  FaultyRowStore,
  MemoryBlobStore,
  MemoryRowStore,
  type StoreFault,
} from '../testing/index.ts';
import { CheckpointStore, type CheckpointStoreParts } from './checkpoint-store.ts';
import { segmentLocation } from './paths.ts';
import type { RowWrite } from './row-store.ts';
import { blobRecord, JOB_ID, OPERATOR_ID, sampleManifest } from './sample-manifest.conformance.ts';

const ROOT = `/c/${JOB_ID}`;
const FENCE_KEY = { partitionKey: 'jobs', sortKey: JOB_ID };
const FENCE: readonly RowWrite[] = [{ type: 'check', ...FENCE_KEY, expectedVersion: 1 }];
const NO_FENCE: readonly RowWrite[] = [];

class World {
  readonly memory = new MemoryBlobStore();
  readonly blobs = new FaultyBlobStore(this.memory);
  readonly rows = new FaultyRowStore(new MemoryRowStore());
  readonly parts: CheckpointStoreParts = {
    blobs: this.blobs,
    rows: this.rows,
    directory: '/c',
    jobId: JOB_ID,
  };

  open(): Promise<CheckpointStore> {
    return CheckpointStore.open(this.parts);
  }

  /** Bumps the version that {@link FENCE} expects. */
  async moveFence(): Promise<void> {
    await this.rows.write([{ type: 'put', ...FENCE_KEY, value: {} }]);
  }

  async segment(checkpointId: number, attempt = 0): Promise<string> {
    const location = segmentLocation(`${ROOT}/shared`, {
      ownerId: OPERATOR_ID,
      subtaskIndex: 0,
      attempt,
      checkpointId,
      part: 'keyed',
    });
    await this.memory.put(location, Buffer.from('seg!'));
    return location;
  }

  /** The first calls of an operation fail like this, one after the other. */
  failWrites(...faults: StoreFault[]): void {
    this.rows.faultOf = ({ operation }) =>
      operation === 'write' ? (faults.shift() ?? 'none') : 'none';
  }
}

async function idsOf(store: CheckpointStore): Promise<readonly number[]> {
  return (await store.list()).map(({ checkpointId }) => checkpointId);
}

describe('CheckpointStore', () => {
  it('lists what was completed, and loads it with absolute locations', async () => {
    const world = new World();
    const store = await world.open();
    assert.equal(await store.latest(), undefined);
    const manifests = [2, 10].map((id) => sampleManifest(id, [[blobRecord(`${ROOT}/shared/a`)]]));
    for (const manifest of manifests) {
      const path = `${ROOT}/chk-${manifest.checkpointId}`;
      const result = await store.complete(manifest, NO_FENCE);
      assert.deepEqual(result, { type: 'completed', path });
    }
    assert.deepEqual(await idsOf(store), [2, 10]);
    const latest = await (await world.open()).latest();
    assert.equal(latest?.path, `${ROOT}/chk-10`);
    assert.equal(latest.completedAtEpochMs, 10_017);
    assert.deepEqual(await store.load(10), manifests[1]);
    await assert.rejects(store.load(3), { code: 'CHECKPOINT_NOT_FOUND' });
  });

  it('completes a checkpoint twice as once', async () => {
    const world = new World();
    const store = await world.open();
    for (let n = 0; n < 2; n++) {
      assert.equal((await store.complete(sampleManifest(1), NO_FENCE)).type, 'completed');
    }
    const other = await world.open();
    assert.equal((await other.complete(sampleManifest(1), NO_FENCE)).type, 'completed');
    assert.deepEqual(await idsOf(store), [1]);
  });

  it('refuses an id that was used for something else', async () => {
    const world = new World();
    const store = await world.open();
    await world.memory.put(`${ROOT}/chk-1/_metadata`, Buffer.from('orphan of a predecessor'));
    const taken = { code: 'CHECKPOINT_ID_TAKEN', kind: 'conflict', details: { checkpointId: 1 } };
    await assert.rejects(store.complete(sampleManifest(1), NO_FENCE), taken);
    await store.complete(sampleManifest(3), NO_FENCE);
    const subsumed = store.complete(sampleManifest(2), NO_FENCE);
    await assert.rejects(subsumed, { code: 'CHECKPOINT_ID_TAKEN' });
    assert.deepEqual(await idsOf(store), [3]);
    await world.segment(8);
    assert.equal(await store.nextCheckpointId(), 9);
  });

  it('completes nothing for a caller that is no longer in charge', async () => {
    const world = new World();
    const store = await world.open();
    await world.moveFence();
    assert.equal((await store.complete(sampleManifest(1), FENCE)).type, 'completed');
    await world.moveFence();
    assert.deepEqual(await store.complete(sampleManifest(2), FENCE), { type: 'fenced' });
    assert.equal(await store.drop(1, FENCE), 'fenced');
    const garbage = { attemptsInUse: [1], pendingIds: [], fence: FENCE };
    assert.deepEqual(await store.collectGarbage(garbage), { type: 'fenced' });
    assert.deepEqual(await store.dispose(false, FENCE), { type: 'fenced' });
    assert.deepEqual(await idsOf(store), [1]);
    assert.equal(world.memory.locations.includes(`${ROOT}/chk-1/_metadata`), true);
  });

  it('lets one of two that append at once win, even without a fence', async () => {
    const world = new World();
    const [a, b] = [await world.open(), await world.open()];
    assert.equal((await a.complete(sampleManifest(1), NO_FENCE)).type, 'completed');
    assert.equal((await b.complete(sampleManifest(2), NO_FENCE)).type, 'fenced');
    assert.equal((await a.complete(sampleManifest(3), NO_FENCE)).type, 'completed');
    assert.deepEqual(await idsOf(b), [1, 3]);
  });

  it('drops the row before the manifest', async () => {
    const world = new World();
    const store = await world.open();
    await store.complete(sampleManifest(1), NO_FENCE);
    world.failWrites('before');
    await assert.rejects(store.drop(1, NO_FENCE), { code: 'INJECTED' });
    assert.equal((await store.load(1)).checkpointId, 1);
    assert.equal(await store.drop(1, NO_FENCE), 'dropped');
    assert.deepEqual(world.memory.locations, []);
    assert.deepEqual(await idsOf(store), []);
  });
});

describe('CheckpointStore, when writes fail', () => {
  it('has completed what was written though the write failed', async () => {
    const world = new World();
    const store = await world.open();
    world.failWrites('after');
    world.blobs.faultOf = ({ operation }) => (operation === 'put' ? 'after' : 'none');
    assert.equal((await store.complete(sampleManifest(1), NO_FENCE)).type, 'completed');
    assert.equal((await store.complete(sampleManifest(2), NO_FENCE)).type, 'completed');
    assert.deepEqual(await idsOf(store), [1, 2]);
  });

  it('writes again what was not written', async () => {
    const world = new World();
    const store = await world.open();
    world.failWrites('before', 'before');
    assert.equal((await store.complete(sampleManifest(1), NO_FENCE)).type, 'completed');
    assert.deepEqual(await idsOf(store), [1]);
  });

  it('fails when the manifest cannot be written, and goes on with the next', async () => {
    const world = new World();
    const store = await world.open();
    world.blobs.faultOf = ({ operation }) => (operation === 'put' ? 'before' : 'none');
    await assert.rejects(store.complete(sampleManifest(1), NO_FENCE), { code: 'INJECTED' });
    world.blobs.faultOf = () => 'none';
    assert.equal((await store.complete(sampleManifest(2), NO_FENCE)).type, 'completed');
    assert.deepEqual(await idsOf(store), [2]);
  });

  it('says that an outcome is unknown, and keeps its state until it is decided', async () => {
    const world = new World();
    const store = await world.open();
    const [one, two] = [await world.segment(1), await world.segment(2)];
    await store.complete(sampleManifest(1, [[blobRecord(one)]]), NO_FENCE);
    world.failWrites('late', 'before', 'before');
    const second = sampleManifest(2, [[blobRecord(one), blobRecord(two)]]);
    await assert.rejects(store.complete(second, NO_FENCE), {
      code: 'CHECKPOINT_OUTCOME_UNKNOWN',
      kind: 'unavailable',
    });
    await store.collectGarbage({ attemptsInUse: [5], pendingIds: [], fence: [] });
    assert.equal(world.memory.locations.includes(two), true);
    // It arrives after all, and its successor is made from it.
    await world.rows.arrive();
    const third = sampleManifest(3, [[blobRecord(one)]]);
    assert.equal((await store.complete(third, NO_FENCE)).type, 'completed');
    assert.deepEqual(await idsOf(store), [1, 2, 3]);
  });

  it('never sees an append again that arrives after its successor', async () => {
    const world = new World();
    const store = await world.open();
    world.failWrites('late', 'late', 'late');
    await assert.rejects(store.complete(sampleManifest(1), NO_FENCE), {
      code: 'CHECKPOINT_OUTCOME_UNKNOWN',
    });
    await store.complete(sampleManifest(2), NO_FENCE);
    await world.rows.arrive();
    assert.deepEqual(await idsOf(store), [2]);
    assert.equal((await store.complete(sampleManifest(3), NO_FENCE)).type, 'completed');
  });

  it('does not know the outcome when the rows cannot be read', async () => {
    const world = new World();
    const store = await world.open();
    world.rows.faultOf = ({ operation }) => (operation === 'write' ? 'after' : 'before');
    await assert.rejects(store.complete(sampleManifest(1), NO_FENCE), {
      code: 'CHECKPOINT_OUTCOME_UNKNOWN',
    });
    world.rows.faultOf = () => 'none';
    assert.equal((await store.complete(sampleManifest(1), NO_FENCE)).type, 'completed');
    assert.deepEqual(await idsOf(store), [1]);
  });
});

describe('CheckpointStore.collectGarbage', () => {
  it('deletes segments and manifests that nothing needs, and says what it could not', async () => {
    const world = new World();
    const store = await world.open();
    const [old, base, delta] = [1, 2, 3].map((id) => world.segment(id));
    await store.complete(sampleManifest(1, [[blobRecord(await (old ?? ''))]]), NO_FENCE);
    await store.complete(sampleManifest(2, [[blobRecord(await (base ?? ''))]]), NO_FENCE);
    await store.drop(1, NO_FENCE);
    const pending = [await (delta ?? ''), await world.segment(4)];
    const options = { attemptsInUse: [0], pendingIds: [3, 4], fence: [] };
    world.blobs.faultOf = ({ operation }) => (operation === 'delete' ? 'before' : 'none');
    const failed = [await old];
    assert.deepEqual(await store.collectGarbage(options), {
      type: 'collected',
      deleted: [],
      failed,
    });
    world.blobs.faultOf = () => 'none';
    assert.deepEqual(await store.collectGarbage(options), {
      type: 'collected',
      deleted: failed,
      failed: [],
    });
    const kept = [`${ROOT}/chk-2/_metadata`, await base, ...pending];
    assert.deepEqual(world.memory.locations, kept);
  });

  it('deletes many at a time where the store can', async () => {
    const world = new World();
    const store = await world.open();
    const locations = [await world.segment(1), await world.segment(2), await world.segment(3)];
    await store.complete(sampleManifest(3), NO_FENCE);
    const asked: (readonly string[])[] = [];
    const deleteMany = async (batch: readonly string[]) => {
      asked.push(batch);
      return batch.slice(0, 1);
    };
    const blobs = Object.assign(new MemoryBlobStore(), {
      deleteMany,
      list: (directory: string) => world.memory.list(directory),
      get: (location: string) => world.memory.get(location),
    });
    const other = await CheckpointStore.open({ ...world.parts, blobs });
    assert.deepEqual(
      await other.collectGarbage({ attemptsInUse: [0], pendingIds: [], fence: [] }),
      { type: 'collected', deleted: locations.slice(1), failed: locations.slice(0, 1) },
    );
    assert.deepEqual(asked, [locations]);
  });

  it('deletes nothing when a live manifest cannot be read', async () => {
    const world = new World();
    const store = await world.open();
    const segment = await world.segment(1);
    await store.complete(sampleManifest(1, [[blobRecord(segment)]]), NO_FENCE);
    await world.memory.delete(`${ROOT}/chk-1/_metadata`);
    const fresh = await world.open();
    const options = { attemptsInUse: [9], pendingIds: [], fence: [] };
    await assert.rejects(fresh.collectGarbage(options), { code: 'BLOB_NOT_FOUND' });
    assert.deepEqual(world.memory.locations, [segment]);
  });

  it('leaves a checkpoint alone that another job has claimed', async () => {
    const world = new World();
    const store = await world.open();
    const [one, two] = [await world.segment(1), await world.segment(2)];
    await store.complete(sampleManifest(1, [[blobRecord(one)]]), NO_FENCE);
    await store.complete(sampleManifest(2, [[blobRecord(two)]]), NO_FENCE);
    await world.memory.put(`${ROOT}/chk-1/_claimed`, Buffer.from('{"jobId":"other"}'));
    await store.drop(1, NO_FENCE);
    await store.dispose(false, NO_FENCE);
    const claimed = [`${ROOT}/chk-1/_claimed`, `${ROOT}/chk-1/_metadata`, one];
    assert.deepEqual(world.memory.locations, claimed);
  });

  it('leaves the retained checkpoints, and only them, when a job ends', async () => {
    const world = new World();
    const store = await world.open();
    const [one, two] = [await world.segment(1), await world.segment(2, 7)];
    await store.complete(sampleManifest(1, [[blobRecord(one)]]), NO_FENCE);
    await world.memory.put(`${ROOT}/chk-9/_metadata`, Buffer.from('orphan'));
    const result = await store.dispose(true, NO_FENCE);
    const deleted = [`${ROOT}/chk-9/_metadata`, two];
    assert.deepEqual(result, { type: 'collected', deleted, failed: [] });
    await store.dispose(false, NO_FENCE);
    assert.deepEqual(world.memory.locations, []);
    assert.deepEqual(await idsOf(store), []);
  });
});
