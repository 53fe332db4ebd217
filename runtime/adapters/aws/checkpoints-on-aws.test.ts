import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import {
  type CheckpointManifest,
  CheckpointStore,
  checkBlobs,
  claimSavepoint,
  disposeSavepoint,
  loadBytes,
  parentOf,
  type RowWrite,
  segmentLocation,
  sharedDirectory,
  storeBytes,
  verifySavepoint,
  writeSavepoint,
} from '../../checkpoint/index.ts';
import type { BytesRecord } from '../../protocol/index.ts';
import { MemoryBlobStore } from '../memory/memory-blob-store.ts';
import { AwsWorld, DIRECTORY } from './aws-world.conformance.ts';
import type { Fault } from './fake-aws.conformance.ts';

const JOB_ID = '0123456789abcdef0123456789abcdef';
const VERTEX_ID = 'feedc0de00000000feedc0de00000000';
const SHARED = sharedDirectory(DIRECTORY, JOB_ID);
const SAVEPOINT = 's3://bucket/savepoints/savepoint-012345-abcdefabcdef';
const FENCE_KEY = { partitionKey: `job#${JOB_ID}`, sortKey: 'coordinator' };
const FENCE: readonly RowWrite[] = [{ type: 'check', ...FENCE_KEY, expectedVersion: 1 }];
const LARGE = Buffer.alloc(10_000, 'large');
const SMALL = Buffer.alloc(2_000, 'small');

class World extends AwsWorld {
  readonly blobs = this.tiered();
  readonly parts = { blobs: this.blobs, rows: this.rows, directory: DIRECTORY, jobId: JOB_ID };

  async open(): Promise<CheckpointStore> {
    await this.rows.write([{ type: 'put', ...FENCE_KEY, value: { term: 1 } }]);
    return await CheckpointStore.open(this.parts);
  }

  store(bytes: Uint8Array, checkpointId: number, directory = SHARED): Promise<BytesRecord> {
    const name = { ownerId: VERTEX_ID, subtaskIndex: 0, attempt: 0, checkpointId, part: 'state' };
    return storeBytes(bytes, this.blobs, segmentLocation(directory, name));
  }

  /** What S3 and DynamoDB hold, without keys. */
  get counts(): { readonly objects: number; readonly items: number } {
    const objects = this.s3.keys('bucket').length;
    return { objects, items: this.dynamoDb.items('segments').length };
  }
}

function manifestOf(
  checkpointId: number,
  states: readonly BytesRecord[],
  kind: 'CHECKPOINT' | 'SAVEPOINT' = 'CHECKPOINT',
): CheckpointManifest {
  return {
    formatVersion: 1,
    kind,
    checkpointId,
    jobId: JOB_ID,
    jobName: 'sample',
    triggeredAtEpochMs: checkpointId,
    completedAtEpochMs: checkpointId + 1,
    full: kind === 'SAVEPOINT',
    vertices: [
      {
        vertexId: VERTEX_ID,
        name: 'count',
        parallelism: 1,
        maxParallelism: 128,
        operators: [{ operatorId: VERTEX_ID, uid: 'count', name: 'count' }],
        subtasks: [
          {
            vertexId: VERTEX_ID,
            subtaskIndex: 0,
            finished: false,
            operators: [],
            channels: states.map((bytes, fromSubtask) => ({
              edgeId: 0,
              fromSubtask,
              toSubtask: 0,
              frameCount: 1,
              bytes,
            })),
          },
        ],
        inputs: [],
      },
    ],
    sources: [],
  };
}

