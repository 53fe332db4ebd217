import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { createDirectories } from './create-directories.ts';
import { temporaryDirectory } from './temporary-directory.conformance.ts';

describe('createDirectories', () => {
  it('creates what is missing, and says what that was', async () => {
    const directory = await temporaryDirectory();
    const created = await createDirectories(`${directory}/a/b`);
    assert.deepEqual(created, [`${directory}/a/b`, `${directory}/a`]);
    assert.deepEqual(await createDirectories(`${directory}/a/b`), []);
    assert.deepEqual(await createDirectories(`${directory}/a/c/`), [`${directory}/a/c`]);
    assert.deepEqual(await readdir(`${directory}/a`), ['b', 'c']);
    assert.deepEqual(await createDirectories('/'), []);
  });

  it('creates a directory that others create, too', async () => {
    const directory = await temporaryDirectory();
    const paths = Array.from({ length: 10 }, (_, n) => `${directory}/a/b/${n}`);
    await Promise.all(paths.map(createDirectories));
    assert.equal((await readdir(`${directory}/a/b`)).length, 10);
  });

  it('fails where there can be none: below a file, or where the system has no place', async () => {
    const directory = await temporaryDirectory();
    await writeFile(`${directory}/file`, 'x');
    await assert.rejects(createDirectories(`${directory}/file`), { code: 'EEXIST' });
    await assert.rejects(createDirectories(`${directory}/file/a/b`), { code: 'ENOTDIR' });
    // ENOENT, though `/proc` is there; on systems without it, its parent refuses.
    await assert.rejects(createDirectories('/proc/nope/a'));
  });
});
