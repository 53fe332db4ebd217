/** Goal: what the coordinator's ports say to AWS. Method: the SDK's clients, answered in the process. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Timers } from '../../../core/index.ts';
import { SeededRng, VirtualTime } from '../../memory/virtual-time.ts';
import { AwsCalls } from '../aws-calls.ts';
import { awsClientConfig, createS3Client } from '../clients.ts';
import { FakeAws, type FakeRequest, type FakeResponse } from '../fake-aws.conformance.ts';
import { decodeMessage, SqsQueues } from '../inbox/index.ts';
import { presignUpload } from './presign-upload.ts';
import { SqsCommandSender } from './sqs-command-sender.ts';
import { SqsCoordinatorQueues } from './sqs-coordinator-queues.ts';
import { SqsInboxes } from './sqs-inboxes.ts';
import { StepFunctions } from './step-functions.ts';

const JOB_ID = '0'.repeat(32);
const BASE = 'https://sqs.us-east-1.amazonaws.com/1/';
const DENIED = { status: 403, code: 'AccessDeniedException' };

/** Takes everything that is sent to it. */
class Recorder {
  readonly throttling = [400, 'ThrottlingException'] as const;
  readonly sent: { readonly operation: string; readonly input: Record<string, unknown> }[] = [];

  operationOf({ headers }: FakeRequest): string | undefined {
    return headers['x-amz-target']?.replace(/^.*\./, '');
  }

  answer(request: FakeRequest): FakeResponse {
    const input = JSON.parse(request.body.toString()) as Record<string, unknown>;
    this.sent.push({ operation: this.operationOf(request) ?? '', input });
    return {
      status: 200,
      body: JSON.stringify({ QueueUrl: 'q', startDate: 1, executionArn: 'e' }),
    };
  }

  refusal(status: number, code: string, message: string): FakeResponse {
    return { status, body: JSON.stringify({ __type: code, message }) };
  }
}

const MACHINE_ARN = 'arn:aws:states:us-east-1:1:stateMachine:p-job-manager';

