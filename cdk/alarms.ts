/** Alarms: the ten that an account has for nothing. */
import {
  Alarm,
  type AlarmProps,
  ComparisonOperator,
  type IMetric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { clusterMetric } from './metrics.ts';
import type { ClusterNames } from './names.ts';
import type { Queues } from './queues.ts';

export interface AlarmsProps {
  readonly names: ClusterNames;
  readonly queues: Queues;
  readonly jobManager: StateMachine;
  readonly topic: ITopic | undefined;
  /** Of what a hand-over may take, what may be used up before somebody has to know. */
  readonly leaseLate: Duration;
}

interface Threshold {
  readonly metric: IMetric;
  readonly atLeast: number;
  readonly description: string;
}

/** One fails now and then: a slow acknowledgement, a throttled table. */
const FAILED_CHECKPOINTS = 3;
/** Reached in four minutes: later the age of the oldest message leaves those out that come again. */
const RECEIVES = 10;

export class Alarms extends Construct {
  readonly all: readonly Alarm[];

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const { names, queues, jobManager, topic } = props;
    const thresholds: Readonly<Record<string, Threshold>> = {
      CheckpointsFailing: {
        metric: clusterMetric(names.prefix, 'failedCheckpoints', Duration.minutes(15)),
        atLeast: FAILED_CHECKPOINTS,
        description: 'Checkpoints fail: a job would fall back ever further',
      },
      JobFailed: {
        metric: clusterMetric(names.prefix, 'failedJobs'),
        atLeast: 1,
        description: 'A job has failed and does not restart any more',
      },
      LeaseRollOverLate: {
        metric: clusterMetric(names.prefix, 'leaseLateMs'),
        atLeast: props.leaseLate.toMilliseconds(),
        description: 'A TaskManager handed over late: soon Lambda ends one before it does',
      },
      ExecutionsFailed: {
        metric: jobManager.metricFailed({ statistic: Stats.SUM }),
        atLeast: 1,
        description: 'An execution of the JobManager failed: a job failed, or stands still',
      },
      ExecutionsTimedOut: {
        metric: jobManager.metricTimedOut({ statistic: Stats.SUM }),
        atLeast: 1,
        description: 'An execution of the JobManager was a year old: its job stands still',
      },
      CoordinatorDeadLetters: deadLetters(queues.coordinatorDeadLetters, 'to the coordinator'),
      TickDeadLetters: deadLetters(queues.tickDeadLetters, 'of the time to the coordinator'),
      InboxDeadLetters: deadLetters(queues.inboxDeadLetters, 'to a TaskManager'),
      CoordinatorLate: {
        metric: queues.coordinator.metricApproximateAgeOfOldestMessage({
          statistic: Stats.MAXIMUM,
        }),
        atLeast: 300,
        description: 'A message has waited five minutes for the coordinator: its job stands still',
      },
      MessagesComeAgain: {
        metric: clusterMetric(names.prefix, 'messageReceives'),
        atLeast: RECEIVES,
        description: 'A message comes again and again: its job stands still, or hears no time',
      },
    };
    this.all = Object.entries(thresholds).map(([name, threshold]) => {
      const alarm = new Alarm(this, name, alarmProps(`${names.prefix}-${name}`, threshold));
      if (topic === undefined) return alarm;
      alarm.addAlarmAction(new SnsAction(topic));
      alarm.addOkAction(new SnsAction(topic));
      return alarm;
    });
  }
}

function deadLetters(queue: IQueue, which: string): Threshold {
  return {
    metric: queue.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM }),
    atLeast: 1,
    description: `A message ${which} could not be taken: it lies in a dead-letter queue`,
  };
}

function alarmProps(alarmName: string, { metric, atLeast, description }: Threshold): AlarmProps {
  return {
    alarmName,
    alarmDescription: description,
    metric,
    threshold: atLeast,
    evaluationPeriods: 1,
    comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    // Where nothing runs, nothing is measured.
    treatMissingData: TreatMissingData.NOT_BREACHING,
  };
}
