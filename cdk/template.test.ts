import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Match } from 'aws-cdk-lib/assertions';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Duration, Stack } from 'aws-cdk-lib/core';
import { MAX_DEATHS, MAX_FAULTS, pauseOf } from '../runtime/adapters/aws/index.ts';
import { FUNCTION_NAMES } from './names.ts';
import { functionsFixture, propertiesOf, synthesized } from './stack-fixture.ts';

const FUNCTIONS = functionsFixture();
const { template } = synthesized(FUNCTIONS);
const FUNCTION = 'AWS::Lambda::Function';
const QUEUE = 'AWS::SQS::Queue';

describe('user data', () => {
  it('outlives the stack, and a table is not deleted by hand in passing', () => {
    for (const type of ['AWS::S3::Bucket', 'AWS::DynamoDB::Table']) {
      template.allResources(type, { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    }
    template.allResourcesProperties('AWS::DynamoDB::Table', { DeletionProtectionEnabled: true });
  });

  it('goes with the stack if asked', () => {
    const { template: asked } = synthesized(FUNCTIONS, () => ({ destroyUserData: true }));
    for (const type of ['AWS::S3::Bucket', 'AWS::DynamoDB::Table']) {
      asked.allResources(type, { DeletionPolicy: 'Delete', UpdateReplacePolicy: 'Delete' });
    }
    asked.allResourcesProperties('AWS::DynamoDB::Table', { DeletionProtectionEnabled: false });
    asked.resourceCountIs('Custom::S3AutoDeleteObjects', 1);
  });

  it('can be brought back to any second, and only garbage expires', () => {
    template.resourceCountIs('AWS::DynamoDB::Table', 2);
    template.allResourcesProperties('AWS::DynamoDB::Table', {
      BillingMode: 'PAY_PER_REQUEST',
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
    });
  });
});

describe('the bucket', () => {
  const bucket = propertiesOf(template, 'AWS::S3::Bucket', /Bucket/);

  it('is closed to the public, encrypted, and reached by TLS 1.2 only', () => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      BucketEncryption: Match.anyValue(),
    });
    const denial = (Condition: object) =>
      Match.objectLike({ Effect: 'Deny', Action: 's3:*', Principal: { AWS: '*' }, Condition });
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          denial({ Bool: { 'aws:SecureTransport': 'false' } }),
          denial({ NumericLessThan: { 's3:TlsVersion': 1.2 } }),
        ]),
      },
    });
  });

  it('deletes claim checks and uploads by age, and no savepoint, checkpoint or program', () => {
    const { Rules } = bucket.LifecycleConfiguration as {
      Rules: { Prefix?: string; ExpirationInDays?: number }[];
    };
    const harmless = /^(Id|Status|Prefix|AbortIncompleteMultipartUpload)$/;
    const expiring = Rules.filter((rule) => Object.keys(rule).some((key) => !harmless.test(key)));
    assert.deepEqual(
      expiring.map(({ Prefix, ExpirationInDays }) => [Prefix, ExpirationInDays]),
      [
        ['frames/', 7],
        ['uploads/', 1],
      ],
    );
  });
});

