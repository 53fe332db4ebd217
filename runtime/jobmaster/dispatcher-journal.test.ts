import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  coordinatorKey,
  type JobRecord,
  JobStore,
  type RowStore,
  type StoredJob,
} from '../checkpoint/index.ts';
import { MemoryRowStore } from '../testing/index.ts';
import { DispatcherJournal } from './dispatcher-journal.ts';

const job: JobRecord = {
  jobId: 'j1',
  name: 'job',
  status: 'RUNNING',
  attempt: 3,
  submittedAtEpochMs: 1,
  bundleLocation: '/data/jobs/j1/bundle.mjs',
  args: [],
  configuration: {},
  parallelism: {},
  coordinator: null,
};
const key = coordinatorKey(job.jobId);

async function storedIn(rows: RowStore): Promise<StoredJob> {
  const created = await new JobStore(rows, 'first').create(job);
  assert.equal(created.type, 'written');
  return { job, version: 1 };
}

/** Between reading and writing, a write of somebody else arrives, so many times. */
function rowsWithRivals(rivals: number): RowStore {
  const rows = new MemoryRowStore();
  let left = rivals;
  return {
    get: async (partitionKey, sortKey) => {
      const row = await rows.get(partitionKey, sortKey);
      if (sortKey === key.sortKey && left > 0) {
        left -= 1;
        await rows.write([{ type: 'put', ...key, value: { term: 0 } }]);
      }
      return row;
    },
    query: (partitionKey, query) => rows.query(partitionKey, query),
    write: (steps) => rows.write(steps),
  };
}

describe('DispatcherJournal.takeOver', () => {
  it('takes the job from a write that came between, which counts no more', async () => {
    const rows = rowsWithRivals(2);
    const stored = await storedIn(rows);
    const journal = await DispatcherJournal.takeOver(rows, new JobStore(rows, 'w'), stored);
    assert.equal(journal.lastAttempt, 3);
    await journal.record({ attempt: 4, parallelism: {} });
    await rows.write(journal.fence());
    const rival = { type: 'check', ...key, expectedVersion: 2 } as const;
    await assert.rejects(rows.write([rival]), { code: 'ROW_CONFLICT' });
  });

  it('leaves the job to somebody who takes it over again and again', async () => {
    const rows = rowsWithRivals(100);
    const stored = await storedIn(rows);
    await assert.rejects(DispatcherJournal.takeOver(rows, new JobStore(rows, 'w'), stored), {
      code: 'JOB_FENCED',
    });
  });
});
