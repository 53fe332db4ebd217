/**
 * Jobs on a deployed cluster whose calls to AWS go wrong. What comes out is what the local run
 * prints. Signatures and policies are enforced, also while things go wrong. Faults that last longer
 * than what retries wait for are in `faults.long.itest.ts`.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  DeleteFunctionConcurrencyCommand,
  PutFunctionConcurrencyCommand,
} from '@aws-sdk/client-lambda';
import { FAULTS, type FaultRule } from '../proxy/index.ts';
import { claimCheckScenarios } from './claim-check-scenarios.ts';
import { FaultyCluster, isOf, isWrite, type NumberedRun } from './faulty-cluster.ts';
import { poisonScenarios } from './poison-scenarios.ts';
import { refusalScenarios } from './refusal-scenarios.ts';

/** Killed turns are repeated after twice that. */
const TURN_S = 5;
const RUN: NumberedRun = { parallelism: 3, count: 600, rate: 150, checkpointMs: 1000 };

describe('a deployed cluster whose calls go wrong', { concurrency: 4 }, () => {
  let faulty: FaultyCluster;
  before(async () => {
    faulty = await FaultyCluster.deploy({ turnSeconds: `${TURN_S}` }, { auth: true });
  });
  after(async () => {
    await faulty?.stop();
  });

  /** Runs a job with these faults; all of them have to strike. */
  const runWith = async (
    run: NumberedRun,
    rulesOf: (jobId: string) => readonly FaultRule[],
  ): Promise<string> => {
    const jobId = await faulty.submit(run);
    const rules = rulesOf(jobId).map((rule) => faulty.proxy.inject(rule));
    await faulty.assertSameAsLocal(jobId, run);
    for (const { rule, hits } of rules) {
      const wanted = rule.times ?? 3;
      assert.ok(hits >= wanted, `${JSON.stringify(rule)} hits=${hits}`);
    }
    return jobId;
  };
  const assertNoneFailed = async (jobId: string): Promise<void> => {
    const { completed, failures, restarts } = await faulty.checkpoints(jobId);
    assert.deepEqual([failures, restarts], [[], 0]);
    assert.ok(completed > 0, `completed=${completed}`);
  };

  it('takes messages in inboxes that come twice, late and out of order', async () => {
    const jobId = await runWith(RUN, (id) => {
      const inboxes = { service: 'sqs', resource: new RegExp(`-i-${id}-`), probability: 0.3 };
      return [
        { ...inboxes, fault: { kind: 'duplicate-message', minMs: 0, maxMs: 1500 } },
        { ...inboxes, fault: { kind: 'hold-message', minMs: 50, maxMs: 800 } },
        { ...inboxes, fault: { kind: 'shuffle-message' } },
      ];
    });
    await assertNoneFailed(jobId);
  });

  it('takes messages to the coordinator, and ticks, that come twice and late', async () => {
    const jobId = await faulty.submit(RUN);
    const copies = faulty.copyMessages(jobId, { maxDelayMs: 2000 });
    const fault = { kind: 'delay', minMs: 0, maxMs: 400 } as const;
    const where = isOf(jobId);
    const resource = /-coordinator\.fifo$|-ticks$/;
    const late = faulty.proxy.inject({ service: 'sqs', resource, where, fault, probability: 0.5 });
    await faulty.assertSameAsLocal(jobId, RUN);
    const { coordinator, ticks } = await copies.end();
    assert.ok(coordinator > 10 && ticks > 2 && late.hits > 5, `${coordinator} ${ticks}`);
    await assertNoneFailed(jobId);
  });

  it('goes on when both tables are throttled for a while', async () => {
    const jobId = await runWith({ ...RUN, keptChars: 300 }, (id) => {
      const where = isOf(id);
      const isOfSlot = isOf(id, 'taskmanager');
      const throttled = { service: 'dynamodb', where, fault: FAULTS.dynamoThrottled };
      const byRate = { kind: 'refuse', status: 400, code: 'ThrottlingException' } as const;
      return [
        { ...throttled, resource: /-jobs$/, skip: 20, times: 12, probability: 0.6 },
        { ...throttled, resource: /-state$/, times: 8, probability: 0.6 },
        { ...throttled, where: isOfSlot, resource: /-state$/, times: 8, fault: byRate },
      ];
    });
    await assertNoneFailed(jobId);
  });

  it('knows its own manifest again when the answer to its PUT was lost', async () => {
    const heads: string[] = [];
    const jobId = await runWith(RUN, (id) => {
      const resource = new RegExp(`${id}/chk-\\d+/_metadata$`);
      faulty.proxy.watch(({ operation, resource: key }) => {
        if (operation === 'HeadObject' && resource.test(key)) heads.push(key);
      });
      const lost = { service: 's3', operation: 'PutObject', resource, fault: FAULTS.s3AnswerLost };
      return [{ ...lost, times: 2 }];
    });
    assert.equal(heads.length, 1);
    await assertNoneFailed(jobId);
  });

  it('reads and clears inboxes again when SQS fails for a while', async () => {
    const jobId = await runWith(RUN, (id) => {
      const inboxes = { service: 'sqs', resource: new RegExp(`-i-${id}-`) };
      const broken = { kind: 'refuse', status: 500, code: 'InternalError' } as const;
      return [
        { ...inboxes, operation: 'ReceiveMessage', skip: 9, times: 15, fault: broken },
        { ...inboxes, operation: 'DeleteMessageBatch', times: 15, fault: broken },
        { ...inboxes, operation: 'SendMessage', skip: 9, times: 9, fault: FAULTS.sqsThrottled },
        { ...inboxes, operation: 'SendMessage', skip: 30, times: 9, fault: FAULTS.sqsAnswerLost },
      ];
    });
    await assertNoneFailed(jobId);
  });

  it('goes on when the coordinator dies before its writes, and behind them', async () => {
    const run = { ...RUN, count: 900 };
    const jobId = await runWith(run, (id) => {
      const isOfJob = isOf(id, 'coordinator');
      const where: FaultRule['where'] = (call) => isOfJob(call) && isWrite(call);
      const kill = (isCarriedOut: boolean, service: string, skip: number): FaultRule => ({
        ...{ service, where, skip, times: 1, fault: { kind: 'kill-caller', isCarriedOut } },
      });
      return [kill(false, 's3', 0), kill(true, 'dynamodb', 9), kill(true, 'sqs', 4)];
    });
    const { restarts } = await faulty.checkpoints(jobId);
    assert.equal(restarts, 0);
  });

  it('starts its leases when Lambda has room again', async () => {
    const FunctionName = 'jobs-taskmanager';
    const { lambda } = faulty.clients;
    const none = { FunctionName, ReservedConcurrentExecutions: 0 };
    await lambda.send(new PutFunctionConcurrencyCommand(none));
    const jobId = await faulty.submit(RUN);
    await faulty.refusedLeases(jobId, 3);
    await lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName }));
    await faulty.assertSameAsLocal(jobId, RUN);
    await assertNoneFailed(jobId);
  });

  poisonScenarios(() => faulty);
  claimCheckScenarios(() => faulty);
  refusalScenarios(() => faulty);
});
