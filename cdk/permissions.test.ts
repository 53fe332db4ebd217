/** What the functions and machines may do, as the template says it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Match, type Matcher, Template } from 'aws-cdk-lib/assertions';
import { type IVpc, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { type App, Stack } from 'aws-cdk-lib/core';
import { AwsSolutionsChecks } from 'cdk-nag';
import {
  BUCKET_ACTIONS,
  OBJECT_ACTIONS,
  ROW_ACTIONS,
  SEGMENT_ACTIONS,
} from '../runtime/adapters/aws/index.ts';
import type { JobManagerProps } from './job-manager-props.ts';
import { drafted, functionsFixture, synthesized } from './stack-fixture.ts';

const FUNCTIONS = functionsFixture();

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

/** The statements of a role's policies, by a part of the policy's logical id. */
function statementsOf(template: Template, role: RegExp): readonly Statement[] {
  return Object.entries(template.findResources('AWS::IAM::Policy'))
    .filter(([id]) => role.test(id))
    .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement as Statement[]);
}

function actionsOf({ Action }: Statement): readonly string[] {
  return typeof Action === 'string' ? [Action] : Action;
}

function resourcesOf({ Resource }: Statement): readonly string[] {
  return (Array.isArray(Resource) ? Resource : [Resource]).map((one) =>
    typeof one === 'string' ? one : JSON.stringify(one),
  );
}

/** What a role may do with resources whose text matches. */
function mayDo(template: Template, role: RegExp, resource: RegExp): readonly string[] {
  const statements = statementsOf(template, role).filter((statement) =>
    resourcesOf(statement).some((text) => resource.test(text)),
  );
  return [...new Set(statements.flatMap(actionsOf))].sort();
}

/** A statement of a resource's policy for the cluster's rules. */
function fromRules(Action: string | readonly string[]): Matcher {
  return Match.objectLike({
    Action,
    Principal: { Service: 'events.amazonaws.com' },
    Condition: {
      StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
      ArnLike: { 'aws:SourceArn': { 'Fn::Join': ['', Match.arrayWith([':rule/orders-w-*'])] } },
    },
  });
}

const vpc = (app: App): JobManagerProps => ({
  // CDK's own types disagree about an optional field.
  vpc: new Vpc(new Stack(app, 'Others'), 'Vpc') as IVpc,
});
const key = (): JobManagerProps => ({ encryption: 'CUSTOMER_MANAGED' });
const VARIANTS: Readonly<Record<string, (app: App) => JobManagerProps>> = {
  usual: () => ({}),
  'with a key': key,
  'in a network': vpc,
  'with tokens': () => ({ authorization: { issuer: 'https://i.example', audience: ['a'] } }),
  'with data': () => ({
    dataBuckets: [
      { bucketName: 'orders-in', path: 'events/2026/' },
      { bucketName: 'orders-out', access: 'READ_WRITE' },
    ],
    dataKeyArns: ['arn:aws:kms:eu-west-1:111122223333:key/k'],
  }),
  'without tracing': () => ({ tracing: false }),
  'to be destroyed': () => ({ destroyUserData: true }),
};
/** Of the function with which CDK empties a bucket that is to go. */
const CDK_OWN = /^CustomS3AutoDeleteObjects/;
/** IAM knows no narrower resource for them. */
const OF_ANY_RESOURCE = [
  'lambda:GetAccountSettings',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'events:ListRules',
  'logs:CreateLogDelivery',
  'logs:DeleteLogDelivery',
  'logs:DescribeLogGroups',
  'logs:DescribeResourcePolicies',
  'logs:GetLogDelivery',
  'logs:ListLogDeliveries',
  'logs:PutResourcePolicy',
  'logs:UpdateLogDelivery',
  'sqs:ListQueues',
  'xray:GetSamplingRules',
  'xray:GetSamplingTargets',
  'xray:PutTelemetryRecords',
  'xray:PutTraceSegments',
];

