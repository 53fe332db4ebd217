/** Goal: the documents tell of every resource, as it is. Method: the template against their text. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { COST_ASSUMPTIONS } from '../runtime/adapters/aws/cost/index.ts';
import { OTHER_INVOCATIONS } from '../runtime/core/index.ts';
import { functionsFixture, synthesized } from './stack-fixture.ts';

const { template } = synthesized(functionsFixture(), () => ({ prefix: 'sluice' }));
const [resources, operate, notPromised] = ['resources', 'operate', 'not-promised'].map((name) =>
  readFileSync(new URL(`../docs/aws/${name}.md`, import.meta.url), 'utf8'),
) as [string, string, string];

/** Values of a property of all resources of a type. */
function namesOf(type: string, property: string): readonly string[] {
  return Object.values(template.findResources(type)).map(({ Properties }) =>
    String(Properties[property]),
  );
}

function missing(names: readonly string[], text: string): readonly string[] {
  assert.ok(names.length > 0 && !names.includes('undefined'), names.join());
  return names.filter((name) => !text.includes(`\`${name}\``));
}

describe('docs/aws/resources.md', () => {
  it('names every function, queue, table, machine and the dashboard', () => {
    for (const [type, property] of [
      ['AWS::Lambda::Function', 'FunctionName'],
      ['AWS::SQS::Queue', 'QueueName'],
      ['AWS::DynamoDB::Table', 'TableName'],
      ['AWS::StepFunctions::StateMachine', 'StateMachineName'],
      ['AWS::CloudWatch::Dashboard', 'DashboardName'],
      ['AWS::ApiGatewayV2::Api', 'Name'],
    ] as const) {
      assert.deepEqual(missing(namesOf(type, property), resources), [], type);
    }
  });

  it('tells of every type of resource that is no part of another', () => {
    const told = new Set([
      ...['ApiGatewayV2::Api', 'CloudWatch::Alarm', 'CloudWatch::Dashboard', 'DynamoDB::Table'],
      ...['Events::Rule', 'Lambda::EventSourceMapping', 'Lambda::Function', 'Logs::LogGroup'],
      ...['S3::Bucket', 'SQS::Queue', 'Scheduler::ScheduleGroup', 'StepFunctions::StateMachine'],
    ]);
    const parts = new Set([
      ...['ApiGatewayV2::Integration', 'ApiGatewayV2::Route', 'ApiGatewayV2::Stage'],
      ...['IAM::Policy', 'IAM::Role', 'Lambda::EventInvokeConfig', 'Lambda::Permission'],
      ...['S3::BucketPolicy', 'SQS::QueuePolicy'],
    ]);
    const { Resources } = template.toJSON() as { Resources: Record<string, { Type: string }> };
    const types = new Set(Object.values(Resources).map(({ Type }) => Type.replace('AWS::', '')));
    assert.deepEqual(
      [...types].filter((type) => !told.has(type) && !parts.has(type)),
      [],
    );
    assert.deepEqual(
      [...told].filter((type) => !types.has(type)),
      [],
    );
  });

  it('says what functions have of memory and time', () => {
    for (const { Properties } of Object.values(template.findResources('AWS::Lambda::Function'))) {
      const { FunctionName, MemorySize, Timeout } = Properties;
      const row = resources.split('\n').find((line) => line.includes(`| \`${FunctionName}\` |`));
      const size = `${MemorySize.toLocaleString('en')} MB`;
      assert.match(row ?? '', new RegExp(`; ([^|]+, )?${Timeout} s( at most)?[,;] ${size}`));
    }
  });
});

describe('what is said of concurrency', () => {
  it('is one number everywhere, that which jobs are held against', () => {
    const words = ['none', 'one', 'two', 'three', 'four', 'five'][OTHER_INVOCATIONS];
    const [jobs, deploy] = ['jobs', 'deploy'].map((name) =>
      readFileSync(new URL(`../docs/aws/${name}.md`, import.meta.url), 'utf8'),
    ) as [string, string];
    assert.match(resources, new RegExp(`one a TaskManager while it runs, and ${words} for the`));
    assert.match(
      resources,
      new RegExp(`concurrent executions that no function has reserved, less ${words}, whichever`),
    );
    assert.match(
      jobs,
      new RegExp(`concurrent executions \\(less ${words} for the other functions`),
    );
    // Of the ten of a new account.
    const left = ['none', 'one', 'two', 'three', 'four', 'five', 'six'][10 - OTHER_INVOCATIONS];
    assert.match(deploy, new RegExp(`a job of more than ${left} TaskManagers is refused`));
  });
});

describe('docs/aws/operate.md', () => {
  it('has a section for each alarm, and for none that there is not', () => {
    const alarms = namesOf('AWS::CloudWatch::Alarm', 'AlarmName');
    const told = [...operate.matchAll(/^### (.*)$/gm)].flatMap(([, line = '']) => line.split(', '));
    assert.deepEqual(told.toSorted(), alarms.toSorted());
  });

  it('starts a machine again with the input that the machine itself would use', () => {
    const definition = JSON.stringify(template.findResources('AWS::StepFunctions::StateMachine'));
    assert.match(definition, /start an execution with the input [^}]*continuation/);
    assert.match(operate, /start the machine again .*\n.*"continuation": <n\+1>/);
  });

  it('tells what to do with each dead-letter queue', () => {
    const queues = namesOf('AWS::SQS::Queue', 'QueueName').filter((name) => /dlq/.test(name));
    assert.deepEqual(missing(queues, operate), []);
  });
});

describe('docs/aws/not-promised.md', () => {
  it('counts the alarms and the queues that Lambda polls', () => {
    assert.match(notPromised, /Ten alarms are \$1\.00/);
    template.resourceCountIs('AWS::CloudWatch::Alarm', 10);
    assert.equal(COST_ASSUMPTIONS.cluster.alarms, 10, 'what sluice estimate counts');
    assert.match(notPromised, /the two queues of the coordinator/);
    template.resourceCountIs('AWS::Lambda::EventSourceMapping', 2);
  });
});
