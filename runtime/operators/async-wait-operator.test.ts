import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_WATERMARK_MS } from '../core/index.ts';
import { type HarnessOptions, OperatorHarness, restoreAt } from '../testing/index.ts';
import type { AsyncFunction, AsyncRetryStrategy, AsyncWaitOptions } from './index.ts';
import { asyncWaitOperator } from './index.ts';

/** Doubles a number when the test says so. */
class Doubling implements AsyncFunction<number, number> {
  readonly asked: number[] = [];
  readonly #calls: {
    value: number;
    answer: PromiseWithResolvers<number | number[] | undefined>;
  }[] = [];

  asyncInvoke(value: number): Promise<number | number[] | undefined> {
    const answer = Promise.withResolvers<number | number[] | undefined>();
    this.asked.push(value);
    this.#calls.push({ value, answer });
    return answer.promise;
  }

  answer(...values: number[]): Promise<void> {
    for (const value of values) this.#take(value).resolve(value * 2);
    return settled();
  }

  answerWith(value: number, results: number[] | undefined): Promise<void> {
    this.#take(value).resolve(results);
    return settled();
  }

  refuse(value: number, message: string): Promise<void> {
    this.#take(value).reject(new Error(message));
    return settled();
  }

  #take(value: number): PromiseWithResolvers<number | number[] | undefined> {
    const at = this.#calls.findIndex((call) => call.value === value);
    const [call] = this.#calls.splice(at, 1);
    assert(call !== undefined && at >= 0, `${value} is under way`);
    return call.answer;
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const ORDERED: AsyncWaitOptions<number> = { mode: 'ordered', timeoutMs: 0, capacity: 100 };
const UNORDERED: AsyncWaitOptions<number> = { ...ORDERED, mode: 'unordered' };

async function start(
  fn: Doubling,
  options: Partial<AsyncWaitOptions<number>>,
  at?: HarnessOptions,
) {
  const factory = asyncWaitOperator<number, number>(fn, { ...ORDERED, ...options });
  const named = { operatorName: 'Ask', subtaskIndex: 0, parallelism: 1, ...at };
  return await OperatorHarness.oneInput(factory, named).open();
}

const retry = (extra: Partial<AsyncRetryStrategy<number>> = {}): AsyncRetryStrategy<number> => ({
  canRetry: (attempts) => attempts <= 2,
  getBackoffTimeMillis: () => 100,
  exceptionPredicate: () => true,
  ...extra,
});

describe('ordered asynchronous I/O', () => {
  it('emits results in the order of its input, with its timestamps (45)', async () => {
    const fn = new Doubling();
    const harness = await start(fn, { capacity: 2 });
    harness.operator.processElement(1, 1, -1);
    harness.operator.processElement(2, 2, -1);
    harness.operator.processWatermark(2);
    harness.operator.processElement(3, 3, -1);
    assert.deepEqual(fn.asked, [1, 2], 'the third is beyond the capacity');
    await fn.answer(2);
    harness.runMailbox();
    assert.deepEqual(harness.emitted, []);
    await fn.answer(1);
    harness.runMailbox();
    await fn.answer(3);
    harness.runMailbox();
    assert.deepEqual(harness.emitted, [
      { type: 'record', value: 2, timestampMs: 1 },
      { type: 'record', value: 4, timestampMs: 2 },
      { type: 'watermark', watermarkMs: 2 },
      { type: 'record', value: 6, timestampMs: 3 },
    ]);
  });

  it('has no room while as many records as its capacity are under way', async () => {
    const fn = new Doubling();
    const harness = await start(fn, { capacity: 2 });
    const has = (): unknown[] => [harness.operator.hasRoom?.(), harness.operator.isBusy?.()];
    assert.deepEqual(has(), [true, false]);
    harness.operator.processElement(1, 1, -1);
    assert.deepEqual(has(), [true, true]);
    harness.operator.processElement(2, 2, -1);
    await fn.answer(2);
    harness.runMailbox();
    assert.deepEqual(has(), [false, true], 'the second waits for the first');
    await fn.answer(1);
    harness.runMailbox();
    assert.deepEqual(has(), [true, false]);
  });

  it('takes an array for a list of results and undefined for none', async () => {
    const fn = new Doubling();
    const harness = await start(fn, {});
    for (const value of [1, 2, 3]) harness.operator.processElement(value, value, -1);
    await fn.answerWith(1, [10, 11]);
    await fn.answerWith(2, undefined);
    await fn.answerWith(3, []);
    harness.runMailbox();
    assert.deepEqual(harness.records(), [
      [10, 1],
      [11, 1],
    ]);
  });
});