describe('the roles', () => {
  for (const [name, props] of Object.entries(VARIANTS)) {
    const { template, stack } = synthesized(FUNCTIONS, props);

    it(`have no wildcard in an action, ${name}`, () => {
      const actions = statementsOf(template, /./).flatMap(actionsOf);
      assert.deepEqual(
        actions.filter((action) => action.includes('*')),
        [],
      );
      assert.ok(actions.length > 60);
    });

    it(`have any resource only where IAM knows no other, ${name}`, () => {
      const open = statementsOf(template, /./).filter((one) => resourcesOf(one).includes('*'));
      const actions = [...new Set(open.flatMap(actionsOf))];
      assert.deepEqual(
        actions.filter((action) => !OF_ANY_RESOURCE.includes(action)),
        [],
      );
    });

    it(`have no policies of AWS's, ${name}`, () => {
      const roles = Object.entries(template.findResources('AWS::IAM::Role'));
      const managed = roles.filter(([, { Properties }]) => Properties.ManagedPolicyArns);
      assert.deepEqual(
        managed.map(([id]) => id).filter((id) => !CDK_OWN.test(id)),
        [],
      );
    });

    it(`give cdk-nag nothing to say, ${name}`, () => {
      const { violations } = new AwsSolutionsChecks().validateScope(stack);
      assert.deepEqual(
        violations.map(({ ruleName, violatingResources }) => [
          ruleName,
          violatingResources.map(({ constructPath }) => constructPath),
        ]),
        [],
      );
    });
  }

  it('would give cdk-nag something to say, were there something', () => {
    const { stack } = drafted(FUNCTIONS);
    new Bucket(stack, 'Open');
    const { violations } = new AwsSolutionsChecks().validateScope(stack);
    assert.deepEqual(
      violations.map(({ ruleName }) => ruleName),
      ['AwsSolutions-S1', 'AwsSolutions-S10'],
    );
  });
});