describe('what the coordinator says to AWS', () => {
  let recorder: Recorder;
  let aws: FakeAws;
  let calls: AwsCalls;
  let sqs: SQSClient;
  let machines: StepFunctions;
  const logged: string[] = [];

  beforeEach(() => {
    recorder = new Recorder();
    aws = new FakeAws(recorder);
    const time = new VirtualTime();
    calls = new AwsCalls({ clock: time, timers: time, rng: new SeededRng(1) });
    const config = awsClientConfig({
      region: 'us-east-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 's' },
      requestHandler: aws,
    });
    // Answers of the fake carry no checksums of bodies.
    sqs = new SQSClient({ ...config, md5: false });
    machines = new StepFunctions({
      sfn: new SFNClient(config),
      calls,
      stateMachineArn: MACHINE_ARN,
      logger: { log: (_level, message) => logged.push(message) },
    });
  });

  const last = (): Record<string, unknown> => recorder.sent.at(-1)?.input ?? {};

  it('sends messages in their group, ticks with a delay, poison with its reason', async () => {
    const coordinatorUrl = `${BASE}p-coordinator.fifo`;
    const tickUrl = `${BASE}p-ticks`;
    const queues = new SqsCoordinatorQueues({ sqs, calls, coordinatorUrl, tickUrl });
    const tick = { type: 'tick', jobId: JOB_ID, atEpochMs: 5 } as const;
    await queues.send(tick, 'tick-1');
    assert.deepEqual(last(), {
      QueueUrl: coordinatorUrl,
      MessageBody: JSON.stringify(tick),
      MessageGroupId: JOB_ID,
      MessageDeduplicationId: 'tick-1',
    });
    await queues.send(tick, 'arn:aws:states:::execution:a b');
    assert.match(String(last().MessageDeduplicationId), /^[0-9a-f]{64}$/);
    await queues.tick(tick, 7);
    assert.deepEqual([last().QueueUrl, last().DelaySeconds], [tickUrl, 7]);
    await queues.bury('jobs', 'no json', 'g', 'MESSAGE_MALFORMED: it is no JSON');
    assert.equal(last().QueueUrl, `${BASE}p-coordinator-dlq.fifo`);
    assert.equal(last().MessageGroupId, 'g');
    const { reason } = last().MessageAttributes as { reason: { StringValue: string } };
    assert.equal(reason.StringValue, 'MESSAGE_MALFORMED: it is no JSON');
    await queues.bury('ticks', '{}', '', 'r');
    assert.equal(last().QueueUrl, `${BASE}p-ticks-dlq`);
    await queues.hide('jobs', ['r1', 'r2'], 8);
    assert.deepEqual(last(), {
      QueueUrl: coordinatorUrl,
      Entries: ['r1', 'r2'].map((ReceiptHandle, index) => {
        return { Id: `${index}`, ReceiptHandle, VisibilityTimeout: 8 };
      }),
    });
    await queues.hide('ticks', ['r'], 8);
    assert.equal(last().QueueUrl, tickUrl);
    await queues.done(['r1']);
    assert.deepEqual(last(), {
      QueueUrl: coordinatorUrl,
      Entries: [{ Id: '0', ReceiptHandle: 'r1' }],
    });
    aws.failNext('DeleteMessageBatch', DENIED);
    await assert.rejects(queues.done(['r1']), { code: 'QUEUE_NOT_WRITABLE' });
    aws.failNext('SendMessage', DENIED);
    await assert.rejects(queues.tick(tick, 1), { code: 'QUEUE_NOT_WRITABLE', kind: 'invalid' });
  });

  it('packs the commands for a TaskManager into messages that fit', async () => {
    const sender = new SqsCommandSender({
      queues: new SqsQueues({ sqs, calls }),
      inboxUrlPrefix: `${BASE}p-i-`,
      maxMessageBytes: 200,
    });
    const commands = Array.from({ length: 9 }, (_, sequence) => ({
      ...{ slotIndex: 4, sequence },
      command: { type: 'checkpoint-complete', checkpointId: sequence } as const,
    }));
    await sender.sendCommands({ jobId: JOB_ID, attempt: 3, taskManager: 2 }, commands);
    assert.ok(recorder.sent.length > 1);
    const items = recorder.sent.flatMap(({ input }) => {
      assert.equal(input.QueueUrl, `${BASE}p-i-${JOB_ID}-2`);
      const { f } = input.MessageAttributes as { f: { BinaryValue: string } };
      const content = decodeMessage(Buffer.from(f.BinaryValue, 'base64'));
      assert.deepEqual([content.jobId, content.attempt], [JOB_ID, 3]);
      return content.type === 'items' ? content.items : [];
    });
    assert.deepEqual(
      items,
      commands.map((command) => ({ type: 'command', lease: 0, ...command })),
    );
  });

  it('makes inboxes as queues of the cluster, and deletes those that are there', async () => {
    const pauses: (readonly [delayMs: number, made: number])[] = [];
    const timers: Timers = {
      schedule: (delayMs, act) => {
        pauses.push([delayMs, aws.countOf('CreateQueue')]);
        queueMicrotask(act);
        return () => {};
      },
    };
    const inboxes = new SqsInboxes({
      ...{ sqs, calls, timers, prefix: 'p', inboxUrlPrefix: `${BASE}p-i-` },
      deadLetterArn: 'arn:aws:sqs:us-east-1:1:p-inbox-dlq',
    });
    await inboxes.create(JOB_ID, 1, 3);
    const names = recorder.sent.map(({ input }) => input.QueueName);
    assert.deepEqual(names, [`p-i-${JOB_ID}-1`, `p-i-${JOB_ID}-2`]);
    assert.deepEqual(pauses, [[1_000, 2]], 'a queue may be used a second after it was made');
    const { RedrivePolicy, ...attributes } = last().Attributes as Record<string, string>;
    assert.deepEqual(JSON.parse(RedrivePolicy ?? ''), {
      deadLetterTargetArn: 'arn:aws:sqs:us-east-1:1:p-inbox-dlq',
      maxReceiveCount: 50,
    });
    assert.equal(attributes.SqsManagedSseEnabled, 'true');
    assert.deepEqual(last().tags, { 'sluice:cluster': 'p', 'sluice:job': JOB_ID });
    aws.failNext('DeleteQueue', { status: 400, code: 'QueueDoesNotExist' });
    await inboxes.delete(JOB_ID, 2);
    assert.equal(aws.countOf('DeleteQueue'), 2);
    aws.failNext('CreateQueue', DENIED);
    await assert.rejects(inboxes.create(JOB_ID, 0, 1), { code: 'INBOX_NOT_CREATED' });
    aws.failNext('DeleteQueue', DENIED);
    await assert.rejects(inboxes.delete(JOB_ID, 1), { code: 'INBOX_NOT_DELETED' });
  });

  it('answers state machines, and passes over tokens that are over', async () => {
    await machines.succeed('t', 's3://bucket/savepoints/1');
    assert.deepEqual(last(), { taskToken: 't', output: '"s3://bucket/savepoints/1"' });
    await machines.fail('t', 'CODE', 'why');
    assert.deepEqual(last(), { taskToken: 't', error: 'CODE', cause: 'why' });
    for (const code of ['TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken']) {
      aws.failNext('SendTaskSuccess', { status: 400, code });
      await machines.succeed('t', {});
    }
    assert.equal(logged.length, 3);
    aws.failNext('SendTaskFailure', DENIED);
    await assert.rejects(machines.fail('t', 'C', 'r'), { code: 'TOKEN_NOT_ANSWERED' });
  });

  it('starts an execution once', async () => {
    await machines.start(`${JOB_ID}-0`, { jobId: JOB_ID });
    assert.deepEqual(
      [last().name, last().input],
      [`${JOB_ID}-0`, JSON.stringify({ jobId: JOB_ID })],
    );
    aws.failNext('StartExecution', { status: 400, code: 'ExecutionAlreadyExists' });
    await machines.start(`${JOB_ID}-0`, {});
    aws.failNext('StartExecution', DENIED);
    await assert.rejects(machines.start('n', {}), { code: 'EXECUTION_NOT_STARTED' });
  });

  it('ends an execution, and passes over one that never was', async () => {
    await machines.stop(`${JOB_ID}-0`, 'CODE', 'why');
    const executionArn = `${MACHINE_ARN.replace('stateMachine', 'execution')}:${JOB_ID}-0`;
    assert.deepEqual(last(), { executionArn, error: 'CODE', cause: 'why' });
    aws.failNext('StopExecution', { status: 400, code: 'ExecutionDoesNotExist' });
    await machines.stop('n', 'C', 'r');
    aws.failNext('StopExecution', DENIED);
    await assert.rejects(machines.stop('n', 'C', 'r'), { code: 'EXECUTION_NOT_STOPPED' });
  });

  it('signs an upload for one object, its type and a time', async () => {
    const credentials = { accessKeyId: 'a', secretAccessKey: 's' };
    const s3 = createS3Client({ region: 'us-east-1', credentials });
    const headers = { 'content-type': 'application/javascript' };
    const url = new URL(await presignUpload(s3, 's3://bucket/uploads/x.mjs', headers, 900));
    assert.equal(url.pathname, '/uploads/x.mjs');
    assert.equal(url.searchParams.get('X-Amz-Expires'), '900');
    assert.match(url.searchParams.get('X-Amz-SignedHeaders') ?? '', /content-type/);
  });
});
