/** An estimate, for people and as JSON. Pure. */
import {
  type BreakEven,
  bytesText,
  COST_SERVICES,
  type CostEstimate,
  type CostLine,
  type CostModel,
  type CostWarning,
  durationText,
  HOURS_A_MONTH,
  mergeLines,
  moneyText,
  percentText,
  sourceRecordsPerS,
  usdOf,
} from '../../runtime/adapters/aws/cost/index.ts';
import { formatCount } from './format-values.ts';

export interface EstimateReport {
  readonly jobName: string;
  readonly model: CostModel;
  readonly estimate: CostEstimate;
  readonly breakEven: BreakEven;
  readonly warnings: readonly CostWarning[];
  /** The run that the estimate is made from, if its rates are the run's. */
  readonly run?: {
    readonly durationMs: number;
    readonly checkpointCount: number;
    readonly usd: number;
  };
}

const LABEL_CHARS = 22;
const FIGURE_CHARS = 12;
const OPERATION_CHARS = 32;

/** @param withRequests adds the requests of an hour, by operation. */
export function estimateText(report: EstimateReport, withRequests: boolean): string {
  const { estimate, warnings } = report;
  return [
    ...headLines(report),
    '',
    row('', '$/hour', '$/month'),
    ...COST_SERVICES.filter((service) => estimate.usdByService[service] > 0).map((service) =>
      moneyRow(service, estimate.usdByService[service]),
    ),
    moneyRow('total', estimate.usdPerHour),
    '',
    ...unitLines(estimate),
    ...runLines(report),
    '',
    ...otherLines(report),
    ...(withRequests ? ['', ...requestLines(report)] : []),
    ...warnings.flatMap(({ message, advice }) => ['', `warning: ${message}`, `  ${advice}`]),
    '',
    ...footLines(estimate),
  ].join('\n');
}

function headLines({ jobName, model, estimate }: EstimateReport): readonly string[] {
  const { input, traffic } = model;
  const { slots, taskManagers, memoryMb } = estimate;
  const rate = rateText(sourceRecordsPerS(input, traffic));
  const { checkpointIntervalMs: intervalMs, activeShare } = input;
  const checkpoints =
    intervalMs === undefined ? 'no checkpoints' : `a checkpoint every ${durationText(intervalMs)}`;
  return [
    `${jobName}: ${counted(slots, 'slot')} in ${counted(taskManagers, 'TaskManager')} of ` +
      `${formatCount(memoryMb)} MB`,
    `${rate} of ${formatCount(input.recordBytes)} bytes, ${checkpoints}` +
      (activeShare < 1 ? `, active ${percentText(activeShare)} of the time` : ''),
  ];
}

function unitLines(estimate: CostEstimate): readonly string[] {
  const { usdPerMillionRecords, usdPerCheckpoint, checkpointsPerActiveHour } = estimate;
  const perHour = `${formatCount(checkpointsPerActiveHour)} an hour`;
  return [
    ...(usdPerMillionRecords === undefined
      ? []
      : [row('a million records', `$${moneyText(usdPerMillionRecords)}`)]),
    `${row('a checkpoint', `$${moneyText(usdPerCheckpoint)}`)}   ${perHour}`,
  ];
}

/** From its submission to its end, on this cluster, whatever it ran on. */
function runLines({ run }: EstimateReport): readonly string[] {
  if (run === undefined) return [];
  const { durationMs, checkpointCount, usd } = run;
  const what = `${durationText(durationMs)}, ${counted(checkpointCount, 'checkpoint')}`;
  return [`${row('that run, on AWS', `$${moneyText(usd)}`)}   ${what}`];
}

