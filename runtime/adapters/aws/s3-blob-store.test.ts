import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AwsWorld, DIRECTORY } from './aws-world.conformance.ts';
import { planParts } from './s3-multipart.ts';

const AT = `${DIRECTORY}/job/a`;
const BYTES = Buffer.from('hello world');
const IN_PARTS = { multipart: { aboveBytes: 4, partBytes: 3, partsInFlight: 2 } };

describe('S3BlobStore', () => {
  it('takes one request for each call, and sends the checksum and the condition', async () => {
    const { aws, ...world } = new AwsWorldParts();
    const blobs = world.blobs();
    await blobs.put(AT, BYTES);
    assert.equal(aws.lastHeaders['if-none-match'], '*');
    assert.match(aws.lastHeaders['x-amz-checksum-crc32'] ?? '', /^[\w+/]{6}==$/);
    assert.equal(aws.lastHeaders['content-length'], '11');
    assert.match(aws.lastHeaders['user-agent'] ?? '', /sluice\/library/);
    await blobs.get(AT);
    await blobs.get(AT, { offsetBytes: 2, sizeBytes: 3 });
    assert.equal(aws.lastHeaders.range, 'bytes=2-4');
    await blobs.list(DIRECTORY);
    await blobs.delete(AT);
    const expected = ['PutObject', 'GetObject', 'GetObject', 'ListObjects', 'DeleteObject'];
    assert.deepEqual(aws.operations, expected);
  });

  it('gives no bytes for an empty range of a blob that is there', async () => {
    const { blobs } = new AwsWorldParts();
    await blobs().put(AT, BYTES);
    assert.equal((await blobs().get(AT, { offsetBytes: 3, sizeBytes: 0 })).length, 0);
  });

  it('tells its own object from another when the answer was lost', async () => {
    for (const parts of [{}, IN_PARTS]) {
      for (const fault of ['lost-response', 'broken-after'] as const) {
        const world = new AwsWorldParts();
        const blobs = world.blobs(parts);
        world.aws.failNext('PutObject', fault);
        world.aws.failNext('CompleteUpload', fault);
        await blobs.put(AT, BYTES);
        assert.equal(Buffer.from(await blobs.get(AT)).toString(), 'hello world');
        world.aws.failNext('PutObject', 'lost-request');
        world.aws.failNext('CompleteUpload', 'lost-request');
        await assert.rejects(blobs.put(AT, Buffer.from('other')), { code: 'BLOB_EXISTS' });
        assert.equal(Buffer.from(await blobs.get(AT)).toString(), 'hello world');
        assert.equal(world.s3.openUploads, 0);
      }
    }
  });

  it('tries again what was throttled, in conflict or lost on the way', async () => {
    const { aws, blobs } = new AwsWorldParts();
    const conflict = { status: 409, code: 'ConditionalRequestConflict' };
    aws.failNext('PutObject', 'throttled', conflict, 'lost-request', 'broken-before');
    await blobs().put(AT, BYTES);
    assert.equal(aws.countOf('PutObject'), 5);
    aws.failNext('GetObject', 'throttled', 'lost-response');
    aws.failNext('ListObjects', 'throttled');
    assert.equal((await blobs().get(AT)).length, 11);
    assert.equal((await blobs().list(DIRECTORY)).length, 1);
  });

  it('puts again when the object that was in the way is gone', async () => {
    const { aws, s3, blobs } = new AwsWorldParts();
    await blobs().put(AT, BYTES);
    aws.failNext('PutObject', 'lost-request');
    const { faultOf } = aws;
    aws.faultOf = (name) => {
      if (name === 'HeadObject') s3.remove('bucket', 'checkpoints/job/a');
      return faultOf(name);
    };
    await blobs().put(AT, Buffer.from('again'));
    assert.equal(Buffer.from(await blobs().get(AT)).toString(), 'again');
  });

  it('uploads a large blob in parts, each with its checksum, and aborts what fails', async () => {
    const { aws, s3, ...world } = new AwsWorldParts();
    const blobs = world.blobs(IN_PARTS);
    aws.failNext('UploadPart', 'throttled', 'lost-response');
    await blobs.put(AT, BYTES);
    assert.equal(Buffer.from(await blobs.get(AT)).toString(), 'hello world');
    assert.equal(aws.countOf('UploadPart'), 6);
    aws.faultOf = (name) =>
      name === 'UploadPart' ? { status: 403, code: 'AccessDenied' } : 'none';
    await assert.rejects(blobs.put(`${AT}2`, BYTES), { code: 'BLOB_NOT_WRITABLE' });
    assert.equal(s3.openUploads, 0);
    // Of four parts, two are under way when the first fails.
    assert.equal(aws.countOf('UploadPart'), 6 + 2);
    assert.deepEqual(s3.keys('bucket'), ['checkpoints/job/a']);
  });

  it('plans parts that cover a blob, 10,000 at most', () => {
    assert.deepEqual(planParts(7, 3), [
      { startBytes: 0, endBytes: 3 },
      { startBytes: 3, endBytes: 6 },
      { startBytes: 6, endBytes: 7 },
    ]);
    const large = planParts(5 * 1024 ** 4, 16 * 1024 ** 2);
    assert.equal(large.length, 10_000);
    assert.equal(large.at(-1)?.endBytes, 5 * 1024 ** 4);
  });

  it('deletes a thousand blobs with a request, and says which are left', async () => {
    const { aws, s3, ...world } = new AwsWorldParts();
    const blobs = world.blobs();
    const locations = Array.from({ length: 1_500 }, (_, n) => `${DIRECTORY}/job/${n}&<ü>`);
    for (const location of locations) await blobs.put(location, Buffer.of());
    const outside = 's3://missing/a';
    assert.deepEqual(await blobs.deleteMany([...locations, outside]), [outside]);
    assert.deepEqual(s3.keys('bucket'), []);
    assert.equal(aws.countOf('DeleteObjects'), 3);
  });
});

