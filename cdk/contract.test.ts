/**
 * Logical ids and names are contract: another logical id is another resource, hence a bucket that
 * is left behind and jobs that are gone. A change here is a migration, and needs one.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ENVIRONMENT_VARIABLES } from './environment.ts';
import { functionsFixture, synthesized } from './stack-fixture.ts';

const SOURCES = join(import.meta.dirname, '..', 'functions');
const NAMES = /\bSLUICE_[A-Z_]+\b/g;
const { template } = synthesized(functionsFixture());

/** `logical id: name`, of what keeps data or is called by name. */
const CONTRACT = {
  'AWS::S3::Bucket': ['JobManagerStorageBucketBA24CEBA'],
  'AWS::DynamoDB::Table': [
    'JobManagerStorageJobs4FDEA011: orders-jobs',
    'JobManagerStorageStateF3B02DAC: orders-state',
  ],
  'AWS::SQS::Queue': [
    'JobManagerQueuesCoordinatorDeadLettersE3480DAC: orders-coordinator-dlq.fifo',
    'JobManagerQueuesCoordinatorE7A043EB: orders-coordinator.fifo',
    'JobManagerQueuesInboxDeadLetters8230C98B: orders-inbox-dlq',
    'JobManagerQueuesTickDeadLetters568B299B: orders-ticks-dlq',
    'JobManagerQueuesTicksAF8DBF27: orders-ticks',
  ],
  'AWS::Lambda::Function': [
    'JobManagerFunctionsApiFunction0EBAE996: orders-api',
    'JobManagerFunctionsCoordinatorFunction7A085F3F: orders-coordinator',
    'JobManagerFunctionsPlanFunctionE7CC7D94: orders-plan',
    'JobManagerFunctionsSettleFunction71F9A811: orders-settle',
    'JobManagerFunctionsSweeperFunctionE2B2B1D9: orders-sweeper',
    'JobManagerFunctionsTaskManagerFunctionA240E7C6: orders-taskmanager',
    'JobManagerFunctionsTicksFunctionD7DFAD56: orders-ticks',
  ],
  'AWS::StepFunctions::StateMachine': [
    'JobManagerStateMachinesJobManager7C4FCC9D: orders-job-manager',
    'JobManagerStateMachinesTriggerSavepointEB0898D3: orders-trigger-savepoint',
  ],
  'AWS::Scheduler::ScheduleGroup': ['JobManagerWakeUpsGroup0AB250E8: orders-wake'],
  'AWS::ApiGatewayV2::Api': ['JobManagerApiHttpApiFCBDE61D: orders'],
  'AWS::CloudWatch::Dashboard': ['JobManagerOverviewDashboard6D09E616: orders'],
};
const NAME = /^(TableName|QueueName|FunctionName|StateMachineName|Name|DashboardName|BucketName)$/;