describe('unordered asynchronous I/O', () => {
  it('emits results as they come, but no watermark is overtaken (45)', async () => {
    const fn = new Doubling();
    const harness = await start(fn, UNORDERED);
    harness.operator.processElement(1, 1, -1);
    harness.operator.processElement(2, 2, -1);
    harness.operator.processWatermark(2);
    harness.operator.processElement(3, 3, -1);
    harness.operator.processIdle(true);
    await fn.answer(3, 2);
    harness.runMailbox();
    assert.deepEqual(harness.take(), [{ type: 'record', value: 4, timestampMs: 2 }]);
    await fn.answer(1);
    harness.runMailbox();
    assert.deepEqual(harness.take(), [
      { type: 'record', value: 2, timestampMs: 1 },
      { type: 'watermark', watermarkMs: 2 },
      { type: 'record', value: 6, timestampMs: 3 },
      { type: 'idle', idle: true },
    ]);
  });

  it('passes watermarks on at once when nothing is under way', async () => {
    const harness = await start(new Doubling(), UNORDERED);
    for (const watermarkMs of [1, 2]) harness.operator.processWatermark(watermarkMs);
    assert.deepEqual(harness.watermarks(), [1, 2]);
  });
});

describe('a snapshot of asynchronous I/O', () => {
  it('holds what is under way, which a restored operator asks about first (47)', async () => {
    for (const options of [ORDERED, UNORDERED]) {
      const before = await start(new Doubling(), { ...options, capacity: 3 });
      for (const value of [1, 2, 3, 4]) before.operator.processElement(value, value, -1);
      const restore = before.snapshotSync();

      const fn = new Doubling();
      const after = await start(fn, { ...options, capacity: 10 }, { restore });
      for (const value of [5, 6, 7, 8]) after.operator.processElement(value, value, -1);
      assert.deepEqual(fn.asked, [1, 2, 3, 4, 5, 6, 7, 8]);
      await fn.answer(8, 7, 6, 5, 4, 3, 2, 1);
      after.runMailbox();
      const got = after.records().toSorted(([a], [b]) => a - b);
      assert.deepEqual(
        got,
        [1, 2, 3, 4, 5, 6, 7, 8].map((value) => [value * 2, value]),
      );
    }
  });

  it('holds what has a result that has not left, and nothing that has left', async () => {
    const fn = new Doubling();
    const before = await start(fn, {});
    for (const value of [1, 2, 3]) before.operator.processElement(value, value, -1);
    await fn.answer(1, 3);
    before.runMailbox();
    const restore = before.snapshotSync();
    const again = new Doubling();
    await start(again, {}, { restore });
    assert.deepEqual(again.asked, [2, 3]);
  });

  it('holds watermarks between them, which do not go back afterwards', async () => {
    const before = await start(new Doubling(), {});
    before.operator.processElement(1, 1, -1);
    before.operator.processWatermark(7);
    const restore = before.snapshotSync();
    const fn = new Doubling();
    const after = await start(fn, {}, { restore });
    after.operator.processWatermark(5);
    after.operator.processElement(9, 9, -1);
    after.operator.processWatermark(8);
    await fn.answer(1, 9);
    after.runMailbox();
    assert.deepEqual(after.watermarks(), [7, 8]);
    assert.deepEqual(after.values(), [2, 18]);
  });

  it('gives its records without its watermarks to other subtasks', async () => {
    const fn = new Doubling();
    const before = await start(fn, {}, { parallelism: 2 });
    for (const value of [1, 2]) before.operator.processElement(value, value, -1);
    before.operator.processWatermark(7);
    const snapshots = [before.snapshotSync()];
    const again = new Doubling();
    const after = await start(again, {}, restoreAt(snapshots, 0, 1));
    await again.answer(1, 2);
    after.runMailbox();
    assert.deepEqual(after.emitted, [
      { type: 'record', value: 2, timestampMs: 1 },
      { type: 'record', value: 4, timestampMs: 2 },
    ]);
  });
});

