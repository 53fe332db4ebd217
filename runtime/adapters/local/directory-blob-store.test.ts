import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { describe, it } from 'node:test';
import { testBlobStoreConformance } from '../blob-store.conformance.ts';
import { DirectoryBlobStore } from './directory-blob-store.ts';
import { temporaryDirectory } from './temporary-directory.conformance.ts';

const TEMPORARY = '.a.seg.0f8fad5b-d9cb-469f-a165-70867728950e.tmp';

testBlobStoreConformance('directory, absolute', async () => ({
  blobs: new DirectoryBlobStore(),
  directory: await temporaryDirectory(),
}));
testBlobStoreConformance('directory, relative', async () => ({
  blobs: new DirectoryBlobStore(),
  directory: relative('.', await temporaryDirectory()),
}));

describe('DirectoryBlobStore', () => {
  it('leaves no temporary file, whether a put succeeds or not', async () => {
    const directory = await temporaryDirectory();
    const blobs = new DirectoryBlobStore();
    await blobs.put(`${directory}/a`, Buffer.from('x'));
    await assert.rejects(blobs.put(`${directory}/a`, Buffer.from('y')), { code: 'BLOB_EXISTS' });
    assert.deepEqual(await readdir(directory), ['a']);
  });

  it('does not list what a writer left that died, and sweeps it', async () => {
    const directory = await temporaryDirectory();
    const blobs = new DirectoryBlobStore();
    await blobs.put(`${directory}/deep/a.seg`, Buffer.from('x'));
    await writeFile(`${directory}/deep/${TEMPORARY}`, 'half');
    const expected = [{ location: `${directory}/deep/a.seg`, sizeBytes: 1 }];
    assert.deepEqual(await blobs.list(directory), expected);
    await blobs.sweep(directory);
    assert.deepEqual(await readdir(`${directory}/deep`), ['a.seg']);
  });

  it('removes a directory with its last blob', async () => {
    const directory = await temporaryDirectory();
    const blobs = new DirectoryBlobStore();
    await blobs.put(`${directory}/chk-1/_metadata`, Buffer.from('x'));
    await blobs.put(`${directory}/chk-2/_metadata`, Buffer.from('x'));
    await blobs.delete(`${directory}/chk-1/_metadata`);
    assert.deepEqual(await readdir(directory), ['chk-2']);
  });

  it('puts and deletes in one directory at once', async () => {
    const directory = await temporaryDirectory();
    const blobs = new DirectoryBlobStore();
    const locations = Array.from({ length: 20 }, (_, n) => `${directory}/shared/${n}`);
    for (const location of locations.slice(0, 10)) await blobs.put(location, Buffer.from('old'));
    await Promise.all([
      ...locations.slice(0, 10).map((location) => blobs.delete(location)),
      ...locations.slice(10).map((location) => blobs.put(location, Buffer.from('new'))),
    ]);
    const listed = (await blobs.list(directory)).map(({ location }) => location);
    assert.deepEqual(listed, locations.slice(10).sort());
  });

  it('says why a blob cannot be written or read', async () => {
    const directory = await temporaryDirectory();
    const blobs = new DirectoryBlobStore();
    await writeFile(`${directory}/file`, 'x');
    await assert.rejects(blobs.put(`${directory}/file/a`, Buffer.from('x')), {
      code: 'BLOB_NOT_WRITABLE',
      kind: 'invalid',
      message: /cannot be written: .* location=.*\/file\/a reason=(ENOTDIR|EEXIST)$/,
    });
    await assert.rejects(blobs.put('/proc/nope/savepoint/a', Buffer.from('x')), {
      code: 'BLOB_NOT_WRITABLE',
      kind: 'invalid',
    });
    await mkdir(`${directory}/directory`);
    await assert.rejects(blobs.get(`${directory}/directory`), {
      code: 'BLOB_NOT_READABLE',
      details: { location: `${directory}/directory`, reason: 'EISDIR' },
    });
    await assert.rejects(blobs.delete(`${directory}/directory`), { code: 'BLOB_NOT_WRITABLE' });
  });
});
