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

const TOPIC = 'arn:aws:sns:eu-west-1:111122223333:alarms';
const KEYS = ['a', 'b'].map((id) => `arn:aws:kms:eu-west-1:111122223333:key/${id}`);

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
      alarmTopicArn: TOPIC,
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
    assert.equal(alarmTopicArn, TOPIC);
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
      dataKeyArns: KEYS.join(', '),
    });
    assert.deepEqual(cluster.dataBuckets, [
      { bucketName: 'orders-in', path: '2026/events', access: 'READ' },
      { bucketName: 'shared', access: 'READ' },
      { bucketName: 'orders-out', access: 'READ_WRITE' },
    ]);
    assert.deepEqual(cluster.dataKeyArns, KEYS);
  });

  it('refuses what it cannot read, and names it', () => {
    const wrong: readonly (readonly [Record<string, unknown>, RegExp])[] = [
      [{ taskSlots: 'two' }, /^taskSlots has to be a number, of digits; taskSlots=two$/],
      [{ taskSlots: '2.5' }, /^taskSlots has to be a whole number from 1 to 6; taskSlots=2\.5$/],
      [{ reservedConcurrency: 0 }, /from 1 to 10000; reservedConcurrency=0$/],
      [{ leaseSeconds: '-1' }, /leaseSeconds=-1$/],
      [{ destroyUserData: 'yes' }, /^destroyUserData .* true, false; destroyUserData=yes$/],
      [{ credentials: 'mine' }, /credentials=mine$/],
      [{ encryption: 'NONE' }, /encryption=NONE$/],
      [{ jwtIssuer: 'https://i.example' }, /together, or neither; jwtIssuer=https:\/\/i\.example$/],
      [
        { jwtIssuer: 'http://i', jwtAudience: 'a' },
        /^jwtIssuer .* https:.*; jwtIssuer=http:\/\/i$/,
      ],
      [{ jwtIssuer: 'https://i', jwtAudience: 'a,' }, /^jwtAudience .* jwtAudience=a,$/],
      [{ alarmTopicArn: 'arn:aws:sqs:eu-west-1:111122223333:q' }, /^alarmTopicArn .*:q$/],
      [{ dataKeyArns: `${KEYS[0]},alias/a` }, /^dataKeyArns .*; dataKeyArns=alias\/a$/],
      [{ readFrom: 'In_Put' }, /^readFrom has to be bucket .*; readFrom=In_Put$/],
      [{ writeTo: 'out/*' }, /^writeTo .*; writeTo=out\/\*$/],
      [{ prefix: '1st' }, /^prefix .* begins with a letter; prefix=1st$/],
      [{ prefix: '' }, /^prefix is empty: leave it out, .*; prefix=""$/],
      [{ taskSlots: [2] }, /^taskSlots is not a text; taskSlots=\[2\]$/],
    ];
    for (const [context, message] of wrong) {
      assert.throws(() => settingsOf(context), { code: 'CONTEXT_INVALID', message });
    }
  });

  it('tells ranges of durations in seconds, as they are given', () => {
    for (const [context, message] of [
      [{ leaseSeconds: 1_000 }, 'leaseSeconds has to be from 1 to 870 seconds; leaseSeconds=1000'],
      [
        { leaseSeconds: '10', leaseMarginSeconds: '10.5' },
        'leaseMarginSeconds has to be from 0.001 to 9.999 seconds; leaseMarginSeconds=10.5',
      ],
      [{ turnSeconds: 0 }, 'turnSeconds has to be from 1 to 900 seconds; turnSeconds=0'],
    ] as const) {
      assert.throws(() => settingsOf(context), { code: 'CONTEXT_INVALID', message });
    }
  });

  it('asks whether a name was meant that is nearly it', () => {
    for (const [name, meant] of [
      ['taskslots', 'taskSlots'],
      ['task-slots', 'taskSlots'],
      ['lease_seconds', 'leaseSeconds'],
      ['prefx', 'prefix'],
    ] as const) {
      const message = new RegExp(`did you mean ${meant}\\? .*; name=${name}$`);
      assert.throws(() => settingsOf({ [name]: 2 }), { code: 'CONTEXT_INVALID', message });
    }
    assert.throws(() => settingsOf({ order_s: 1 }), /known are alarmTopicArn, .*; name=order_s$/);
  });

  it('refuses a prefix that its resources cannot have', () => {
    assert.throws(() => settingsOf({ prefix: 'Bad_Prefix!' }), { code: 'PREFIX_INVALID' });
  });
});
