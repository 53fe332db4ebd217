/** Goal: who has triggered something finds what came of it, whichever process it asks. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { OPERATIONS_PARTITION } from '../../checkpoint/index.ts';
import { StreamError } from '../../core/index.ts';
import { FaultyRowStore, MemoryRowStore } from '../../testing/index.ts';
import type { OperationState, TriggeredOperation } from '../http/index.ts';
import { ClusterOperations, type Outcomes } from './cluster-operations.ts';

const OPERATION: TriggeredOperation = { type: 'dispose', path: '/s/1' };

const KNOWN: Outcomes = {
  of: () => Promise.reject(new Error('it is known')),
  ended: () => Promise.reject(new Error('it has settled')),
};

const LOST: OperationState = {
  type: 'failed',
  error: new StreamError({ kind: 'unavailable', code: 'LOST', message: 'it is lost' }).toJSON(),
};

describe('ClusterOperations', () => {
  let nowMs: number;
  let rows: MemoryRowStore;
  let faulty: FaultyRowStore;
  let logged: string[];

  beforeEach(() => {
    nowMs = 0;
    rows = new MemoryRowStore();
    faulty = new FaultyRowStore(rows);
    logged = [];
  });

  function open(): ClusterOperations {
    const beganMs = nowMs;
    return new ClusterOperations({
      clock: { nowEpochMs: () => nowMs, monotonicMs: () => nowMs - beganMs },
      rows: faulty,
      logger: { log: (_level, message) => void logged.push(message) },
    });
  }

  async function settled(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }

  it('starts an id once, keeps its result for five minutes, and forgets it', async () => {
    const operations = open();
    const done = Promise.withResolvers<string>();
    let started = 0;
    const start = (): Promise<void> =>
      operations.start('scope', 'a', OPERATION, () => {
        started += 1;
        return done.promise;
      });
    await Promise.all([start(), start()]);
    nowMs = 1_000_000;
    await start();
    assert.deepEqual(operations.get('scope', 'a'), { type: 'in-progress' });
    assert.equal(operations.get('other', 'a'), undefined);
    done.resolve('value');
    await settled();
    await start();
    assert.deepEqual(
      [started, operations.get('scope', 'a')],
      [1, { type: 'completed', value: 'value' }],
    );
    nowMs += 300_000;
    assert.notEqual(operations.get('scope', 'a'), undefined);
    nowMs += 1;
    assert.equal(operations.get('scope', 'a'), undefined);
    await settled();
    assert.deepEqual(await rows.query(OPERATIONS_PARTITION), []);
  });

  it('keeps a failure', async () => {
    const operations = open();
    await operations.start('s', 'a', OPERATION, () => Promise.reject(new Error('no')));
    await settled();
    const state = operations.get('s', 'a');
    assert.equal(state?.type === 'failed' && state.error.message, 'no');
  });

  it('is asked by the next process for what it has answered, and for what it has not', async () => {
    const first = open();
    await first.start('s', 'a', OPERATION, () => Promise.resolve('/s/a'));
    await first.start('s', 'b', OPERATION, () => new Promise(() => {}));
    await settled();
    nowMs = 200_000;
    const second = open();
    const outcome: OperationState = { type: 'completed', value: '/s/b' };
    const asked: unknown[] = [];
    await second.recover({
      ...KNOWN,
      of: async ({ operation, startedAtEpochMs }, taken) => {
        asked.push(operation, startedAtEpochMs, ...taken);
        return outcome;
      },
    });
    assert.deepEqual(asked, [OPERATION, 0, '/s/a']);
    // An id that is sent again is the operation of before.
    await second.start('s', 'b', OPERATION, () => Promise.reject(new Error('started again')));
    for (const operations of [second, open()]) {
      await operations.recover(KNOWN);
      assert.deepEqual(operations.get('s', 'a'), { type: 'completed', value: '/s/a' });
      assert.deepEqual(operations.get('s', 'b'), outcome);
    }
    // Five minutes are five minutes, over a restart too.
    nowMs = 300_001;
    const third = open();
    await third.recover(KNOWN);
    assert.equal(third.get('s', 'a'), undefined);
    assert.deepEqual(third.get('s', 'b'), outcome);
  });

  it('is in progress over a restart until its job has ended, if need be', async () => {
    await open().start('s', 'a', OPERATION, () => new Promise(() => {}));
    await settled();
    const ended = Promise.withResolvers<void>();
    let state: OperationState = { type: 'in-progress' };
    const second = open();
    await second.recover({ of: async () => state, ended: () => ended.promise });
    nowMs += 400_000;
    assert.deepEqual(second.get('s', 'a'), { type: 'in-progress' });
    state = { type: 'completed', value: '/s/a' };
    ended.resolve();
    await settled();
    assert.deepEqual(second.get('s', 'a'), state);
    const third = open();
    await third.recover(KNOWN);
    assert.deepEqual(third.get('s', 'a'), state);
  });

  it('tells nobody who sends an id of an operation whose row is not there yet', async () => {
    const operations = open();
    const written = Promise.withResolvers<void>();
    const write = rows.write.bind(rows);
    rows.write = async (steps) => {
      await written.promise;
      await write(steps);
    };
    const told: string[] = [];
    const send = (name: string): Promise<void> =>
      operations
        .start('s', 'a', OPERATION, () => Promise.resolve('value'))
        .then(() => void told.push(name));
    const sent = [send('first'), send('second')];
    await settled();
    assert.deepEqual(told, []);
    written.resolve();
    await Promise.all(sent);
    assert.deepEqual(told, ['first', 'second']);
  });

  it('tells everybody who sends an id that its row could not be written', async () => {
    const operations = open();
    faulty.faultOf = () => 'before';
    const send = (): Promise<void> =>
      operations.start('s', 'a', OPERATION, () => Promise.resolve('value'));
    const refused = { status: 'rejected', code: 'INJECTED' };
    const outcomes = await Promise.allSettled([send(), send()]);
    assert.deepEqual(
      outcomes.map((one) => ({ status: one.status, code: 'reason' in one && one.reason.code })),
      [refused, refused],
    );
  });

  it('gives what one operation has made to no other, over a restart', async () => {
    const first = open();
    for (const id of ['a', 'b', 'c']) {
      await first.start('s', id, OPERATION, () => new Promise(() => {}));
    }
    const found = ['/s/1', '/s/2'];
    const second = open();
    await second.recover({
      ...KNOWN,
      of: async (_interrupted, taken) => {
        const value = found.find((path) => !taken.has(path));
        return value === undefined ? LOST : { type: 'completed', value };
      },
    });
    assert.deepEqual(
      ['a', 'b', 'c'].map((id) => second.get('s', id)),
      [...found.map((value) => ({ type: 'completed', value })), LOST],
    );
  });

  it('starts nothing that it could not record, and answers what it could not', async () => {
    const operations = open();
    faulty.faultOf = () => 'before';
    let started = 0;
    const start = (): Promise<void> =>
      operations.start('s', 'a', OPERATION, () => {
        started += 1;
        faulty.faultOf = () => 'before';
        return Promise.resolve('value');
      });
    await assert.rejects(start(), { code: 'INJECTED' });
    assert.deepEqual([started, operations.get('s', 'a')], [0, undefined]);
    faulty.faultOf = () => 'none';
    await start();
    await settled();
    assert.deepEqual(operations.get('s', 'a'), { type: 'completed', value: 'value' });
    assert.deepEqual(logged, ['what came of an operation could not be recorded']);
  });
});
