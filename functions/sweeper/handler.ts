import type { Context } from 'aws-lambda';
import {
  AwsCalls,
  connectQueueList,
  createDynamoDbClient,
  DynamoRowStore,
} from '../../runtime/adapters/aws/index.ts';
import { SystemClock, SystemRng, SystemTimers } from '../../runtime/adapters/index.ts';
import { JobStore } from '../../runtime/checkpoint/index.ts';
import { functionLogger } from '../shared/index.ts';
import { readSweeperEnvironment } from './environment.ts';
import { type SweepResult, sweep } from './sweep.ts';

const { prefix, jobsTable } = readSweeperEnvironment(process.env);
const clock = new SystemClock();
const calls = new AwsCalls({ clock, rng: new SystemRng(), timers: new SystemTimers() });
const dynamoDb = createDynamoDbClient({ program: 'sweeper' });
const rows = new DynamoRowStore({ dynamoDb, calls, table: jobsTable });
// It writes no job; the name is nobody's.
const jobs = new JobStore(rows, 'sweeper');
const queues = connectQueueList(calls, { program: 'sweeper' });
const logger = functionLogger('sweeper', prefix);

/** Runs once a day. */
export async function handler(_event: unknown, context: Context): Promise<SweepResult> {
  const remainingMs = (): number => context.getRemainingTimeInMillis();
  return await sweep({ queues, jobs, clock, logger, inboxPrefix: `${prefix}-i-`, remainingMs });
}