describe('checkpoints on AWS', () => {
  it('lie in three services by their size, and are read back', async () => {
    const world = new World();
    const store = await world.open();
    const states = [
      await world.store(Buffer.from('tiny'), 1),
      await world.store(SMALL, 2),
      await world.store(LARGE, 3),
    ];
    assert.deepEqual(world.counts, { objects: 1, items: 1 });
    const { type } = await store.complete(manifestOf(3, states), FENCE);
    assert.equal(type, 'completed');
    const manifest = await store.load(3);
    assert.deepEqual(await checkBlobs(world.blobs, manifest), []);
    const read = await Promise.all(states.map((state) => loadBytes(state, world.blobs)));
    assert.deepEqual(
      read.map((bytes) => crc32(bytes)),
      [Buffer.from('tiny'), SMALL, LARGE].map((bytes) => crc32(bytes)),
    );
  });

  it('take a request for each segment, one for the manifest and one transaction', async () => {
    const world = new World();
    const store = await world.open();
    const from = world.aws.operations.length;
    const states = [await world.store(SMALL, 1), await world.store(LARGE, 2)];
    await store.complete(manifestOf(2, states), FENCE);
    const expected = ['PutItem', 'PutObject', 'PutObject', 'TransactWriteItems'];
    assert.deepEqual(world.aws.operations.slice(from), expected);
  });

  it('are collected from both stores, in a few requests', async () => {
    const world = new World();
    const store = await world.open();
    for (let id = 1; id <= 40; id++) {
      await world.store(SMALL, id * 2);
      await world.store(LARGE, id * 2 + 1);
    }
    const live = [await world.store(SMALL, 100), await world.store(LARGE, 101)];
    await store.complete(manifestOf(101, live), FENCE);
    const from = world.aws.operations.length;
    const result = await store.collectGarbage({ attemptsInUse: [0], pendingIds: [], fence: FENCE });
    assert.equal(result.type === 'collected' && result.deleted.length, 80);
    assert.deepEqual(world.counts, { objects: 2, items: 1 });
    const operations = world.aws.operations.slice(from);
    assert.equal(operations.filter((name) => /^(Batch|Delete)/.test(name)).length, 3);
    assert.equal(await store.nextCheckpointId(), 102);
    assert.deepEqual(await checkBlobs(world.blobs, await store.load(101)), []);
    await store.dispose(false, FENCE);
    assert.deepEqual(world.counts, { objects: 0, items: 0 });
  });

  it('are completed or not, as the rows say, whatever fails on the way', async () => {
    const faults: readonly Fault[] = ['lost-response', 'broken-after', 'late', 'lost-request'];
    for (const operation of ['PutObject', 'TransactWriteItems']) {
      for (const fault of faults) {
        const world = new World();
        const store = await world.open();
        world.aws.failNext(operation, fault);
        const { type } = await store.complete(manifestOf(1, []), FENCE);
        world.aws.arrive();
        assert.equal(type, 'completed', `${operation} ${fault}`);
        assert.deepEqual(
          (await store.list()).map(({ checkpointId }) => checkpointId),
          [1],
        );
        assert.equal((await store.complete(manifestOf(2, []), FENCE)).type, 'completed');
      }
    }
  });

  it('are not completed by who is no longer in charge', async () => {
    const world = new World();
    const store = await world.open();
    await world.rows.write([{ type: 'put', ...FENCE_KEY, value: { term: 2 } }]);
    assert.equal((await store.complete(manifestOf(1, []), FENCE)).type, 'fenced');
    const garbage = { attemptsInUse: [0], pendingIds: [], fence: FENCE };
    assert.equal((await store.collectGarbage(garbage)).type, 'fenced');
  });
});

describe('savepoints on AWS', () => {
  it('lie in S3 only, and are whole where they are copied to', async () => {
    const world = new World();
    const states = [await world.store(SMALL, 1, SAVEPOINT), await world.store(LARGE, 2, SAVEPOINT)];
    await writeSavepoint(world.blobs, SAVEPOINT, manifestOf(2, states, 'SAVEPOINT'));
    assert.deepEqual(world.counts, { objects: 3, items: 0 });
    // To a laptop: names below the directory, and bytes, are the same.
    const laptop = new MemoryBlobStore();
    for (const { location } of await world.blobs.list(SAVEPOINT)) {
      const name = location.slice(parentOf(SAVEPOINT).length);
      await laptop.put(`/tmp${name}`, await world.blobs.get(location));
    }
    const point = await verifySavepoint(laptop, '/tmp/savepoint-012345-abcdefabcdef');
    assert.equal(point.manifest.checkpointId, 2);
  });

  it('are claimed by one job, and disposed of', async () => {
    const world = new World();
    const states = [await world.store(LARGE, 2, SAVEPOINT)];
    await writeSavepoint(world.blobs, SAVEPOINT, manifestOf(2, states, 'SAVEPOINT'));
    world.aws.failNext('PutObject', 'lost-response');
    assert.equal(await claimSavepoint(world.blobs, SAVEPOINT, 'job-1'), SAVEPOINT);
    await assert.rejects(claimSavepoint(world.blobs, SAVEPOINT, 'job-2'), {
      code: 'SAVEPOINT_CLAIMED',
      details: { path: SAVEPOINT, claimedByJobId: 'job-1' },
    });
    await disposeSavepoint(world.blobs, SAVEPOINT, () => false);
    assert.deepEqual(world.counts, { objects: 0, items: 0 });
  });
});
