import assert from 'node:assert/strict';
import { it } from 'node:test';
import { testFileSystemConformance } from '../file-system.conformance.ts';
import { MemoryFileSystem } from '../memory/memory-file-system.ts';
import { AwsWorld } from './aws-world.conformance.ts';
import { RoutedFileSystem } from './routed-file-system.ts';
import { S3FileSystem } from './s3-file-system.ts';

function routed(): RoutedFileSystem {
  const { clients, calls } = new AwsWorld();
  return new RoutedFileSystem(new MemoryFileSystem(), new S3FileSystem({ s3: clients.s3, calls }));
}

testFileSystemConformance('routed to memory', async () => ({
  fileSystem: routed(),
  directory: '/d',
}));
testFileSystemConformance(
  'routed to S3',
  async () => ({ fileSystem: routed(), directory: 's3://bucket/d' }),
  { isTree: false },
);

it('moves no file from one file system to another', async () => {
  await assert.rejects(routed().publish('/d/a', 's3://bucket/a'), { code: 'FILE_NOT_WRITABLE' });
});
