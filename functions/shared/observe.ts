/**
 * Logs and metrics of a function: a line of JSON each, with nothing secret in it.
 *
 * I1  Fields that name credentials or tokens are dropped, whoever logs them.
 */
import { Logger as JsonLogger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { MetricName, MetricSink } from '../../runtime/adapters/aws/index.ts';
import type { Logger } from '../../runtime/core/index.ts';

export interface Observation {
  readonly logger: Logger;
  readonly metrics: MetricSink;
  /** Writes the metrics of an invocation. */
  flush(): void;
}

const NAMESPACE = 'Sluice';
/** The dimension of every metric; a job or a slot would be one to pay for each. */
const DIMENSION = 'prefix';
const SECRET = /token|secret|password|credential|authorization/i;
const UNITS: Readonly<Record<MetricName, (typeof MetricUnit)[keyof typeof MetricUnit]>> = {
  NumberOfFailedCheckpoints: MetricUnit.Count,
  NumberOfCompletedCheckpoints: MetricUnit.Count,
  lastCheckpointDuration: MetricUnit.Milliseconds,
  JobFailed: MetricUnit.Count,
  LeaseRollOverLateMs: MetricUnit.Milliseconds,
  CoordinatorTurnMs: MetricUnit.Milliseconds,
  PoisonMessages: MetricUnit.Count,
};

/** @param name of the function. */
export function observe(name: string, prefix: string): Observation {
  const json = new JsonLogger({ serviceName: `sluice-${name}`, persistentKeys: { prefix } });
  const metrics = new Metrics({ namespace: NAMESPACE, defaultDimensions: { [DIMENSION]: prefix } });
  return {
    logger: { log: (level, message, fields = {}) => json[level](message, withoutSecrets(fields)) },
    metrics: { add: (metric, value) => metrics.addMetric(metric, UNITS[metric], value) },
    flush: () => metrics.publishStoredMetrics(),
  };
}

/** I1. */
export function withoutSecrets(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !SECRET.test(name)));
}
