import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CollectedRecords } from './collected-records.ts';

type Take = (values: readonly unknown[]) => Promise<void> | undefined;

function collecting(job: (take: Take, signal: AbortSignal) => Promise<unknown>) {
  const records: CollectedRecords<number> = new CollectedRecords({
    run: (signal) => job((values) => records.take(values), signal),
  });
  return records;
}

describe('CollectedRecords', () => {
  it('hands over all records in order and then ends', async () => {
    const records = collecting(async (take) => {
      await take([1, 2]);
      await take([]);
      await take([3]);
    });
    assert.deepEqual(await Array.fromAsync(records), [1, 2, 3]);
    assert.deepEqual(await records.next(), { done: true, value: undefined });
  });

  it('starts the job with the first next', async () => {
    let started = false;
    const records = collecting(async () => {
      started = true;
    });
    assert.equal(started, false);
    await records.next();
    assert.equal(started, true);
  });

  it('throws the failure of the job after the records before it', async () => {
    const records = collecting(async (take) => {
      await take([7]);
      throw new Error('boom');
    });
    assert.deepEqual(await records.next(), { done: false, value: 7 });
    await assert.rejects(records.next(), /boom/);
    assert.equal((await records.next()).done, true);
  });

  it('holds the sink back once sixteen batches wait, until one is taken', async () => {
    let held: Promise<void> | undefined;
    const records = collecting(async (take) => {
      for (let i = 0; i < 16; i++) assert.equal(take([i]), undefined);
      held = take([16]);
      await held;
    });
    assert.equal((await Array.fromAsync(records)).length, 17);
    assert.ok(held !== undefined);
  });

  it('cancels the job and waits for its end when the loop is left', async () => {
    let ended = false;
    const records = collecting(async (take, signal) => {
      await take([1]);
      const { promise, resolve } = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => {
        ended = true;
        resolve();
      });
      await promise;
    });
    for await (const record of records) {
      assert.equal(record, 1);
      break;
    }
    assert.equal(ended, true);
    assert.equal((await records.next()).done, true);
  });
});
