/** Records that are too large for a queue, or nearly, through a keyed hop. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { messageBytes } from '../proxy/index.ts';
import type { FaultyCluster, NumberedRun } from './faulty-cluster.ts';

const MESSAGE_BYTES = 1_048_576;

/** To be called in a `describe`. @param cluster is there when the tests run. */
export function claimCheckScenarios(cluster: () => FaultyCluster): void {
  for (const [chars, count] of [
    [300_000, 36],
    [1_500_000, 12],
  ] as const) {
    it(`takes records of ${chars} bytes to another TaskManager`, async () => {
      const faulty = cluster();
      const run: NumberedRun = {
        ...{ parallelism: 2, count, chars, rate: count / 4, checkpointMs: 1000 },
      };
      const jobId = await faulty.submit(run);
      const seen = watchFrames(faulty, jobId);
      await faulty.assertSameAsLocal(jobId, run);
      const { restarts, failures, completed } = await faulty.checkpoints(jobId);
      assert.deepEqual([restarts, failures], [0, []]);
      assert.ok(completed > 1, `completed=${completed}`);
      // The smaller ones do too when two of them wait for the same message.
      const isTooLarge = chars > MESSAGE_BYTES;
      assert.ok(seen.put.size > 0 || !isTooLarge, 'what is too large is in the bucket');
      assert.ok(seen.largestMessageBytes > chars || isTooLarge, 'what is not is in messages');
      // Should base64 be what is counted, they still fit.
      assert.ok((seen.largestMessageBytes * 4) / 3 < MESSAGE_BYTES, `${seen.largestMessageBytes}`);
      assert.deepEqual(
        [...seen.put].sort(),
        [...seen.deleted].sort(),
        'each was deleted when taken',
      );
      assert.deepEqual(await framesOf(faulty, jobId), []);
    });
  }
}

interface SeenFrames {
  readonly put: Set<string>;
  readonly deleted: Set<string>;
  largestMessageBytes: number;
}

function watchFrames(faulty: FaultyCluster, jobId: string): SeenFrames {
  const seen: SeenFrames = { put: new Set(), deleted: new Set(), largestMessageBytes: 0 };
  faulty.proxy.watch((call) => {
    const { service, operation, resource, input, caller } = call;
    if (!resource.includes(jobId) || caller?.program !== 'taskmanager') return;
    if (service === 'sqs' && operation === 'SendMessage') {
      seen.largestMessageBytes = Math.max(
        seen.largestMessageBytes,
        messageBytes(input ?? {}, 'MessageBody'),
      );
    }
    if (service !== 's3' || !resource.includes(`/frames/${jobId}/`)) return;
    if (operation === 'PutObject') seen.put.add(resource);
    if (operation === 'DeleteObject') seen.deleted.add(resource);
  });
  return seen;
}

async function framesOf(faulty: FaultyCluster, jobId: string): Promise<readonly string[]> {
  const { BucketName: Bucket } = Object.values(faulty.cluster.app.outputs)[0] ?? {};
  return await faulty.eventually(`frames of job ${jobId} are cleared away`, async () => {
    const { Contents = [] } = await faulty.clients.s3.send(
      new ListObjectsV2Command({ Bucket, Prefix: `frames/${jobId}/` }),
    );
    return Contents.length === 0 ? [] : undefined;
  });
}
