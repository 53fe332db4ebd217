/**
 * Logs and metrics of a function: a line of JSON each, with nothing secret in it. A line says whose
 * it is, as far as that is known: `jobId`, `attempt`, `taskManager`, `lease`, `slot`, `checkpoint`.
 *
 * I1  What names credentials or tokens, and the function's own credentials, are not in them,
 *     whoever logs them.
 */
import { Logger as JsonLogger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { MetricName, MetricSink } from '../../runtime/adapters/aws/index.ts';
import type { Logger } from '../../runtime/core/index.ts';
import { Redactor } from './redactor.ts';

export interface Observation {
  readonly logger: Logger;
  readonly metrics: MetricSink;
  /** Writes the metrics of an invocation. */
  flush(): void;
}

const NAMESPACE = 'Sluice';
/** The dimension of every metric; a job or a slot would be one to pay for each. */
const DIMENSION = 'prefix';
const UNITS: Readonly<Record<MetricName, (typeof MetricUnit)[keyof typeof MetricUnit]>> = {
  NumberOfFailedCheckpoints: MetricUnit.Count,
  NumberOfCompletedCheckpoints: MetricUnit.Count,
  lastCheckpointDuration: MetricUnit.Milliseconds,
  JobFailed: MetricUnit.Count,
  LeaseRollOverLateMs: MetricUnit.Milliseconds,
  SlotStartMs: MetricUnit.Milliseconds,
  CoordinatorTurnMs: MetricUnit.Milliseconds,
  PoisonMessages: MetricUnit.Count,
};

/** @param name of the function. */
export function observe(name: string, prefix: string): Observation {
  const metrics = new Metrics({ namespace: NAMESPACE, defaultDimensions: { [DIMENSION]: prefix } });
  return {
    logger: functionLogger(name, prefix),
    metrics: { add: (metric, value) => metrics.addMetric(metric, UNITS[metric], value) },
    flush: () => metrics.publishStoredMetrics(),
  };
}

/**
 * @param name of the function.
 * @param place of all its lines.
 */
export function functionLogger(
  name: string,
  prefix: string,
  place: Readonly<Record<string, string | number>> = {},
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Logger {
  const persistentKeys = { prefix, ...place };
  const json = new JsonLogger({ serviceName: `sluice-${name}`, persistentKeys });
  const redactor = new Redactor(environment);
  return {
    log: (level, message, fields = {}) =>
      json[level](redactor.text(message), redactor.fields(fields)),
  };
}
