import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  compress,
  decompress,
  type JobRecord,
  JobStore,
  type RowStore,
  turnKey,
} from '../checkpoint/index.ts';
import { StreamError } from '../core/index.ts';
import { MemoryBlobStore, MemoryRowStore } from '../testing/index.ts';
import { NEW_TURN_RECORD } from './job-turn.ts';
import { TurnJournal } from './turn-journal.ts';
import { TurnObjects } from './turn-objects.ts';

const JOB: JobRecord = {
  ...{ jobId: 'j', name: 'job', status: 'CREATED', attempt: 0, submittedAtEpochMs: 1 },
  ...{ bundleLocation: '', args: [], configuration: {}, parallelism: {}, coordinator: null },
};
const UNAVAILABLE = new StreamError({ kind: 'unavailable', code: 'DOWN', message: 'down' });
const RECORD = { ...NEW_TURN_RECORD, heard: ['a'] };
const LARGE = {
  ...NEW_TURN_RECORD,
  heard: Array.from({ length: 2000 }, (_, i) => `${i} ${i * 7}`),
};

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

/** As long as `isFailing`, a write of a turn fails: after it happened, or without. */
function failing(rows: RowStore, isFailing: () => boolean, happens: boolean): RowStore {
  return changed(rows, {
    write: async (steps) => {
      const isHit = isFailing() && steps.some(({ sortKey }) => sortKey === 'turn');
      if (!isHit || happens) await rows.write(steps);
      if (isHit) throw UNAVAILABLE;
    },
  });
}

function claim(
  rows: RowStore,
  blobs = new MemoryBlobStore(),
  former?: TurnJournal,
): Promise<TurnJournal> {
  const objects = new TurnObjects({
    ...{ blobs, directory: 'd', objectAboveBytes: 100, compress, decompress },
  });
  return TurnJournal.claim({ rows, jobs: new JobStore(rows, 'a'), jobId: 'j', objects }, former);
}

describe('TurnJournal', () => {
  it('gives a turn what the one before has written', async () => {
    const rows = await rowsOfJob();
    const first = await claim(rows);
    assert.deepEqual([first.record, first.isRecovered], [NEW_TURN_RECORD, false]);
    await first.write(RECORD);
    await first.write({ ...RECORD, heard: ['b'] });
    assert.deepEqual((await claim(rows)).record.heard, ['b']);
  });

  it('refuses everything of a turn that was replaced', async () => {
    const rows = await rowsOfJob();
    const former = await claim(rows);
    const next = await claim(rows);
    await assert.rejects(former.write(RECORD), { code: 'JOB_FENCED' });
    await assert.rejects(former.journal.end('FINISHED'), { code: 'JOB_FENCED' });
    await next.write(RECORD);
    await assert.rejects(former.write(RECORD), { code: 'JOB_FENCED' });
  });

  it('knows its own write when it was reported as failed', async () => {
    const rows = await rowsOfJob();
    let isFailing = true;
    const journal = await claim(failing(rows, () => isFailing, true));
    await journal.write(RECORD);
    isFailing = false;
    await journal.write({ ...RECORD, heard: ['b'] });
    assert.deepEqual((await claim(rows)).record.heard, ['b']);
  });

  it('gives up when the rows do not answer', async () => {
    const rows = await rowsOfJob();
    const journal = await claim(failing(rows, () => true, false));
    await assert.rejects(journal.write(RECORD), { code: 'DOWN' });
  });

  it('says what is wrong with a row that cannot be written', async () => {
    const rows = await rowsOfJob();
    const tooLarge = new StreamError({ kind: 'invalid', code: 'ROW_TOO_LARGE', message: 'large' });
    const write = (): Promise<void> => Promise.reject(tooLarge);
    const journal = await claim(rows);
    assert.ok(journal);
    const refused = await claim(rows);
    rows.write = write;
    await assert.rejects(refused.write(RECORD), { code: 'ROW_TOO_LARGE' });
  });

  it('reads the row of the job again that a former turn has changed before the claim', async () => {
    const rows = await rowsOfJob();
    const former = await claim(rows);
    let isFirst = true;
    const get: RowStore['get'] = async (partitionKey, sortKey) => {
      const row = await rows.get(partitionKey, sortKey);
      if (isFirst && sortKey === 'j') {
        isFirst = false;
        await former.journal.end('FINISHED');
      }
      return row;
    };
    const next = await claim(changed(rows, { get }));
    assert.deepEqual(next.ended, { status: 'FINISHED' });
  });

  it('records the end of a job that no master has run, with what was wrong', async () => {
    const rows = await rowsOfJob();
    const journal = await claim(rows);
    const error = UNAVAILABLE.toJSON();
    await journal.recordEnd({ status: 'FAILED', error });
    assert.deepEqual((await claim(rows)).ended, { status: 'FAILED', error });
  });

  it('refuses a job that is not there', async () => {
    await assert.rejects(claim(new MemoryRowStore()), { code: 'JOB_NOT_FOUND' });
  });
});

