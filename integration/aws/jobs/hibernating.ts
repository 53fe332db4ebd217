/** What suites ask of jobs that hibernate. */
import assert from 'node:assert/strict';
import { ListRulesCommand, ListTargetsByRuleCommand } from '@aws-sdk/client-eventbridge';
import { type ExecutionStatus, ListExecutionsCommand } from '@aws-sdk/client-sfn';
import type { Clients } from '../clients.ts';
import { waitUntil } from '../wait-until.ts';
import type { DeployedCluster } from './deployed-cluster.ts';

const PATIENCE_MS = 90_000;

/** `hibernation` of a job, once it sleeps. */
export async function asleep(
  cluster: DeployedCluster,
  jobId: string,
): Promise<Readonly<Record<string, unknown>>> {
  return await waitUntil(`job ${jobId} hibernates`, PATIENCE_MS, async () => {
    const { body } = await cluster.call('GET', `/jobs/${jobId}`);
    assert.ok(!['FAILED', 'FINISHED', 'CANCELED'].includes(String(body.state)), `${body.state}`);
    const { state, hibernation } = body;
    return state === 'SUSPENDED' ? (hibernation as Record<string, unknown>) : undefined;
  });
}

/**
 * As {@link asleep}, and the execution that put it to sleep has ended: what comes from now on wakes
 * it into another one. Before, the one that is ending takes it, and goes on.
 */
export async function fastAsleep(
  cluster: DeployedCluster,
  clients: Clients,
  jobId: string,
): Promise<Readonly<Record<string, unknown>>> {
  const hibernation = await asleep(cluster, jobId);
  await waitUntil(`no execution runs job ${jobId}`, PATIENCE_MS, async () => {
    const running = await executionsOf(cluster, clients, 'RUNNING');
    return running.some((name) => name.startsWith(jobId)) ? undefined : true;
  });
  return hibernation;
}

/** Names, of the cluster's JobManager. @param statusFilter undefined: of any. */
export async function executionsOf(
  cluster: DeployedCluster,
  clients: Clients,
  statusFilter?: ExecutionStatus,
): Promise<readonly string[]> {
  const { StateMachineArn: stateMachineArn } = Object.values(cluster.app.outputs)[0] ?? {};
  const filter = statusFilter === undefined ? {} : { statusFilter };
  const command = new ListExecutionsCommand({ stateMachineArn, ...filter });
  const { executions = [] } = await clients.stepFunctions.send(command);
  return executions.map(({ name = '' }) => name);
}

/** A rule that wakes a job, and what it sends where. */
export interface WakeRule {
  readonly name: string;
  readonly pattern: unknown;
  readonly targetArns: readonly string[];
  readonly inputs: readonly unknown[];
}

/** Of a job, as EventBridge has them. */
export async function wakeRulesOf(
  { prefix }: DeployedCluster,
  { events }: Clients,
  jobId: string,
): Promise<readonly WakeRule[]> {
  const { Rules = [] } = await events.send(
    new ListRulesCommand({ NamePrefix: `${prefix}-w-${jobId}` }),
  );
  return await Promise.all(
    Rules.map(async ({ Name = '', EventPattern = '' }) => {
      const { Targets = [] } = await events.send(new ListTargetsByRuleCommand({ Rule: Name }));
      return {
        name: Name,
        pattern: JSON.parse(EventPattern) as unknown,
        targetArns: Targets.map(({ Arn = '' }) => Arn),
        inputs: Targets.map(({ Input = '' }) => JSON.parse(Input) as unknown),
      };
    }),
  );
}