describe('the end of asynchronous I/O', () => {
  it('waits for all results', async () => {
    const fn = new Doubling();
    const harness = await start(fn, { capacity: 1 });
    for (const value of [1, 2]) harness.operator.processElement(value, value, -1);
    harness.operator.processWatermark(MAX_WATERMARK_MS);
    let finished = false;
    const finish = harness.finish(harness.operator).then(() => {
      finished = true;
    });
    await fn.answer(1);
    assert.deepEqual([harness.values(), finished], [[2], false]);
    await fn.answer(2);
    await finish;
    assert.deepEqual(harness.values(), [2, 4]);
    assert.deepEqual(harness.watermarks(), [MAX_WATERMARK_MS]);
  });

  it('emits what had come and was waiting for its turn', async () => {
    const fn = new Doubling();
    const harness = await start(fn, {});
    harness.operator.processElement(1, 1, -1);
    await fn.answer(1);
    await harness.finish(harness.operator);
    assert.deepEqual(harness.values(), [2]);
  });

  it('makes the calls at once that wait for a back-off, and takes what comes of them', async () => {
    const fn = new Doubling();
    const isEmpty = (results: readonly number[]): boolean => results.length === 0;
    const strategy = retry({ resultPredicate: isEmpty, getBackoffTimeMillis: () => 1e9 });
    const harness = await start(fn, { retry: strategy });
    harness.operator.processElement(1, 1, -1);
    harness.operator.processElement(2, 2, -1);
    await fn.answerWith(1, []);
    harness.runMailbox();
    const finish = harness.finish(harness.operator);
    assert.deepEqual(fn.asked, [1, 2, 1]);
    await fn.answerWith(1, []);
    await fn.answer(2);
    await finish;
    assert.deepEqual(harness.values(), [4]);
    assert.deepEqual(fn.asked, [1, 2, 1], 'no further attempt');
  });

  it('retries what was not asked about before, as if the input had waited for it', async () => {
    const fn = new Doubling();
    const harness = await start(fn, { capacity: 1, retry: retry() });
    for (const value of [1, 2]) harness.operator.processElement(value, value, -1);
    const finish = harness.finish(harness.operator);
    await fn.refuse(1, 'busy');
    assert.deepEqual(fn.asked, [1]);
    harness.setProcessingTime(100);
    await fn.answer(1);
    await fn.answer(2);
    await finish;
    assert.deepEqual(fn.asked, [1, 1, 2]);
    assert.deepEqual(harness.values(), [2, 4]);
  });

  it('fails with what a late result fails with', async () => {
    const fn = new Doubling();
    const harness = await start(fn, {});
    harness.operator.processElement(1, 1, -1);
    const finish = assert.rejects(harness.finish(harness.operator), /gone; record=1/);
    await fn.refuse(1, 'gone');
    await finish;
  });
});

describe('a failure of asynchronous I/O', () => {
  it('fails the task with operator, subtask and record named', async () => {
    const fn = new Doubling();
    const harness = await start(fn, {}, { subtaskIndex: 1, parallelism: 4 });
    harness.operator.processElement(1, 1, -1);
    await fn.refuse(1, 'server gone');
    assert.throws(() => harness.runMailbox(), {
      kind: 'user',
      code: 'USER_FUNCTION_FAILED',
      message: 'async function failed in operator "Ask" (subtask 2/4): server gone; record=1',
    });
  });

  it('may be thrown before there is a promise', async () => {
    const factory = asyncWaitOperator<number, number>(() => {
      throw new Error('no such host');
    }, ORDERED);
    const harness = await OperatorHarness.oneInput(factory).open();
    harness.operator.processElement(1, 1, -1);
    await settled();
    assert.throws(() => harness.runMailbox(), /async function failed .*no such host/);
  });

  it('is tried again after the back-off, as often as the strategy says', async () => {
    const fn = new Doubling();
    const harness = await start(fn, { retry: retry() });
    harness.operator.processElement(1, 1, -1);
    for (const atMs of [100, 200]) {
      await fn.refuse(1, 'busy');
      harness.runMailbox();
      harness.setProcessingTime(atMs - 1);
      harness.runMailbox();
      const before = fn.asked.length;
      harness.setProcessingTime(atMs);
      harness.runMailbox();
      assert.equal(fn.asked.length, before + 1, `asked again at ${atMs}`);
    }
    await fn.refuse(1, 'still busy');
    assert.throws(() => harness.runMailbox(), /still busy/);
  });

  it('of another kind than the strategy retries is final', async () => {
    const fn = new Doubling();
    const harness = await start(fn, { retry: retry({ exceptionPredicate: () => false }) });
    harness.operator.processElement(1, 1, -1);
    await fn.refuse(1, 'forbidden');
    assert.throws(() => harness.runMailbox(), /forbidden/);
  });

  it('holds back in-order results of later records until the retry has one', async () => {
    const fn = new Doubling();
    const harness = await start(fn, { retry: retry() });
    for (const value of [1, 2]) harness.operator.processElement(value, value, -1);
    await fn.refuse(1, 'busy');
    await fn.answer(2);
    harness.runMailbox();
    assert.deepEqual(harness.values(), []);
    harness.setProcessingTime(100);
    harness.runMailbox();
    await fn.answer(1);
    harness.runMailbox();
    assert.deepEqual(harness.values(), [2, 4]);
  });
});

