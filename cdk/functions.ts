/** The seven functions, and what calls them: queues, a schedule; the API and the machines elsewhere. */
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { ClusterFunction, type FunctionSurroundings } from './cluster-function.ts';
import { type Environment, environmentOf } from './environment.ts';
import { functionGrants, type GrantedResources, KEY_ACTIONS } from './grants.ts';
import { type ClusterNames, FUNCTION_NAMES, type FunctionName } from './names.ts';
import type { Queues } from './queues.ts';
import type { ClusterSettings } from './settings.ts';

export interface FunctionsProps {
  readonly names: ClusterNames;
  readonly settings: ClusterSettings;
  readonly surroundings: FunctionSurroundings;
  readonly queues: Queues;
  readonly granted: GrantedResources;
  readonly kmsKey: IKey | undefined;
  readonly environment: Environment;
  readonly isTraced: boolean;
  readonly reservedConcurrency: number | undefined;
}

interface Size {
  readonly id: string;
  readonly description: string;
  readonly memoryMb: number;
  readonly timeout: Duration;
  readonly isTraced: boolean;
}

/** With a whole vCPU, as evaluating a program wants it. */
const WHOLE_VCPU_MB = 1_769;
/** A tick does nothing but go to the other queue. */
const TICK_WORKERS = 5;
const MESSAGES_A_TURN = 10;

/** Why so long: an HTTP API gives up after 30 s; plan evaluates a program and makes inboxes. */
export const FUNCTION_TIMEOUTS = {
  api: Duration.seconds(29),
  plan: Duration.seconds(120),
  settle: Duration.seconds(30),
  sweeper: Duration.seconds(300),
} as const;

export class Functions extends Construct {
  readonly all: Readonly<Record<FunctionName, ClusterFunction>>;

  constructor(scope: Construct, id: string, props: FunctionsProps) {
    super(scope, id);
    const all = FUNCTION_NAMES.map((name) => [name, this.#function(name, props)] as const);
    this.all = Object.fromEntries(all) as Functions['all'];
    this.#feedCoordinator(props.queues);
    new Rule(this, 'SweeperSchedule', {
      description: 'Deletes what jobs have left behind',
      schedule: Schedule.rate(Duration.days(1)),
      targets: [new LambdaFunction(this.all.sweeper.lambda, { retryAttempts: 2 })],
    });
  }

  #function(name: FunctionName, props: FunctionsProps): ClusterFunction {
    const { id, isTraced, ...size } = sizes(props.settings)[name];
    const key = props.kmsKey;
    const keyGrants = key === undefined ? [] : [{ actions: KEY_ACTIONS, resources: [key.keyArn] }];
    return new ClusterFunction(this, id, {
      ...props.surroundings,
      ...size,
      bundle: name,
      functionName: props.names.functions[name],
      environment: environmentOf(name, props.environment),
      grants: [...functionGrants(name, props.granted), ...keyGrants],
      isTraced: isTraced && props.isTraced,
      // The coordinator sends itself ticks, by the other. No circle goes around both.
      mayRecur: name === 'coordinator' || name === 'ticks',
      reservedConcurrency: name === 'taskmanager' ? props.reservedConcurrency : undefined,
    });
  }

  #feedCoordinator({ coordinator, ticks }: Queues): void {
    const { coordinator: turns, ticks: forwarder } = this.all;
    const usual = { batchSize: MESSAGES_A_TURN, reportBatchItemFailures: true };
    // One turn a job at a time: its messages are one group. Jobs do not wait for each other.
    // One queue a function: two of them would keep two of its processes warm, and take jobs over.
    turns.lambda.addEventSource(new SqsEventSource(coordinator, usual));
    const few = { ...usual, maxConcurrency: TICK_WORKERS };
    forwarder.lambda.addEventSource(new SqsEventSource(ticks, few));
  }
}

/** X-Ray's first 100,000 traces a month are free; turns of busy jobs, and the sweeper, have none. */
function sizes(settings: ClusterSettings): Readonly<Record<FunctionName, Size>> {
  return {
    api: {
      id: 'Api',
      description: "Sluice's HTTP API: Flink's REST API for jobs",
      memoryMb: 1_024,
      timeout: FUNCTION_TIMEOUTS.api,
      isTraced: true,
    },
    plan: {
      id: 'Plan',
      description: 'Evaluates the program of a Sluice job and makes its inboxes',
      memoryMb: WHOLE_VCPU_MB,
      timeout: FUNCTION_TIMEOUTS.plan,
      isTraced: true,
    },
    coordinator: {
      id: 'Coordinator',
      description: 'Decides for Sluice jobs, a turn at a time',
      memoryMb: WHOLE_VCPU_MB,
      timeout: settings.turnTimeout,
      isTraced: false,
    },
    ticks: {
      id: 'Ticks',
      description: 'Puts what the coordinator of Sluice jobs tells itself into its queue, in time',
      memoryMb: 256,
      timeout: settings.turnTimeout,
      isTraced: false,
    },
    taskmanager: {
      id: 'TaskManager',
      description: 'Runs slots of a Sluice job for the time of a lease',
      memoryMb: settings.taskManagerMemoryMb,
      timeout: settings.taskManagerTimeout,
      isTraced: true,
    },
    settle: {
      id: 'Settle',
      description: 'Tells of lost leases and clears up after Sluice jobs',
      memoryMb: 256,
      timeout: FUNCTION_TIMEOUTS.settle,
      isTraced: true,
    },
    sweeper: {
      id: 'Sweeper',
      description: 'Deletes what Sluice jobs have left behind, and forgets old ones',
      memoryMb: 256,
      timeout: FUNCTION_TIMEOUTS.sweeper,
      isTraced: false,
    },
  };
}
