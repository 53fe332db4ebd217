/** Goal: Flink's texts, word for word. Method: a server that answers as a cluster does. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type CapturedCommand, capturedCommand } from './captured-command.fixture.ts';

const ID = 'fd72014d4c864993a2e5a9287b4a9c5d';
const HINT = '\n\nUse the help option (-h or --help) to get help on the command.\n';

/** What the server was asked, and what it answers, by `METHOD path`. */
let asked: string[] = [];
let answers: Record<string, { status?: number; body: unknown }> = {};
let server: Server;
let address = '';

before(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const key = `${request.method} ${request.url}`;
      asked.push(body === '' ? key : `${key} ${body}`);
      const known = answers[key] ?? { status: 404, body: { errors: [`Not found: ${key}`] } };
      response.writeHead(known.status ?? 200).end(JSON.stringify(known.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.close();
  server.closeAllConnections();
});
beforeEach(() => {
  asked = [];
  answers = {};
});

async function sluice(...args: string[]): Promise<CapturedCommand> {
  return await capturedCommand([args[0] ?? '', '-m', address, ...args.slice(1)], '/here');
}

/** An operation that is completed at the second look. */
function operation(path: string, resultPath: string, result: object): void {
  answers[`POST /v1${path}`] = { status: 202, body: { 'request-id': 'a1' } };
  const body = { status: { id: 'COMPLETED' }, operation: result };
  answers[`GET /v1${resultPath}/a1`] = { body };
}

describe('sluice list', () => {
  const jobs = [
    { jid: 'b'.repeat(32), name: 'later', state: 'RUNNING', 'start-time': localMs(12) },
    { jid: 'a'.repeat(32), name: 'earlier', state: 'RESTARTING', 'start-time': localMs(9) },
    { jid: 'c'.repeat(32), name: 'waits', state: 'CREATED', 'start-time': localMs(13) },
    { jid: 'd'.repeat(32), name: 'done', state: 'FINISHED', 'start-time': localMs(8) },
  ];

  it('shows running jobs by start, then scheduled ones; terminated ones with -a', async () => {
    answers['GET /v1/jobs/overview'] = { body: { jobs } };
    const shown = [
      'Waiting for response...',
      '------------------ Running/Restarting Jobs -------------------',
      `30.11.2020 09:02:05 : ${'a'.repeat(32)} : earlier (RESTARTING)`,
      `30.11.2020 12:02:05 : ${'b'.repeat(32)} : later (RUNNING)`,
      '--------------------------------------------------------------',
      '----------------------- Scheduled Jobs -----------------------',
      `30.11.2020 13:02:05 : ${'c'.repeat(32)} : waits (CREATED)`,
      '--------------------------------------------------------------',
    ];
    assert.deepEqual(lines(await sluice('list')), shown);
    assert.deepEqual(lines(await sluice('list', '-a')), [
      ...shown,
      '---------------------- Terminated Jobs -----------------------',
      `30.11.2020 08:02:05 : ${'d'.repeat(32)} : done (FINISHED)`,
      '--------------------------------------------------------------',
    ]);
    assert.deepEqual(lines(await sluice('list', '--scheduled')), [shown[0], ...shown.slice(5)]);
  });

  it('says so when there are none', async () => {
    answers['GET /v1/jobs/overview'] = { body: { jobs: [] } };
    assert.deepEqual(lines(await sluice('list', '--all')), [
      'Waiting for response...',
      'No running jobs.',
      'No scheduled jobs.',
    ]);
  });
});

describe('sluice cancel', () => {
  it('cancels', async () => {
    answers[`PATCH /v1/jobs/${ID}?mode=cancel`] = { status: 202, body: {} };
    const { code, out } = await sluice('cancel', ID.toUpperCase());
    assert.deepEqual([code, out], [0, `Cancelling job ${ID}.\nCancelled job ${ID}.\n`]);
  });

  it('says so when a call of the job does not return', async () => {
    answers[`PATCH /v1/jobs/${ID}?mode=cancel`] = { status: 202, body: {} };
    answers[`GET /v1/jobs/${ID}/status`] = { body: { status: 'CANCELLING' } };
    const [first, second, third = '', ...more] = lines(await sluice('cancel', ID));
    assert.deepEqual([first, second], [`Cancelling job ${ID}.`, `Cancelled job ${ID}.`]);
    assert.match(third, /^It is still CANCELLING: .* task\.cancellation\.timeout \(3 min/);
    assert.deepEqual(more, []);
  });

  it('waits a little for the end, and tells the state as JSON', async () => {
    answers[`PATCH /v1/jobs/${ID}?mode=cancel`] = { status: 202, body: {} };
    let looks = 0;
    answers[`GET /v1/jobs/${ID}/status`] = {
      get body() {
        looks += 1;
        return { status: looks > 2 ? 'CANCELED' : 'CANCELLING' };
      },
    };
    const { code, out } = await sluice('cancel', '--json', ID);
    assert.equal(code, 0);
    const expected = { jobId: ID, savepointPath: null, state: 'CANCELED' };
    assert.deepEqual([JSON.parse(out), looks], [expected, 3]);
  });

  it('takes a savepoint with -s, whose value may be the job itself', async () => {
    operation(`/jobs/${ID}/savepoints`, `/jobs/${ID}/savepoints`, { location: '/s/1' });
    const warning =
      'DEPRECATION WARNING: Cancelling a job with savepoint is deprecated. Use "stop" instead.';
    assert.deepEqual(lines(await sluice('cancel', '-s', ID)), [
      warning,
      `Cancelling job ${ID} with CANONICAL savepoint to default savepoint directory.`,
      `Cancelled job ${ID}. Savepoint stored in /s/1.`,
    ]);
    assert.deepEqual(lines(await sluice('cancel', '-s', 'dir', ID)), [
      warning,
      `Cancelling job ${ID} with CANONICAL savepoint to dir.`,
      `Cancelled job ${ID}. Savepoint stored in /s/1.`,
    ]);
    const bodies = asked.filter((text) => text.startsWith('POST')).map((t) => t.split(' ')[2]);
    assert.deepEqual(bodies, [
      '{"target-directory":null,"cancel-job":true,"formatType":"CANONICAL"}',
      '{"target-directory":"/here/dir","cancel-job":true,"formatType":"CANONICAL"}',
    ]);
  });

  it('needs an id that reads as one', async () => {
    const missing = await sluice('cancel');
    assert.equal(missing.out, `Missing JobID. Specify a JobID to cancel a job.${HINT}`);
    const malformed = await sluice('cancel', 'abc');
    assert.equal(
      malformed.out,
      'Cannot parse JobID from "abc". The expected format is [0-9a-fA-F]{32}, ' +
        `e.g. fd72014d4c864993a2e5a9287b4a9c5d.${HINT}`,
    );
    assert.deepEqual([missing.code, malformed.code], [1, 1]);
  });

  it('tells what the cluster says when it refuses', async () => {
    answers[`PATCH /v1/jobs/${ID}?mode=cancel`] = {
      status: 404,
      body: { errors: [`Job ${ID} not found`, 'code: JOB_NOT_FOUND'] },
    };
    const { code, err } = await sluice('cancel', ID);
    assert.equal(code, 1);
    assert.match(err, /\nerror: Could not cancel job fd72.*\.\n {2}code: JOB_NOT_FOUND\n/);
    assert.match(err, /caused by: Job fd72014d4c864993a2e5a9287b4a9c5d not found/);
  });
});

describe('sluice stop', () => {
  it('prints the savepoint (fact 119)', async () => {
    operation(`/jobs/${ID}/stop`, `/jobs/${ID}/savepoints`, { location: '/s/1' });
    const rest = [
      `Triggering stop-with-savepoint for job ${ID}.`,
      'Waiting for response...',
      'Savepoint completed. Path: /s/1',
    ];
    const suspending = [`Suspending job "${ID}" with a CANONICAL savepoint.`, ...rest];
    const draining = [`Draining job "${ID}" with a CANONICAL savepoint.`, ...rest];
    assert.deepEqual(lines(await sluice('stop', ID)), suspending);
    assert.deepEqual(lines(await sluice('stop', '-p', ID)), suspending);
    assert.deepEqual(lines(await sluice('stop', '-p', '-d', ID)), draining);
    assert.deepEqual(lines(await sluice('stop', '-d', '-p', 'dir', ID)), draining);
    const bodies = asked.filter((text) => text.startsWith('POST')).map((t) => t.split(' ')[2]);
    assert.deepEqual(
      bodies.map((body) => JSON.parse(body ?? '').targetDirectory),
      [null, null, null, '/here/dir'],
    );
    assert.deepEqual(
      bodies.map((body) => JSON.parse(body ?? '').drain),
      [false, false, true, true],
    );
  });

  it('does not wait when detached', async () => {
    operation(`/jobs/${ID}/stop`, `/jobs/${ID}/savepoints`, {});
    assert.deepEqual(lines(await sluice('stop', '-detached', ID)), [
      `Suspending job "${ID}" with a CANONICAL savepoint.`,
      `Triggering stop-with-savepoint in detached mode for job ${ID}.`,
      'Successfully trigger stop-with-savepoint in detached mode, triggerId: a1',
    ]);
    assert.equal(asked.length, 1);
  });

  it('tells why the savepoint failed', async () => {
    operation(`/jobs/${ID}/stop`, `/jobs/${ID}/savepoints`, {
      'failure-cause': {
        error: { kind: 'unavailable', code: 'BOOM', message: 'disk', details: {} },
      },
    });
    const { code, err } = await sluice('stop', ID);
    assert.equal(code, 1);
    assert.match(err, /Could not stop with a savepoint job "fd72.*"\.\n {2}code: BOOM\n/);
    assert.match(err, /caused by: disk/);
    assert.equal((await sluice('stop')).out, `Missing JobId${HINT}`);
  });
});

describe('sluice savepoint', () => {
  it('triggers one', async () => {
    operation(`/jobs/${ID}/savepoints`, `/jobs/${ID}/savepoints`, { location: '/s/1' });
    const expected = [
      `Triggering savepoint for job ${ID}.`,
      'Waiting for response...',
      'Savepoint completed. Path: /s/1',
      'You can resume your program from this savepoint with the run command.',
    ];
    assert.deepEqual(lines(await sluice('savepoint', ID, 'dir')), expected);
    assert.deepEqual(lines(await sluice('savepoint', '-detached', ID)), [
      `Triggering savepoint in detached mode for job ${ID}.`,
      'Successfully trigger manual savepoint, triggerId: a1',
    ]);
    const missing = await sluice('savepoint');
    assert.equal(missing.out, `Missing JobID. Specify a Job ID to trigger a savepoint.${HINT}`);
  });

  it('disposes of one with -d', async () => {
    operation('/savepoint-disposal', '/savepoint-disposal', {});
    assert.deepEqual(lines(await sluice('savepoint', '-d', 'dir/s1')), [
      "Disposing savepoint 'dir/s1'.",
      'Waiting for response...',
      "Savepoint 'dir/s1' disposed.",
    ]);
    assert.equal(asked[0], 'POST /v1/savepoint-disposal {"savepoint-path":"/here/dir/s1"}');
  });
});

describe('sluice checkpoint', () => {
  it('triggers one of either type', async () => {
    operation(`/jobs/${ID}/checkpoints`, `/jobs/${ID}/checkpoints`, { checkpointId: 26 });
    const linesOf = (type: string): string[] => [
      `Triggering checkpoint for job ${ID}.`,
      'Waiting for response...',
      `Checkpoint${type} 26 for job ${ID} completed.`,
      'You can resume your program from this checkpoint with the run command.',
    ];
    assert.deepEqual(lines(await sluice('checkpoint', ID)), linesOf(''));
    assert.deepEqual(lines(await sluice('checkpoint', '-full', ID)), linesOf('(FULL)'));
    const missing = await sluice('checkpoint');
    assert.equal(missing.out, `Missing JobID. Specify a Job ID to manipulate a checkpoint.${HINT}`);
  });
});

describe('sluice wake', () => {
  it('wakes a job', async () => {
    answers[`POST /v1/jobs/${ID}/wake`] = { status: 202, body: {} };
    const woken = [`Waking job ${ID}.`, `Asked job ${ID} to wake.`];
    assert.deepEqual(lines(await sluice('wake', ID)), woken);
    assert.deepEqual(asked, [`POST /v1/jobs/${ID}/wake {}`]);
    const missing = await sluice('wake');
    assert.equal(missing.out, `Missing JobID. Specify a Job ID to wake a job.${HINT}`);
  });

  it('tells what the cluster says of a job that has ended', async () => {
    const errors = ['The job has ended and cannot be woken (FINISHED).'];
    answers[`POST /v1/jobs/${ID}/wake`] = { status: 409, body: { errors } };
    const { code, err } = await sluice('wake', ID);
    assert.equal(code, 1);
    assert.match(err, /\nerror: Could not wake job fd72/);
    assert.match(err, /caused by: The job has ended and cannot be woken \(FINISHED\)\./);
  });
});

describe('arguments that a command does not take', () => {
  it('are errors, and nothing is done', async () => {
    const one = '<Job ID>';
    for (const [args, syntax] of [
      [['list', ID], 'list [OPTIONS]'],
      [['status', ID, 'x'], `status [OPTIONS] ${one}`],
      [['why', ID, 'x'], `why [OPTIONS] ${one}`],
      [['state', ID, 'a', 'b', 'c', 'x'], `state [OPTIONS] ${one} <uid> <name> <key>`],
      [['stop', ID, 'x'], `stop [OPTIONS] ${one}`],
      [['stop', '-p', 'dir', ID, 'x'], `stop [OPTIONS] ${one}`],
      [['cancel', ID, 'x'], `cancel [OPTIONS] ${one}`],
      [['cancel', '-s', 'dir', ID, 'x'], `cancel [OPTIONS] ${one}`],
      [['savepoint', ID, 'dir', 'x'], `savepoint [OPTIONS] ${one} [<target directory>]`],
      [['savepoint', '-d', 'dir', 'x'], 'savepoint -d <savepoint-path>'],
      [['checkpoint', ID, 'x'], `checkpoint [OPTIONS] ${one}`],
      [['wake', ID, 'x'], `wake [OPTIONS] ${one}`],
    ] as const) {
      const { code, out } = await sluice(...args);
      const surplus = args.at(-1);
      assert.equal(out, `More arguments than "${syntax}" takes: ${surplus}${HINT}`);
      assert.equal(code, 1);
    }
    for (const args of [
      ['logs', ID, 'x'],
      ['cluster', 'x'],
      ['console', 'x'],
    ]) {
      const { code, out } = await capturedCommand(args, '/here');
      assert.match(out, /^More arguments than ".*" takes: x\n/);
      assert.equal(code, 1);
    }
    assert.deepEqual(asked, []);
  });
});

describe('a cluster that is not there', () => {
  it('says how to start one', async () => {
    const { code, err } = await sluice('list', '-m', 'localhost:1');
    assert.equal(code, 1);
    assert.match(err, /\nerror: Failed to retrieve job list\.\n {2}code: CLUSTER_UNREACHABLE\n/);
    assert.match(err, /start one with 'sluice cluster'.*address=localhost:1/);
  });

  it('says what is missing to sign requests, whatever the verb', async () => {
    const { AWS_REGION: region, AWS_DEFAULT_REGION: other } = process.env;
    delete process.env.AWS_REGION;
    delete process.env.AWS_DEFAULT_REGION;
    try {
      const { out } = await sluice('list', '-m', 'https://nowhere.example.com');
      assert.match(out, /The region of .* is not known: set AWS_REGION\./);
    } finally {
      if (region !== undefined) process.env.AWS_REGION = region;
      if (other !== undefined) process.env.AWS_DEFAULT_REGION = other;
    }
  });

  it('refuses an address that is none', async () => {
    const { out } = await sluice('list', '-m', 'nowhere');
    assert.equal(out, `The address must be <host:port> or https://<host>: nowhere${HINT}`);
    const empty = await sluice('list', '-m', '');
    assert.match(empty.out, /it is empty \(a variable of the shell that is not set\?\)/);
  });
});

function lines({ code, out, err }: { code: number; out: string; err: string }): string[] {
  assert.deepEqual([code, err], [0, '']);
  return out.replace(/\n$/, '').split('\n');
}

/** 30 November 2020, local time. */
function localMs(hour: number): number {
  return new Date(2020, 10, 30, hour, 2, 5).getTime();
}
