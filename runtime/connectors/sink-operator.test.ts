import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StreamError } from '../core/index.ts';
import { OperatorHarness } from '../testing/index.ts';
import { ConnectorWorld } from './connector-world.conformance.ts';
import type { Sink } from './sink.ts';
import { sinkOperator } from './sink-operator.ts';
import { SinkRun } from './sink-run.conformance.ts';

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
  it('writes with the watermark and commits at the end of the input (fact 97)', async () => {
    const log: unknown[] = [];
    const harness = await OperatorHarness.oneInput(sinkOperator(loggingSink(log)), {
      checkpointing: false,
    }).open();
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
    const harness = await OperatorHarness.oneInput(sinkOperator(loggingSink(log, 'commit')), {
      checkpointing: false,
    }).open();
    await assert.rejects(async () => harness.operator.finish?.(), {
      kind: 'user',
      code: 'USER_FUNCTION_FAILED',
      message: 'sink writer failed in operator "Test" (subtask 1/1): disk full',
    });
    await harness.operator.close();
    assert.deepEqual(log.slice(-2), [['close writer'], ['close committer']]);
  });

  it('writes one record after the other when its writer takes time, before a flush', async () => {
    const log: string[] = [];
    const { harness, release } = await slowSinkHarness(log);
    for (const value of ['a', 'b', 'c']) harness.operator.processElement(value, 1, -1);
    assert.deepEqual(log, ['begin a']);
    const suspension = harness.operator.suspension?.();
    const prepared = harness.operator.prepareSnapshot?.(1);
    release();
    await suspension;
    assert.deepEqual(log.slice(0, 6), ['begin a', 'a', 'begin b', 'b', 'begin c', 'c']);
    await prepared;
    assert.equal(log[6], 'flush');
    assert.equal(harness.operator.suspension?.(), undefined);
    assert.equal(harness.metrics().numRecordsSend, 3);
  });

  it('names the record that a promise of its writer refused', async () => {
    const { harness, release } = await slowSinkHarness([], 'b');
    for (const value of ['a', 'b', 'c']) harness.operator.processElement(value, 1, -1);
    release();
    await assert.rejects(async () => harness.operator.suspension?.(), {
      code: 'USER_FUNCTION_FAILED',
      message: 'sink writer failed in operator "Test" (subtask 1/1): no route; record="b"',
    });
    assert.equal(harness.metrics().numRecordsSend, 1);
  });

  it('begins no write any more once it is closed', async () => {
    const log: string[] = [];
    const { harness, release } = await slowSinkHarness(log);
    for (const value of ['a', 'b']) harness.operator.processElement(value, 1, -1);
    const suspension = harness.operator.suspension?.();
    await harness.operator.close();
    release();
    await suspension;
    assert.deepEqual(log, ['begin a', 'a']);
  });

  it('names the record that the writer refuses', async () => {
    const harness = await OperatorHarness.oneInput(sinkOperator(loggingSink([], 'a'))).open();
    assert.throws(() => harness.operator.processElement('a', 5, -1), {
      message: 'sink writer failed in operator "Test" (subtask 1/1): bad record; record="a"',
    });
  });
});

/** A sink that writes nothing before it is released. */
async function slowSinkHarness(log: string[], failAt?: string) {
  const { promise, resolve: release } = Promise.withResolvers<void>();
  const sink: Sink<string> = {
    name: 'slow',
    guarantee: 'AT_LEAST_ONCE',
    createWriter: () => ({
      write: async (value) => {
        log.push(`begin ${value}`);
        await promise;
        if (value === failAt) throw new Error('no route');
        log.push(value);
      },
      flush: () => void log.push('flush'),
      prepareCommit: () => [],
      close: () => undefined,
    }),
  };
  return { harness: await OperatorHarness.oneInput(sinkOperator(sink)).open(), release };
}

/** A sink whose committables are the texts written since the last; what was committed, in order. */
function transactionalSink(refusals = 0, kind: StreamError['kind'] = 'unavailable') {
  const committed: string[] = [];
  const restores: unknown[] = [];
  const notified: number[] = [];
  let refusalsLeft = refusals;
  const sink = (): Sink<string, string> => ({
    name: 'transactional',
    guarantee: 'EXACTLY_ONCE',
    createWriter: (ctx) => {
      restores.push([ctx.subtaskIndex, [...ctx.restoredState], [...committed]]);
      let open: string[] = [];
      let count = 0;
      return {
        write: (value) => {
          open.push(value);
          count += 1;
        },
        flush: () => {},
        prepareCommit: () => open.splice(0),
        snapshotState: () => [{ subtask: ctx.subtaskIndex, count }],
        notifyCheckpointComplete: (id) => void notified.push(id),
        close: () => {
          open = [];
        },
      };
    },
    createCommitter: () => ({
      commit: async (committables) => {
        if (refusalsLeft-- > 0) throw new StreamError({ kind, code: 'BUSY', message: 'busy' });
        committed.push(committables.join('+'));
      },
      close: () => {},
    }),
  });
  return { sink, committed, restores, notified };
}

