/**
 * What is measured of leases, as lines of the log that CloudWatch reads metrics from. Written by
 * hand: what writes them elsewhere would be loaded at every cold start of a slot. Beside the metric
 * they are lines as the logger's, and found as those are.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
import type { LeaseMetrics, LeaseRequest, MetricName } from '../../runtime/adapters/aws/index.ts';

/** When the process of the function was where, since its start. */
export interface ProcessStart {
  /** Node itself runs. */
  readonly nodeMs: number;
  /** The function's modules are loaded. */
  readonly loadedMs: number;
}

export interface LeaseMetricsParts {
  readonly prefix: string;
  readonly request: LeaseRequest;
  /** Of a lease that is the first of its process. */
  readonly processStart: ProcessStart | undefined;
  readonly nowEpochMs: () => number;
  readonly write: (line: string) => void;
}

const NAMESPACE = 'Sluice';

export function leaseMetrics(parts: LeaseMetricsParts): LeaseMetrics {
  return {
    rollOverLate: (lateMs) => {
      metric(parts, 'LeaseRollOverLateMs', lateMs, 'a lease is over', {});
    },
    slotStarted: ({ slotIndex, ...times }) => {
      const { processStart } = parts;
      const sinceStartMs = times.firstRecordMs + (processStart?.loadedMs ?? 0);
      const fields = { slot: slotIndex, isCold: processStart !== undefined, ...processStart };
      metric(parts, 'SlotStartMs', sinceStartMs, 'a slot has started', { ...fields, ...times });
    },
  };
}

function metric(
  { prefix, request, nowEpochMs, write }: LeaseMetricsParts,
  name: MetricName,
  value: number,
  message: string,
  fields: Readonly<Record<string, unknown>>,
): void {
  const { jobId, attempt, taskManager, lease } = request;
  const nowMs = nowEpochMs();
  const timestamp = new Date(nowMs).toISOString();
  const metrics = [{ Name: name, Unit: 'Milliseconds' }];
  const directive = { Namespace: NAMESPACE, Dimensions: [['prefix']], Metrics: metrics };
  const line = {
    ...{ level: 'INFO', message, timestamp, service: 'sluice-taskmanager' },
    ...{ jobId, attempt, taskManager, lease, ...fields },
    _aws: { Timestamp: nowMs, CloudWatchMetrics: [directive] },
    ...{ prefix, [name]: value },
  };
  write(`${JSON.stringify(line)}\n`);
}
