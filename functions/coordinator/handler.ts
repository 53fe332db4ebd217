import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import {
  allWakeUps,
  Coordinator,
  createEventBridgeClient,
  createSchedulerClient,
  createSfnClient,
  EventWakeUps,
  JobTroubles,
  JobTurns,
  JobViews,
  objectThresholdBytes,
  SchedulerWakeUps,
  SqsCommandSender,
  SqsCoordinatorQueues,
  SqsInboxes,
  SqsQueues,
  StepFunctions,
  TurnEffects,
  US_EAST_1_PRICES,
  writeAttempt,
} from '../../runtime/adapters/aws/index.ts';
import { compress, decompress } from '../../runtime/checkpoint/index.ts';
import { TurnObjects } from '../../runtime/jobmaster/index.ts';
import { jobPrograms } from '../programs/index.ts';
import {
  functionStack,
  functionWorld,
  jobFiles,
  queueRecordsOf,
  reservationsOf,
  stateBlobs,
} from '../shared/index.ts';

/** The state machine continues by itself before its history is full; this is for the case that not. */
const MAX_ROUNDS = 400;
const MAX_JOBS = 64;

const world = functionWorld('coordinator');
const { environment, logger, metrics, sqs, calls, prefix, rows, jobs, root, objects } = world;
const { clock, timers, rng } = world;
const taskSlots = environment.count('SLUICE_TASK_SLOTS');
const inboxUrlPrefix = environment.text('SLUICE_INBOX_URL_PREFIX');
const tickUrl = environment.text('SLUICE_TICK_QUEUE_URL');
const deadLetterArn = environment.optional('SLUICE_INBOX_DLQ_ARN');
const kmsKeyArn = environment.optional('SLUICE_KMS_KEY_ARN');
const coordinatorUrl = environment.text('SLUICE_COORDINATOR_QUEUE_URL');
const queues = new SqsCoordinatorQueues({ sqs, calls, coordinatorUrl, tickUrl });
const machines = new StepFunctions({
  sfn: createSfnClient({ program: 'coordinator' }),
  stateMachineArn: environment.text('SLUICE_STATE_MACHINE_ARN'),
  ...{ calls, logger },
});
const tickQueueArn = environment.text('SLUICE_TICK_QUEUE_ARN');
const schedules = new SchedulerWakeUps({
  scheduler: createSchedulerClient({ program: 'coordinator' }),
  calls,
  groupName: environment.text('SLUICE_WAKE_GROUP'),
  roleArn: environment.text('SLUICE_WAKE_ROLE_ARN'),
  tickQueueArn,
});
const rules = new EventWakeUps({
  events: createEventBridgeClient({ program: 'coordinator' }),
  ...{ calls, tickQueueArn },
  rulePrefix: environment.text('SLUICE_WAKE_RULE_PREFIX'),
});
const wakeUps = allWakeUps([schedules, rules]);
const blobs = stateBlobs(world);
const turns = new JobTurns({
  ...{ jobs, rows, clock, timers, metrics, taskSlots },
  programs: jobPrograms(world),
  world: {
    ...{ blobs, rows, clock, rng, logger },
    checkpointsDirectory: `${root}/checkpoints`,
    savepointsDirectory: `${root}/savepoints`,
    fileSystem: jobFiles(world),
  },
  objects: new TurnObjects({
    ...{ blobs: objects, compress, decompress },
    directory: `${root}/jobs`,
    objectAboveBytes: objectThresholdBytes(US_EAST_1_PRICES),
  }),
  effects: new TurnEffects({
    ...{ rows, machines, queues, wakeUps, clock, logger, taskSlots },
    commands: new SqsCommandSender({ queues: new SqsQueues({ sqs, calls }), inboxUrlPrefix }),
    attempts: { writeAttempt: (record) => writeAttempt(objects, record) },
  }),
  views: new JobViews(rows),
  inboxes: new SqsInboxes({
    ...{ sqs, calls, prefix, inboxUrlPrefix, timers },
    ...(deadLetterArn === undefined ? {} : { deadLetterArn }),
    ...(kmsKeyArn === undefined ? {} : { kmsKeyArn }),
  }),
  reservations: reservationsOf(world),
  maxRounds: MAX_ROUNDS,
  maxJobs: MAX_JOBS,
});
const coordinator = new Coordinator({
  ...{ turns, queues, machines, metrics, logger, timers },
  troubles: new JobTroubles(rows),
});

/** Messages of jobs; those named in the answer come again. */
export const handler = functionStack<SQSEvent, SQSBatchResponse>(world).handler(
  async (event, context) => {
    const withinMs = context.getRemainingTimeInMillis();
    const failed = await coordinator.handle(queueRecordsOf(event), withinMs);
    return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
  },
);