describe('a function', () => {
  const { template } = synthesized(FUNCTIONS);
  const [TASK_MANAGER, COORDINATOR] = [/TaskManagerRole/, /FunctionsCoordinatorRole/];

  it('may do all that the stores ask for, if it is the coordinator', () => {
    assert.deepEqual(mayDo(template, COORDINATOR, /StorageJobs/), ROW_ACTIONS.toSorted());
    assert.deepEqual(mayDo(template, COORDINATOR, /StorageState/), SEGMENT_ACTIONS.toSorted());
    const objects = mayDo(template, COORDINATOR, /checkpoints\/\*/);
    assert.deepEqual(objects, OBJECT_ACTIONS.toSorted());
    for (const role of [TASK_MANAGER, COORDINATOR]) {
      const bucket = mayDo(template, role, /Bucket[0-9A-F]{8}","Arn"\]}$/);
      assert.deepEqual(bucket, [...BUCKET_ACTIONS]);
    }
  });

  it('deletes no state and no rows where the code of jobs runs, and reads both by key', () => {
    const items = ['dynamodb:GetItem', 'dynamodb:PutItem'];
    assert.deepEqual(mayDo(template, TASK_MANAGER, /StorageJobs/), items);
    assert.deepEqual(mayDo(template, TASK_MANAGER, /StorageState/), items);
    const writes = ['s3:AbortMultipartUpload', 's3:GetObject', 's3:PutObject'];
    for (const place of [/checkpoints\/\*/, /savepoints\/\*/]) {
      assert.deepEqual(mayDo(template, TASK_MANAGER, place), writes);
    }
    const frames = [...writes, 's3:DeleteObject'].sort();
    assert.deepEqual(mayDo(template, TASK_MANAGER, /"\/frames\/\*"/), frames);
  });

  it('writes the rows that are its own to write, and no others do', () => {
    const reads = ['dynamodb:GetItem', 'dynamodb:Query'];
    const [put, update, remove] = ['PutItem', 'UpdateItem', 'DeleteItem'].map(
      (action) => `dynamodb:${action}`,
    );
    const rowsOf = (role: RegExp) => mayDo(template, role, /StorageJobs/);
    assert.deepEqual(rowsOf(/FunctionsApiRole/), [...reads, put, update].sort());
    assert.deepEqual(rowsOf(/PlanRole/), [...reads, update].sort());
    assert.deepEqual(rowsOf(/SettleRole/), ['dynamodb:GetItem']);
    assert.deepEqual(rowsOf(/SweeperRole/), [...reads, put, remove].sort());
    assert.deepEqual(mayDo(template, /PlanRole/, /StorageState/), reads);
  });

  it('reads programs and does not write them, but for the one that takes them', () => {
    for (const role of [TASK_MANAGER, COORDINATOR, /PlanRole/]) {
      assert.deepEqual(mayDo(template, role, /\/jobs\/\*"/), ['s3:GetObject']);
    }
    assert.deepEqual(mayDo(template, /FunctionsApiRole/, /\/jobs\/\*/), [
      's3:GetObject',
      's3:PutObject',
    ]);
  });

  it('lets the function that plans look at uploads, and the API alone call it', () => {
    assert.deepEqual(mayDo(template, /PlanRole/, /\/uploads\/\*/), ['s3:GetObject']);
    assert.deepEqual(mayDo(template, /FunctionsApiRole/, /:function:orders-plan"/), [
      'lambda:InvokeFunction',
    ]);
    const others = /(TaskManager|FunctionsCoordinator|Settle|Sweeper|Ticks|Plan)Role/;
    assert.deepEqual(mayDo(template, others, /:function:/), []);
    assert.deepEqual(mayDo(template, /(TaskManager|FunctionsCoordinator)Role/, /uploads/), []);
  });

  it('sees savepoints, and only who may own one deletes it', () => {
    assert.deepEqual(mayDo(template, /PlanRole/, /savepoints\/\*/), ['s3:GetObject']);
    // For a client who disposes of one.
    const api = ['s3:DeleteObject', 's3:GetObject'];
    assert.deepEqual(mayDo(template, /FunctionsApiRole/, /savepoints\/\*/), api);
    for (const role of [/SettleRole/, /SweeperRole/]) {
      assert.deepEqual(mayDo(template, role, /savepoints/), []);
      assert.deepEqual(mayDo(template, role, /checkpoints/), []);
    }
    assert.deepEqual(mayDo(template, /SweeperRole/, /\/jobs\/\*/), ['s3:DeleteObject']);
  });

  it('uses inboxes or deletes them; who plans, or plans again, makes them', () => {
    const inboxes = /:orders-i-\*/;
    const makes = ['sqs:CreateQueue', 'sqs:TagQueue'];
    assert.deepEqual(mayDo(template, /PlanRole/, inboxes), makes);
    assert.deepEqual(mayDo(template, TASK_MANAGER, inboxes), [
      'sqs:ChangeMessageVisibility',
      'sqs:DeleteMessage',
      'sqs:ReceiveMessage',
      'sqs:SendMessage',
    ]);
    assert.deepEqual(mayDo(template, COORDINATOR, inboxes), [...makes, 'sqs:SendMessage'].sort());
    assert.deepEqual(mayDo(template, /SettleRole/, inboxes), ['sqs:DeleteQueue']);
    assert.deepEqual(mayDo(template, /SweeperRole/, inboxes), [
      'sqs:DeleteQueue',
      'sqs:GetQueueAttributes',
    ]);
  });

  it('passes ticks on, and touches nothing else of a cluster', () => {
    const [role, consume] = [
      /FunctionsTicksRole/,
      /^sqs:(Receive|Delete|ChangeMessage|GetQueueAttributes)/,
    ];
    const ofTicks = mayDo(template, role, /QueuesTicks[0-9A-F]{8}"/);
    assert.equal(ofTicks.filter((action) => consume.test(action)).length, 4);
    assert.ok(ofTicks.includes('sqs:SendMessage'));
    for (const queue of [/QueuesCoordinator[0-9A-F]{8}"/, /QueuesTickDeadLetters/]) {
      assert.deepEqual(mayDo(template, role, queue), ['sqs:SendMessage']);
    }
    assert.deepEqual(mayDo(template, role, /Storage|stateMachine|orders-i-/), []);
    assert.deepEqual(mayDo(template, COORDINATOR, /QueuesTicks[0-9A-F]{8}"/), ['sqs:SendMessage']);
  });

  it('answers only the tokens of its own machines', () => {
    const answers = mayDo(template, COORDINATOR, /stateMachine:orders-trigger/);
    assert.deepEqual(answers, ['states:SendTaskFailure', 'states:SendTaskSuccess']);
    assert.deepEqual(mayDo(template, TASK_MANAGER, /stateMachine/), []);
  });

  it('replaces executions of its own machine, and no others', () => {
    const replaced = mayDo(template, COORDINATOR, /(stateMachine|execution):orders-job-manager/);
    assert.deepEqual(replaced, [
      'states:SendTaskFailure',
      'states:SendTaskSuccess',
      'states:StartExecution',
      'states:StopExecution',
    ]);
  });

  it('makes and deletes schedules in the group of the cluster, which may wake jobs only', () => {
    const schedules = mayDo(template, COORDINATOR, /:schedule\/orders-wake\/\*/);
    assert.deepEqual(schedules, ['scheduler:CreateSchedule', 'scheduler:DeleteSchedule']);
    assert.deepEqual(mayDo(template, COORDINATOR, /WakeUpsRole/), ['iam:PassRole']);
    assert.deepEqual(mayDo(template, /WakeUpsRole/, /./), ['sqs:SendMessage']);
    assert.deepEqual(mayDo(template, /WakeUpsRole/, /QueuesTicks/), ['sqs:SendMessage']);
    for (const role of [TASK_MANAGER, /PlanRole/, /FunctionsApiRole/, /SettleRole/]) {
      assert.deepEqual(mayDo(template, role, /schedule/), []);
    }
    const passes = JSON.stringify(template.findResources('AWS::IAM::Policy'));
    assert.ok(passes.includes('"iam:PassedToService":"scheduler.amazonaws.com"'));
    template.hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: {
        Statement: [
          {
            Principal: { Service: 'scheduler.amazonaws.com' },
            Condition: { ArnEquals: { 'aws:SourceArn': Match.anyValue() } },
          },
        ],
      },
    });
  });

  it('makes rules of the cluster, which send ticks and nothing else', () => {
    const rules = /:rule\/orders-w-\*/;
    const changes = ['events:DeleteRule', 'events:RemoveTargets'];
    assert.deepEqual(mayDo(template, COORDINATOR, rules), [
      ...['events:DeleteRule', 'events:PutRule', 'events:PutTargets', 'events:RemoveTargets'],
    ]);
    assert.deepEqual(mayDo(template, /SweeperRole/, rules), changes);
    for (const role of [TASK_MANAGER, /PlanRole/, /FunctionsApiRole/, /SettleRole/]) {
      assert.deepEqual(mayDo(template, role, rules), []);
    }
    const policies = JSON.stringify(template.findResources('AWS::IAM::Policy'));
    const condition = '"ForAllValues:ArnEquals":{"events:TargetArn":{"Fn::GetAtt":["';
    assert.match(policies.split(condition)[1] ?? '', /^\w*QueuesTicks/);
    template.hasResourceProperties('AWS::SQS::QueuePolicy', {
      Queues: [{ Ref: Match.stringLikeRegexp('QueuesTicks') }],
      PolicyDocument: { Statement: Match.arrayWith([fromRules('sqs:SendMessage')]) },
    });
  });

  it('may use the key of the account, where there is one', () => {
    const { template: keyed } = synthesized(FUNCTIONS, key);
    keyed.hasResourceProperties('AWS::KMS::Key', {
      KeyPolicy: {
        Statement: Match.arrayWith([fromRules(['kms:Decrypt', 'kms:GenerateDataKey'])]),
      },
    });
    for (const role of [TASK_MANAGER, COORDINATOR, /StateMachinesJobManagerRole/]) {
      const actions = mayDo(keyed, role, /"JobManagerKey/);
      for (const action of ['kms:Decrypt', 'kms:GenerateDataKey']) {
        assert.ok(actions.includes(action), `${role} ${action}`);
      }
    }
    keyed.hasResourceProperties('AWS::KMS::Key', { EnableKeyRotation: true });
    keyed.allResources('AWS::KMS::Key', { DeletionPolicy: 'Retain' });
    keyed.allResourcesProperties('AWS::DynamoDB::Table', {
      SSESpecification: { SSEEnabled: true },
    });
  });
});

describe('the machines', () => {
  const { template } = synthesized(FUNCTIONS);

  it('invoke the functions of their definition, and ask only their coordinator', () => {
    const role = /StateMachinesJobManagerRole/;
    assert.deepEqual(mayDo(template, role, /Function[0-9A-F]{8}","Arn"/), [
      'lambda:InvokeFunction',
    ]);
    assert.deepEqual(mayDo(template, role, /QueuesCoordinator/), ['sqs:SendMessage']);
    assert.deepEqual(mayDo(template, /TriggerSavepointRole/, /QueuesCoordinator/), [
      'sqs:SendMessage',
    ]);
  });

  it('continue themselves, and no other machine', () => {
    const role = /StateMachinesJobManagerRole/;
    assert.deepEqual(mayDo(template, role, /:stateMachine:orders-job-manager"/), [
      'states:StartExecution',
    ]);
    assert.deepEqual(mayDo(template, role, /:execution:/), [
      'states:DescribeExecution',
      'states:RedriveExecution',
      'states:StopExecution',
    ]);
  });
});

describe('what is granted to a cluster', () => {
  it('is granted to the code of its jobs, wherever that runs', () => {
    const { stack, jobManager } = drafted(FUNCTIONS);
    new Bucket(stack, 'Input').grantRead(jobManager);
    const template = Template.fromStack(stack);
    for (const role of [/TaskManagerRole/, /FunctionsCoordinatorRole/, /PlanRole/]) {
      assert.ok(mayDo(template, role, /"Input/).includes('s3:GetObject*'), String(role));
    }
    for (const role of [/FunctionsApiRole/, /SettleRole/, /SweeperRole/]) {
      assert.deepEqual(mayDo(template, role, /"Input/), []);
    }
  });

  it('is granted by the name of a bucket, or a part of it, too', () => {
    const { template } = synthesized(FUNCTIONS, VARIANTS['with data']);
    const write = ['s3:AbortMultipartUpload', 's3:DeleteObject', 's3:GetObject', 's3:PutObject'];
    for (const role of [/TaskManagerRole/, /FunctionsCoordinatorRole/, /PlanRole/]) {
      assert.deepEqual(mayDo(template, role, /:s3:::orders-in"/), ['s3:ListBucket']);
      assert.deepEqual(mayDo(template, role, /:s3:::orders-in\/events\/2026"/), ['s3:GetObject']);
      assert.deepEqual(mayDo(template, role, /:orders-in\/events\/2026\/\*"/), ['s3:GetObject']);
      assert.deepEqual(mayDo(template, role, /:s3:::orders-in\/\*/), []);
      assert.deepEqual(mayDo(template, role, /:s3:::orders-out\/\*"/), write);
      assert.ok(mayDo(template, role, /:key\/k$/).includes('kms:GenerateDataKey'));
    }
    assert.deepEqual(mayDo(template, /FunctionsApiRole|SettleRole|SweeperRole/, /orders-in/), []);
  });

  it('is granted to no bucket that cannot be', () => {
    for (const bucket of [
      { bucketName: 'Orders' },
      { bucketName: 'orders*' },
      { bucketName: 'orders', path: '*' },
      { bucketName: 'orders', path: '/in' },
      { bucketName: 'orders', path: 'a//b' },
    ]) {
      const refused = {
        code: 'DATA_BUCKET_INVALID',
        message: new RegExp(bucket.bucketName.slice(0, 6)),
      };
      assert.throws(() => synthesized(FUNCTIONS, () => ({ dataBuckets: [bucket] })), refused);
    }
  });
});
