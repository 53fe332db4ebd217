import { randomBytes } from 'node:crypto';
import {
  AwsClusterJobs,
  AwsPrograms,
  awsOperations,
  createSfnClient,
  deployedLifecycle,
  JobViews,
  presignUpload,
  SavepointDisposals,
  ShownExecutions,
  SqsCoordinatorQueues,
  StepFunctions,
} from '../../runtime/adapters/aws/index.ts';
import { noProcesses } from '../../runtime/adapters/index.ts';
import { compress, decompress } from '../../runtime/checkpoint/index.ts';
import { TurnObjects } from '../../runtime/jobmaster/index.ts';
import { functionWorld, reservationsOf } from '../shared/index.ts';
import { createHandler } from './create-handler.ts';

const world = functionWorld('api');
const { environment, logger, sqs, calls, rows, jobs, root, objects, clock, clients } = world;
const newId = (): string => randomBytes(16).toString('hex');
const clusterJobs = new AwsClusterJobs({
  ...{ rows, jobs, clock, newId },
  views: new JobViews(rows),
  executions: new ShownExecutions({
    ...{ rows, jobs, blobs: objects },
    // It reads only.
    objects: new TurnObjects({
      ...{ blobs: objects, compress, decompress, objectAboveBytes: 0 },
      directory: `${root}/jobs`,
    }),
  }),
  queues: new SqsCoordinatorQueues({
    ...{ sqs, calls },
    coordinatorUrl: environment.text('SLUICE_COORDINATOR_QUEUE_URL'),
  }),
  reservations: reservationsOf(world),
  taskSlots: environment.count('SLUICE_TASK_SLOTS'),
  maxTaskManagers: environment.count('SLUICE_MAX_TASK_MANAGERS'),
  expirationMs: environment.count('SLUICE_JOB_EXPIRATION_MS'),
});
const programs = new AwsPrograms({
  ...{ jobs, root, clock, blobs: objects },
  machines: new StepFunctions({
    ...{ calls, logger, sfn: createSfnClient({ program: 'api' }) },
    stateMachineArn: environment.text('SLUICE_STATE_MACHINE_ARN'),
  }),
  presign: (location, headers, validS) => presignUpload(clients.s3, location, headers, validS),
});

/** Flink's REST interface for a deployed cluster. */
export const handler = createHandler(
  {
    jobs: clusterJobs,
    operations: awsOperations(
      clusterJobs,
      new SavepointDisposals({ rows, jobs, clock, blobs: objects }),
    ),
    programs,
    lifecycle: deployedLifecycle(),
    processes: noProcesses('not served yet'),
    ...{ clock, newId },
    version: environment.optional('SLUICE_VERSION') ?? 'unknown',
    dataDirectory: root,
  },
  world,
);
