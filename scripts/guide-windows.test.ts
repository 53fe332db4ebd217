/** Goal: the job of the guide on windows does what the guide says. Method: it is run. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { REPOSITORY_ROOT } from './source-files.ts';

const guide = readFileSync(join(REPOSITORY_ROOT, 'docs/guide/windows.md'), 'utf8');

function block(language: string): string {
  const found = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'ms').exec(guide);
  assert.ok(found?.[1], `the guide has a block of ${language}`);
  return found[1];
}

describe('the guide on windows', () => {
  it('has a job that prints what it says', () => {
    const directory = mkdtempSync(join(tmpdir(), 'sluice-guide-'));
    try {
      writeFileSync(join(directory, 'job.ts'), block('ts'));
      const launcher = join(REPOSITORY_ROOT, 'scripts', 'sluice.mjs');
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [launcher, 'run', '--quiet', '-p', '1', 'job.ts'],
        { cwd: directory, encoding: 'utf8' },
      );
      assert.equal(status, 0, stderr);
      const printed = stdout.split('\n').map((line) => line.replace(/^\d+> /, ''));
      assert.deepEqual(printed.toSorted(), block('text').split('\n').toSorted());
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