describe('sinkOperator with checkpoints', () => {
  it('commits all up to the checkpoint that completed, late or repeated (fact 93)', async () => {
    const { sink, committed, notified } = transactionalSink();
    const run = await SinkRun.open(new ConnectorWorld(), sink);
    for (const [index, value] of ['42', '43', '44'].entries()) {
      await run.write([value]);
      if (index < 2) await run.checkpoint(index);
    }
    await run.checkpoint(2);
    await run.write(['45']);
    await run.complete(1);
    assert.deepEqual(committed, ['42', '43']);
    await run.complete(2);
    await run.complete(1);
    assert.deepEqual(committed, ['42', '43', '44']);
    assert.deepEqual(notified, [1, 2, 1]);
  });

  it('commits what the end wrote with the checkpoint after it, not before (97)', async () => {
    const { sink, committed } = transactionalSink();
    const run = await SinkRun.open(new ConnectorWorld(), sink);
    await run.write(['a']);
    await run.checkpoint(1);
    await run.write(['b']);
    await run.finish();
    assert.deepEqual(committed, []);
    await run.complete(1);
    assert.deepEqual(committed, ['a']);
    await run.checkpoint(2);
    await run.complete(2);
    assert.deepEqual(committed, ['a', 'b']);
  });

  it('commits what was restored before it makes a writer, and gives that its state', async () => {
    const { sink } = transactionalSink();
    const first = await SinkRun.open(new ConnectorWorld(), sink, { parallelism: 2 });
    await first.write(['a', 'b', 'c']);
    await first.checkpoint(1);
    await first.write(['d']);
    const restored = await first.checkpoint(2);
    const again = transactionalSink();
    await SinkRun.open(new ConnectorWorld(), again.sink, { attempt: 1, restored });
    assert.deepEqual(again.committed, ['a+c+b', 'd']);
    const states = [
      { subtask: 0, count: 2 },
      { subtask: 1, count: 2 },
    ];
    assert.deepEqual(again.restores, [[0, states, ['a+c+b', 'd']]]);
  });

  it('tells the writer of checkpoints of its own attempt only', async () => {
    const { sink, notified } = transactionalSink();
    const run = await SinkRun.open(new ConnectorWorld(), sink);
    await run.complete(3);
    await run.checkpoint(5);
    await run.complete(4);
    await run.complete(5);
    assert.deepEqual(notified, [5]);
  });

  it('repeats a commit refused for now ten times, then fails and keeps it', async () => {
    const { sink, committed } = transactionalSink(12);
    const world = new ConnectorWorld();
    const run = await SinkRun.open(world, sink);
    await run.write(['a']);
    await run.checkpoint(1);
    const failed = assert.rejects(run.complete(1), {
      kind: 'unavailable',
      code: 'COMMIT_FAILED',
      message: /^failed to commit 1 committables in operator "Test" \(subtask 1\/1\): busy; .*=10$/,
    });
    for (let tries = 0; tries < 10; tries += 1) {
      while (world.pendingTimers === 0) await Promise.resolve();
      world.advanceToNextTimer();
    }
    await failed;
    await assert.doesNotReject(async () => {
      const again = run.complete(2);
      while (world.pendingTimers === 0) await Promise.resolve();
      world.advanceToNextTimer();
      await again;
    });
    assert.deepEqual(committed, ['a']);
  });

  it('does not try again what will not pass', async () => {
    const { sink, committed } = transactionalSink(1, 'conflict');
    const run = await SinkRun.open(new ConnectorWorld(), sink);
    await run.write(['a']);
    await run.checkpoint(1);
    await assert.rejects(run.complete(1), {
      kind: 'conflict',
      code: 'BUSY',
      message: 'busy: operator="Test" subtask=1/1',
    });
    assert.deepEqual(committed, []);
  });

  it('refuses to drop restored output when the new sink cannot commit', async () => {
    const { sink } = transactionalSink();
    const first = await SinkRun.open(new ConnectorWorld(), sink);
    await first.write(['a']);
    const restored = await first.checkpoint(1);
    const { createCommitter: _, ...other } = sink();
    await assert.rejects(
      SinkRun.open(new ConnectorWorld(), () => other, { restored }),
      {
        kind: 'invalid',
        code: 'COMMITTABLES_WITHOUT_COMMITTER',
        message: /sink=transactional committables=1: operator="Test" subtask=1\/1$/,
      },
    );
  });
});
