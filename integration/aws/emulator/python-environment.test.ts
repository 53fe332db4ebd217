import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { EmulatorUnavailable, findPython, pythonEnvironment } from './python-environment.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-python-'));
after(() => rmSync(folder, { recursive: true }));

/** A command that answers the probe like an interpreter, and fails at everything else. */
function fakePython(name: string, version: string): string {
  const path = join(folder, name);
  const answer = `["${path}", [${version}]]`;
  const script = `case "$2" in *json*) echo '${answer}';; *) echo "no module named venv" >&2; exit 1;; esac`;
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe('findPython', () => {
  it('says how to get Python when there is none', async () => {
    await assert.rejects(findPython([join(folder, 'absent')]), (error: unknown) => {
      assert.ok(error instanceof EmulatorUnavailable);
      assert.match(error.message, /needs Python 3\.10 or newer, but no Python was found/);
      assert.match(error.message, /apt install python3/);
      return true;
    });
  });

  it('names a Python that is too old, and goes on to the next', async () => {
    const old = fakePython('python3-old', '3, 9, 6');
    await assert.rejects(findPython([old]), /python3-old is 3\.9\.6/);
    const recent = fakePython('python3-recent', '3, 10, 0');
    assert.deepEqual(await findPython([old, recent]), { path: recent, version: '3.10.0' });
  });
});

describe('pythonEnvironment', () => {
  it('says what to install when Python has no venv, and leaves nothing behind', async () => {
    const cache = join(folder, 'cache');
    mkdirSync(cache);
    const requirements = join(folder, 'requirements.txt');
    writeFileSync(requirements, 'ministack==1\n');
    await assert.rejects(
      pythonEnvironment(requirements, cache, [fakePython('python3-bare', '3, 11, 2')]),
      /cannot make one\. Install its venv module \(apt install python3-venv\).*no module named venv/s,
    );
    assert.deepEqual(readdirSync(cache), []);
  });
});
