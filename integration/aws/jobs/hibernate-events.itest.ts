/**
 * Jobs that hibernate and are woken by events, through the emulator's own EventBridge: the rule
 * that a source's offer becomes, what it sends, and what is left when the job has ended. Signatures
 * and policies are enforced: the coordinator's grants suffice.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { PutEventsCommand, PutRuleCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { type Clients, clientsOf } from '../clients.ts';
import { waitUntil } from '../wait-until.ts';
import { createBuckets, putText } from './bucket-files.ts';
import { DeployedCluster } from './deployed-cluster.ts';
import { executionsOf, fastAsleep, wakeRulesOf } from './hibernating.ts';
import { EVENT_SOURCE } from './programs/inbox-files.ts';
import { takeGrant } from './role-grants.ts';

const JOB = 'integration/aws/jobs/programs/inbox-files.ts';
const BUCKET = 'sluice-test-inbox';
const HIBERNATION = { 'sluice.hibernate-after': '2 s' };

describe('a job that hibernates, and what wakes it by events', () => {
  let cluster: DeployedCluster;
  let clients: Clients;

  before(async () => {
    cluster = await DeployedCluster.deploy({ readFrom: `${BUCKET}/in` }, true);
    clients = clientsOf(cluster.app.emulator, cluster.app.emulator.directEndpoint);
    await createBuckets(clients.s3, BUCKET);
  });
  after(async () => {
    clients?.destroy();
    await cluster?.stop();
  });

  const directoryOf = (name: string): string => `s3://${BUCKET}/in/${name}`;
  const put = (name: string, file: number, ...lines: readonly string[]): Promise<void> =>
    putText(clients.s3, BUCKET, `in/${name}/${file}.txt`, lines.join('\n'));
  const tell = async (name: string, source = EVENT_SOURCE): Promise<void> => {
    const entry = {
      Source: source,
      DetailType: 'File Put',
      Detail: JSON.stringify({ directory: directoryOf(name) }),
    };
    const { FailedEntryCount } = await clients.events.send(
      new PutEventsCommand({ Entries: [entry] }),
    );
    assert.equal(FailedEntryCount, 0);
  };
  const submit = (name: string, files: number, options: object = {}): Promise<string> =>
    cluster.submit(JOB, {
      programArgsList: ['--directory', directoryOf(name), '--files', String(files)],
      flinkConfiguration: { ...HIBERNATION, ...options },
    });
  const finished = async (jobId: string, lines: readonly string[]): Promise<void> => {
    const end = await cluster.ended(jobId);
    assert.equal(end.status, 'FINISHED', end.rootException);
    const printed = (await cluster.printed(jobId, lines.length)).map(
      (line) => /line \S+/.exec(line)?.[0],
    );
    assert.deepEqual(printed.toSorted(), lines.map((line) => `line ${line}`).toSorted());
    await waitUntil('its rules are gone', 30_000, async () =>
      (await wakeRulesOf(cluster, clients, jobId)).length === 0 ? true : undefined,
    );
  };

  it('wakes by the event that its source names, and by no other, with nothing lost', async () => {
    await put('a', 0, 'a0', 'a1');
    const jobId = await submit('a', 3);
    const { 'wake-events': shown } = await fastAsleep(cluster, clients, jobId);
    const pattern = { source: [EVENT_SOURCE], detail: { directory: [directoryOf('a')] } };
    assert.deepEqual(shown, pattern);
    const [rule, ...others] = await wakeRulesOf(cluster, clients, jobId);
    assert.equal(others.length, 0);
    assert.deepEqual(rule?.pattern, pattern);
    assert.deepEqual(rule.inputs, [{ type: 'wake', jobId, arming: 1 }]);
    assert.match(String(rule.targetArns), /:jobs-ticks$/);
    await tell('b');
    await tell('a', 'somebody.else');
    await put('a', 1, 'a2');
    await tell('a');
    // It sleeps again, armed anew, before the last file comes.
    await waitUntil('it is armed for the second time', 90_000, async () => {
      const [{ name = '' } = {}] = await wakeRulesOf(cluster, clients, jobId);
      return name.endsWith('-1') ? undefined : name || undefined;
    });
    await fastAsleep(cluster, clients, jobId);
    await put('a', 2, 'a3', 'a4');
    await tell('a');
    await finished(jobId, ['a0', 'a1', 'a2', 'a3', 'a4']);
    // Two that it woke into: nobody else has woken it.
    const executions = await executionsOf(cluster, clients);
    assert.equal(executions.filter((name) => name.startsWith(jobId)).length, 3);
  });

  it('wakes by an event that an option names, beside those of its sources', async () => {
    const pattern = { source: ['sluice.test.option'] };
    await put('c', 0, 'c0');
    const jobId = await submit('c', 2, { 'sluice.wake-events': JSON.stringify(pattern) });
    await fastAsleep(cluster, clients, jobId);
    const [rule] = await wakeRulesOf(cluster, clients, jobId);
    const { $or: [first] = [] } = (rule?.pattern ?? {}) as { readonly $or?: readonly unknown[] };
    assert.deepEqual(first, pattern);
    await put('c', 1, 'c1');
    await tell('c', 'sluice.test.option');
    await finished(jobId, ['c0', 'c1']);
  });

  it('stays awake where its rule is refused, and says why', async () => {
    const giveBack = await takeGrant(
      cluster.app.emulator,
      clients,
      `${cluster.prefix}-coordinator`,
      (action) => action === 'events:PutRule',
    );
    try {
      const jobId = await submit('d', 1);
      const line = await waitUntil('the refusal is logged', 90_000, async () => {
        const lines = await cluster.logged('coordinator', jobId);
        return lines.find((text) => text.includes('cannot hibernate: nothing would wake it'));
      });
      assert.match(line, /WAKE_UP_NOT_ARMED/);
      assert.match(line, /events:PutRule/);
      const { body } = await cluster.call('GET', `/jobs/${jobId}`);
      assert.equal(body.state, 'RUNNING');
      await put('d', 0, 'd0');
      await finished(jobId, ['d0']);
    } finally {
      await giveBack();
    }
  });

  it('leaves no rule behind for longer than until the next sweep', async () => {
    const left = `${cluster.prefix}-w-${'e'.repeat(32)}-1`;
    const EventPattern = JSON.stringify({ source: ['x'] });
    await clients.events.send(new PutRuleCommand({ Name: left, EventPattern }));
    const sweeper = new InvokeCommand({ FunctionName: `${cluster.prefix}-sweeper`, Payload: '{}' });
    const { Payload } = await clients.lambda.send(sweeper);
    const swept = JSON.parse(Payload?.transformToString() ?? '') as Record<string, unknown>;
    const { rules, deletedRules, failedRules } = swept;
    assert.deepEqual(
      { rules, deletedRules, failedRules },
      { rules: 1, deletedRules: 1, failedRules: 0 },
    );
    assert.deepEqual(await wakeRulesOf(cluster, clients, 'e'.repeat(32)), []);
  });
});
