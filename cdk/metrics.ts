/** What the functions write as embedded metrics, and the alarms and the dashboard read. */
import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { Duration } from 'aws-cdk-lib/core';

export const METRIC_NAMESPACE = 'Sluice';

/** The only dimension that alarms need; a job or a slot would be a metric to pay for each. */
export const METRIC_DIMENSION = 'prefix';

/** Names of the metrics; times are in milliseconds. */
export const METRICS = {
  failedCheckpoints: 'NumberOfFailedCheckpoints',
  failedJobs: 'JobFailed',
  leaseLateMs: 'LeaseRollOverLateMs',
  messageReceives: 'MessageReceives',
} as const;

/** The others are summed. */
const LARGEST: ReadonlySet<keyof typeof METRICS> = new Set(['leaseLateMs', 'messageReceives']);

/** One metric of a cluster. */
export function clusterMetric(
  prefix: string,
  name: keyof typeof METRICS,
  period: Duration = Duration.minutes(5),
): Metric {
  return new Metric({
    namespace: METRIC_NAMESPACE,
    metricName: METRICS[name],
    dimensionsMap: { [METRIC_DIMENSION]: prefix },
    statistic: LARGEST.has(name) ? Stats.MAXIMUM : Stats.SUM,
    period,
  });
}
