import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import { FaultyBlobStore, MemoryBlobStore } from '../testing/index.ts';
import { encodeManifest } from './manifest-codec.ts';
import type { CheckpointManifest } from './manifest-record.ts';
import { blobRecord, JOB_ID, sampleManifest } from './sample-manifest.conformance.ts';
import { openRestorePoint, resolveRestorePath, writeSavepoint } from './savepoint.ts';
import { checkBlobs, verifySavepoint } from './savepoint-check.ts';
import {
  claimSavepoint,
  collectClaimed,
  disposeSavepoint,
  readClaim,
  unclaimSavepoint,
} from './savepoint-claim.ts';

const PATH = '/sp/savepoint-012345-aaaaaaaaaaaa';
const JOB_ROOT = `/c/${JOB_ID}`;

/** A savepoint of two blobs, `a` and `b`. */
async function storedSavepoint(blobs: MemoryBlobStore): Promise<CheckpointManifest> {
  const records = [];
  for (const name of ['a', 'b']) {
    const bytes = Buffer.from(`bytes of ${name}`);
    await blobs.put(`${PATH}/${name}.seg`, bytes);
    records.push(blobRecord(`${PATH}/${name}.seg`, bytes.length, crc32(bytes)));
  }
  const manifest = sampleManifest(4, [records], { kind: 'SAVEPOINT', full: true });
  await writeSavepoint(blobs, PATH, manifest);
  return manifest;
}

/** Checkpoints of a job that share a segment. */
async function storedCheckpoints(blobs: MemoryBlobStore): Promise<void> {
  for (const name of ['both', '1', '2']) {
    await blobs.put(`${JOB_ROOT}/shared/${name}`, Buffer.from('abcd'));
  }
  for (const id of [1, 2]) {
    const records = ['both', String(id)].map((name) => blobRecord(`${JOB_ROOT}/shared/${name}`));
    const location = `${JOB_ROOT}/chk-${id}/_metadata`;
    await blobs.put(location, encodeManifest(sampleManifest(id, [records]), location));
  }
}

describe('restore paths', () => {
  it('may name the directory of a savepoint or checkpoint, or its _metadata', async () => {
    const blobs = new MemoryBlobStore();
    const manifest = await storedSavepoint(blobs);
    await storedCheckpoints(blobs);
    for (const path of [PATH, `${PATH}/`, `${PATH}/_metadata`]) {
      assert.deepEqual(await openRestorePoint(blobs, path), { path: PATH, manifest });
    }
    const checkpoint = await openRestorePoint(blobs, `${JOB_ROOT}/chk-2/`);
    assert.equal(checkpoint.manifest.checkpointId, 2);
  });

  it('name checkpoints to choose from, when they lie below', async () => {
    const blobs = new MemoryBlobStore();
    await storedCheckpoints(blobs);
    for (const path of [JOB_ROOT, '/c']) {
      await assert.rejects(resolveRestorePath(blobs, path), {
        code: 'RESTORE_PATH_AMBIGUOUS',
        kind: 'invalid',
        details: { path, checkpoints: `${JOB_ROOT}/chk-1,${JOB_ROOT}/chk-2` },
      });
    }
  });

  it('are not found where nothing is', async () => {
    const blobs = new MemoryBlobStore();
    for (const path of ['/nowhere', '/nowhere/_metadata', '']) {
      await assert.rejects(resolveRestorePath(blobs, path), {
        code: 'RESTORE_PATH_NOT_FOUND',
        kind: 'invalid',
        message: `there is no savepoint or checkpoint: give a directory that holds a _metadata; path=${path}`,
      });
    }
  });
});

