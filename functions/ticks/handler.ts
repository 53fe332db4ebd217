import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import {
  AwsCalls,
  createSqsClient,
  SqsCoordinatorQueues,
  TickForwarder,
} from '../../runtime/adapters/aws/index.ts';
import { SystemClock, SystemRng, SystemTimers } from '../../runtime/adapters/index.ts';
import { FunctionEnvironment, functionStack, observe, queueRecordsOf } from '../shared/index.ts';

// Of the world of functions only what it needs: it starts small.
const NAME = 'ticks';
const environment = new FunctionEnvironment(process.env);
const observed = observe(NAME, environment.text('SLUICE_PREFIX'));
const { logger, metrics } = observed;
const clock = new SystemClock();
const forwarder = new TickForwarder({
  ...{ clock, logger, metrics },
  queues: new SqsCoordinatorQueues({
    sqs: createSqsClient({ program: NAME }),
    calls: new AwsCalls({ clock, timers: new SystemTimers(), rng: new SystemRng() }),
    coordinatorUrl: environment.text('SLUICE_COORDINATOR_QUEUE_URL'),
    tickUrl: environment.text('SLUICE_TICK_QUEUE_URL'),
  }),
});

/** Ticks and wake-ups; those named in the answer come again. */
export const handler = functionStack<SQSEvent, SQSBatchResponse>(observed).handler(
  async (event) => {
    const failed = await forwarder.handle(queueRecordsOf(event));
    return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
  },
);
