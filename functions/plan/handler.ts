import {
  accountTaskManagers,
  createLambdaClient,
  type PlanAnswer,
  type PlanRequest,
  planJob,
  SqsInboxes,
  thrownByFunction,
} from '../../runtime/adapters/aws/index.ts';
import { toStreamError } from '../../runtime/core/index.ts';
import { jobPrograms } from '../programs/index.ts';
import { functionWorld, jobFiles, reservationsOf, stateBlobs } from '../shared/index.ts';

const world = functionWorld('plan');
const { environment, logger, sqs, calls, prefix, rows, jobs, timers } = world;
const lambda = createLambdaClient({ program: 'plan' });
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
  accountTaskManagers: () => accountTaskManagers({ lambda, calls, logger }),
  taskSlots: environment.count('SLUICE_TASK_SLOTS'),
};

/** The first state of a job's state machine. */
export async function handler(request: PlanRequest): Promise<PlanAnswer> {
  try {
    return await planJob(parts, request);
  } catch (thrown) {
    const { code, message: reason, stack } = toStreamError(thrown);
    logger.log('error', 'a job cannot be planned', { jobId: request.jobId, code, reason, stack });
    throw thrownByFunction(thrown);
  }
}
