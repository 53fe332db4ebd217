/**
 * The coordinator's queue, its ticks, and where messages go that nobody could take. Inboxes are
 * made by API, one a TaskManager, for as long as their job lives.
 */
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  DeduplicationScope,
  FifoThroughputLimit,
  type IQueue,
  Queue,
  QueueEncryption,
  type QueueProps,
} from 'aws-cdk-lib/aws-sqs';
import { Duration, Fn, RemovalPolicy, Validations } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { ClusterNames } from './names.ts';

export interface QueuesProps {
  readonly names: ClusterNames;
  readonly kmsKey: IKey | undefined;
  readonly turnTimeout: Duration;
}

/** The most there is: reports of a thousand slots name many segments. */
const MAX_MESSAGE_BYTES = 1_048_576;
/** A poison message is looked at in working hours. */
const DEAD_LETTER_RETENTION = Duration.days(14);
/**
 * A turn that dies keeps its job's messages hidden for this many turns. Six are usual, for
 * functions that are throttled often; here it is how long a job stands still.
 */
const HIDDEN_TURNS = 2;
/**
 * The most there is: at a minute each, which is what they wait at most, an outage of sixteen hours.
 * What a message itself is to blame for is found by the functions, long before.
 */
const RECEIVES_A_MESSAGE = 1_000;

export class Queues extends Construct {
  readonly coordinator: Queue;
  readonly ticks: Queue;
  readonly coordinatorDeadLetters: Queue;
  readonly tickDeadLetters: Queue;
  readonly inboxDeadLetters: Queue;
  /** Followed by `<jobId>-<taskManager>`. */
  readonly inboxUrlPrefix: string;

  constructor(scope: Construct, id: string, { names, kmsKey, turnTimeout }: QueuesProps) {
    super(scope, id);
    const usual = usualProps(kmsKey);
    const visibilityTimeout = Duration.seconds(HIDDEN_TURNS * turnTimeout.toSeconds());
    const deadLetters = { ...usual, retentionPeriod: DEAD_LETTER_RETENTION };
    // Per group: jobs do not share the 300 calls a second.
    const fifo = {
      fifo: true,
      deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
      fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
    };
    this.coordinatorDeadLetters = new Queue(this, 'CoordinatorDeadLetters', {
      ...deadLetters,
      ...fifo,
      queueName: names.coordinatorDeadLetters,
    });
    this.coordinator = new Queue(this, 'Coordinator', {
      ...usual,
      ...fifo,
      queueName: names.coordinatorQueue,
      visibilityTimeout,
      // A coordinator that is broken for a week is repaired, and finds everything.
      retentionPeriod: Duration.days(14),
      deadLetterQueue: givenUp(this.coordinatorDeadLetters),
    });
    this.tickDeadLetters = new Queue(this, 'TickDeadLetters', {
      ...deadLetters,
      queueName: names.tickDeadLetters,
    });
    this.ticks = new Queue(this, 'Ticks', {
      ...usual,
      queueName: names.tickQueue,
      visibilityTimeout,
      retentionPeriod: Duration.days(14),
      deadLetterQueue: givenUp(this.tickDeadLetters),
    });
    this.inboxDeadLetters = new Queue(this, 'InboxDeadLetters', {
      ...deadLetters,
      queueName: names.inboxDeadLetters,
    });
    Validations.of(this.inboxDeadLetters).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: 'It is the dead-letter queue of the inboxes, which are made by API.',
    });
    // The service says what its URLs look like, so also where it is not AWS's own.
    const base = Fn.select(0, Fn.split(names.coordinatorQueue, this.coordinator.queueUrl));
    this.inboxUrlPrefix = Fn.join('', [base, names.inboxPrefix]);
  }
}

function usualProps(kmsKey: IKey | undefined): QueueProps {
  return {
    enforceSSL: true,
    maxMessageSizeBytes: MAX_MESSAGE_BYTES,
    // What is in a queue is repeated by its sender, or lies in a store.
    removalPolicy: RemovalPolicy.DESTROY,
    ...(kmsKey === undefined
      ? { encryption: QueueEncryption.SQS_MANAGED }
      : {
          encryption: QueueEncryption.KMS,
          encryptionMasterKey: kmsKey,
          // Calls of the key cost more than messages.
          dataKeyReuse: Duration.hours(1),
        }),
  };
}

function givenUp(queue: IQueue): NonNullable<QueueProps['deadLetterQueue']> {
  return { queue, maxReceiveCount: RECEIVES_A_MESSAGE };
}