describe('a timeout of asynchronous I/O', () => {
  it('fails the task where the function has no answer to it', async () => {
    const fn = new Doubling();
    const harness = await start(fn, { timeoutMs: 50 });
    harness.operator.processElement(1, 1, -1);
    harness.setProcessingTime(49);
    harness.runMailbox();
    harness.setProcessingTime(50);
    assert.throws(() => harness.runMailbox(), {
      kind: 'user',
      code: 'ASYNC_TIMEOUT',
      message: /async function in operator "Ask" .* timeout=50ms attempts=1; record=1/,
    });
  });

  it('takes what the function says instead, and not what comes later', async () => {
    const fn = Object.assign(new Doubling(), { timeout: (value: number) => -value });
    const harness = await start(fn, { timeoutMs: 50 });
    harness.operator.processElement(1, 1, -1);
    harness.setProcessingTime(30);
    harness.operator.processElement(2, 2, -1);
    harness.setProcessingTime(50);
    harness.runMailbox();
    await fn.answer(1);
    harness.runMailbox();
    assert.deepEqual(harness.values(), [-1], 'the second has 30 ms left');
    harness.setProcessingTime(80);
    harness.runMailbox();
    await settled();
    harness.runMailbox();
    assert.deepEqual(harness.values(), [-1, -2]);
  });

  it('does not come for a record that has its result, though it waits for others', async () => {
    const fn = Object.assign(new Doubling(), { timeout: (value: number) => -value });
    const harness = await start(fn, { timeoutMs: 50 });
    for (const value of [1, 2]) harness.operator.processElement(value, value, -1);
    await fn.answer(2);
    harness.runMailbox();
    harness.setProcessingTime(50);
    harness.runMailbox();
    await settled();
    harness.runMailbox();
    assert.deepEqual(harness.values(), [-1, 4]);
  });

  it('is of all attempts together', async () => {
    const fn = Object.assign(new Doubling(), { timeout: () => undefined });
    const strategy = retry({ canRetry: () => true });
    const harness = await start(fn, { timeoutMs: 250, retry: strategy });
    harness.operator.processElement(1, 1, -1);
    for (const atMs of [100, 200]) {
      await fn.refuse(1, 'busy');
      harness.runMailbox();
      harness.setProcessingTime(atMs);
      harness.runMailbox();
    }
    await fn.refuse(1, 'busy');
    harness.runMailbox();
    harness.setProcessingTime(400);
    harness.runMailbox();
    await settled();
    harness.runMailbox();
    assert.deepEqual(fn.asked, [1, 1, 1]);
    assert.equal(harness.operator.isBusy?.(), false);
  });

  it('comes at the end of the input, too', async () => {
    const fn = Object.assign(new Doubling(), { timeout: (value: number) => -value });
    const harness = await start(fn, { timeoutMs: 50 });
    harness.operator.processElement(1, 1, -1);
    const finish = harness.finish(harness.operator);
    harness.setProcessingTime(50);
    await finish;
    assert.deepEqual(harness.values(), [-1]);
  });
});