describe('the queues', () => {
  it('take TLS only, are encrypted, and hand over what nobody can take', () => {
    template.resourceCountIs(QUEUE, 5);
    template.resourceCountIs('AWS::SQS::QueuePolicy', 5);
    template.allResourcesProperties('AWS::SQS::QueuePolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Effect: 'Deny',
            Action: 'sqs:*',
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          }),
        ]),
      },
    });
    template.allResourcesProperties(QUEUE, { SqsManagedSseEnabled: true });
    for (const [id, target] of [
      [/QueuesCoordinator[0-9A-F]{8}$/, /CoordinatorDeadLetters/],
      [/QueuesTicks[0-9A-F]{8}$/, /TickDeadLetters/],
    ] as const) {
      const { RedrivePolicy } = propertiesOf(template, QUEUE, id);
      assert.match(JSON.stringify(RedrivePolicy), target);
    }
  });

  it('give a message up after hours of an outage, long after the coordinator would', () => {
    for (const id of [/QueuesCoordinator[0-9A-F]{8}$/, /QueuesTicks[0-9A-F]{8}$/] as const) {
      const { maxReceiveCount } = propertiesOf(template, QUEUE, id).RedrivePolicy as {
        readonly maxReceiveCount: number;
      };
      const waitsS = Array.from({ length: maxReceiveCount }, (_, n) => pauseOf(n + 1));
      assert.ok(waitsS.reduce((a, b) => a + b, 0) > 12 * 3_600);
      assert.ok(maxReceiveCount > MAX_FAULTS + 10 * MAX_DEATHS);
    }
  });

  it('keep dead letters for two weeks', () => {
    for (const id of [/CoordinatorDeadLetters/, /TickDeadLetters/, /InboxDeadLetters/]) {
      assert.equal(propertiesOf(template, QUEUE, id).MessageRetentionPeriod, 1_209_600);
    }
  });

  it('hide messages for two turns, however long a turn may be', () => {
    const hidden = (props: object) => {
      const cluster = synthesized(FUNCTIONS, () => props);
      const queue = propertiesOf(cluster.template, QUEUE, /QueuesCoordinator[0-9A-F]{8}$/);
      const turn = propertiesOf(cluster.template, FUNCTION, /CoordinatorFunction/);
      return [turn.Timeout, queue.VisibilityTimeout];
    };
    assert.deepEqual(hidden({}), [30, 60]);
    assert.deepEqual(hidden({ turnTimeout: Duration.seconds(5) }), [5, 10]);
  });
});

describe('the functions', () => {
  it('are Node 24 on arm64, with source maps, and repeat nothing by themselves', () => {
    template.resourceCountIs(FUNCTION, FUNCTION_NAMES.length);
    template.allResourcesProperties(FUNCTION, {
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      Environment: {
        Variables: Match.objectLike({
          SLUICE_PREFIX: 'orders',
          NODE_OPTIONS: '--enable-source-maps',
        }),
      },
    });
    template.resourceCountIs('AWS::Lambda::EventInvokeConfig', FUNCTION_NAMES.length);
    template.allResourcesProperties('AWS::Lambda::EventInvokeConfig', { MaximumRetryAttempts: 0 });
  });

  it('may be in a circle with a queue only where they are meant to be', () => {
    const recursive = Object.values(template.findResources(FUNCTION))
      .filter(({ Properties }) => Properties.RecursiveLoop === 'Allow')
      .map(({ Properties }) => Properties.FunctionName);
    assert.deepEqual(recursive.sort(), ['orders-coordinator', 'orders-ticks']);
  });

  it('give each slot a vCPU, up to what Lambda has', () => {
    for (const [taskSlots, memoryMb] of [
      [1, 1_769],
      [2, 3_538],
      [6, 10_240],
    ] as const) {
      const cluster = synthesized(FUNCTIONS, () => ({ taskSlots }));
      const { MemorySize, Timeout, Environment } = propertiesOf(
        cluster.template,
        FUNCTION,
        /TaskManagerFunction/,
      );
      assert.deepEqual([MemorySize, Timeout], [memoryMb, 900]);
      const { Variables } = Environment as { Variables: Record<string, string> };
      assert.equal(Variables.SLUICE_TASK_SLOTS, String(taskSlots));
    }
  });

  it('are fed by the queues in batches of ten of which some may fail', () => {
    template.resourceCountIs('AWS::Lambda::EventSourceMapping', 2);
    template.allResourcesProperties('AWS::Lambda::EventSourceMapping', {
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
    const ticks = propertiesOf(template, 'AWS::Lambda::EventSourceMapping', /QueuesTicks/);
    assert.deepEqual(ticks.ScalingConfig, { MaximumConcurrency: 5 });
  });

  it('consume one queue each: two would keep two processes of one warm, for every job', () => {
    const mappings = Object.values(template.findResources('AWS::Lambda::EventSourceMapping'));
    const fed = mappings.map(({ Properties }) => {
      const { FunctionName, EventSourceArn } = Properties;
      return [FunctionName.Ref, EventSourceArn['Fn::GetAtt'][0]].map((id: string) =>
        id.replace(/^JobManager(Functions|Queues)|(Function)?[0-9A-F]{8}$/g, ''),
      );
    });
    assert.deepEqual(fed.sort(), [
      ['Coordinator', 'Coordinator'],
      ['Ticks', 'Ticks'],
    ]);
  });

  it('keep their logs as long as asked', () => {
    template.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 });
    const logRetention = RetentionDays.ONE_WEEK;
    const { template: week } = synthesized(FUNCTIONS, () => ({ logRetention }));
    week.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 7 });
    week.resourceCountIs('AWS::Logs::LogGroup', FUNCTION_NAMES.length + 3);
  });

  it('are traced where that is free', () => {
    const traced = Object.values(template.findResources(FUNCTION))
      .filter(({ Properties }) => Properties.TracingConfig?.Mode === 'Active')
      .map(({ Properties }) => Properties.FunctionName);
    assert.deepEqual(traced.sort(), [
      'orders-api',
      'orders-plan',
      'orders-settle',
      'orders-taskmanager',
    ]);
  });

  it('have reserved concurrency where asked, and refuse jobs above it', () => {
    const { template: reserved } = synthesized(FUNCTIONS, () => ({ reservedConcurrency: 7 }));
    const { ReservedConcurrentExecutions } = propertiesOf(
      reserved,
      FUNCTION,
      /TaskManagerFunction/,
    );
    assert.equal(ReservedConcurrentExecutions, 7);
    const plan = propertiesOf(reserved, FUNCTION, /PlanFunction/);
    const { Variables } = plan.Environment as { Variables: Record<string, string> };
    assert.equal(Variables.SLUICE_MAX_TASK_MANAGERS, '7');
    assert.equal(Variables.SLUICE_RESERVED_CONCURRENCY, '7');
  });
});