describe('the contract of a stack', () => {
  it('keeps its logical ids and names', () => {
    const found = Object.fromEntries(
      Object.keys(CONTRACT).map((type) => [
        type,
        Object.entries(template.findResources(type))
          .map(([id, { Properties }]) => {
            const [, name] = Object.entries(Properties ?? {}).find(([key]) => NAME.test(key)) ?? [];
            return name === undefined ? id : `${id}: ${name}`;
          })
          .sort(),
      ]),
    );
    assert.deepEqual(found, CONTRACT);
  });

  it('keeps the names of its outputs', () => {
    assert.deepEqual(Object.keys(template.findOutputs('*')).sort(), [
      'ApiUrl',
      'BucketName',
      'CoordinatorQueueUrl',
      'FunctionNames',
      'JobsTableName',
      'StateMachineArn',
      'StateTableName',
      'TriggerSavepointArn',
    ]);
  });

  it('gives every function the variables that it needs, and no others', () => {
    const variables = Object.fromEntries(
      Object.values(template.findResources('AWS::Lambda::Function')).map(({ Properties }) => [
        Properties.FunctionName.replace('orders-', ''),
        Object.keys(Properties.Environment.Variables)
          .map((name) => name.replace('SLUICE_', ''))
          .sort()
          .join(' '),
      ]),
    );
    assert.deepEqual(variables, {
      api: 'BUCKET BUCKET_OWNER COORDINATOR_QUEUE_URL JOBS_TABLE JOB_EXPIRATION_MS MAX_TASK_MANAGERS NODE_OPTIONS PLAN_FUNCTION PREFIX STATE_MACHINE_ARN STATE_TABLE TASK_MANAGER_MEMORY_MB TASK_SLOTS VERSION',
      plan: 'BUCKET BUCKET_OWNER INBOX_DLQ_ARN INBOX_URL_PREFIX JOBS_TABLE MAX_TASK_MANAGERS NODE_OPTIONS PREFIX STATE_TABLE TASK_SLOTS',
      coordinator:
        'BUCKET BUCKET_OWNER COORDINATOR_QUEUE_URL INBOX_DLQ_ARN INBOX_URL_PREFIX JOBS_TABLE LEASE_MARGIN_MS LEASE_MS MAX_TASK_MANAGERS NODE_OPTIONS PREFIX STATE_MACHINE_ARN STATE_TABLE TASK_SLOTS TICK_QUEUE_ARN TICK_QUEUE_URL WAKE_GROUP WAKE_ROLE_ARN WAKE_RULE_PREFIX',
      ticks: 'COORDINATOR_QUEUE_URL NODE_OPTIONS PREFIX TICK_QUEUE_URL',
      taskmanager:
        'BUCKET BUCKET_OWNER COORDINATOR_QUEUE_URL INBOX_URL_PREFIX JOBS_TABLE LEASE_MARGIN_MS LEASE_MS NODE_OPTIONS PREFIX STATE_TABLE TASK_SLOTS',
      settle:
        'BUCKET BUCKET_OWNER COORDINATOR_QUEUE_URL INBOX_URL_PREFIX JOBS_TABLE NODE_OPTIONS PREFIX',
      sweeper:
        'BUCKET BUCKET_OWNER INBOX_URL_PREFIX JOBS_TABLE JOB_EXPIRATION_MS NODE_OPTIONS PREFIX WAKE_RULE_PREFIX',
    });
  });

  it('knows every variable that the functions read', () => {
    const read = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
      .flatMap((path) => readFileSync(join(SOURCES, path), 'utf8').match(NAMES) ?? []);
    assert.ok(read.length > 0);
    assert.deepEqual(
      read.filter((name) => !ENVIRONMENT_VARIABLES.includes(name)),
      [],
    );
  });

  it('is described: each name stands in the documentation', () => {
    const text = readFileSync(join(SOURCES, '..', 'docs', 'aws', 'resources.md'), 'utf8');
    const names = Object.values(CONTRACT)
      .flat()
      .flatMap((entry) => entry.split(': ')[1] ?? [])
      .map((name) => name.replace('orders', 'sluice'));
    assert.ok(names.length > 15);
    assert.deepEqual(
      names.filter((name) => !text.includes(`\`${name}\``)),
      [],
    );
  });

  it('tells each function that has the bucket whose it must be', () => {
    const all = Object.values(template.findResources('AWS::Lambda::Function'));
    const told = all
      .map(({ Properties }) => Properties.Environment?.Variables ?? {})
      .filter(({ SLUICE_BUCKET }) => SLUICE_BUCKET !== undefined)
      .map(({ SLUICE_BUCKET_OWNER }) => SLUICE_BUCKET_OWNER);
    assert.ok(told.length >= 6);
    for (const owner of told) assert.deepEqual(owner, { Ref: 'AWS::AccountId' });
  });

  it('makes inbox URLs of what the service says a queue is called', () => {
    const plan = Object.values(template.findResources('AWS::Lambda::Function')).find(
      ({ Properties }) => Properties.FunctionName === 'orders-plan',
    );
    const queue = { Ref: 'JobManagerQueuesCoordinatorE7A043EB' };
    assert.deepEqual(plan?.Properties.Environment.Variables.SLUICE_INBOX_URL_PREFIX, {
      'Fn::Join': [
        '',
        [{ 'Fn::Select': [0, { 'Fn::Split': ['orders-coordinator.fifo', queue] }] }, 'orders-i-'],
      ],
    });
  });
});
