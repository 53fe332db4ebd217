/**
 * What each function may do, and why: the whole of it, beside its own log. Actions are named one by
 * one; a resource has a `*` only behind the cluster's own prefix, or where IAM knows no other.
 */
import type { FunctionName } from './names.ts';
import { KEYS } from './storage.ts';

export interface Grant {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** Why a resource ends in `*`. */
  readonly wildcard?: string;
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** ARNs of what the functions use. */
export interface GrantedResources {
  readonly bucketArn: string;
  readonly jobsTableArn: string;
  readonly stateTableArn: string;
  readonly coordinatorQueueArn: string;
  readonly tickQueueArn: string;
  /** Where the coordinator puts messages that it cannot read. */
  readonly coordinatorDeadLetterArn: string;
  readonly tickDeadLetterArn: string;
  readonly inboxDeadLetterArn: string;
  /** Ends in `*`. */
  readonly inboxArns: string;
  readonly jobManagerArn: string;
  readonly triggerSavepointArn: string;
  /** Of the function `plan`. */
  readonly planArn: string;
  /** Of the JobManager; ends in `*`. */
  readonly executionArns: string;
  /** Of schedules that wake jobs; ends in `*`, behind the cluster's own group. */
  readonly wakeUpArns: string;
  readonly wakeRoleArn: string;
  /** Of rules that wake jobs; ends in `*`, behind the cluster's own prefix. */
  readonly wakeRuleArns: string;
  /** Of what TaskManagers and the coordinator log; those of streams end in `*`. */
  readonly logArns: readonly string[];
}

const ROW_READS = ['dynamodb:GetItem', 'dynamodb:Query'] as const;
/** Nobody but the coordinator, and the sweeper of jobs long ended, deletes rows. */
const COORDINATOR_ROWS = [
  ...ROW_READS,
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
  'dynamodb:ConditionCheckItem',
  'dynamodb:DeleteItem',
] as const;
const SEGMENT_CHANGES = [
  'dynamodb:PutItem',
  'dynamodb:DeleteItem',
  'dynamodb:BatchWriteItem',
] as const;
/** Parts of an upload that has failed are given back. */
const OBJECT_PUTS = ['s3:PutObject', 's3:AbortMultipartUpload'] as const;
const OBJECT_WRITES = [...OBJECT_PUTS, 's3:DeleteObject'] as const;
const RECEIVE = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility'] as const;
/** Of an event source mapping, and of who delays what it was given. */
const CONSUME_BY_LAMBDA = [...RECEIVE, 'sqs:GetQueueAttributes'] as const;
const MAKE_QUEUES = ['sqs:CreateQueue', 'sqs:TagQueue'] as const;
const OBJECTS = 'Keys below it are made of job ids, and of names nobody knows before.';
const INBOXES = 'Inboxes are named after jobs that do not exist yet, behind a prefix of their own.';

const WAKE_RULES = 'Rules are named after jobs, behind a prefix that is the cluster’s own.';
const WAKE_UPS = 'Schedules are named after jobs, in a group that is the cluster’s own.';

/** What a function may do. */
export function functionGrants(name: FunctionName, to: GrantedResources): readonly Grant[] {
  return GRANTS[name](vocabulary(to), to);
}

/** Grants by what they are for. */
interface Vocabulary {
  rows(...actions: readonly string[]): Grant;
  segments(...actions: readonly string[]): Grant;
  objects(actions: readonly string[], ...keys: readonly (keyof typeof KEYS)[]): Grant;
  /** Without it S3 says of an object that is not there that access is denied. */
  readonly listing: Grant;
  /** To the coordinator. */
  readonly send: Grant;
  inboxes(...actions: readonly string[]): Grant;
}

function vocabulary(to: GrantedResources): Vocabulary {
  return {
    rows: (...actions) => ({ actions, resources: [to.jobsTableArn] }),
    segments: (...actions) => ({ actions, resources: [to.stateTableArn] }),
    objects: (actions, ...keys) => ({
      actions,
      resources: keys.map((key) => `${to.bucketArn}/${KEYS[key]}*`),
      wildcard: OBJECTS,
    }),
    listing: { actions: ['s3:ListBucket'], resources: [to.bucketArn] },
    send: { actions: ['sqs:SendMessage'], resources: [to.coordinatorQueueArn] },
    inboxes: (...actions) => ({ actions, resources: [to.inboxArns], wildcard: INBOXES }),
  };
}

type GrantsOf = (may: Vocabulary, to: GrantedResources) => readonly Grant[];

const GRANTS: Readonly<Record<FunctionName, GrantsOf>> = {
  // Submits jobs and reads what the coordinator has written of them, and what both have logged.
  api: (may, to) => [
    may.rows(...ROW_READS, 'dynamodb:PutItem', 'dynamodb:UpdateItem'),
    // Queryable state is answered from checkpoints, by their names: nothing is listed.
    may.segments('dynamodb:GetItem'),
    may.objects(['s3:GetObject'], 'jobs', 'uploads', 'checkpoints', 'savepoints'),
    may.objects(['s3:PutObject'], 'jobs', 'uploads'),
    // Savepoints go only when a client says so, by their path.
    may.objects(['s3:DeleteObject'], 'uploads', 'savepoints'),
    may.listing,
    may.send,
    { actions: ['states:StartExecution'], resources: [to.jobManagerArn] },
    // What an upload would run is told by who evaluates programs anyway.
    { actions: ['lambda:InvokeFunction'], resources: [to.planArn] },
    {
      actions: ['logs:FilterLogEvents'],
      resources: to.logArns,
      wildcard: 'IAM names a log group with all of its streams.',
    },
  ],
  // Evaluates programs, also uploads that are only looked at; reads what they start from, makes
  // inboxes.
  plan: (may) => [
    may.rows(...ROW_READS, 'dynamodb:UpdateItem'),
    may.segments(...ROW_READS),
    may.objects(['s3:GetObject'], 'jobs', 'uploads', 'checkpoints', 'savepoints'),
    may.listing,
    may.inboxes(...MAKE_QUEUES),
    {
      actions: ['lambda:GetAccountSettings'],
      resources: ['*'],
      wildcard: "IAM knows no resource for the account's quotas.",
    },
  ],
  // Writes manifests and the log of checkpoints, collects garbage, tells slots, answers machines.
  coordinator: (may, to) => [
    may.rows(...COORDINATOR_ROWS),
    may.segments(...ROW_READS, ...SEGMENT_CHANGES),
    may.objects(['s3:GetObject'], 'jobs', 'checkpoints', 'savepoints'),
    may.objects(OBJECT_WRITES, 'checkpoints', 'savepoints'),
    // What an attempt's TaskManagers read, and turns too large for a row; not the programs.
    {
      actions: OBJECT_WRITES,
      resources: ['attempts', 'turns'].map((part) => `${to.bucketArn}/${KEYS.jobs}*/${part}/*`),
      wildcard: OBJECTS,
    },
    may.listing,
    { actions: CONSUME_BY_LAMBDA, resources: [to.coordinatorQueueArn] },
    {
      actions: ['sqs:SendMessage'],
      resources: [to.coordinatorQueueArn, to.tickQueueArn, to.coordinatorDeadLetterArn],
    },
    may.inboxes('sqs:SendMessage', ...MAKE_QUEUES),
    {
      actions: ['states:SendTaskSuccess', 'states:SendTaskFailure'],
      resources: [to.jobManagerArn, to.triggerSavepointArn],
    },
    // A job that wakes goes on in a new execution; one that a TaskManager hangs in is replaced.
    { actions: ['states:StartExecution'], resources: [to.jobManagerArn] },
    {
      actions: ['states:StopExecution'],
      resources: [to.executionArns],
      wildcard: 'Executions are named after jobs that do not exist yet.',
    },
    {
      actions: ['scheduler:CreateSchedule', 'scheduler:DeleteSchedule'],
      resources: [to.wakeUpArns],
      wildcard: WAKE_UPS,
    },
    {
      actions: ['iam:PassRole'],
      resources: [to.wakeRoleArn],
      conditions: { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } },
    },
    // A rule of a job may send to the queue of ticks, and nowhere else.
    {
      actions: ['events:PutTargets'],
      resources: [to.wakeRuleArns],
      wildcard: WAKE_RULES,
      conditions: { 'ForAllValues:ArnEquals': { 'events:TargetArn': to.tickQueueArn } },
    },
    {
      actions: ['events:PutRule', 'events:RemoveTargets', 'events:DeleteRule'],
      resources: [to.wakeRuleArns],
      wildcard: WAKE_RULES,
    },
  ],
  // Takes ticks when they are due, delays them again, puts them into the coordinator's queue.
  ticks: (_may, to) => [
    { actions: CONSUME_BY_LAMBDA, resources: [to.tickQueueArn] },
    {
      actions: ['sqs:SendMessage'],
      resources: [to.coordinatorQueueArn, to.tickQueueArn, to.tickDeadLetterArn],
    },
  ],
  // Claims its lease, restores and writes state, talks to the others. Code of jobs runs in it: it
  // deletes nothing but messages, and frames that have arrived.
  taskmanager: (may, to) => [
    may.rows('dynamodb:GetItem', 'dynamodb:PutItem'),
    may.segments('dynamodb:GetItem', 'dynamodb:PutItem'),
    may.objects(['s3:GetObject'], 'jobs', 'checkpoints', 'savepoints', 'frames'),
    may.objects(OBJECT_PUTS, 'checkpoints', 'savepoints', 'frames'),
    may.objects(['s3:DeleteObject'], 'frames'),
    may.listing,
    may.send,
    may.inboxes(...RECEIVE, 'sqs:SendMessage'),
    { actions: ['sqs:SendMessage'], resources: [to.inboxDeadLetterArn] },
  ],
  settle: (may, to) => [
    may.rows('dynamodb:GetItem'),
    may.objects(['s3:DeleteObject'], 'frames'),
    {
      actions: ['s3:DeleteObject'],
      resources: [`${to.bucketArn}/${KEYS.jobs}*/turns/*`],
      wildcard: OBJECTS,
    },
    may.listing,
    may.send,
    may.inboxes('sqs:DeleteQueue'),
  ],
  // Deletes inboxes that were left behind, and what is left of jobs that ended long ago.
  sweeper: (may, to) => [
    may.rows(...ROW_READS, 'dynamodb:PutItem', 'dynamodb:DeleteItem'),
    may.objects(['s3:DeleteObject'], 'jobs'),
    may.listing,
    may.inboxes('sqs:GetQueueAttributes', 'sqs:DeleteQueue'),
    {
      actions: ['sqs:ListQueues'],
      resources: ['*'],
      wildcard: 'IAM knows no resource for the listing of queues.',
    },
    {
      actions: ['events:ListRules'],
      resources: ['*'],
      wildcard: 'IAM knows no resource for the listing of rules.',
    },
    {
      actions: ['events:RemoveTargets', 'events:DeleteRule'],
      resources: [to.wakeRuleArns],
      wildcard: WAKE_RULES,
    },
  ],
};

/** With a key of the account: what who reads and writes through S3, SQS and DynamoDB needs of it. */
export const KEY_ACTIONS = [
  'kms:Decrypt',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:DescribeKey',
] as const;