describe('the alarms', () => {
  it('watch checkpoints, jobs, leases, executions and every dead-letter queue', () => {
    const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm')).map(
      ({ Properties }) => [Properties.AlarmName, Properties.MetricName, Properties.Threshold],
    );
    assert.deepEqual(alarms.sort(), [
      ['orders-CheckpointsFailing', 'NumberOfFailedCheckpoints', 3],
      ['orders-CoordinatorDeadLetters', 'ApproximateNumberOfMessagesVisible', 1],
      ['orders-CoordinatorLate', 'ApproximateAgeOfOldestMessage', 300],
      ['orders-ExecutionsFailed', 'ExecutionsFailed', 1],
      ['orders-ExecutionsTimedOut', 'ExecutionsTimedOut', 1],
      ['orders-InboxDeadLetters', 'ApproximateNumberOfMessagesVisible', 1],
      ['orders-JobFailed', 'JobFailed', 1],
      ['orders-LeaseRollOverLate', 'LeaseRollOverLateMs', 60_000],
      ['orders-MessagesComeAgain', 'MessageReceives', 10],
      ['orders-TickDeadLetters', 'ApproximateNumberOfMessagesVisible', 1],
    ]);
    const quiet = { TreatMissingData: 'notBreaching' };
    template.allResourcesProperties('AWS::CloudWatch::Alarm', quiet);
  });

  it('look at the metrics that functions write', () => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Namespace: 'Sluice',
      MetricName: 'JobFailed',
      Dimensions: [{ Name: 'prefix', Value: 'orders' }],
    });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: 'MessageReceives',
      Statistic: 'Maximum',
    });
  });

  it('tell a topic, also when it is over', () => {
    const { template: told } = synthesized(FUNCTIONS, (app) => ({
      alarmTopic: new Topic(new Stack(app, 'Others'), 'Topic'),
    }));
    const topic = [{ 'Fn::ImportValue': Match.stringLikeRegexp('Topic') }];
    const actions = { AlarmActions: topic, OKActions: topic };
    told.allResourcesProperties('AWS::CloudWatch::Alarm', actions);
  });

  it('come with a dashboard, unless it is not wanted', () => {
    template.resourceCountIs('AWS::CloudWatch::Dashboard', 1);
    const { template: without } = synthesized(FUNCTIONS, () => ({ dashboard: false }));
    without.resourceCountIs('AWS::CloudWatch::Dashboard', 0);
  });
});