describe('savepoints', () => {
  it('are written once, also when the write failed and happened', async () => {
    const memory = new MemoryBlobStore();
    const blobs = new FaultyBlobStore(memory);
    blobs.faultOf = ({ operation }) => (operation === 'put' ? 'after' : 'none');
    const manifest = sampleManifest(4, [[]], { kind: 'SAVEPOINT' });
    await writeSavepoint(blobs, PATH, manifest);
    await writeSavepoint(blobs, PATH, manifest);
    const other = sampleManifest(5, [[]], { kind: 'SAVEPOINT' });
    await assert.rejects(writeSavepoint(blobs, PATH, other), { code: 'CHECKPOINT_ID_TAKEN' });
    assert.equal((await openRestorePoint(memory, PATH)).manifest.checkpointId, 4);
  });

  it('are whole after their directory was copied', async () => {
    const blobs = new MemoryBlobStore();
    await storedSavepoint(blobs);
    for (const location of blobs.locations) {
      await blobs.put(location.replace(PATH, '/else/where'), await blobs.get(location));
      await blobs.delete(location);
    }
    const { path, manifest } = await verifySavepoint(blobs, '/else/where');
    assert.equal(path, '/else/where');
    assert.match(JSON.stringify(manifest), /"location":"\/else\/where\/a\.seg"/);
  });

  it('are checked blob by blob: which file, which checksum', async () => {
    const blobs = new MemoryBlobStore();
    const manifest = await storedSavepoint(blobs);
    assert.deepEqual(await checkBlobs(blobs, manifest), []);
    const replace = async (name: string, text: string): Promise<void> => {
      await blobs.delete(`${PATH}/${name}.seg`);
      if (text !== '') await blobs.put(`${PATH}/${name}.seg`, Buffer.from(text));
    };
    await replace('a', 'bytes of X');
    await replace('b', 'bytes');
    const problems = await checkBlobs(blobs, manifest);
    const hex = (text: string) => crc32(text).toString(16).padStart(8, '0');
    assert.deepEqual(
      problems.map(({ code, kind, details }) => [code, kind, details]),
      [
        [
          'STATE_BLOB_TRUNCATED',
          'data',
          { path: `${PATH}/b.seg`, sizeBytes: 5, expectedSizeBytes: 10 },
        ],
        [
          'STATE_BLOB_CORRUPT',
          'data',
          {
            path: `${PATH}/a.seg`,
            expectedCrc32: hex('bytes of a'),
            actualCrc32: hex('bytes of X'),
          },
        ],
      ],
    );
    await replace('a', 'bytes of a');
    await replace('b', '');
    await assert.rejects(verifySavepoint(blobs, PATH), {
      code: 'STATE_BLOB_MISSING',
      details: { path: `${PATH}/b.seg`, sizeBytes: 10 },
    });
  });
});

