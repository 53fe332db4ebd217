/** Goal: jobs of the guides print what stands below them. Method: the command on each of them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { REPOSITORY_ROOT } from './source-files.ts';

const directory = mkdtempSync(join(tmpdir(), 'sluice-guides-'));
after(() => rmSync(directory, { recursive: true, force: true }));

/** A job, and the lines it prints, in any order. */
const JOB = /^```ts\n(.*?)^```\n\n```text\n(.*?)^```$/gms;
const GUIDES = [
  { guide: 'async-io.md', jobCount: 1, parallelism: 1 },
  { guide: 'batch.md', jobCount: 1, parallelism: 2 },
  { guide: 'event-time.md', jobCount: 1, parallelism: 2 },
  { guide: 'joins.md', jobCount: 2, parallelism: 2 },
  { guide: 'process-functions.md', jobCount: 2, parallelism: 2 },
  // The second reads what the first has written.
  { guide: 'state-processor.md', jobCount: 2, parallelism: 2 },
  { guide: 'sources.md', jobCount: 1, parallelism: 2 },
  // Its count windows depend on the order in which records come.
  { guide: 'windows.md', jobCount: 1, parallelism: 1 },
];

function run(name: string, code: string, parallelism: number): string[] {
  writeFileSync(join(directory, name), code);
  const launcher = join(REPOSITORY_ROOT, 'scripts', 'sluice.mjs');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [launcher, 'run', '--quiet', '-p', `${parallelism}`, name],
    { cwd: directory, encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  // The subtask's number stands before the text: `1> ` or, with an identifier, `name:1> `.
  const lines = stdout.split('\n').filter(Boolean);
  return lines.map((line) => line.replace(/^\d+> /, '').replace(/^(\w+):\d+> /, '$1> '));
}

describe('docs/guide', () => {
  for (const { guide, jobCount, parallelism } of GUIDES) {
    it(`has jobs in ${guide} that print what it says`, () => {
      const text = readFileSync(join(REPOSITORY_ROOT, 'docs', 'guide', guide), 'utf8');
      const jobs = [...text.matchAll(JOB)];
      assert.equal(jobs.length, jobCount);
      assert.equal([...text.matchAll(/^```ts$/gm)].length, jobCount);
      for (const [i, [, code = '', expected = '']] of jobs.entries()) {
        const printed = run(`job-${i}.ts`, code, parallelism);
        assert.deepEqual(printed.toSorted(), expected.split('\n').filter(Boolean).toSorted());
      }
    });
  }
});
