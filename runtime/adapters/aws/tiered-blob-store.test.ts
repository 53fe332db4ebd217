import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { segmentLocation, sharedDirectory } from '../../checkpoint/index.ts';
import { AwsWorld, DIRECTORY } from './aws-world.conformance.ts';

const SHARED = sharedDirectory(DIRECTORY, 'job');
const NAME = { ownerId: 'op', subtaskIndex: 0, attempt: 0, checkpointId: 7, part: 'keyed' };
const SEGMENT = segmentLocation(SHARED, NAME);
const ROW = SEGMENT.replace('.seg', '.row');

describe('TieredBlobStore', () => {
  it('places small segments of checkpoints in DynamoDB, and nothing else', () => {
    const { place, thresholdBytes } = placing(new AwsWorld());
    assert.equal(thresholdBytes, 3776);
    assert.equal(place(SEGMENT, thresholdBytes), ROW);
    assert.equal(place(SEGMENT, thresholdBytes + 1), SEGMENT);
    const savepoint = segmentLocation('s3://bucket/savepoints/savepoint-1', NAME);
    const foreign = segmentLocation('s3://bucket/elsewhere/job/shared', NAME);
    const manifest = `${DIRECTORY}/job/chk-7/_metadata`;
    for (const other of [savepoint, foreign, manifest, `${SHARED}/_claimed`]) {
      assert.equal(place(other, 1), other);
    }
    const none = new AwsWorld().tiered({ thresholdBytes: 0 });
    assert.equal(none.place(SEGMENT, 1), SEGMENT);
  });

  it('asks one service, once, for what a location names', async () => {
    const world = new AwsWorld();
    const blobs = world.tiered();
    await blobs.put(ROW, Buffer.from('small'));
    await blobs.put(SEGMENT, Buffer.from('large'));
    for (const [location, text] of [
      [ROW, 'small'],
      [SEGMENT, 'large'],
    ] as const) {
      assert.equal(Buffer.from(await blobs.get(location)).toString(), text);
    }
    assert.deepEqual(world.aws.operations, ['PutItem', 'PutObject', 'GetItem', 'GetObject']);
  });

  it('lists and deletes what lies in both', async () => {
    const world = new AwsWorld();
    const blobs = world.tiered();
    for (const location of [SEGMENT, ROW]) await blobs.put(location, Buffer.from('x'));
    const listed = await blobs.list(`${DIRECTORY}/job`);
    assert.deepEqual(
      listed,
      [ROW, SEGMENT].map((location) => ({ location, sizeBytes: 1 })),
    );
    assert.deepEqual(await blobs.deleteMany([SEGMENT, ROW]), []);
    assert.deepEqual(await blobs.list(`${DIRECTORY}/job`), []);
    assert.equal(world.aws.countOf('BatchWriteItem') + world.aws.countOf('DeleteObjects'), 2);
  });
});

function placing(world: AwsWorld): {
  readonly place: (location: string, sizeBytes: number) => string;
  readonly thresholdBytes: number;
} {
  const blobs = world.tiered();
  return { place: blobs.place.bind(blobs), thresholdBytes: blobs.thresholdBytes };
}
