import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { capturedCommand } from './captured-command.fixture.ts';
import { diagnosisLines } from './why.ts';

const ID = 'fd72014d4c864993a2e5a9287b4a9c5d';
const DIAGNOSIS = {
  timestamp: 1,
  state: 'RUNNING',
  verdict: 'blocked',
  summary: '"Filter" took 7 records and let none pass.',
  sinks: [
    {
      ...{ operator: 'Sink: print', records: 0, 'records-per-second': 0, guarantee: 'NONE' },
      'commits-with-checkpoints': false,
    },
  ],
  findings: [
    {
      ...{ code: 'FILTER_PASSES_NOTHING', severity: 'error' },
      sentence: '"Filter" took 7 records and let none pass.',
      advice: 'Look at its condition.',
      evidence: { numRecordsIn: 7, numRecordsOut: 0 },
      ...{ 'vertex-id': 'a'.repeat(32), 'vertex-name': 'Source: n -> Filter', subtask: null },
    },
  ],
};

let server: Server;
let answers: Readonly<Record<string, unknown>> = { [`/v1/jobs/${ID}/diagnosis`]: DIAGNOSIS };

before(async () => {
  server = createServer((request, response) => {
    const known = answers[request.url ?? ''];
    const body = known ?? { errors: ['Job not found', 'code: JOB_NOT_FOUND'] };
    response.writeHead(known === undefined ? 404 : 200).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
after(() => {
  server.close();
  server.closeAllConnections();
});

async function why(...args: readonly string[]) {
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return await capturedCommand(['why', '-m', address, ...args], '/here');
}

describe('sluice why', () => {
  it('prints the answer, the cause, what to do, where and the numbers', async () => {
    const { code, out } = await why(ID);
    assert.equal(code, 0);
    assert.deepEqual(out.trimEnd().split('\n'), [
      '"Filter" took 7 records and let none pass.',
      '',
      '1. ERROR FILTER_PASSES_NOTHING',
      '   Do: Look at its condition.',
      `   At: vertex "Source: n -> Filter", ${'a'.repeat(32)}`,
      '   Seen: numRecordsIn=7 numRecordsOut=0',
      '',
      'Sink "Sink: print": 0 records, 0/s; NONE',
    ]);
  });

  it('prints the answer of the cluster with --json', async () => {
    assert.deepEqual(JSON.parse((await why(ID, '--json')).out), DIAGNOSIS);
  });

  it('fails for a job that nobody knows, and without one', async () => {
    assert.equal((await why('0'.repeat(32))).code, 1);
    const { code, out } = await why();
    assert.equal(code, 1);
    assert.match(out, /Missing JobID/);
  });

  it('names a subtask as Flink does, counted from 1, of all that there are', async () => {
    const [finding] = DIAGNOSIS.findings;
    const of = { ...DIAGNOSIS, findings: [{ ...finding, subtask: 0 }] };
    const vertices = [{ id: 'a'.repeat(32), parallelism: 2 }];
    for (const [job, where] of [
      [{ vertices }, `vertex "Source: n -> Filter (1/2)", ${'a'.repeat(32)}`],
      [undefined, `vertex "Source: n -> Filter", ${'a'.repeat(32)}, subtask 0`],
    ] as const) {
      answers = { [`/v1/jobs/${ID}/diagnosis`]: of, [`/v1/jobs/${ID}`]: job };
      const { out } = await why(ID);
      assert.ok(out.includes(`   At: ${where}\n`), out);
    }
  });

  it('breaks long sentences', () => {
    const summary = 'word '.repeat(60).trim();
    const lines = diagnosisLines({ summary });
    assert.ok(lines.length > 2 && lines.every((line) => line.length <= 100));
  });
});
