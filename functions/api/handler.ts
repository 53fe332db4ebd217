import { randomBytes } from 'node:crypto';
import {
  AwsClusterJobs,
  AwsPrograms,
  awsOperations,
  awsProcesses,
  CloudWatchFunctionLog,
  createLambdaClient,
  createSfnClient,
  deployedLifecycle,
  JobViews,
  PREVIEW_TIMEOUT_MS,
  ProgramPreviews,
  presignUpload,
  SavepointDisposals,
  ShownExecutions,
  SqsCoordinatorQueues,
  StepFunctions,
} from '../../runtime/adapters/aws/index.ts';
import { connectCloudWatchLogs } from '../../runtime/adapters/aws/logs/index.ts';
import { compress, decompress } from '../../runtime/checkpoint/index.ts';
import { TurnObjects } from '../../runtime/jobmaster/index.ts';
import { functionWorld, reservationsOf, stateBlobs } from '../shared/index.ts';
import { createHandler } from './create-handler.ts';

const world = functionWorld('api');
const { environment, logger, sqs, calls, prefix, rows, jobs, root, objects, clock, clients } =
  world;
const newId = (): string => randomBytes(16).toString('hex');
const views = new JobViews(rows);
const executions = new ShownExecutions({
  ...{ rows, jobs, blobs: objects },
  // It reads only.
  objects: new TurnObjects({
    ...{ blobs: objects, compress, decompress, objectAboveBytes: 0 },
    directory: `${root}/jobs`,
  }),
});
const reservations = reservationsOf(world);
const taskSlots = environment.count('SLUICE_TASK_SLOTS');
const maxTaskManagers = environment.count('SLUICE_MAX_TASK_MANAGERS');
const expirationMs = environment.count('SLUICE_JOB_EXPIRATION_MS');
const clusterJobs = new AwsClusterJobs({
  ...{ rows, jobs, clock, newId, views, executions, reservations },
  ...{ taskSlots, maxTaskManagers, expirationMs, stateBlobs: stateBlobs(world) },
  queues: new SqsCoordinatorQueues({
    ...{ sqs, calls },
    coordinatorUrl: environment.text('SLUICE_COORDINATOR_QUEUE_URL'),
  }),
});
const programs = new AwsPrograms({
  ...{ jobs, root, clock, blobs: objects },
  machines: new StepFunctions({
    ...{ calls, logger, sfn: createSfnClient({ program: 'api' }) },
    stateMachineArn: environment.text('SLUICE_STATE_MACHINE_ARN'),
  }),
  previews: new ProgramPreviews({
    lambda: createLambdaClient({ program: 'api', requestTimeoutMs: PREVIEW_TIMEOUT_MS }),
    calls,
    functionName: environment.text('SLUICE_PLAN_FUNCTION'),
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
    processes: awsProcesses({
      ...{ rows, views, executions, reservations, clock, taskSlots },
      taskManagerMemoryMb: environment.count('SLUICE_TASK_MANAGER_MEMORY_MB'),
      log: new CloudWatchFunctionLog(
        connectCloudWatchLogs(calls, { program: 'api' }),
        prefix,
        clock,
      ),
      configuration: {
        'taskmanager.numberOfTaskSlots': taskSlots,
        'slotmanager.number-of-slots.max': maxTaskManagers * taskSlots,
        'jobstore.expiration-time': `${Math.floor(expirationMs / 1000)} s`,
      },
      environment: {
        version: `Node.js ${process.version} (V8 ${process.versions.v8}) on AWS Lambda`,
        arch: process.arch,
        options: process.execArgv,
        modules: [],
      },
    }),
    ...{ clock, newId },
    version: environment.optional('SLUICE_VERSION') ?? 'unknown',
    dataDirectory: root,
  },
  world,
);
