/** Goal: what a job has printed, whichever process ran it. Method: the command on a fake cluster. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { AnsweringCluster } from './answering-cluster.fixture.ts';
import { capturedCommand } from './captured-command.fixture.ts';

const ID = 'c0ffee'.padEnd(32, '0');
const cluster = new AnsweringCluster();
before(() => cluster.listen());
after(() => cluster.close());
beforeEach(() => {
  cluster.reset();
  const taskmanagers = [{ 'taskmanager-id': 'new' }, { 'taskmanager-id': '(unassigned)' }];
  const entries = [{ taskManagerId: 'lost' }, { taskManagerId: null }, { taskManagerId: 'old' }];
  cluster.answer(`GET /v1/jobs/${ID}`, { body: { vertices: [{ id: 'a' }, { id: 'b' }] } });
  cluster.answer(`GET /v1/jobs/${ID}/exceptions`, { body: { exceptionHistory: { entries } } });
  for (const vertex of ['a', 'b']) {
    cluster.answer(`GET /v1/jobs/${ID}/vertices/${vertex}/taskmanagers`, {
      body: { taskmanagers },
    });
  }
});

async function printed(...args: readonly string[]) {
  return await capturedCommand(['logs', '--stdout', '-m', cluster.address, ...args], '/nowhere');
}

describe('sluice logs --stdout', () => {
  it('shows what the TaskManagers have printed that are known, failed ones first', async () => {
    cluster.answer('GET /v1/taskmanagers/old/stdout', { body: 'one\n' });
    cluster.answer('GET /v1/taskmanagers/new/stdout', { body: 'two\n' });
    assert.deepEqual(await printed(ID), { code: 0, out: 'one\ntwo\n', err: '' });
  });

  it('says that none is known', async () => {
    const { code, err } = await printed(ID);
    assert.equal(code, 1);
    assert.match(err, /code: OUTPUT_NOT_FOUND/);
  });

  it('does not take what goes with lines of a log', async () => {
    for (const args of [['-f'], ['--json'], ['--level', 'warn'], ['--prefix', 'x']]) {
      const { code, out } = await printed(...args, ID);
      assert.equal(code, 1);
      assert.match(out, /exclude each other/);
    }
  });
});
