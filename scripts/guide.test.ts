import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { REPOSITORY_ROOT } from './source-files.ts';

const directory = mkdtempSync(join(tmpdir(), 'sluice-guide-'));
after(() => rmSync(directory, { recursive: true, force: true }));

/** What the jobs of a page print, in one subtask. */
function printedBy(page: string): string[][] {
  const text = readFileSync(join(REPOSITORY_ROOT, 'docs/guide', page), 'utf8');
  const jobs = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1] ?? '');
  return jobs.map((code, i) => {
    writeFileSync(join(directory, `job-${i}.ts`), code);
    const launcher = join(REPOSITORY_ROOT, 'scripts', 'sluice.mjs');
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [launcher, 'run', '--quiet', '-p', '1', `job-${i}.ts`],
      { cwd: directory, encoding: 'utf8' },
    );
    assert.equal(status, 0, stderr);
    return stdout.split('\n').filter(Boolean);
  });
}

describe('the guide', () => {
  it('has a job with asynchronous I/O that runs as it stands', () => {
    const names = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((id) => `name ${id}`);
    assert.deepEqual(printedBy('async-io.md'), [names]);
  });

  it('has a job of event time that counts every reading', () => {
    const [printed = []] = printedBy('event-time.md');
    const cellar = [0, 10].map((second) => `cellar ${second} s: 5`);
    const roof = [3, 2, 3, 2].map((count, i) => `roof ${10 * i} s: ${count}`);
    assert.deepEqual(printed.toSorted(), [...cellar, ...roof]);
  });
});
