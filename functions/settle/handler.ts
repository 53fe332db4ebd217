import {
  type SettleRequest,
  SqsCoordinatorQueues,
  SqsInboxes,
  settleJob,
} from '../../runtime/adapters/aws/index.ts';
import { functionStack, functionWorld } from '../shared/index.ts';

const world = functionWorld('settle');
const { environment, logger, sqs, calls, prefix, rows, objects, root, timers } = world;
const parts = {
  ...{ rows, logger, blobs: objects },
  queues: new SqsCoordinatorQueues({
    ...{ sqs, calls },
    coordinatorUrl: environment.text('SLUICE_COORDINATOR_QUEUE_URL'),
  }),
  inboxes: new SqsInboxes({
    ...{ sqs, calls, prefix, timers },
    inboxUrlPrefix: environment.text('SLUICE_INBOX_URL_PREFIX'),
  }),
  framesDirectory: `${root}/frames`,
  turnsDirectory: `${root}/jobs`,
};

/** Where leases that were lost, and jobs that have ended, go. */
export const handler = functionStack<SettleRequest, object>(world).handler((request) =>
  settleJob(parts, request),
);
