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

  it('finishes to publish what was cut off between the copy and the deletion', async () => {
    const { world, files } = setup();
    const [from, to] = ['s3://bucket/.hidden é', 's3://other/seen'];
    await write(files, from, Buffer.from('x'));
    world.aws.faultOf = (operation) => (operation === 'DeleteObject' ? REFUSED : 'none');
    await assert.rejects(files.publish(from, to), { code: 'FILE_NOT_WRITABLE' });
    assert.deepEqual([world.s3.keys('bucket'), world.s3.keys('other')], [['.hidden é'], ['seen']]);
    world.aws.faultOf = () => 'none';
    assert.equal(await files.publish(from, to), 'done');
    assert.deepEqual([world.s3.keys('bucket'), world.s3.keys('other')], [[], ['seen']]);
    world.s3.remove('other', 'seen');
    assert.equal(await files.publish(from, to), 'gone');
  });

  it('publishes once, whatever answer is lost', async () => {
    for (const operation of ['CopyObject', 'DeleteObject', 'HeadObject']) {
      const { world, files } = setup();
      await write(files, 's3://bucket/.hidden', Buffer.from('x'));
      world.aws.failNext(operation, 'lost-response', 'broken-after');
      assert.equal(await files.publish('s3://bucket/.hidden', 's3://bucket/seen'), 'done');
      assert.deepEqual(world.s3.keys('bucket'), ['seen'], operation);
    }
  });

  it('publishes one of two files that are to have the same name', async () => {
    for (const text of ['small', 'larger than a part']) {
      const { world } = setup();
      const { s3 } = world.clients;
      const files = new S3FileSystem({ s3, calls: world.calls, copyPartBytes: 10 });
      for (const name of ['a', 'b']) {
        await write(files, `s3://bucket/.${name}`, Buffer.from(`${text} ${name}`));
      }
      const both = ['a', 'b'].map((name) =>
        files.publish(`s3://bucket/.${name}`, 's3://bucket/to'),
      );
      const outcomes = await Promise.all(both);
      assert.deepEqual(outcomes.toSorted(), ['done', 'exists'], text);
      const winner = outcomes[0] === 'done' ? 'a' : 'b';
      const reader = await files.openRead('s3://bucket/to', 0);
      assert.equal(Buffer.from(await reader.read(100)).toString(), `${text} ${winner}`);
      assert.equal(world.s3.openUploads, 0);
    }
  });

  it('publishes a large file in parts', async () => {
    const { world } = setup();
    const { s3 } = world.clients;
    const files = new S3FileSystem({ s3, calls: world.calls, copyPartBytes: 3 });
    await write(files, 's3://bucket/.hidden', Buffer.from('12345678'));
    assert.equal(await files.publish('s3://bucket/.hidden', 's3://bucket/seen'), 'done');
    assert.deepEqual(world.s3.keys('bucket'), ['seen']);
    assert.equal(world.aws.countOf('UploadPart'), 3);
    const reader = await files.openRead('s3://bucket/seen', 0);
    assert.equal(Buffer.from(await reader.read(100)).toString(), '12345678');
    await write(files, 's3://bucket/.hidden', Buffer.from('another'));
    world.aws.failNext('UploadPart', REFUSED);
    const refused = files.publish('s3://bucket/.hidden', 's3://bucket/other');
    await assert.rejects(refused, { code: 'FILE_NOT_WRITABLE' });
    assert.deepEqual([world.s3.keys('bucket'), world.s3.openUploads], [['.hidden', 'seen'], 0]);
  });

  it('fails for good once a part is lost, so that no file has a hole', async () => {
    const { world, files } = setup();
    const writer = await files.openWrite('s3://bucket/large');
    world.aws.failNext('UploadPart', REFUSED);
    const refused = { code: 'FILE_NOT_WRITABLE' };
    await assert.rejects(writer.write(new Uint8Array(PART_BYTES)), refused);
    await assert.rejects(writer.write(Buffer.from('rest')), refused);
    await assert.rejects(writer.close(), refused);
    assert.deepEqual([world.s3.keys('bucket'), world.s3.openUploads], [[], 0]);
  });

  it('takes an upload as completed when only the answer to that is lost', async () => {
    const { world, files } = setup();
    world.aws.failNext('CompleteUpload', 'lost-response');
    await write(files, 's3://bucket/large', new Uint8Array(PART_BYTES + 1));
    assert.deepEqual(world.s3.keys('bucket'), ['large']);
  });

  it('takes a whole bucket for a directory', async () => {
    const { world, files } = setup();
    assert.equal(await files.stat('s3://bucket'), undefined);
    await files.makeDirectory('s3://bucket');
    assert.deepEqual(world.s3.keys('bucket'), []);
    await write(files, 's3://bucket/a.txt', Buffer.from('x'));
    await write(files, 's3://bucket/b/c.txt', Buffer.from('x'));
    assert.equal((await files.stat('s3://bucket'))?.kind, 'directory');
    const paths = (await files.list('s3://bucket/')).map(({ path }) => path);
    assert.deepEqual(paths, ['s3://bucket/a.txt', 's3://bucket/b']);
    assert.deepEqual(await files.glob('s3://bucket/*.txt'), ['s3://bucket/a.txt']);
  });

  it('refuses to go on with a file that is another one now', async () => {
    const { world } = setup();
    const { s3 } = world.clients;
    const files = new S3FileSystem({ s3, calls: world.calls, readBytes: 2 });
    await write(files, 's3://bucket/a', Buffer.from('1234'));
    const reader = await files.openRead('s3://bucket/a', 0);
    await reader.read(2);
    await write(files, 's3://bucket/a', Buffer.from('5678'));
    await assert.rejects(reader.read(2), { code: 'FILE_CHANGED', message: /path=s3:..bucket.a$/ });
  });

  it('says what is wrong with a bucket, and what to do', async () => {
    const role = 'arn:aws:sts::1:assumed-role/p-plan/p-plan';
    const lines: Readonly<Record<string, readonly [object, RegExp]>> = {
      denied: [
        {
          status: 403,
          code: 'AccessDenied',
          message: `User: ${role} is not authorized to perform: s3:GetObject on it`,
        },
        /grant s3:GetObject.*-c readFrom=<bucket>.*bucket=bucket path=s3:..bucket.a reason=access-denied.*principal=arn:aws:sts::1:assumed-role\/p-plan/,
      ],
      'its key': [
        {
          status: 403,
          code: 'AccessDenied',
          message: 'not authorized to perform: kms:Decrypt on it',
        },
        /grant kms:Decrypt on it.*dataKeyArns=<arn>.*bucket=bucket/,
      ],
      'a disabled key': [
        { status: 400, code: 'KMS.DisabledException' },
        /check that it is enabled/,
      ],
      region: [{ status: 301, code: 'PermanentRedirect' }, /lies in another region/],
      credentials: [{ status: 400, code: 'ExpiredToken' }, /credentials have expired/],
    };
    for (const [name, [fault, message]] of Object.entries(lines)) {
      const { world, files } = setup();
      await write(files, 's3://bucket/a', Buffer.from('x'));
      const reader = await files.openRead('s3://bucket/a', 0);
      world.aws.faultOf = () => fault as typeof REFUSED;
      const refused = { code: 'FILE_NOT_READABLE', message };
      await assert.rejects(reader.read(10), refused, name);
    }
    const missing = {
      code: 'FILE_NOT_READABLE',
      message: /no such bucket: .* bucket=nowhere path/,
    };
    await assert.rejects(setup().files.stat('s3://nowhere/a'), missing);
    await assert.rejects(setup().files.openWrite('s3://nowhere/a'), missing);
  });

  it('finds a directory of which it may read only what lies below it', async () => {
    const { world, files } = setup();
    await write(files, 's3://bucket/out/a', Buffer.from('x'));
    world.aws.faultOf = (operation) => (operation === 'HeadObject' ? REFUSED : 'none');
    assert.equal((await files.stat('s3://bucket/out'))?.kind, 'directory');
    assert.equal(await files.stat('s3://bucket/none'), undefined);
    const denied = { code: 'FILE_NOT_READABLE', message: /grant s3:GetObject/ };
    await assert.rejects(files.stat('s3://bucket/out/a'), denied);
    world.aws.faultOf = () => REFUSED;
    await assert.rejects(files.stat('s3://bucket/out'), denied);
  });

  it('asks again with a call that says why, when HEAD does not', async () => {
    const { world, files } = setup();
    world.aws.failNext('HeadObject', { status: 400, code: '' });
    world.aws.failNext('ListObjects', { status: 400, code: 'ExpiredToken' });
    await assert.rejects(files.stat('s3://bucket/a'), { message: /credentials have expired/ });
  });

  it('refuses a path that is none in S3', async () => {
    await assert.rejects(setup().files.stat('/tmp/x'), { code: 'S3_LOCATION_INVALID' });
  });
});
