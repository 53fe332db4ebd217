import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, describe, it } from 'node:test';
import { testFileSystemConformance } from '../file-system.conformance.ts';
import { NodeFileSystem } from './node-file-system.ts';

const directories: string[] = [];

async function emptyDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-files-'));
  directories.push(directory);
  return directory;
}

after(async () => {
  for (const directory of directories) await rm(directory, { recursive: true });
});

testFileSystemConformance('node, absolute paths', async () => ({
  fileSystem: new NodeFileSystem(),
  directory: await emptyDirectory(),
}));
testFileSystemConformance('node, relative paths', async () => ({
  fileSystem: new NodeFileSystem(),
  directory: relative('.', await emptyDirectory()),
}));

describe('NodeFileSystem', () => {
  it('says why a directory cannot be read as a file', async () => {
    const directory = await emptyDirectory();
    const reader = await new NodeFileSystem().openRead(directory, 0);
    await assert.rejects(reader.read(10), { code: 'FILE_NOT_READABLE', message: /reason=EISDIR/ });
    await reader.close();
  });

  it('says that a disk is full, which may pass', async () => {
    const writer = await new NodeFileSystem().openWrite('/dev/full');
    const full = { kind: 'unavailable', code: 'FILE_NOT_WRITABLE', message: /reason=ENOSPC$/ };
    await assert.rejects(writer.write(Buffer.from('x')), full);
    await assert.rejects(writer.close(), full);
  });

  it('takes no URI for a directory of the machine', async () => {
    const files = new NodeFileSystem();
    const refused = { code: 'FILE_SYSTEM_UNKNOWN', message: /for jobs on AWS path=s3:..b.[kl]/ };
    await assert.rejects(files.stat('s3://b/k'), refused);
    await assert.rejects(files.list('s3://b/k'), refused);
    await assert.rejects(files.glob('s3://b/k*'), refused);
    await assert.rejects(files.openRead('s3://b/k', 0), refused);
    await assert.rejects(files.openWrite('s3://b/k'), refused);
    await assert.rejects(files.makeDirectory('s3://b/k'), refused);
    await assert.rejects(files.publish('s3://b/k', 's3://b/l'), refused);
    await assert.rejects(files.remove('s3://b/k'), refused);
  });

  it('publishes from one directory to another, of which some are new', async () => {
    const directory = await emptyDirectory();
    const fileSystem = new NodeFileSystem();
    const path = `${directory}/a/b/c/file`;
    await (await fileSystem.openWrite(path)).close();
    await fileSystem.publish(path, `${directory}/a/file`);
    assert.equal(await fileSystem.stat(path), undefined);
    assert.equal((await fileSystem.stat(`${directory}/a/file`))?.kind, 'file');
  });
});
