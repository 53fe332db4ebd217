import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { REPOSITORY_ROOT } from './source-files.ts';

const readme = readFileSync(join(REPOSITORY_ROOT, 'README.md'), 'utf8');
const jobs = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1] ?? '');
let directory = '';

before(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-readme-'));
});
after(() => rmSync(directory, { recursive: true, force: true }));

function runJob(name: string, code: string): string {
  writeFileSync(join(directory, name), code);
  const launcher = join(REPOSITORY_ROOT, 'scripts', 'sluice.mjs');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [launcher, 'run', '--quiet', '-p', '2', name],
    { cwd: directory, encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  return stdout;
}

describe('README', () => {
  it('has jobs that run as they stand', () => {
    assert.equal(jobs.length, 2);
    const [first = '', second = ''] = jobs;
    const printed = runJob('my-job.ts', first).split('\n').filter(Boolean);
    assert.deepEqual(printed.map((line) => line.replace(/^\d+> /, '')).toSorted(), [
      '{"user":"ann","amount":20,"at":1000}',
      '{"user":"ann","amount":7,"at":12000}',
      '{"user":"bob","amount":5,"at":2500}',
    ]);
    const payments = [
      { account: 'a', amount: 5, at: 0 },
      { account: 'a', amount: 2000, at: 1000 },
      { account: 'b', amount: 7, at: 2000 },
    ];
    const lines = payments.map((payment) => JSON.stringify(payment)).join('\n');
    writeFileSync(join(directory, 'payments.jsonl'), lines);
    assert.match(
      runJob('payments.ts', second),
      /^large:\d> \{"account":"a","amount":2000,"at":1000\}\n$/,
    );
    const out = join(directory, 'out', 'totals');
    const rows = readdirSync(out).flatMap((name) =>
      readFileSync(join(out, name), 'utf8').split('\n').filter(Boolean),
    );
    assert.deepEqual(rows.toSorted(), [
      '{"account":"a","total":2005}',
      '{"account":"b","total":7}',
    ]);
  });
});