describe('TurnJournal: what a process keeps', () => {
  it('reads nothing when nobody else was in charge', async () => {
    const rows = await rowsOfJob();
    const first = await claim(rows);
    await first.write(RECORD);
    first.effectsSent();
    const get = (): never => assert.fail('it has read');
    const next = await claim(changed(rows, { get }), undefined, first);
    assert.deepEqual([next.isContinued, next.record, next.areEffectsSent], [true, RECORD, true]);
    await next.write({ ...RECORD, heard: ['b'] });
    assert.equal(next.areEffectsSent, false);
    assert.deepEqual((await claim(rows)).record.heard, ['b']);
  });

  it('fences its own former turn', async () => {
    const rows = await rowsOfJob();
    const first = await claim(rows);
    await claim(rows, undefined, first);
    await assert.rejects(first.write(RECORD), { code: 'JOB_FENCED' });
    await assert.rejects(first.journal.end('FINISHED'), { code: 'JOB_FENCED' });
  });

  it('reads anew when another process has had a turn', async () => {
    const rows = await rowsOfJob();
    const first = await claim(rows);
    await first.write(RECORD);
    first.effectsSent();
    await (await claim(rows)).write({ ...RECORD, heard: ['other'] });
    const next = await claim(rows, undefined, first);
    assert.deepEqual([next.isContinued, next.areEffectsSent], [false, false]);
    assert.deepEqual(next.record.heard, ['other']);
  });
});

