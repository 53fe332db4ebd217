/** Messages nobody can take, in every queue of a running job. */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { it } from 'node:test';
import {
  type Message,
  type MessageAttributeValue,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { encodeItems, packItem } from '../../../runtime/adapters/aws/index.ts';
import type { FaultyCluster, NumberedRun } from './faulty-cluster.ts';

const RUN: NumberedRun = { parallelism: 2, count: 900, rate: 150, checkpointMs: 1000 };
/** In an inbox, a message's bytes are this attribute. */
const ATTRIBUTE = 'f';

/** To be called in a `describe`. @param cluster is there when the tests run. */
export function poisonScenarios(cluster: () => FaultyCluster): void {
  it('puts poison of the coordinator aside with its reason, and its job goes on', () =>
    poisonOfCoordinator(cluster()));
  it('puts poison among ticks aside with its reason, and its job goes on', () =>
    poisonOfTicks(cluster()));
  it('puts poison of an inbox aside with its reason, and its job goes on', () =>
    poisonOfInbox(cluster()));
  it('restarts a job when what was in its inbox cannot be read any more', () =>
    damagedInbox(cluster()));
}

async function poisonOfCoordinator(faulty: FaultyCluster): Promise<void> {
  const jobId = await faulty.submit(RUN);
  await faulty.checkpointed(jobId, 'a checkpoint', ({ completed }) => completed > 0);
  const message = (fields: object) => JSON.stringify({ jobId, ...fields });
  const bodies = {
    'no JSON': `${randomUUID()}`,
    'no JSON object': JSON.stringify([randomUUID()]),
    'names no job': JSON.stringify({ type: 'tick', jobId: randomUUID(), atEpochMs: 0 }),
    'type=of-tomorrow': message({ type: 'of-tomorrow' }),
    // What an attribute of SQS may not hold is not in its reason.
    'type=\ufffd\ufffd': message({ type: '\u0000\ud800' }),
    'field=reports': message({
      type: 'reports',
      attempt: 0,
      lease: 0,
      slotIndex: 0,
      sequence: 0,
    }),
    'no such job': JSON.stringify({ jobId: 'f'.repeat(32), type: 'wake', id: randomUUID() }),
    // No word is too long to be put aside.
    'it is no JSON': 'x'.repeat(1_048_576),
  };
  for (const MessageBody of Object.values(bodies)) {
    await faulty.clients.sqs.send(
      new SendMessageCommand({
        ...{ QueueUrl: faulty.queueUrl('coordinator.fifo'), MessageBody },
        ...{ MessageGroupId: jobId, MessageDeduplicationId: randomUUID() },
      }),
    );
  }
  await faulty.assertSameAsLocal(jobId, RUN);
  const found = await deadLetters(faulty, 'coordinator-dlq.fifo', (letters) =>
    Object.values(bodies).every((body) => letters.some((letter) => isOf(letter, body))),
  );
  for (const [reason, body] of Object.entries(bodies)) {
    const letter = found.find((other) => isOf(other, body));
    assert.match(reasonOf(letter), new RegExp(reason), body.slice(0, 100));
  }
  await assertUndisturbed(faulty, jobId);
}

async function poisonOfTicks(faulty: FaultyCluster): Promise<void> {
  const jobId = await faulty.submit(RUN);
  const bodies = {
    'no JSON': `${randomUUID()}`,
    'it is no tick': JSON.stringify({
      jobId,
      type: 'request',
      requestId: 'r',
      request: { type: 'cancel' },
    }),
    'field=atEpochMs': JSON.stringify({ jobId, type: 'tick', atEpochMs: 'soon' }),
  };
  for (const MessageBody of Object.values(bodies)) {
    const QueueUrl = faulty.queueUrl('ticks');
    await faulty.clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  }
  await faulty.assertSameAsLocal(jobId, RUN);
  const found = await deadLetters(faulty, 'ticks-dlq', (letters) =>
    Object.values(bodies).every((body) => letters.some((letter) => isOf(letter, body))),
  );
  for (const [reason, body] of Object.entries(bodies)) {
    assert.match(reasonOf(found.find((other) => isOf(other, body))), new RegExp(reason));
  }
  await assertUndisturbed(faulty, jobId);
}

async function poisonOfInbox(faulty: FaultyCluster): Promise<void> {
  const jobId = await faulty.submit(RUN);
  await faulty.checkpointed(jobId, 'a checkpoint', ({ completed }) => completed > 0);
  const foreign = messageOf('e'.repeat(32));
  const unknown = messageOf(jobId, 99);
  const poison = {
    [`text ${randomUUID()}`]: /^INBOX_MESSAGE_FOREIGN: /,
    garbage: /^INBOX_MESSAGE_FOREIGN: /,
    foreign: /^INBOX_MESSAGE_MISDIRECTED: .*it is for job eeee/,
    unknown: /^INBOX_MESSAGE_MISDIRECTED: .*no channel 99:0:1 /,
    large: /^INBOX_MESSAGE_FOREIGN: /,
  };
  const bytes: Readonly<Record<string, Uint8Array>> = {
    ...{ foreign, unknown },
    garbage: Buffer.concat([Buffer.of(0x77), randomBytes(500)]),
    large: Buffer.alloc(1_048_576 - 'large'.length - ATTRIBUTE.length - 'Binary'.length, 0x77),
  };
  for (const body of Object.keys(poison)) await sendToInbox(faulty, jobId, body, bytes[body]);
  await faulty.assertSameAsLocal(jobId, RUN);
  const found = await deadLetters(faulty, 'inbox-dlq', (letters) =>
    Object.keys(poison).every((body) => letters.some((letter) => letter.Body === body)),
  );
  for (const [body, reason] of Object.entries(poison)) {
    assert.match(reasonOf(found.find(({ Body }) => Body === body)), reason, body);
  }
  await assertUndisturbed(faulty, jobId);
}

async function damagedInbox(faulty: FaultyCluster): Promise<void> {
  const run: NumberedRun = { ...RUN, rate: 60 };
  const jobIds = await Promise.all([faulty.submit(run), faulty.submit(run)]);
  const damages = {
    // Cut off, as bytes are whose base64 is.
    INBOX_MESSAGE_CORRUPT: (own: Uint8Array) => own.subarray(0, own.length - 1),
    INBOX_MESSAGE_VERSION: (own: Uint8Array) => own.with(0, 2),
  };
  await Promise.all(
    Object.entries(damages).map(async ([code, damage], i) => {
      const jobId = jobIds[i] ?? '';
      await faulty.checkpointed(jobId, 'a checkpoint', ({ completed }) => completed > 0);
      await sendToInbox(faulty, jobId, `${code} ${jobId}`, damage(messageOf(jobId)));
      await faulty.assertSameAsLocal(jobId, RUN, false);
      const { restarts } = await faulty.checkpoints(jobId);
      assert.equal(restarts, 1);
      const found = await deadLetters(faulty, 'inbox-dlq', (letters) =>
        letters.some(({ Body }) => Body === `${code} ${jobId}`),
      );
      const letter = found.find(({ Body }) => Body === `${code} ${jobId}`);
      assert.match(reasonOf(letter), new RegExp(`^${code}: `));
      const { rootException } = await faulty.ended(jobId);
      assert.match(rootException, new RegExp(code));
    }),
  );
}

/** Puts something into an inbox that its job has to restart for. */
export async function damageInbox(faulty: FaultyCluster, jobId: string): Promise<void> {
  await sendToInbox(faulty, jobId, '-', messageOf(jobId).subarray(0, -1));
}

async function assertUndisturbed(faulty: FaultyCluster, jobId: string): Promise<void> {
  const { restarts, failures } = await faulty.checkpoints(jobId);
  assert.deepEqual([restarts, failures], [0, []]);
}

const letters = new Map<string, Message[]>();

/** Collects what is in a dead-letter queue, until it is enough; others may look for theirs too. */
async function deadLetters(
  faulty: FaultyCluster,
  name: string,
  isEnough: (found: readonly Message[]) => boolean,
): Promise<readonly Message[]> {
  const found = letters.get(name) ?? [];
  letters.set(name, found);
  return await faulty.eventually(`${name} has what is looked for`, async () => {
    const { Messages = [] } = await faulty.clients.sqs.send(
      new ReceiveMessageCommand({
        ...{ QueueUrl: faulty.queueUrl(name), MaxNumberOfMessages: 10, VisibilityTimeout: 600 },
        MessageAttributeNames: ['All'],
      }),
    );
    found.push(...Messages);
    return isEnough(found) ? found : undefined;
  });
}

/** The beginning, for what is too long as a whole. */
function isOf({ Body = '' }: Message, body: string): boolean {
  return Body.slice(0, 1000) === body.slice(0, 1000);
}

function reasonOf(letter: Message | undefined): string {
  return letter?.MessageAttributes?.reason?.StringValue ?? 'none';
}

async function sendToInbox(
  faulty: FaultyCluster,
  jobId: string,
  MessageBody: string,
  bytes: Uint8Array | undefined,
): Promise<void> {
  const binary = (BinaryValue: Uint8Array): MessageAttributeValue => {
    return { DataType: 'Binary', BinaryValue };
  };
  await faulty.clients.sqs.send(
    new SendMessageCommand({
      QueueUrl: faulty.queueUrl(`i-${jobId}-1`),
      MessageBody,
      ...(bytes && { MessageAttributes: { [ATTRIBUTE]: binary(bytes) } }),
    }),
  );
}

/** Of the first attempt: a question about a channel. */
function messageOf(jobId: string, edgeId = 0): Uint8Array {
  const channel = { edgeId, fromSubtask: 0, toSubtask: 1 };
  const probe = packItem({ type: 'probe', channel, lease: 0, sequence: 0 });
  return new Uint8Array(encodeItems({ jobId, attempt: 0 }, [probe]));
}
