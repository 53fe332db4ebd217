/**
 * Jobs on a deployed cluster whose calls to AWS fail for longer than retries wait: what was to be
 * done is given up, counted, and done again; the job goes on. Signatures and policies are enforced.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { FAULTS, type FaultRule } from '../proxy/index.ts';
import { FaultyCluster, isOf, type NumberedRun } from './faulty-cluster.ts';
import { damageInbox } from './poison-scenarios.ts';

const TOLERANT = { 'execution.checkpointing.tolerable-failed-checkpoints': 20 };
const RUN: NumberedRun = { parallelism: 2, count: 1500, rate: 30, checkpointMs: 1000 };
const TOLERANT_RUN: NumberedRun = { ...RUN, configuration: TOLERANT };
const FAILS = { kind: 'refuse', status: 500, code: 'InternalError' } as const;

describe('a deployed cluster whose calls fail for long', { concurrency: 4 }, () => {
  let faulty: FaultyCluster;
  before(async () => {
    faulty = await FaultyCluster.deploy({}, { auth: true });
  });
  after(async () => {
    await faulty?.stop();
  });

  const started = async (run: NumberedRun): Promise<string> => {
    const jobId = await faulty.submit(run);
    await faulty.checkpointed(jobId, 'a checkpoint', ({ completed }) => completed > 0);
    return jobId;
  };
  /** The fault lasts until a checkpoint has failed; a later one has to complete. */
  const failACheckpoint = async (jobId: string, rule: FaultRule): Promise<string> => {
    const { failures: before } = await faulty.checkpoints(jobId);
    assert.deepEqual(before, []);
    const active = faulty.proxy.inject(rule);
    const failed = await faulty.checkpointed(jobId, 'one has failed', ({ failures }) => {
      return failures.length > 0;
    });
    active.remove();
    assert.ok(active.hits > 3, `it was tried again: hits=${active.hits}`);
    const isLater = ({ completed }: { readonly completed: number }) => completed > failed.completed;
    await faulty.checkpointed(jobId, 'a later one has completed', isLater);
    return failed.failures[0] ?? '';
  };

  it('fails the checkpoint whose state cannot be written, and goes on', async () => {
    const run = { ...TOLERANT_RUN, keptChars: 300 };
    const jobId = await started(run);
    const isOfSlot = isOf(jobId, 'taskmanager');
    const table = { service: 'dynamodb', resource: /-state$/, where: isOfSlot };
    const reason = await failACheckpoint(jobId, { ...table, fault: FAULTS.dynamoThrottled });
    assert.match(reason, /throttle/);
    await faulty.assertSameAsLocal(jobId, run);
    assert.equal((await faulty.checkpoints(jobId)).restarts, 0);
  });

  for (const fault of [FAULTS.s3SlowDown, FAILS]) {
    it(`fails the checkpoint whose manifest is refused with ${fault.code}`, async () => {
      const jobId = await started(TOLERANT_RUN);
      const resource = new RegExp(`${jobId}/chk-\\d+/_metadata$`);
      const put = { service: 's3', operation: 'PutObject', resource };
      const reason = await failACheckpoint(jobId, { ...put, fault });
      assert.match(reason, /a blob cannot be written/);
      await faulty.assertSameAsLocal(jobId, RUN);
      assert.equal((await faulty.checkpoints(jobId)).restarts, 0);
    });
  }

  it('restarts where no failed checkpoint is tolerated, as is the default', async () => {
    const jobId = await started(RUN);
    const resource = new RegExp(`${jobId}/chk-\\d+/_metadata$`);
    await failACheckpoint(jobId, { service: 's3', operation: 'PutObject', resource, fault: FAILS });
    await faulty.assertSameAsLocal(jobId, RUN, false);
    assert.ok((await faulty.checkpoints(jobId)).restarts > 0);
  });

  it('takes turns again when the jobs table was throttled for longer than one waits', async () => {
    const jobId = await started(TOLERANT_RUN);
    const where = isOf(jobId, 'coordinator');
    const fault = FAULTS.dynamoThrottled;
    const rule = faulty.proxy.inject({ service: 'dynamodb', resource: /-jobs$|^$/, where, fault });
    await faulty.eventually('a turn is given up', async () => {
      const lines = await faulty.cluster.logged('coordinator');
      return lines.some((line) => line.includes('is taken again') && line.includes(jobId))
        ? true
        : undefined;
    });
    rule.remove();
    await faulty.assertSameAsLocal(jobId, RUN);
    assert.equal((await faulty.checkpoints(jobId)).restarts, 0);
  });

  it('restarts a job whose inbox cannot be read for long', async () => {
    const jobId = await started(RUN);
    const inbox = { service: 'sqs', resource: new RegExp(`-i-${jobId}-1$`) };
    const rule = faulty.proxy.inject({ ...inbox, operation: 'ReceiveMessage', fault: FAILS });
    await faulty.checkpointed(jobId, 'it has restarted', ({ restarts }) => restarts > 0);
    rule.remove();
    await faulty.assertSameAsLocal(jobId, RUN, false);
    const { rootException } = await faulty.ended(jobId);
    assert.match(rootException, /INBOX_NOT_READABLE/);
  });

  it('fails a job whose program was written over, or is gone, and says so', async () => {
    const { s3 } = faulty.clients;
    const { BucketName: Bucket } = Object.values(faulty.cluster.app.outputs)[0] ?? {};
    const harms = {
      PROGRAM_CHANGED: (Key: string) =>
        s3.send(new PutObjectCommand({ Bucket, Key, Body: 'export default async () => {};' })),
      PROGRAM_NOT_FOUND: (Key: string) => s3.send(new DeleteObjectCommand({ Bucket, Key })),
    };
    for (const [code, harm] of Object.entries(harms)) {
      const jobId = await started(RUN);
      await harm(`jobs/${jobId}/bundle.mjs`);
      await damageInbox(faulty, jobId);
      const { status, rootException } = await faulty.ended(jobId);
      assert.deepEqual([status, rootException.includes(code)], ['FAILED', true], rootException);
    }
  });
});