describe('TurnJournal: large records', () => {
  it('deletes an object in the turn that begins with a row without it', async () => {
    const rows = await rowsOfJob();
    const blobs = new MemoryBlobStore();
    let journal: TurnJournal | undefined;
    for (const isKept of [false, true, false]) {
      journal = await claim(rows, blobs, isKept ? journal : undefined);
      const before = [...blobs.locations];
      await journal.write(LARGE);
      await journal.write(LARGE);
      assert.ok(before.every((location) => blobs.locations.includes(location)));
      await journal.clear();
    }
    const last = await claim(rows, blobs);
    assert.deepEqual(last.record, LARGE);
    await last.write(RECORD);
    const end = await claim(rows, blobs);
    await end.clear();
    assert.deepEqual(blobs.locations, []);
    assert.deepEqual(end.record, RECORD);
  });

  it('does not delete the object of a write whose outcome it does not know', async () => {
    const rows = await rowsOfJob();
    const blobs = new MemoryBlobStore();
    let late: (() => Promise<void>) | undefined;
    const write: RowStore['write'] = async (steps) => {
      if (!steps.some(({ sortKey }) => sortKey === 'turn')) return await rows.write(steps);
      late = () => rows.write(steps);
      throw UNAVAILABLE;
    };
    await assert.rejects((await claim(changed(rows, { write }), blobs)).write(LARGE));
    await late?.();
    assert.deepEqual((await claim(rows, blobs)).record, LARGE);
  });

  it('finds and deletes what turns have put whose rows never came', async () => {
    const rows = await rowsOfJob();
    const blobs = new MemoryBlobStore();
    await (await claim(rows, blobs)).write(LARGE);
    for (let i = 0; i < 3; i += 1) {
      const dying = await claim(
        failing(rows, () => true, false),
        blobs,
      );
      await assert.rejects(dying.write(LARGE));
    }
    assert.equal(blobs.locations.length, 4);
    const next = await claim(rows, blobs);
    await next.clear();
    assert.equal(blobs.locations.length, 1);
    assert.deepEqual(next.record, LARGE);
  });

  it('reads nothing of a turn that has claimed the job since', async () => {
    const rows = await rowsOfJob();
    const blobs = new MemoryBlobStore();
    await (await claim(rows, blobs)).write(LARGE);
    let isFirst = true;
    const overtaken = changed(rows, {
      get: async (partitionKey, sortKey) => {
        if (sortKey === 'turn' && isFirst) {
          isFirst = false;
          await (await claim(rows, blobs)).write(LARGE);
        }
        return await rows.get(partitionKey, sortKey);
      },
    });
    await assert.rejects(claim(overtaken, blobs), { code: 'JOB_FENCED' });
    assert.equal(isFirst, false);
  });

  it('tries again later what could not be deleted', async () => {
    const rows = await rowsOfJob();
    const blobs = new MemoryBlobStore();
    const first = await claim(rows, blobs);
    await first.write(LARGE);
    await first.write(LARGE);
    const remove = blobs.delete.bind(blobs);
    blobs.delete = () => Promise.reject(UNAVAILABLE);
    const second = await claim(rows, blobs);
    await second.clear();
    await second.write(RECORD);
    blobs.delete = remove;
    await (await claim(rows, blobs)).clear();
    assert.deepEqual(blobs.locations, []);
  });

  it('is fenced, and calls no record lost, when it was replaced while it read', async () => {
    const rows = await rowsOfJob();
    const blobs = new MemoryBlobStore();
    await (await claim(rows, blobs)).write(LARGE);
    const get = blobs.get.bind(blobs);
    blobs.get = async (location, range) => {
      blobs.get = get;
      await (await claim(rows, blobs)).write({ ...LARGE, heard: [...LARGE.heard, 'later'] });
      await (await claim(rows, blobs)).clear();
      return await get(location, range);
    };
    await assert.rejects(claim(rows, blobs), { code: 'JOB_FENCED' });
    assert.equal((await claim(rows, blobs)).record.heard.at(-1), 'later');
  });

  it('says that a record does not read, and can still end the job', async () => {
    const rows = await rowsOfJob();
    const blobs = new MemoryBlobStore();
    await (await claim(rows, blobs)).write(LARGE);
    const [location = ''] = blobs.locations;
    await blobs.delete(location);
    const gone = await claim(rows, blobs);
    assert.throws(() => gone.record, { code: 'TURN_CORRUPT', kind: 'data' });
    await blobs.put(location, Buffer.from('garbage'));
    const garbage = await claim(rows, blobs);
    assert.throws(() => garbage.record, { code: 'TURN_CORRUPT' });
    await rows.write([{ type: 'put', ...turnKey('j'), value: { term: 1 } }]);
    const empty = await claim(rows, blobs);
    assert.throws(() => empty.record, { code: 'TURN_CORRUPT' });
    await empty.recordEnd({ status: 'FAILED' });
    await empty.write({ ...NEW_TURN_RECORD, end: { status: 'FAILED' } });
    assert.equal((await claim(rows, blobs)).record.end?.status, 'FAILED');
  });

  it('is repeated when an object does not answer', async () => {
    const rows = await rowsOfJob();
    const blobs = new MemoryBlobStore();
    await (await claim(rows, blobs)).write(LARGE);
    blobs.get = () => Promise.reject(UNAVAILABLE);
    await assert.rejects(claim(rows, blobs), { code: 'DOWN' });
    blobs.put = () => Promise.reject(UNAVAILABLE);
    await assert.rejects((await claim(await rowsOfJob(), blobs)).write(LARGE), { code: 'DOWN' });
  });
});
