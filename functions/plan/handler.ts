import {
  accountTaskManagers,
  createLambdaClient,
  type PlanAnswer,
  type PlanRequest,
  type PreviewAnswer,
  type PreviewRequest,
  planJob,
  previewProgram,
  SqsInboxes,
} from '../../runtime/adapters/aws/index.ts';
import { jobPrograms } from '../programs/index.ts';
import {
  functionStack,
  functionWorld,
  jobFiles,
  reservationsOf,
  stateBlobs,
} from '../shared/index.ts';

const world = functionWorld('plan');
const { environment, logger, sqs, calls, prefix, rows, jobs, timers } = world;
const lambda = createLambdaClient({ program: 'plan' });
const isReserved = environment.optional('SLUICE_RESERVED_CONCURRENCY') !== undefined;
const kmsKeyArn = environment.optional('SLUICE_KMS_KEY_ARN');
const parts = {
  ...{ jobs, rows, logger },
  blobs: stateBlobs(world),
  programs: jobPrograms(world),
  reservations: reservationsOf(world),
  inboxes: new SqsInboxes({
    ...{ sqs, calls, prefix, timers },
    inboxUrlPrefix: environment.text('SLUICE_INBOX_URL_PREFIX'),
    deadLetterArn: environment.text('SLUICE_INBOX_DLQ_ARN'),
    ...(kmsKeyArn === undefined ? {} : { kmsKeyArn }),
  }),
  fileSystem: jobFiles(world),
  accountTaskManagers: () => accountTaskManagers({ lambda, calls, logger, isReserved }),
  taskSlots: environment.count('SLUICE_TASK_SLOTS'),
};

const { programs, blobs } = parts;
const previewed = {
  ...{ programs, blobs, root: world.root, uploads: world.objects },
  readable: (message: string) => world.redactor.text(message),
};

/** The first state of a job's state machine; and what the API asks of programs that nobody runs. */
export const handler = functionStack<PlanRequest | PreviewRequest, PlanAnswer | PreviewAnswer>(
  world,
).handler((request) =>
  'preview' in request ? previewProgram(previewed, request) : planJob(parts, request),
);
