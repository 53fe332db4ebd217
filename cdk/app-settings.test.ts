import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AppSettings, appSettings } from './app-settings.ts';

function settingsOf(
  context: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string>> = {},
): AppSettings {
  const contextNames = Object.keys(context);
  return appSettings({ contextNames, context: (name) => context[name], environment });
}

describe('appSettings', () => {
  it('deploys a cluster named sluice when told nothing', () => {
    assert.deepEqual(settingsOf({}), {
      stackName: 'sluice',
      cluster: { prefix: 'sluice', destroyUserData: false },
      usesCliCredentials: false,
    });
  });

  it('refuses a name that it does not know, and leaves CDK its own', () => {
    assert.throws(() => settingsOf({ taskSlot: 2 }), {
      code: 'CONTEXT_INVALID',
      message: /name=taskSlot$/,
    });
    const own = {
      '@aws-cdk/core:newStyleStackSynthesis': true,
      'aws:cdk:toolkit': 1,
      'cli-telemetry': 1,
    };
    assert.equal(settingsOf(own).stackName, 'sluice');
  });

  it('takes the name from the context before the environment', () => {
    const environment = { SLUICE_PREFIX: 'of-environment' };
    assert.equal(settingsOf({}, environment).stackName, 'of-environment');
    assert.equal(settingsOf({ prefix: 'of-context' }, environment).cluster.prefix, 'of-context');
  });

  it('reads numbers, durations and switches, as texts or as they are', () => {
    const { cluster, usesCliCredentials, alarmTopicArn } = settingsOf({
      taskSlots: '2',
      maxTaskManagers: 40,
      leaseSeconds: '5',
      leaseMarginSeconds: '1.5',
      leaseGraceSeconds: '4',
      turnSeconds: '10',
      jobExpirationSeconds: '60',
      continueAfterEvents: '100',
      destroyUserData: true,
      credentials: 'cli',
      encryption: 'CUSTOMER_MANAGED',
      alarmTopicArn: 'arn:topic',
    });
    assert.equal(cluster.taskSlots, 2);
    assert.equal(cluster.maxTaskManagers, 40);
    assert.equal(cluster.leaseLength?.toMilliseconds(), 5_000);
    assert.equal(cluster.leaseMargin?.toMilliseconds(), 1_500);
    assert.equal(cluster.leaseGrace?.toMilliseconds(), 4_000);
    assert.equal(cluster.turnTimeout?.toMilliseconds(), 10_000);
    assert.equal(cluster.jobExpiration?.toMilliseconds(), 60_000);
    assert.equal(cluster.continueAfterEvents, 100);
    assert.equal(cluster.destroyUserData, true);
    assert.equal(cluster.encryption, 'CUSTOMER_MANAGED');
    assert.equal(usesCliCredentials, true);
    assert.equal(alarmTopicArn, 'arn:topic');
  });

  it('asks for tokens when their issuer and audience are given', () => {
    const { cluster } = settingsOf({ jwtIssuer: 'https://i.example', jwtAudience: 'a,b' });
    const expected = { issuer: 'https://i.example', audience: ['a', 'b'] };
    assert.deepEqual(cluster.authorization, expected);
  });

  it('reads which data jobs read and write', () => {
    const { cluster } = settingsOf({
      readFrom: 'orders-in/2026/events,s3://shared/',
      writeTo: 'orders-out',
      dataKeyArns: 'arn:a,arn:b',
    });
    assert.deepEqual(cluster.dataBuckets, [
      { bucketName: 'orders-in', path: '2026/events', access: 'READ' },
      { bucketName: 'shared', access: 'READ' },
      { bucketName: 'orders-out', access: 'READ_WRITE' },
    ]);
    assert.deepEqual(cluster.dataKeyArns, ['arn:a', 'arn:b']);
  });

  it('refuses what it cannot read, and names it', () => {
    const wrong: readonly (readonly [Record<string, unknown>, RegExp])[] = [
      [{ taskSlots: 'two' }, /taskSlots=two$/],
      [{ leaseSeconds: '-1' }, /leaseSeconds=-1$/],
      [{ destroyUserData: 'yes' }, /true, false destroyUserData=yes$/],
      [{ credentials: 'mine' }, /credentials=mine$/],
      [{ encryption: 'NONE' }, /encryption=NONE$/],
      [{ jwtIssuer: 'https://i.example' }, /together/],
    ];
    for (const [context, message] of wrong) {
      assert.throws(() => settingsOf(context), { code: 'CONTEXT_INVALID', message });
    }
  });
});
