import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type JobRecord, JobStore, type RowStore } from '../checkpoint/index.ts';
import { StreamError } from '../core/index.ts';
import { MemoryRowStore } from '../testing/index.ts';
import { NEW_TURN_RECORD } from './job-turn.ts';
import { TurnJournal } from './turn-journal.ts';

const JOB: JobRecord = {
  ...{ jobId: 'j', name: 'job', status: 'CREATED', attempt: 0, submittedAtEpochMs: 1 },
  ...{ bundleLocation: '', args: [], configuration: {}, parallelism: {}, coordinator: null },
};
const UNAVAILABLE = new StreamError({ kind: 'unavailable', code: 'DOWN', message: 'down' });
const RECORD = { ...NEW_TURN_RECORD, heard: ['a'] };

async function rowsOfJob(): Promise<MemoryRowStore> {
  const rows = new MemoryRowStore();
  await new JobStore(rows, 'client').create(JOB);
  return rows;
}

function changed(rows: RowStore, calls: Partial<RowStore>): RowStore {
  return {
    get: (partitionKey, sortKey) => rows.get(partitionKey, sortKey),
    query: (partitionKey, query) => rows.query(partitionKey, query),
    write: (steps) => rows.write(steps),
    ...calls,
  };
}

function claim(rows: RowStore, writer: string): Promise<TurnJournal> {
  return TurnJournal.claim({ rows, jobs: new JobStore(rows, writer), jobId: 'j', writer });
}

describe('TurnJournal', () => {
  it('gives a turn what the one before has written', async () => {
    const rows = await rowsOfJob();
    const first = await claim(rows, 'a');
    assert.deepEqual([first.record, first.isRecovered], [NEW_TURN_RECORD, false]);
    await first.write(RECORD);
    await first.write({ ...RECORD, heard: ['b'] });
    assert.deepEqual((await claim(rows, 'b')).record.heard, ['b']);
  });

  it('refuses everything of a turn that was replaced', async () => {
    const rows = await rowsOfJob();
    const former = await claim(rows, 'a');
    const next = await claim(rows, 'b');
    await assert.rejects(former.write(RECORD), { code: 'JOB_FENCED' });
    await assert.rejects(former.journal.end('FINISHED'), { code: 'JOB_FENCED' });
    await next.write(RECORD);
    await assert.rejects(former.write(RECORD), { code: 'JOB_FENCED' });
  });

  it('knows its own write when it was reported as failed', async () => {
    const rows = await rowsOfJob();
    let failing = true;
    const write: RowStore['write'] = async (steps) => {
      await rows.write(steps);
      if (failing && steps.some(({ sortKey }) => sortKey === 'turn')) throw UNAVAILABLE;
    };
    const journal = await claim(changed(rows, { write }), 'a');
    await journal.write(RECORD);
    failing = false;
    await journal.write({ ...RECORD, heard: ['b'] });
    assert.deepEqual((await claim(rows, 'b')).record.heard, ['b']);
  });

  it('gives up when the rows do not answer', async () => {
    const rows = await rowsOfJob();
    const write: RowStore['write'] = async (steps) => {
      if (steps.some(({ sortKey }) => sortKey === 'turn')) throw UNAVAILABLE;
      await rows.write(steps);
    };
    const journal = await claim(changed(rows, { write }), 'a');
    await assert.rejects(journal.write(RECORD), { code: 'DOWN' });
  });

  it('reads the row of the job again that a former turn has changed before the claim', async () => {
    const rows = await rowsOfJob();
    const former = await claim(rows, 'a');
    let isFirst = true;
    const get: RowStore['get'] = async (partitionKey, sortKey) => {
      const row = await rows.get(partitionKey, sortKey);
      if (isFirst && sortKey === 'j') {
        isFirst = false;
        await former.journal.end('FINISHED');
      }
      return row;
    };
    const next = await claim(changed(rows, { get }), 'b');
    assert.deepEqual(next.ended, { status: 'FINISHED' });
  });

  it('records the end of a job that no master has run, with what was wrong', async () => {
    const rows = await rowsOfJob();
    const journal = await claim(rows, 'a');
    const error = UNAVAILABLE.toJSON();
    await journal.recordEnd({ status: 'FAILED', error });
    const job = (await new JobStore(rows, 'c').get('j'))?.job;
    assert.deepEqual([job?.status, job?.coordinator], ['FAILED', { error }]);
  });

  it('refuses a job that is not there', async () => {
    await assert.rejects(claim(new MemoryRowStore(), 'a'), { code: 'JOB_NOT_FOUND' });
  });
});
