import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OperatorHarness } from '../testing/index.ts';
import type { Sink } from './sink.ts';
import { sinkOperator } from './sink-operator.ts';

/** A sink that logs what is asked of it. */
function loggingSink(log: unknown[], failAt?: string): Sink<string, string> {
  const call = async (name: string, ...args: unknown[]): Promise<void> => {
    log.push([name, ...args]);
    if (name === failAt) throw new Error('disk full');
  };
  return {
    name: 'logging',
    guarantee: 'EXACTLY_ONCE',
    createWriter: (ctx) => ({
      write: (...args) => {
        log.push(['write', ...args]);
        if (args[0] === failAt) throw new Error('bad record');
      },
      suspension: () => (log.length > 2 ? Promise.resolve() : undefined),
      flush: (endOfInput) => call('flush', endOfInput),
      prepareCommit: () => [`file-${ctx.subtaskIndex}`],
      close: () => call('close writer'),
    }),
    createCommitter: () => ({
      commit: (committables) => call('commit', ...committables),
      close: () => call('close committer'),
    }),
  };
}

describe('sinkOperator', () => {
  it('writes with the watermark and commits at the end of the input', async () => {
    const log: unknown[] = [];
    const harness = await OperatorHarness.oneInput(sinkOperator(loggingSink(log))).open();
    assert.equal(harness.operator.suspension?.(), undefined);
    harness.operator.processElement('a', 5, -1);
    harness.operator.processWatermark(7);
    harness.operator.processElement('b', 9, -1);
    assert.deepEqual(log.splice(0), [
      ['write', 'a', 5, -(2 ** 63)],
      ['write', 'b', 9, 7],
    ]);
    log.push(1, 2, 3);
    assert.ok(harness.operator.suspension?.() instanceof Promise);
    log.length = 0;
    await harness.finish(harness.operator);
    assert.deepEqual(log, [
      ['flush', true],
      ['commit', 'file-0'],
      ['close writer'],
      ['close committer'],
    ]);
    assert.equal(harness.metrics().numRecordsSend, 2);
  });

  it('fails to finish when the commit fails, and still closes both', async () => {
    const log: unknown[] = [];
    const harness = await OperatorHarness.oneInput(sinkOperator(loggingSink(log, 'commit'))).open();
    await assert.rejects(async () => harness.operator.finish?.(), {
      kind: 'user',
      code: 'USER_FUNCTION_FAILED',
      message: 'sink writer failed in operator "Test" (subtask 1/1): disk full',
    });
    await harness.operator.close();
    assert.deepEqual(log.slice(-2), [['close writer'], ['close committer']]);
  });

  it('names the record that the writer refuses', async () => {
    const harness = await OperatorHarness.oneInput(sinkOperator(loggingSink([], 'a'))).open();
    assert.throws(() => harness.operator.processElement('a', 5, -1), {
      message: 'sink writer failed in operator "Test" (subtask 1/1): bad record; record="a"',
    });
  });
});
