import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { testFileSystemConformance } from '../file-system.conformance.ts';
import { AwsWorld } from './aws-world.conformance.ts';
import { S3FileSystem } from './s3-file-system.ts';

const PART_BYTES = 5 * 1024 * 1024;
const REFUSED = { status: 403, code: 'AccessDenied' };

function setup(): { readonly world: AwsWorld; readonly files: S3FileSystem } {
  const world = new AwsWorld();
  const { s3 } = world.clients;
  return { world, files: new S3FileSystem({ s3, calls: world.calls, partBytes: PART_BYTES }) };
}

async function write(files: S3FileSystem, path: string, ...pieces: Uint8Array[]): Promise<void> {
  const writer = await files.openWrite(path);
  for (const piece of pieces) await writer.write(piece);
  await writer.close();
}

testFileSystemConformance(
  'S3',
  async () => ({ fileSystem: setup().files, directory: 's3://bucket/a directory/é' }),
  { isTree: false },
);

describe('S3FileSystem', () => {
  it('shows a large file once it is closed, and holds one part of it at most', async () => {
    const { world, files } = setup();
    const writer = await files.openWrite('s3://bucket/large');
    for (let i = 0; i < 4; i += 1) await writer.write(new Uint8Array(PART_BYTES / 2 + 1).fill(i));
    assert.deepEqual([world.s3.keys('bucket'), world.s3.openUploads], [[], 1]);
    await writer.close();
    assert.deepEqual([world.s3.keys('bucket'), world.s3.openUploads], [['large'], 0]);
    assert.equal((await files.stat('s3://bucket/large'))?.sizeBytes, 4 * (PART_BYTES / 2 + 1));
    const reader = await files.openRead('s3://bucket/large', PART_BYTES + 2);
    assert.deepEqual([...(await reader.read(3))], [2, 2, 2]);
  });

  it('leaves nothing of a large file that could not be written', async () => {
    const { world, files } = setup();
    world.aws.faultOf = (operation) => (operation === 'CompleteUpload' ? REFUSED : 'none');
    const written = write(files, 's3://bucket/large', new Uint8Array(PART_BYTES + 1));
    await assert.rejects(written, { code: 'FILE_NOT_WRITABLE' });
    assert.deepEqual([world.s3.keys('bucket'), world.s3.openUploads], [[], 0]);
  });

  it('finishes a rename that was cut off between the copy and the deletion', async () => {
    const { world, files } = setup();
    await write(files, 's3://bucket/.hidden name', Buffer.from('x'));
    world.aws.faultOf = (operation) => (operation === 'DeleteObject' ? REFUSED : 'none');
    await assert.rejects(files.rename('s3://bucket/.hidden name', 's3://other/seen'));
    assert.deepEqual(world.s3.keys('other'), ['seen']);
    world.aws.faultOf = () => 'none';
    await files.rename('s3://bucket/.hidden name', 's3://other/seen');
    assert.deepEqual([world.s3.keys('bucket'), world.s3.keys('other')], [[], ['seen']]);
    await assert.rejects(files.rename('s3://bucket/.hidden name', 's3://other/seen'), {
      code: 'FILE_NOT_FOUND',
    });
  });

  it('refuses a path that is none in S3', async () => {
    await assert.rejects(setup().files.stat('/tmp/x'), { code: 'S3_LOCATION_INVALID' });
  });
});
