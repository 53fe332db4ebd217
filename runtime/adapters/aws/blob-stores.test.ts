import { testBlobStoreConformance } from '../blob-store.conformance.ts';
import { AwsWorld, DIRECTORY } from './aws-world.conformance.ts';

const directory = `${DIRECTORY}/job`;
const PARTS = { aboveBytes: 4, partBytes: 3, partsInFlight: 2 };

testBlobStoreConformance('S3, faked', async () => ({ blobs: new AwsWorld().objects(), directory }));
testBlobStoreConformance(
  'S3, faked, in pages of two, uploads in parts of three bytes',
  async () => {
    const world = new AwsWorld();
    world.s3.pageKeys = 2;
    return { blobs: world.objects({ multipart: PARTS }), directory };
  },
);
testBlobStoreConformance('DynamoDB, faked', async () => ({
  blobs: new AwsWorld().items,
  directory,
}));
testBlobStoreConformance('DynamoDB, faked, in pages of one blob', async () => {
  const world = new AwsWorld();
  world.dynamoDb.pageBytes = 1;
  return { blobs: world.items, directory };
});
testBlobStoreConformance('DynamoDB and S3, faked', async () => ({
  blobs: new AwsWorld().tiered(),
  directory,
}));
