import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryBlobStore } from '../../memory/memory-blob-store.ts';
import {
  type AttemptRecord,
  attemptLocation,
  readAttempt,
  writeAttempt,
} from './attempt-record.ts';

const RECORD: AttemptRecord = {
  ...{ formatVersion: 1, jobId: 'j', attempt: 3, slotsPerTaskManager: 1, overrides: {}, args: [] },
  jobGraph: { jobName: 'test', jobType: 'STREAMING', vertices: [], edges: [], hash: 'h' },
  ...{ bundleLocation: 's3://b/jobs/j/bundle.mjs', configuration: {}, checkpointing: true },
  checkpointsDirectory: 's3://b/checkpoints',
};

describe('an attempt record', () => {
  it('is read as it was written, and written again by a turn that is repeated', async () => {
    const blobs = new MemoryBlobStore();
    await writeAttempt(blobs, RECORD);
    await writeAttempt(blobs, RECORD);
    const location = attemptLocation(RECORD.bundleLocation, 3);
    assert.equal(location, 's3://b/jobs/j/attempts/000003.json');
    assert.deepEqual(await readAttempt(blobs, location, RECORD), RECORD);
  });

  it('never becomes another', async () => {
    const blobs = new MemoryBlobStore();
    await writeAttempt(blobs, RECORD);
    const other = { ...RECORD, slotsPerTaskManager: 2 };
    await assert.rejects(writeAttempt(blobs, other), { code: 'ATTEMPT_EXISTS', kind: 'conflict' });
  });

  it('is refused when it does not read as one', async () => {
    const blobs = new MemoryBlobStore();
    await blobs.put('a', Buffer.from('{"formatVersion":2}'));
    await blobs.put('b', Buffer.from('{'));
    await blobs.put('c', Buffer.from(JSON.stringify({ ...RECORD, jobId: 'k' })));
    await blobs.put('d', Buffer.from(JSON.stringify({ ...RECORD, attempt: 4 })));
    for (const location of ['a', 'b', 'c', 'd']) {
      const refused = { code: 'ATTEMPT_CORRUPT', kind: 'data' };
      await assert.rejects(readAttempt(blobs, location, RECORD), refused);
    }
  });

  it('is missing in the words of who was asked to run it', async () => {
    const refused = { code: 'ATTEMPT_NOT_FOUND', message: /no such attempt.*location=nowhere$/ };
    await assert.rejects(readAttempt(new MemoryBlobStore(), 'nowhere', RECORD), refused);
  });
});
