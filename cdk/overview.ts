/** The dashboard: is there trouble, who does what, and how near are the quotas. */
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  Stats,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { Functions } from './functions.ts';
import { clusterMetric } from './metrics.ts';
import { type ClusterNames, FUNCTION_NAMES } from './names.ts';
import type { Queues } from './queues.ts';
import type { StateMachines } from './state-machines.ts';
import type { Storage } from './storage.ts';

export interface OverviewProps {
  readonly names: ClusterNames;
  readonly alarms: readonly Alarm[];
  readonly functions: Functions;
  readonly machines: StateMachines;
  readonly queues: Queues;
  readonly storage: Storage;
}

export class Overview extends Construct {
  readonly dashboard: Dashboard;

  constructor(scope: Construct, id: string, props: OverviewProps) {
    super(scope, id);
    this.dashboard = new Dashboard(this, 'Dashboard', {
      dashboardName: props.names.prefix,
      widgets: [
        [new AlarmStatusWidget({ title: 'Alarms', alarms: [...props.alarms], width: 24 })],
        jobs(props),
        functions(props),
        stores(props),
      ],
    });
  }
}

function jobs({ names, machines, queues }: OverviewProps): IWidget[] {
  return [
    graph('Jobs and checkpoints', [
      clusterMetric(names.prefix, 'failedJobs'),
      clusterMetric(names.prefix, 'failedCheckpoints'),
    ]),
    graph('Hand-overs late by (ms)', [clusterMetric(names.prefix, 'leaseLateMs')]),
    graph('Executions', [machines.jobManager.metricStarted(), machines.jobManager.metricFailed()]),
    graph('Coordinator waits (s)', [
      queues.coordinator.metricApproximateAgeOfOldestMessage({ statistic: Stats.MAXIMUM }),
      queues.ticks.metricApproximateAgeOfOldestMessage({ statistic: Stats.MAXIMUM }),
    ]),
  ];
}

function functions({ functions: { all } }: OverviewProps): IWidget[] {
  const of = (metric: (name: (typeof FUNCTION_NAMES)[number]) => IMetric): IMetric[] =>
    FUNCTION_NAMES.map(metric);
  return [
    graph(
      'Errors',
      of((name) => all[name].lambda.metricErrors({ label: name })),
    ),
    graph(
      'Throttles',
      of((name) => all[name].lambda.metricThrottles({ label: name })),
    ),
    graph('TaskManagers at once', [
      all.taskmanager.lambda.metric('ConcurrentExecutions', { statistic: Stats.MAXIMUM }),
    ]),
    graph('Turns of the coordinator (ms)', [
      all.coordinator.lambda.metricDuration({ statistic: Stats.p(50) }),
      all.coordinator.lambda.metricDuration({ statistic: Stats.p(99) }),
    ]),
  ];
}

function stores({ storage, queues }: OverviewProps): IWidget[] {
  const { jobs: rows, state } = storage;
  return [
    graph('Write units', [
      rows.metricConsumedWriteCapacityUnits({ label: 'jobs' }),
      state.metricConsumedWriteCapacityUnits({ label: 'state' }),
    ]),
    graph('Throttled writes', [
      rows.metric('WriteThrottleEvents', { label: 'jobs', statistic: Stats.SUM }),
      state.metric('WriteThrottleEvents', { label: 'state', statistic: Stats.SUM }),
    ]),
    graph('Dead letters', [
      queues.coordinatorDeadLetters.metricApproximateNumberOfMessagesVisible(),
      queues.tickDeadLetters.metricApproximateNumberOfMessagesVisible(),
      queues.inboxDeadLetters.metricApproximateNumberOfMessagesVisible(),
    ]),
  ];
}

function graph(title: string, left: IMetric[]): GraphWidget {
  return new GraphWidget({ title, left, width: 6 });
}