function otherLines({ estimate, breakEven, model }: EstimateReport): readonly string[] {
  const { idleUsdPerMonth, storedBytes, clusterUsdPerMonth, clusterLines } = estimate;
  const { managedUsdPerMonth, rateRecordsPerS, activeShare } = breakEven;
  const polls = clusterLines.filter(({ operation }) => operation === 'sqs:ReceiveMessage');
  const pollsUsd = usdOf(polls, model.prices) * HOURS_A_MONTH;
  const from =
    typeof rateRecordsPerS === 'number'
      ? `cheaper from ${rateText(rateRecordsPerS)} on`
      : rateRecordsPerS === 'always'
        ? 'cheaper at any rate'
        : 'at no rate cheaper';
  const share = activeShare < 1 ? `, or active over ${percentText(activeShare)} of the time` : '';
  const other = (label: string, usdPerMonth: number, text: string): string =>
    `${row(label, `$${moneyText(usdPerMonth)}`)}   ${text}`;
  return [
    row('otherwise', '$/month'),
    other('hibernating', idleUsdPerMonth, `0 requests; ${bytesText(storedBytes)} stored`),
    other(
      'the cluster, idle',
      clusterUsdPerMonth,
      `once for all jobs: alarms, and $${moneyText(pollsUsd)} of polls`,
    ),
    other('Managed Flink', managedUsdPerMonth, `its smallest; ${from}${share}`),
  ];
}

function requestLines({ estimate, model }: EstimateReport): readonly string[] {
  const rows = byOperation(estimate.lines).map((one) => {
    const label = one.caller === 'aws' ? `${one.operation} (by AWS)` : one.operation;
    const usd = usdOf([one], model.prices);
    const calls = one.calls === 0 ? '' : countText(one.calls);
    return wideRow(label, calls, moneyText(usd));
  });
  return [wideRow('requests of an hour', 'calls', '$'), ...rows];
}

function footLines({ prices }: CostEstimate): readonly string[] {
  return [
    `List prices of ${prices.region} of ${prices.asOf}, no free tier. NOT included: data transfer, NAT,`,
    "KMS, X-Ray, retries, and what the job's own sources and sinks call. See docs/aws/cost.md.",
  ];
}

/** For all reasons together, sorted. */
function byOperation(lines: readonly CostLine[]): readonly CostLine[] {
  const merged = mergeLines(lines.map((one) => ({ ...one, reason: 'slots' as const })));
  return merged.toSorted((a, b) => (a.operation < b.operation ? -1 : 1));
}

/** Everything, with what it was made from. */
export function estimateJson(report: EstimateReport): object {
  const { jobName, model, estimate, breakEven, warnings, run } = report;
  const { executionGraph: _, ...input } = model.input;
  const { prices, lines, checkpointLines, clusterLines, ...figures } = estimate;
  return {
    jobName,
    prices: { region: prices.region, asOf: prices.asOf },
    input: { ...input, rateRecordsPerS: sourceRecordsPerS(model.input, model.traffic) },
    ...figures,
    usdPerMonth: figures.usdPerHour * HOURS_A_MONTH,
    breakEven,
    warnings,
    ...(run === undefined ? {} : { run }),
    requestsPerHour: lines,
    requestsPerCheckpoint: checkpointLines,
    clusterRequestsPerHour: clusterLines,
  };
}

function row(label: string, ...figures: readonly string[]): string {
  return label.padEnd(LABEL_CHARS) + figures.map((text) => text.padStart(FIGURE_CHARS)).join('');
}

function wideRow(label: string, calls: string, usd: string): string {
  return label.padEnd(OPERATION_CHARS) + calls.padStart(FIGURE_CHARS) + usd.padStart(FIGURE_CHARS);
}

function moneyRow(label: string, usdPerHour: number): string {
  return row(label, usdPerHour.toFixed(4), (usdPerHour * HOURS_A_MONTH).toFixed(2));
}

function counted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

function rateText(recordsPerS: number): string {
  const rate =
    recordsPerS >= 100 ? formatCount(recordsPerS) : String(Number(recordsPerS.toPrecision(2)));
  return `${rate} records/s`;
}

function countText(calls: number): string {
  return calls >= 10 ? formatCount(calls) : String(Number(calls.toPrecision(2)));
}
