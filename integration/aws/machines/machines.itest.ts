/**
 * The template's state machines, interpreted as they are written, with the template's own roles and
 * event source mappings, signatures and policies enforced.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import {
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { type Clients, clientsOf } from '../clients.ts';
import { type DeployedApp, deployApp } from '../deployed-app.ts';
import { callHttpApi } from '../http-api.ts';
import { waitUntil } from '../wait-until.ts';
import { JOBS, LEASES, TASK_MANAGERS, type Told } from './scenes.ts';

const PATIENCE_MS = 60_000;

/** The name of the error that an event tells of. */
function errorOf(event: Told['event'] | undefined): string | undefined {
  return (event?.error as { readonly Error?: string } | undefined)?.Error;
}

describe('the state machines of the template', () => {
  let app: DeployedApp;
  let clients: Clients;
  let outputs: Readonly<Record<string, string>>;

  before(async () => {
    app = await deployApp({ entry: join(import.meta.dirname, 'app.ts') }, { auth: true });
    clients = clientsOf(app.emulator);
    outputs = app.outputs.machines ?? app.outputs.Machines ?? {};
  });
  after(async () => {
    clients?.destroy();
    await app?.stop();
  });

  const ended = (executionArn: string): Promise<DescribeExecutionCommandOutput> =>
    waitUntil(`${executionArn} has ended`, PATIENCE_MS, async () => {
      const describe = new DescribeExecutionCommand({ executionArn });
      const seen = await clients.stepFunctions.send(describe).catch(() => undefined);
      return seen === undefined || seen.status === 'RUNNING' ? undefined : seen;
    });
  const run = async (stateMachineArn = '', input: object, name: string) => {
    const start = { stateMachineArn, input: JSON.stringify(input), name };
    const { executionArn } = await clients.stepFunctions.send(new StartExecutionCommand(start));
    return await ended(executionArn ?? '');
  };
  /** Both executions of a job. */
  const runJob = async (jobId: string) => {
    const first = await run(outputs.StateMachineArn, { jobId }, `${jobId}-0`);
    return [first, await ended(first.executionArn?.replace(/-0$/, '-1') ?? '')] as const;
  };
  const told = (name: string, jobId: string): Told['event'][] =>
    readFileSync(join(app.emulator.workDirectory, 'told.jsonl'), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Told)
      .filter(({ function: called, event }) => called === name && event.jobId === jobId)
      .map(({ event }) => event);
  const everyLease = (jobId: string, attempt: number, taskManagers: readonly number[]) =>
    taskManagers.flatMap((taskManager) =>
      Array.from({ length: LEASES }, (_, lease) => ({ jobId, attempt, taskManager, lease })),
    );
  const ALL = Array.from({ length: TASK_MANAGERS }, (_, index) => index);
  const sorted = (events: readonly object[]): string[] =>
    events.map((event) => JSON.stringify(event)).sort();

  it('lead a job through its plan, its leases and a second execution to its end', async () => {
    const jobId = JOBS.finishes;
    const [first, second] = await runJob(jobId);
    assert.deepEqual(JSON.parse(first.output ?? ''), { jobId, continuedAs: `${jobId}-1` });
    assert.deepEqual(JSON.parse(second.output ?? ''), { jobId, status: 'FINISHED' });
    assert.deepEqual(told('plan', jobId), [{ jobId }]);
    const leases = [...everyLease(jobId, 0, ALL), ...everyLease(jobId, 1, ALL)];
    assert.deepEqual(sorted(told('taskmanager', jobId)), sorted(leases));
    const asked = told('coordinator', jobId).map(({ type, rounds, execution }) => [
      type,
      String(execution).slice(-2),
      rounds,
    ]);
    assert.deepEqual(asked, [
      ['next', '-0', 0],
      ['next', '-0', 1],
      ['next', '-1', 0],
      ['next', '-1', 1],
    ]);
    assert.deepEqual(told('settle', jobId), [{ type: 'ended', jobId }]);
  });

  it('tell of a lost lease by name, while the other TaskManagers go on', async () => {
    const jobId = JOBS.loses;
    const [, second] = await runJob(jobId);
    assert.equal(second.status, 'SUCCEEDED', second.cause);
    const [lost, ...more] = told('settle', jobId);
    assert.deepEqual(
      { ...lost, error: errorOf(lost) },
      {
        ...{ type: 'lost', jobId, attempt: 0, taskManager: 1, lease: 0 },
        error: 'OutOfLuck',
      },
    );
    assert.deepEqual(more, [{ type: 'ended', jobId }]);
    const leases = [
      ...everyLease(jobId, 0, [0, 2]),
      { jobId, attempt: 0, taskManager: 1, lease: 0 },
      ...everyLease(jobId, 1, ALL),
    ];
    assert.deepEqual(sorted(told('taskmanager', jobId)), sorted(leases));
  });

  it('fail for a job that has failed', async () => {
    const [, { status, error }] = await runJob(JOBS.fails);
    assert.deepEqual([status, error], ['FAILED', 'JOB_FAILED']);
  });

  it('tell the coordinator of a plan that failed, and fail by its name', async () => {
    const jobId = JOBS.broken;
    const { status, error } = await run(outputs.StateMachineArn, { jobId }, `${jobId}-0`);
    assert.deepEqual([status, error], ['FAILED', 'PlanBroken']);
    const [settled] = told('settle', jobId);
    assert.equal(settled?.type, 'not-planned');
    assert.equal(errorOf(settled), 'PlanBroken');
  });

  it('take a savepoint and answer its path, and refuse an input that names no job', async () => {
    const jobId = 'a'.repeat(32);
    const input = { jobId, targetDirectory: 's3://other' };
    const taken = await run(outputs.TriggerSavepointArn, input, 'taken');
    assert.equal(taken.output, '"s3://bucket/savepoints/savepoint"', taken.cause);
    assert.deepEqual(
      told('coordinator', jobId).map(({ type, request }) => [type, request]),
      [['request', { type: 'savepoint', targetDirectory: 's3://other' }]],
    );
    const refused = await run(outputs.TriggerSavepointArn, { jobId: 'a' }, 'refused');
    assert.equal(refused.error, 'INPUT_INVALID');
  });

  it('stand behind an API that lets nobody in without a signature', async () => {
    const apiId = new URL(outputs.ApiUrl ?? '').hostname.split('.')[0] ?? '';
    const request = { method: 'GET', path: '/jobs' };
    assert.equal((await callHttpApi(app.emulator, apiId, request)).status, 403);
    const { credentials } = app.emulator;
    const answer = await callHttpApi(app.emulator, apiId, { ...request, credentials });
    assert.deepEqual([answer.status, answer.body], [200, 'stand-in']);
  });

  it('are swept behind: a young inbox stays, with the grants of the sweeper', async () => {
    const QueueName = `machines-i-${'e'.repeat(32)}-0`;
    await clients.sqs.send(new CreateQueueCommand({ QueueName }));
    const invoke = new InvokeCommand({ FunctionName: 'machines-sweeper', Payload: '{}' });
    const { Payload } = await clients.lambda.send(invoke);
    const result = JSON.parse(Payload?.transformToString() ?? '');
    const none = { deleted: 0, failed: 0, unseen: 0, forgotten: 0, failedToForget: 0 };
    const rules = { rules: 0, deletedRules: 0, failedRules: 0 };
    assert.deepEqual(result, { inboxes: 1, ...none, ...rules });
  });
});