describe('S3BlobStore, when it may not', () => {
  it('uses whatever bucket is granted, and says what to grant of one that is not', async () => {
    const { aws, ...world } = new AwsWorldParts();
    const blobs = world.blobs();
    await blobs.put('s3://other/savepoints/a', BYTES);
    assert.equal((await blobs.get('s3://other/savepoints/a')).length, BYTES.length);
    const denied = { status: 403, code: 'AccessDenied' };
    aws.failNext('PutObject', denied);
    aws.failNext('GetObject', denied);
    const message = (action: string) => ({
      message: new RegExp(`grant s3:${action}.*s3://other/b`),
    });
    await assert.rejects(blobs.put('s3://other/b', BYTES), message('PutObject'));
    await assert.rejects(blobs.get('s3://other/b'), message('GetObject'));
  });

  it('refuses what is no location before it asks', async () => {
    const { aws, ...world } = new AwsWorldParts();
    const blobs = world.blobs();
    for (const location of [
      '/a/b',
      's3://bucket',
      's3://UPPER/a',
      `s3://bucket/${'x'.repeat(1025)}`,
    ]) {
      await assert.rejects(blobs.get(location), { code: 'S3_LOCATION_INVALID', kind: 'invalid' });
    }
    assert.deepEqual(aws.operations, []);
  });

  it('asks that the bucket belongs to the account it is told', async () => {
    const { aws, ...world } = new AwsWorldParts();
    const blobs = world.blobs({ bucketOwners: { bucket: '123456789012' } });
    const asked = (): unknown => aws.lastHeaders['x-amz-expected-bucket-owner'];
    const calls: readonly (() => Promise<unknown>)[] = [
      () => blobs.put(AT, BYTES),
      () => blobs.get(AT),
      () => blobs.list(DIRECTORY),
      () => blobs.delete(AT),
      () => blobs.deleteMany([AT]),
    ];
    for (const call of calls) {
      await call();
      assert.equal(asked(), '123456789012', String(call));
    }
    await blobs.put('s3://other/savepoints/a', BYTES);
    assert.equal(asked(), undefined);
  });

  it('says that the bucket may be of a stranger, where it knows whose it has to be', async () => {
    const { aws, ...world } = new AwsWorldParts();
    const blobs = world.blobs({ bucketOwners: { bucket: '123456789012' } });
    const denied = { status: 403, code: 'AccessDenied' };
    aws.failNext('GetObject', denied);
    await assert.rejects(blobs.get(AT), {
      code: 'BLOB_NOT_READABLE',
      message: /another account has one of its name now.* expectedOwner=123456789012 /,
    });
    aws.failNext('GetObject', denied);
    await assert.rejects(blobs.get('s3://other/savepoints/a'), (error: Error) => {
      assert.doesNotMatch(error.message, /another account|expectedOwner/);
      return true;
    });
  });

  it('says what is missing: a permission, a key, a bucket, credentials', async () => {
    const { aws, blobs } = new AwsWorldParts();
    const refusals: readonly (readonly [number, string, string, RegExp])[] = [
      [
        403,
        'AccessDenied',
        'Access Denied',
        /grant s3:PutObject location=s3:.* reason=access-denied/,
      ],
      [403, 'AccessDenied', 'not authorized to perform: kms:GenerateDataKey', /grant kms:Generate/],
      [400, 'KMS.DisabledException', 'disabled', /the encryption key cannot be used/],
      [400, 'ExpiredToken', 'expired', /credentials have expired: sign in again/],
      [301, 'PermanentRedirect', 'elsewhere', /lies in another region/],
    ];
    for (const [status, code, message, expected] of refusals) {
      aws.failNext('PutObject', { status, code, message });
      const error = { code: 'BLOB_NOT_WRITABLE', message: expected };
      await assert.rejects(blobs().put(AT, BYTES), error);
    }
    const missing = {
      code: 'BLOB_NOT_READABLE',
      kind: 'invalid',
      message: /does not exist in this/,
    };
    await assert.rejects(blobs().get('s3://missing/a'), missing);
    await assert.rejects(blobs().list('s3://missing/a'), missing);
    aws.failNext('GetObject', { status: 403, code: 'AccessDenied' });
    await assert.rejects(blobs().get(AT), { message: /grant s3:GetObject, and s3:ListBucket/ });
  });
});

/** A world and its stores as functions that need no `this`. */
class AwsWorldParts {
  readonly #world = new AwsWorld();
  readonly aws = this.#world.aws;
  readonly s3 = this.#world.s3;
  readonly blobs = this.#world.objects.bind(this.#world);
}
