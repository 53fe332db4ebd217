import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import type { FileReader, FileSystem } from '../../../core/index.ts';
import { testFileSystemConformance } from '../../file-system.conformance.ts';
import { MemoryFileSystem } from '../../memory/memory-file-system.ts';
import { AwsWorld } from '../aws-world.conformance.ts';
import { S3FileSystem } from '../s3-file-system.ts';
import { RemoteFiles, serveFiles } from './remote-files.ts';

const opened: RemoteFiles[] = [];
const MB = 1024 * 1024;

function remote(fileSystem: FileSystem): RemoteFiles {
  const { port1, port2 } = new MessageChannel();
  serveFiles(port1, fileSystem);
  const files = new RemoteFiles(port2, { maxOpenFiles: fileSystem.maxOpenFiles });
  opened.push(files);
  return files;
}

function s3(): S3FileSystem {
  const { clients, calls } = new AwsWorld();
  return new S3FileSystem({ s3: clients.s3, calls });
}

after(() => {
  for (const files of opened) files.close();
});

testFileSystemConformance('remote', async () => ({
  fileSystem: remote(new MemoryFileSystem()),
  directory: '/d',
}));
testFileSystemConformance(
  'remote in S3',
  async () => ({ fileSystem: remote(s3()), directory: 's3://bucket/d' }),
  { isTree: false },
);

/** A file without end; counts what is asked of it. */
class Endless extends MemoryFileSystem {
  blocks = 0;
  closed = 0;

  override async openRead(): Promise<FileReader> {
    return {
      read: async () => {
        this.blocks += 1;
        return new Uint8Array(MB).fill(this.blocks);
      },
      close: async () => {
        this.closed += 1;
      },
    };
  }
}

describe('RemoteFiles', () => {
  it('prepares one block more than is read, and no further', async () => {
    const endless = new Endless();
    const files = remote(endless);
    const reader = await files.openRead('/endless', 0);
    assert.equal(endless.blocks, 0);
    for (let piece = 0; piece < 4; piece += 1) await reader.read(MB / 4);
    // What was asked before this has begun.
    await files.stat('/');
    assert.equal(endless.blocks, 2);
    assert.equal((await reader.read(1))[0], 2);
    assert.equal((await reader.read(1))[0], 2);
    await files.stat('/');
    assert.equal(endless.blocks, 3);
    await reader.close();
    assert.equal((await reader.read(1)).length, 0);
    assert.deepEqual([endless.blocks, endless.closed], [3, 1]);
  });

  it('gives bytes away instead of copying them', async () => {
    const memory = new MemoryFileSystem();
    const writer = await remote(memory).openWrite('/a');
    const bytes = new Uint8Array(MB).fill(7);
    const written = writer.write(bytes);
    assert.equal(bytes.length, 0);
    await written;
    await writer.close();
    assert.deepEqual(memory.bytes('/a'), Buffer.alloc(MB, 7));
  });

  it('settles a write when the file system has taken it', async () => {
    const memory = new MemoryFileSystem();
    const gate = Promise.withResolvers<void>();
    memory.openWrite = async () => ({ write: () => gate.promise, close: async () => undefined });
    const files = remote(memory);
    const writer = await files.openWrite('/a');
    let isWritten = false;
    const written = writer.write(Buffer.from('x')).then(() => {
      isWritten = true;
    });
    await files.stat('/a');
    assert.equal(isWritten, false);
    gate.resolve();
    await written;
  });

  it('passes errors on with their codes, and the limits of what is behind it', async () => {
    const files = remote(s3());
    const missing = { code: 'FILE_NOT_READABLE', kind: 'invalid', message: /bucket=nowhere/ };
    await assert.rejects(files.stat('s3://nowhere/a'), missing);
    await assert.rejects(files.stat('/tmp/a'), { code: 'S3_LOCATION_INVALID' });
    assert.equal(files.maxOpenFiles, 16);
    assert.equal(remote(new MemoryFileSystem()).maxOpenFiles, undefined);
  });

  it('closes what a thread read that is gone, and finishes nothing it wrote', async () => {
    const memory = new MemoryFileSystem();
    memory.put('/a', 'x');
    const { port1, port2 } = new MessageChannel();
    serveFiles(port1, memory);
    const files = new RemoteFiles(port2, {});
    await files.openRead('/a', 0);
    const writer = await files.openWrite('/b');
    await writer.write(Buffer.from('half'));
    assert.equal(memory.openFiles, 2);
    const closed = new Promise((resolve) => port1.once('close', resolve));
    files.close();
    await closed;
    assert.equal(memory.openFiles, 1);
    assert.equal(memory.text('/b'), '');
  });
});
