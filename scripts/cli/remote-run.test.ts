/** Goal: what a deployed cluster would refuse is refused here. Method: an address without one. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, describe, it } from 'node:test';
import { AnsweringCluster } from './answering-cluster.fixture.ts';
import { capturedCommand } from './captured-command.fixture.ts';

/** Whoever asks it for anything is told that nobody is there. */
const DEPLOYED = 'http://abc.execute-api.localhost:1';
const SIZE =
  /the program with all it imports has 2\d\.\d MiB, of which AWS takes 20\.0: leave data/;

const cwd = mkdtempSync(join(tmpdir(), 'sluice-remote-'));
after(() => rmSync(cwd, { recursive: true }));
const JOB = 'export default (env) => { env.fromSequence(1, 2).print(); };\n';
writeFileSync(join(cwd, 'job.ts'), JOB);
// With its source map, it is in the bundle more than twice.
writeFileSync(join(cwd, 'large.ts'), `export const data = '${'x'.repeat(9_500_000)}';\n${JOB}`);

async function sluice(...args: readonly string[]) {
  return await capturedCommand(args, cwd, { SLUICE_TOKEN: 'token' });
}

describe('sluice run -m of a deployed cluster', () => {
  it('refuses a savepoint on this machine before it sends anything', async () => {
    for (const path of ['./here', '/tmp/savepoint-1', 'file:///tmp/savepoint-1']) {
      const { code, out } = await sluice('run', '-m', DEPLOYED, '-s', path, 'job.ts');
      assert.equal(code, 1);
      assert.match(out, /^A deployed cluster does not see the files .* write s3:/);
      assert.ok(out.includes(`: ${path}\n`), out);
    }
  });

  it('refuses a program that is too large, with its size and the limit', async () => {
    const { code, err } = await sluice('run', '-m', DEPLOYED, 'large.ts');
    assert.equal(code, 1);
    assert.match(err, SIZE);
    assert.match(
      err,
      /file=large\.ts sizeBytes=2\d{7} maxBytes=20971520\n {2}code: BUNDLE_TOO_LARGE/,
    );
  });
});

describe('what a cluster is sent with a program', () => {
  it('is what the job is set to, without the way in of who sends it', async () => {
    const bodies: string[] = [];
    const tokens = new Set<string | undefined>();
    const server = createServer((request, response) => {
      tokens.add(request.headers.authorization);
      void text(request).then((body) => {
        if (request.url?.endsWith('/run') === true) bodies.push(body);
        const answer = { filename: 'job.mjs', status: 'success', jobid: 'a'.repeat(32) };
        response.end(JSON.stringify(answer));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const settings = ['-D', 'rest.authentication.token=sesame', '-D', 'parallelism.default=3'];
      const address = `http://127.0.0.1:${port}`;
      const args = ['run', '-m', address, ...settings, '-d', 'job.ts'];
      const { code, err } = await capturedCommand(args, cwd, {});
      assert.equal(code, 0, err);
      assert.deepEqual([...tokens], ['Bearer sesame']);
      assert.equal(bodies.length, 1);
      assert.doesNotMatch(bodies[0] ?? '', /sesame/);
      assert.match(bodies[0] ?? '', /"parallelism.default":3/);
    } finally {
      server.close();
    }
  });
});

describe('a job that waits for slots', () => {
  it('says so to who waits for it, once, in a pipe too', async () => {
    const cluster = new AnsweringCluster();
    await cluster.listen();
    const jobs = `/v1/jobs/${'a'.repeat(32)}`;
    const sentence = 'the job waits for slots: it needs 4, and 1 of the 8 is free.';
    const pending = { body: { status: { id: 'IN_PROGRESS' } } };
    const result = { 'application-status': 'SUCCEEDED', 'net-runtime': 5 };
    const done = { body: { status: { id: 'COMPLETED' }, 'job-execution-result': result } };
    cluster.answer('POST /v1/jars/upload?name=job.mjs', { body: { filename: 'job.mjs' } });
    cluster.answer('POST /v1/jars/job.mjs/run', { body: { jobid: 'a'.repeat(32) } });
    cluster.answer(`GET ${jobs}/execution-result`, ...Array(9).fill(pending), done);
    cluster.answer(`GET ${jobs}/status`, { body: { status: 'CREATED' } });
    const findings = [{ code: 'WAITS_FOR_SLOTS', sentence }];
    cluster.answer(`GET ${jobs}/diagnosis`, { body: { findings } });
    try {
      const { code, out, err } = await capturedCommand(
        ['run', '-m', cluster.address, 'job.ts'],
        cwd,
      );
      assert.deepEqual([code, err], [0, '']);
      const [first, second, third] = out.split('\n');
      assert.equal(first, `Job has been submitted with JobID ${'a'.repeat(32)}`);
      assert.ok(second?.startsWith(`Not running yet: ${sentence} It starts`), out);
      assert.equal(third, 'Program execution finished');
    } finally {
      cluster.close();
    }
  });
});

describe('a program that is too large for AWS', () => {
  it('runs here, with a warning', async () => {
    const { code, out, err } = await sluice('info', 'large.ts');
    assert.equal(code, 0);
    assert.match(out, /"nodes"/);
    assert.match(err, /^warning: it runs here, and will be refused on AWS: the program/);
    assert.match(err, SIZE);
  });

  it('is warned of by an estimate', async () => {
    const { code, err } = await sluice('estimate', 'large.ts', '--rate', '1/s');
    assert.equal(code, 0);
    assert.match(err, SIZE);
  });

  it('is not mentioned where it is small enough', async () => {
    assert.ok(!(await sluice('info', 'job.ts')).err.includes('warning'));
  });
});
