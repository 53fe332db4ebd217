/** Goal: what a person sees of a job. Method: a server that answers as a cluster does. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { capturedCommand } from './captured-command.fixture.ts';

const ID = 'fd72014d4c864993a2e5a9287b4a9c5d';
const NOW = 1_700_000_000_000;

let answers: Record<string, { readonly status?: number; readonly body: object }> = {};
let asked: string[] = [];
let server: Server;

before(async () => {
  server = createServer((request, response) => {
    const path = (request.url ?? '').replace(`/v1/jobs/${ID}`, '');
    asked.push(`${request.method} ${path}`);
    const unknown = {
      status: 404,
      body: { errors: [`Job ${ID} not found`, 'code: JOB_NOT_FOUND'] },
    };
    const { status = 200, body } = answers[path] ?? unknown;
    response.writeHead(status).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
after(() => {
  server.close();
  server.closeAllConnections();
});
beforeEach(() => {
  asked = [];
  answers = {
    '': { body: jobAnswer('RUNNING') },
    '/exceptions': { body: { exceptionHistory: { entries: [], truncated: false } } },
    '/checkpoints': {
      ...{ status: 404, body: { errors: [`Checkpointing is not known of yet for job ${ID}.`] } },
    },
  };
});

async function status(...args: readonly string[]) {
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return await capturedCommand(['status', '-m', address, ...args], '/here');
}

function jobAnswer(state: string, more: object = {}): object {
  const vertices = [
    { id: 'a', name: 'Source: orders', parallelism: 2, maxParallelism: 128, status: state },
    { id: 'b', name: 'Count', parallelism: 3, maxParallelism: 128, status: state },
  ];
  const times = { 'start-time': NOW - 180_000, 'end-time': -1, duration: 180_000, now: NOW };
  return { jid: ID, name: 'orders', state, ...times, vertices, ...more };
}

function exception(code: string, message: string, atMs: number, taskName: string | null): object {
  const frames =
    '    at poll (/elsewhere/x.js)\nCaused by: Error: no\n    at map (/here/job.ts:3:1)';
  const stacktrace = `${code}: ${message}\n${frames}`;
  return { exceptionName: code, stacktrace, timestamp: atMs, taskName };
}

describe('sluice status', () => {
  it('shows state, vertices, restarts, checkpoints and the last failure', async () => {
    const entries = [
      exception('USER_FUNCTION_FAILED', 'no more', NOW - 60_000, 'Count (2/3)'),
      exception('TASK_MANAGER_LOST', 'it is gone', NOW - 90_000, null),
    ];
    answers['/exceptions'] = { body: { exceptionHistory: { entries, truncated: false } } };
    answers['/checkpoints'] = {
      body: {
        counts: { completed: 12, failed: 1, in_progress: 1 },
        latest: {
          completed: {
            ...{ id: 13, trigger_timestamp: NOW - 12_400, end_to_end_duration: 400 },
            ...{ state_size: 2_048, external_path: 's3://b/chk-13' },
          },
          failed: { id: 7, failure_message: 'the store is slow' },
          savepoint: null,
        },
      },
    };
    const { code, out, err } = await status(ID.toUpperCase());
    assert.deepEqual([code, err], [0, '']);
    assert.deepEqual(out.split('\n'), [
      `Job orders (${ID})`,
      'State         RUNNING, submitted 3 min ago',
      'Restarts      2',
      'Checkpoints   12 completed, 1 failed, 1 in progress',
      '  last        13, 12 s ago, 2.0 KiB in 400 ms',
      '              s3://b/chk-13',
      '  failed      7: the store is slow',
      'Last failure  60 s ago in Count (2/3): USER_FUNCTION_FAILED: no more',
      '  at          job.ts:3:1',
      'Vertices      2',
      '  Source: orders  parallelism 2  RUNNING',
      '  Count           parallelism 3  RUNNING',
      '',
    ]);
    assert.deepEqual(asked.toSorted(), ['GET ', 'GET /checkpoints', 'GET /exceptions']);
  });

  it('says that a job hibernates, and until when', async () => {
    const hibernation = { since: NOW - 3_600_000, 'checkpoint-id': 4 };
    const asleep = (wakesAt: number | null): object =>
      jobAnswer('SUSPENDED', { hibernation: { ...hibernation, 'wakes-at': wakesAt } });
    answers[''] = { body: asleep(NOW + 300_000) };
    const { out } = await status(ID);
    assert.match(out, /^State {9}HIBERNATED, submitted 3 min ago$/m);
    assert.match(out, /^Hibernates {4}for 60 min, behind checkpoint 4; wakes in 5 min, or by/m);
    assert.match(out, /^Checkpoints {3}none yet$/m);
    answers[''] = { body: asleep(null) };
    assert.match((await status(ID)).out, /checkpoint 4; until .*'sluice wake'$/m);
  });

  it('counts no restart for the failure that ended a job', async () => {
    answers[''] = { body: jobAnswer('FAILED', { 'end-time': NOW - 5_000 }) };
    const entries = [exception('A', 'b', NOW, null), exception('A', 'b', NOW, null)];
    answers['/exceptions'] = { body: { exceptionHistory: { entries, truncated: true } } };
    const { out } = await status(ID);
    assert.match(out, /^State {9}FAILED, ended 5 s ago, after 3 min\nRestarts {6}more than 1$/m);
  });

  it('says what failed a job of which nothing ran', async () => {
    answers[''] = { body: jobAnswer('FAILED', { vertices: [], 'end-time': NOW }) };
    const error = {
      kind: 'invalid',
      code: 'NO_RESOURCE_AVAILABLE',
      message: 'no room',
      details: {},
    };
    const result = { 'failure-cause': { class: 'NO_RESOURCE_AVAILABLE', error } };
    answers['/execution-result'] = { body: { 'job-execution-result': result } };
    const { out } = await status(ID);
    assert.match(out, /^Restarts {6}0$/m);
    assert.match(out, /^Last failure {2}NO_RESOURCE_AVAILABLE: no room$/m);
    assert.match(out, /^Vertices {6}not planned yet$/m);
  });

  it('prints the same as JSON', async () => {
    const { code, out } = await status('--json', ID);
    assert.equal(code, 0);
    const { vertices, ...report } = JSON.parse(out);
    assert.deepEqual(vertices[1], { id: 'b', name: 'Count', parallelism: 3, state: 'RUNNING' });
    assert.deepEqual(report, {
      ...{ jobId: ID, name: 'orders', state: 'RUNNING', startedAtEpochMs: NOW - 180_000 },
      ...{ endedAtEpochMs: null, durationMs: 180_000, restarts: 0, restartsTruncated: false },
      ...{ checkpoints: null, hibernation: null, lastFailure: null, nowEpochMs: NOW },
    });
  });

  it('says where to look for a job that the cluster does not know', async () => {
    answers = {};
    const { code, err } = await status(ID);
    assert.equal(code, 1);
    assert.match(err, /\nerror: the cluster knows no such job: 'sluice list -a' .* job=fd72/);
    assert.match(err, /code: JOB_NOT_FOUND/);
  });

  it('needs one id that reads as one', async () => {
    assert.match((await status()).out, /^Missing JobID\. Specify a Job ID to see its status\./);
    assert.match((await status('abc')).out, /^Cannot parse JobID from "abc"\./);
    assert.match((await status(ID, 'more')).out, /^More arguments than .* takes: more/);
    assert.deepEqual(asked, []);
  });
});
