import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StreamError } from '../core/index.ts';
import { FaultyRowStore, MemoryRowStore } from '../testing/index.ts';
import { type JobRecord, JobStore } from './job-store.ts';
import type { RowStore } from './row-store.ts';

const job: JobRecord = {
  jobId: 'j1',
  name: 'count',
  status: 'RUNNING',
  attempt: 1,
  submittedAtEpochMs: 1000,
  bundleLocation: '/data/jobs/j1/bundle.mjs',
  args: ['--output', '/tmp'],
  configuration: { 'execution.checkpointing.interval': '1 s' },
  parallelism: { v1: 2 },
  coordinator: { nextCheckpointId: 4 },
};

describe('JobStore', () => {
  it('gives back jobs, by id, with the version of their row', async () => {
    const store = new JobStore(new MemoryRowStore(), 'w');
    const other = { ...job, jobId: 'j0' };
    assert.deepEqual(await store.create(job), { type: 'written', version: 1 });
    assert.deepEqual(await store.create(other), { type: 'written', version: 1 });
    assert.deepEqual(await store.list(), [
      { job: other, version: 1 },
      { job, version: 1 },
    ]);
    assert.deepEqual(await store.get('j1'), { job, version: 1 });
    assert.equal(await store.get('j2'), undefined);
  });

  it('changes a job from the version that was read, and only from it', async () => {
    const rows = new MemoryRowStore();
    const [a, b] = [new JobStore(rows, 'a'), new JobStore(rows, 'b')];
    await a.create(job);
    const next = { ...job, attempt: 2 };
    assert.deepEqual(await a.create(next), { type: 'conflict', current: { job, version: 1 } });
    assert.deepEqual(await a.update(next, 1), { type: 'written', version: 2 });
    // The same change by another writer is not the same write.
    const lost = { type: 'conflict', current: { job: next, version: 2 } };
    assert.deepEqual(await b.update(next, 1), lost);
    assert.equal(await b.remove('j1', 1), false);
    assert.equal(await b.remove('j1', 2), true);
    assert.equal(await b.remove('j1', 2), true);
    assert.deepEqual(await b.list(), []);
  });

  it('writes other rows with the job, or neither', async () => {
    const rows = new MemoryRowStore();
    const store = new JobStore(rows, 'w');
    const step = {
      type: 'put',
      partitionKey: 'p',
      sortKey: 's',
      value: 1,
      expectedVersion: 0,
    } as const;
    await store.create(job, [step]);
    assert.equal((await store.update(job, 1, [step])).type, 'conflict');
    assert.equal((await store.get('j1'))?.version, 1);
  });

  it('has written what was written though the write failed', async () => {
    const rows = new FaultyRowStore(new MemoryRowStore());
    const store = new JobStore(rows, 'w');
    rows.faultOf = ({ operation }) => (operation === 'write' ? 'after' : 'none');
    assert.deepEqual(await store.create(job), { type: 'written', version: 1 });
    assert.equal(await store.remove('j1', 1), true);
    rows.faultOf = ({ operation }) => (operation === 'write' ? 'before' : 'none');
    await assert.rejects(store.create(job), { code: 'INJECTED' });
    rows.faultOf = () => 'none';
    await store.create(job);
    rows.faultOf = ({ operation }) => (operation === 'write' ? 'before' : 'none');
    await assert.rejects(store.remove('j1', 1), { code: 'INJECTED' });
  });

  it('tells a process that has lost the store', async () => {
    const memory = new MemoryRowStore();
    const rows: RowStore = {
      get: (partitionKey, sortKey) => memory.get(partitionKey, sortKey),
      query: (partitionKey, query) => memory.query(partitionKey, query),
      write: async () => {
        throw new StreamError({ kind: 'fenced', code: 'DATA_DIRECTORY_LOST', message: 'lost' });
      },
    };
    assert.deepEqual(await new JobStore(rows, 'w').create(job), { type: 'fenced' });
  });

  it('refuses a row that does not read as a job, and says where', async () => {
    const rows = new MemoryRowStore();
    const value = { writer: 'w', job: { ...job, attempt: 'two' } };
    await rows.write([{ type: 'put', partitionKey: 'jobs', sortKey: 'j1', value }]);
    await assert.rejects(new JobStore(rows, 'w').list(), (thrown: StreamError) => {
      assert.equal(thrown.code, 'JOB_RECORD_CORRUPT');
      assert.equal(thrown.kind, 'data');
      assert.match(String(thrown.cause), /"two" instead of an integer from 0; at=j1\.job\.attempt/);
      return true;
    });
  });
});
