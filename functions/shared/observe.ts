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

/** What says what a function does. */
export interface ObservedFunction {
  readonly logger: Logger;
  /** Behind `logger`. */
  readonly json: JsonLogger;
  readonly redactor: Redactor;
}

export interface Observation extends ObservedFunction {
  readonly metrics: MetricSink;
  /** Behind `metrics`: has what an invocation adds until it is written. */
  readonly meter: Metrics;
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
  MessageReceives: MetricUnit.Count,
};

/** Without metrics there is nothing to say, and no warning that there is not. */
class Meter extends Metrics {
  override publishStoredMetrics(): this {
    return this.hasStoredMetrics() ? super.publishStoredMetrics() : this;
  }
}

/** @param name of the function. */
export function observe(
  name: string,
  prefix: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Observation {
  const meter = new Meter({ namespace: NAMESPACE, defaultDimensions: { [DIMENSION]: prefix } });
  return {
    ...functionLogger(name, prefix, environment),
    metrics: { add: (metric, value) => meter.addMetric(metric, UNITS[metric], value) },
    meter,
  };
}

/** @param name of the function. */
export function functionLogger(
  name: string,
  prefix: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): ObservedFunction {
  const json = new JsonLogger({ serviceName: `sluice-${name}`, persistentKeys: { prefix } });
  const redactor = new Redactor(environment);
  const logger: Logger = {
    log: (level, message, fields = {}) =>
      json[level](redactor.text(message), redactor.fields(fields)),
  };
  return { logger, json, redactor };
}
