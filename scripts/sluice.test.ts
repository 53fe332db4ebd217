import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { REPOSITORY_ROOT } from './source-files.ts';

const cwd = mkdtempSync(join(tmpdir(), 'sluice-command-'));
after(() => rmSync(cwd, { recursive: true }));

function sluice(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const script = join(REPOSITORY_ROOT, 'scripts', 'sluice.mjs');
  return spawnSync(process.execPath, [script, ...args], { cwd, encoding: 'utf8' });
}

describe('the sluice command', () => {
  it('answers with its version from anywhere', () => {
    const { status, stdout, stderr } = sluice('--version');
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /^Version: \d+\.\d+\.\d+\n$/);
  });

  it('exits with 1 and the error’s text on stderr', () => {
    const { status, stdout, stderr } = sluice('run', 'none.ts');
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(stderr, /\nerror: the job file does not exist: file=none\.ts directory=/);
    assert.match(stderr, /\n {2}code: JOB_FILE_NOT_FOUND\n$/);
  });
});
