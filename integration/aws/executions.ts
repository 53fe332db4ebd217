/** Runs state machines and counts what their executions are billed. */
import {
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  type HistoryEvent,
  paginateGetExecutionHistory,
  type SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { waitUntil } from './wait-until.ts';

/** Starts an execution and waits until it has ended, however. */
export async function runExecution(
  client: SFNClient,
  stateMachineArn: string,
  input: object,
  timeoutMs = 60_000,
): Promise<DescribeExecutionCommandOutput> {
  const started = new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input) });
  const { executionArn } = await client.send(started);
  return waitUntil(`the execution ${executionArn} has ended`, timeoutMs, async () => {
    const seen = await client.send(new DescribeExecutionCommand({ executionArn }));
    return seen.status === 'RUNNING' ? undefined : seen;
  });
}

/** All events of an execution's history, in order. */
export async function historyOf(client: SFNClient, executionArn: string): Promise<HistoryEvent[]> {
  const events: HistoryEvent[] = [];
  const pages = paginateGetExecutionHistory({ client, pageSize: 1000 }, { executionArn });
  for await (const page of pages) events.push(...(page.events ?? []));
  return events;
}

/**
 * State transitions as a Standard workflow is billed for them: states entered, and retries.
 *
 * @see https://aws.amazon.com/step-functions/pricing/
 */
export function countTransitions(history: readonly HistoryEvent[]): number {
  const count = (pattern: RegExp) => history.filter(({ type }) => pattern.test(type ?? '')).length;
  const tries = count(/^(Task|LambdaFunction|Activity)Scheduled$/);
  return count(/StateEntered$/) + Math.max(0, tries - count(/^TaskStateEntered$/));
}
