import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BlobStore, RowWrite } from '../../checkpoint/index.ts';
import { AwsWorld, DIRECTORY } from './aws-world.conformance.ts';
import {
  BUCKET_ACTIONS,
  OBJECT_ACTIONS,
  ROW_ACTIONS,
  SEGMENT_ACTIONS,
} from './store-permissions.ts';

/** What IAM asks for, by operation, where it is not named like it. */
const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  TransactGetItems: ['dynamodb:GetItem'],
  TransactWriteItems: [
    'dynamodb:PutItem',
    'dynamodb:UpdateItem',
    'dynamodb:DeleteItem',
    'dynamodb:ConditionCheckItem',
  ],
  HeadObject: ['s3:GetObject'],
  ListObjects: ['s3:ListBucket'],
  DeleteObjects: ['s3:DeleteObject'],
  CreateUpload: ['s3:PutObject'],
  UploadPart: ['s3:PutObject'],
  CompleteUpload: ['s3:PutObject'],
  AbortUpload: ['s3:AbortMultipartUpload'],
};

function actionsOf(world: AwsWorld): readonly string[] {
  const named = world.aws.operations.flatMap((operation) => {
    const service = operation.includes('Object') ? 's3' : 'dynamodb';
    return ACTIONS[operation] ?? [`${service}:${operation}`];
  });
  return [...new Set(named)].sort();
}

async function useAll(blobs: BlobStore): Promise<void> {
  const at = `${DIRECTORY}/job/shared/a`;
  await blobs.put(at, Buffer.from('hello'));
  await blobs.get(at);
  await blobs.list(`${DIRECTORY}/job`);
  await blobs.delete(at);
  await blobs.deleteMany?.([at]);
}

describe('permissions of the stores', () => {
  it('are those that their requests need, no fewer and no more', async () => {
    const ofRows = new AwsWorld();
    const key = { partitionKey: 'p', sortKey: 'a' };
    const check: RowWrite = { type: 'check', partitionKey: 'p', sortKey: 'b', expectedVersion: 0 };
    const writes: readonly (readonly RowWrite[])[] = [
      [{ type: 'put', ...key, value: 1 }],
      [{ type: 'put', ...key, value: 1, expectedVersion: 1 }],
      [{ type: 'check', ...key, expectedVersion: 2 }, check],
      [{ type: 'put', ...key, value: 1 }, check],
      [{ type: 'delete', ...key }],
    ];
    for (const steps of writes) await ofRows.rows.write(steps);
    await ofRows.rows.get('p', 'a');
    await ofRows.rows.query('p');
    assert.deepEqual(actionsOf(ofRows), [...ROW_ACTIONS].sort());

    const ofSegments = new AwsWorld();
    await useAll(ofSegments.items);
    assert.deepEqual(actionsOf(ofSegments), [...SEGMENT_ACTIONS].sort());

    const ofObjects = new AwsWorld();
    await useAll(ofObjects.objects());
    ofObjects.aws.failNext('UploadPart', { status: 403, code: 'AccessDenied' });
    const multipart = { aboveBytes: 1, partBytes: 1, partsInFlight: 1 };
    const refused = ofObjects.objects({ multipart }).put(`${DIRECTORY}/x`, Buffer.from('abc'));
    await assert.rejects(refused, { code: 'BLOB_NOT_WRITABLE' });
    assert.deepEqual(actionsOf(ofObjects), [...OBJECT_ACTIONS, ...BUCKET_ACTIONS].sort());
  });
});
