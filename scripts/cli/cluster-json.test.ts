/** Goal: what programs read of a command, and how it finds its cluster. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { AnsweringCluster } from './answering-cluster.fixture.ts';
import { capturedCommand } from './captured-command.fixture.ts';

const ID = 'fd72014d4c864993a2e5a9287b4a9c5d';
const cluster = new AnsweringCluster();
const cwd = mkdtempSync(join(tmpdir(), 'sluice-json-'));

before(() => cluster.listen());
after(() => {
  cluster.close();
  rmSync(cwd, { recursive: true });
});
beforeEach(() => cluster.reset());

async function document(...args: string[]): Promise<unknown> {
  const [action = '', ...rest] = args;
  const { code, out, err } = await capturedCommand(
    [action, '--json', '-m', cluster.address, ...rest],
    cwd,
  );
  const value = JSON.parse(out);
  assert.deepEqual([code, err], [value.error === undefined ? 0 : 1, ''], out);
  return value;
}

describe('--json', () => {
  it('lists jobs, those that the sections would show', async () => {
    const job = (jid: string, state: string, start: number): object => {
      return { jid, name: `job ${jid}`, state, 'start-time': start };
    };
    const jobs = [job('c', 'FINISHED', 1), job('b', 'CREATED', 2), job('a', 'RUNNING', 3)];
    cluster.answer('GET /v1/jobs/overview', { body: { jobs } });
    const running = { jobId: 'a', name: 'job a', state: 'RUNNING', startedAtEpochMs: 3 };
    assert.deepEqual(await document('list', '-r'), { jobs: [running] });
    const all = (await document('list', '-a')) as { jobs: { jobId: string }[] };
    assert.deepEqual(
      all.jobs.map(({ jobId }) => jobId),
      ['a', 'b', 'c'],
    );
  });

  it('tells what came of every operation', async () => {
    const savepoints = `/jobs/${ID}/savepoints`;
    cluster.operation(savepoints, savepoints, { location: '/s/1' });
    cluster.operation(`/jobs/${ID}/stop`, savepoints, { location: '/s/1' });
    cluster.operation('/savepoint-disposal', '/savepoint-disposal', {});
    cluster.operation(`/jobs/${ID}/checkpoints`, `/jobs/${ID}/checkpoints`, { checkpointId: 7 });
    cluster.answer(`PATCH /v1/jobs/${ID}?mode=cancel`, { status: 202, body: {} });
    cluster.answer(`GET /v1/jobs/${ID}/status`, { body: { status: 'CANCELED' } });
    cluster.answer(`POST /v1/jobs/${ID}/wake`, { status: 202, body: {} });
    const path = { jobId: ID, savepointPath: '/s/1' };
    for (const [args, expected] of [
      [['savepoint', ID], path],
      [['savepoint', '-detached', ID], { jobId: ID, triggerId: 'a1' }],
      [['savepoint', '-d', '/s/1'], { disposed: '/s/1' }],
      [['stop', ID], { ...path, drain: false }],
      [['stop', '-d', '-detached', ID], { jobId: ID, drain: true, triggerId: 'a1' }],
      [['cancel', ID], { jobId: ID, savepointPath: null, state: 'CANCELED' }],
      [['cancel', '-s', ID], { ...path, state: 'CANCELED' }],
      [['checkpoint', '-full', ID], { jobId: ID, checkpointId: 7, type: 'FULL' }],
      [['wake', ID], { jobId: ID }],
    ] as const) {
      assert.deepEqual(await document(...args), expected, args.join(' '));
    }
  });

  it('tells errors with their causes', async () => {
    const errors = [`Job ${ID} not found`, 'code: JOB_NOT_FOUND'];
    cluster.answer(`POST /v1/jobs/${ID}/stop`, { status: 404, body: { errors } });
    // Where the engine lies is not where the command believes it to: `at` is a line of its own.
    const { at: _, ...refused } = ((await document('stop', ID)) as { error: { at?: string } })
      .error;
    assert.deepEqual(refused, {
      code: 'JOB_NOT_FOUND',
      message: `Could not stop with a savepoint job "${ID}".`,
      kind: 'invalid',
      details: {},
      causes: [{ code: 'JOB_NOT_FOUND', message: `Job ${ID} not found` }],
    });
    const misused = (await document('cancel', 'abc')) as { error: { code: string } };
    assert.equal(misused.error.code, 'BAD_ARGUMENTS');
  });
});

describe('a command’s cluster', () => {
  it('is that of -m, else of -D, else of the configuration file', async () => {
    const [host = '', port = ''] = cluster.address.split(':');
    cluster.answer('GET /v1/jobs/overview', { body: { jobs: [] } });
    const list = async (...args: string[]): Promise<number> => {
      return (await capturedCommand(['list', ...args], cwd)).code;
    };
    const file = join(cwd, 'sluice.config.yaml');
    writeFileSync(file, `rest:\n  address: ${host}\n  port: ${port}\n`);
    assert.equal(await list(), 0);
    writeFileSync(file, 'rest.port: 1\n');
    assert.equal(await list(), 1);
    assert.equal(await list('-D', `rest.address=${host}`, `-Drest.port=${port}`), 0);
    assert.equal(await list('-Drest.port=2', '-m', cluster.address, '-t', 'remote'), 0);
    rmSync(file);
  });

  it('is waited for as long as client.timeout says', async () => {
    cluster.operation(`/jobs/${ID}/savepoints`, `/jobs/${ID}/savepoints`, {}, 1000);
    const { code, err } = await capturedCommand(
      ['savepoint', '-m', cluster.address, '-D', 'client.timeout=30ms', ID],
      cwd,
    );
    assert.equal(code, 1);
    assert.match(err, /error: Failed to trigger a savepoint .*\n {2}code: OPERATION_TIMEOUT\n/);
    assert.match(err, /goes on with it; -D client\.timeout=10min waits longer: .*timeoutMs=30/);
  });

  it('lists jobs that started together by the name of their state', async () => {
    const job = (name: string, state: string): object => {
      return { jid: name.repeat(32), name, state, 'start-time': 5 };
    };
    const jobs = [job('b', 'RUNNING'), job('a', 'FAILING')];
    cluster.answer('GET /v1/jobs/overview', { body: { jobs } });
    const { out } = await capturedCommand(['list', '-rs', '-m', cluster.address], cwd);
    assert.match(out, / : a \(FAILING\)\n.* : b \(RUNNING\)\n/);
  });
});

describe('what a command waits for', () => {
  const pending = {
    id: 7,
    status: 'IN_PROGRESS',
    is_savepoint: true,
    num_acknowledged_subtasks: 3,
    num_subtasks: 8,
    state_size: 2048,
  };

  it('is shown on a terminal, and gone when it is there', async () => {
    const savepoints = `/jobs/${ID}/savepoints`;
    cluster.operation(savepoints, savepoints, { location: '/s/1' }, 2);
    cluster.answer(`GET /v1/jobs/${ID}/checkpoints`, { body: { history: [pending] } });
    const args = ['savepoint', '-m', cluster.address, ID];
    const { out, err } = await capturedCommand(args, cwd, {}, { isTTY: true });
    const line = /savepoint 7: 3 of 8 subtasks acknowledged, 2\.0 KiB, 00:00/;
    assert.match(err, line);
    assert.ok(err.endsWith('\r\u001b[K'));
    assert.match(out, /^Triggering [^\r]*\nSavepoint completed\. Path: \/s\/1\n/s);
  });

  it('is not asked for where nobody looks', async () => {
    const savepoints = `/jobs/${ID}/savepoints`;
    for (const [flags, isTTY] of [
      [[], false],
      [['--json'], true],
    ] as const) {
      cluster.reset();
      cluster.operation(savepoints, savepoints, { location: '/s/1' }, 1);
      const args = ['savepoint', ...flags, '-m', cluster.address, ID];
      const { code, err } = await capturedCommand(args, cwd, {}, { isTTY });
      assert.deepEqual([code, err], [0, '']);
      assert.ok(!cluster.asked.some((line) => line.endsWith('/checkpoints')));
    }
  });
});