describe('claimed savepoints', () => {
  it('find nothing when the owner deletes the savepoint while another job claims it', async () => {
    const blobs = new MemoryBlobStore();
    await storedSavepoint(blobs);
    await claimSavepoint(blobs, PATH, 'owner');
    const racing = {
      get: blobs.get.bind(blobs),
      list: blobs.list.bind(blobs),
      delete: blobs.delete.bind(blobs),
      put: async (location: string, bytes: Uint8Array) => {
        const written = blobs.put(location, bytes);
        await collectClaimed(blobs, PATH, 'owner', new Set());
        await written;
      },
    };
    await assert.rejects(claimSavepoint(racing, PATH, 'other'), { code: 'RESTORE_PATH_NOT_FOUND' });
  });

  it('belong to one job', async () => {
    const blobs = new MemoryBlobStore();
    await storedSavepoint(blobs);
    assert.equal(await readClaim(blobs, PATH), undefined);
    const claims = await Promise.allSettled(
      ['a', 'b'].map((jobId) => claimSavepoint(blobs, `${PATH}/_metadata`, jobId)),
    );
    assert.deepEqual(claims[0], { status: 'fulfilled', value: PATH });
    assert.equal(await claimSavepoint(blobs, PATH, 'a'), PATH);
    await assert.rejects(claimSavepoint(blobs, PATH, 'b'), {
      code: 'SAVEPOINT_CLAIMED',
      kind: 'invalid',
      details: { path: PATH, claimedByJobId: 'a' },
    });
    await unclaimSavepoint(blobs, PATH, 'b');
    assert.equal(await readClaim(blobs, PATH), 'a');
    await unclaimSavepoint(blobs, PATH, 'a');
    assert.equal(await claimSavepoint(blobs, PATH, 'b'), PATH);
  });

  it('are deleted when their owner needs no more of them', async () => {
    const blobs = new MemoryBlobStore();
    await storedSavepoint(blobs);
    await blobs.put(`${PATH}/notes.txt`, Buffer.from('mine'));
    await claimSavepoint(blobs, PATH, 'a');
    const stranger = await collectClaimed(blobs, PATH, 'b', new Set());
    assert.deepEqual(stranger, { done: true, deleted: [] });
    const first = await collectClaimed(blobs, PATH, 'a', new Set([`${PATH}/a.seg`]));
    assert.deepEqual(first, { done: false, deleted: [`${PATH}/b.seg`] });
    const second = await collectClaimed(blobs, PATH, 'a', new Set());
    assert.equal(second.done, true);
    assert.deepEqual(blobs.locations, [`${PATH}/notes.txt`]);
    assert.deepEqual(await collectClaimed(blobs, PATH, 'a', new Set()), {
      done: true,
      deleted: [],
    });
  });

  it('share nothing with other checkpoints of their job that is deleted', async () => {
    const blobs = new MemoryBlobStore();
    await storedCheckpoints(blobs);
    await claimSavepoint(blobs, `${JOB_ROOT}/chk-2`, 'a');
    const outcome = await collectClaimed(blobs, `${JOB_ROOT}/chk-2`, 'a', new Set());
    assert.equal(outcome.done, true);
    const kept = [`${JOB_ROOT}/chk-1/_metadata`, `${JOB_ROOT}/shared/1`, `${JOB_ROOT}/shared/both`];
    assert.deepEqual(blobs.locations, kept);
  });
});

describe('disposeSavepoint', () => {
  it('deletes what the savepoint owns, and nothing else', async () => {
    const memory = new MemoryBlobStore();
    await storedSavepoint(memory);
    await memory.put(`${PATH}/notes.txt`, Buffer.from('mine'));
    await claimSavepoint(memory, PATH, 'ended');
    const blobs = new FaultyBlobStore(memory);
    blobs.faultOf = ({ operation, place }) =>
      operation === 'delete' && place.endsWith('b.seg') ? 'before' : 'none';
    await assert.rejects(
      disposeSavepoint(blobs, PATH, () => false),
      { code: 'INJECTED' },
    );
    blobs.faultOf = () => 'none';
    await disposeSavepoint(blobs, PATH, async () => false);
    assert.deepEqual(memory.locations, [`${PATH}/notes.txt`]);
  });

  it('refuses a savepoint that a running job has claimed', async () => {
    const blobs = new MemoryBlobStore();
    await storedSavepoint(blobs);
    await claimSavepoint(blobs, PATH, 'running');
    await assert.rejects(
      disposeSavepoint(blobs, PATH, (jobId) => jobId === 'running'),
      {
        code: 'SAVEPOINT_CLAIMED',
        details: { path: PATH, claimedByJobId: 'running' },
      },
    );
    assert.equal(blobs.locations.length, 4);
  });

  it('refuses what is no savepoint', async () => {
    const blobs = new MemoryBlobStore();
    await storedCheckpoints(blobs);
    const dispose = (path: string) => disposeSavepoint(blobs, path, () => false);
    await assert.rejects(dispose(`${JOB_ROOT}/chk-1`), {
      code: 'SAVEPOINT_NOT_DISPOSABLE',
      details: { path: `${JOB_ROOT}/chk-1`, jobId: JOB_ID },
    });
    await assert.rejects(dispose('/etc'), { code: 'RESTORE_PATH_NOT_FOUND' });
    await blobs.put('/x/_metadata', Buffer.from('something else'));
    await assert.rejects(dispose('/x'), { code: 'NOT_A_MANIFEST' });
    assert.equal(blobs.locations.length, 6);
  });
});
