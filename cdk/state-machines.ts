/** The two state machines, with roles that may do what their definitions say. */
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { DefinitionBody, LogLevel, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { ArnFormat, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { jobManagerDefinition } from './definitions/job-manager-definition.ts';
import type { StateMachineDefinition } from './definitions/state-machine.ts';
import { triggerSavepointDefinition } from './definitions/trigger-savepoint-definition.ts';
import { FUNCTION_TIMEOUTS, type Functions } from './functions.ts';
import type { Grant } from './grants.ts';
import type { ClusterNames } from './names.ts';
import type { Queues } from './queues.ts';
import { allow, emptyRole, explainWildcards } from './roles.ts';
import type { ClusterSettings } from './settings.ts';

export interface StateMachinesProps {
  readonly names: ClusterNames;
  readonly settings: ClusterSettings;
  readonly functions: Functions;
  readonly queues: Queues;
  readonly logRetention: RetentionDays;
  readonly isTraced: boolean;
  readonly keyGrants: readonly Grant[];
}

/** Their ARNs, which the functions have to know before the machines know the functions. */
export interface StateMachineArns {
  readonly jobManager: string;
  readonly triggerSavepoint: string;
  /** Of the JobManager; ends in `*`. */
  readonly executions: string;
}

/** Of the machines with these names in the scope's account and region. */
export function stateMachineArns(scope: Construct, names: ClusterNames): StateMachineArns {
  const arnOf = (name: string): string =>
    Stack.of(scope).formatArn({
      service: 'states',
      resource: 'stateMachine',
      resourceName: name,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  return {
    jobManager: arnOf(names.jobManager),
    triggerSavepoint: arnOf(names.triggerSavepoint),
    executions: executionsOf(Stack.of(scope), names.jobManager, ':'),
  };
}

export class StateMachines extends Construct {
  readonly jobManager: StateMachine;
  readonly triggerSavepoint: StateMachine;

  constructor(scope: Construct, id: string, props: StateMachinesProps) {
    super(scope, id);
    const { names, functions, queues, keyGrants } = props;
    const { plan, taskmanager, settle } = functions.all;
    const arns = stateMachineArns(this, names);
    const ask: Grant = {
      actions: ['sqs:SendMessage'],
      resources: [queues.coordinator.queueArn],
    };
    const invoked = [plan, taskmanager, settle].map(({ lambda }) => lambda.functionArn);
    this.jobManager = this.#machine('JobManager', names.jobManager, props, {
      definition: jobManagerDefinition({
        planArn: plan.lambda.functionArn,
        taskManagerArn: taskmanager.lambda.functionArn,
        settleArn: settle.lambda.functionArn,
        coordinatorQueueUrl: queues.coordinator.queueUrl,
        planTimeoutSeconds: FUNCTION_TIMEOUTS.plan.toSeconds(),
        settleTimeoutSeconds: FUNCTION_TIMEOUTS.settle.toSeconds(),
        leaseTimeoutSeconds: props.settings.leaseTimeout.toSeconds(),
        continueAfterEvents: props.settings.continueAfterEvents,
      }),
      grants: [
        { actions: ['lambda:InvokeFunction'], resources: invoked },
        ask,
        ...keyGrants,
        ...ownExecutions(Stack.of(this), names.jobManager, arns.jobManager),
      ],
    });
    this.triggerSavepoint = this.#machine('TriggerSavepoint', names.triggerSavepoint, props, {
      definition: triggerSavepointDefinition({ coordinatorQueueUrl: queues.coordinator.queueUrl }),
      grants: [ask, ...keyGrants],
    });
  }

  #machine(
    id: string,
    name: string,
    props: StateMachinesProps,
    parts: { readonly definition: StateMachineDefinition; readonly grants: readonly Grant[] },
  ): StateMachine {
    const role = emptyRole(this, `${id}Role`, 'states', parts.definition.Comment);
    allow(role, parts.grants);
    const logs = new LogGroup(this, `${id}Log`, {
      // The service may write to all of this name: the account's ten log policies do not fill.
      logGroupName: `/aws/vendedlogs/states/${name}`,
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const machine = new StateMachine(this, id, {
      stateMachineName: name,
      comment: parts.definition.Comment,
      definitionBody: DefinitionBody.fromString(
        Stack.of(this).toJsonString(parts.definition) as string,
      ),
      role,
      // A handful of events a lease; what went through the machine is left out.
      logs: { destination: logs, level: LogLevel.ALL, includeExecutionData: false },
      tracingEnabled: props.isTraced,
      // Executions of a deleted machine run to their end: jobs are cancelled before.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const reason = 'IAM knows no resource for log deliveries and for X-Ray traces.';
    explainWildcards(role, ['*'], reason);
    if (!props.isTraced) {
      const reason = 'The owner of the stack wants no traces.';
      Validations.of(machine).acknowledge({ id: 'AwsSolutions-SF2', reason });
    }
    return machine;
  }
}

/** It continues as a new execution, and a distributed Map makes its children executions of it. */
function ownExecutions(stack: Stack, name: string, machineArn: string): readonly Grant[] {
  const executions = executionsOf(stack, name, ':');
  const children = executionsOf(stack, name, '/');
  return [
    { actions: ['states:StartExecution'], resources: [machineArn] },
    {
      actions: ['states:DescribeExecution', 'states:StopExecution', 'states:RedriveExecution'],
      resources: [executions, children],
      wildcard: "A distributed Map's children have names that the service makes up.",
    },
  ];
}

function executionsOf(stack: Stack, name: string, mark: ':' | '/'): string {
  return stack.formatArn({
    service: 'states',
    resource: 'execution',
    resourceName: `${name}${mark}*`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}
