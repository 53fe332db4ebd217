import {
  connectQueueList,
  createEventBridgeClient,
  EventWakeUps,
  type ForgetResult,
  forgetJobs,
} from '../../runtime/adapters/aws/index.ts';
import { functionStack, functionWorld } from '../shared/index.ts';
import { minAgeOf, type SweepResult, sweep } from './sweep.ts';
import { type SweepRulesResult, sweepRules } from './sweep-rules.ts';

const world = functionWorld('sweeper');
const { environment, prefix, clock, calls, jobs, rows, objects, root, logger } = world;
const queues = connectQueueList(calls, { program: 'sweeper' });
const rules = new EventWakeUps({
  events: createEventBridgeClient({ program: 'sweeper' }),
  calls,
  rulePrefix: environment.text('SLUICE_WAKE_RULE_PREFIX'),
});
const expirationMs = environment.count('SLUICE_JOB_EXPIRATION_MS');

/** Runs once a day; by hand, `{"olderThanSeconds": 0}` takes inboxes of any age. */
export const handler = functionStack<unknown, SweepResult & SweepRulesResult & ForgetResult>(
  world,
).handler(work);

async function work(
  event: unknown,
  context: { getRemainingTimeInMillis(): number },
): Promise<SweepResult & SweepRulesResult & ForgetResult> {
  const remainingMs = (): number => context.getRemainingTimeInMillis();
  const inboxPrefix = `${prefix}-i-`;
  const minAgeMs = minAgeOf(event);
  const parts = { jobs, clock, logger, remainingMs };
  const swept = await sweep({ ...parts, queues, inboxPrefix, minAgeMs });
  const sweptRules = await sweepRules({ ...parts, rules });
  const jobsDirectory = `${root}/jobs`;
  const forgot = await forgetJobs({ ...parts, rows, blobs: objects, jobsDirectory, expirationMs });
  return { ...swept, ...sweptRules, ...forgot };
}
