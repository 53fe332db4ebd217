/**
 * What AWS bills, line by line, and in dollars. Operations and units are named as in the ledger of
 * `integration/aws`, so that counted runs and this model can be compared.
 */
import type { AwsPrices } from '../prices.ts';

/** What is billed, by price. Absent means none. */
export interface CostUnits {
  readonly sqsStandardRequests?: number;
  readonly sqsFifoRequests?: number;
  readonly dynamoWriteUnits?: number;
  readonly dynamoReadUnits?: number;
  /** PUT, COPY, POST, LIST. */
  readonly s3WriteRequests?: number;
  readonly s3ReadRequests?: number;
  readonly lambdaInvocations?: number;
  readonly lambdaGbSeconds?: number;
  readonly stateTransitions?: number;
  readonly httpApiRequests?: number;
  readonly logBytes?: number;
  /** Stored for an hour. */
  readonly s3GbHours?: number;
  readonly dynamoGbHours?: number;
  readonly metricHours?: number;
  readonly alarmHours?: number;
}

/** What something is paid for. */
export type CostReason =
  /** Invocations that work, or wait for work. */
  | 'slots'
  /** Records between TaskManagers. */
  | 'exchange'
  /** Polls of inboxes. */
  | 'inboxes'
  | 'checkpoints'
  | 'metrics'
  | 'take-overs'
  | 'jobs'
  | 'leases'
  | 'attempts'
  | 'api'
  | 'storage'
  /** What a cluster costs without jobs. */
  | 'cluster';

/** Calls of one operation for one reason. */
export interface CostLine {
  /** `service:Operation`; for what is no call, what is billed: `lambda:GB-second`. */
  readonly operation: string;
  readonly reason: CostReason;
  /** `aws`: the service makes it (event source mappings, state machines); no proxy sees it. */
  readonly caller: 'code' | 'aws';
  readonly calls: number;
  readonly units: CostUnits;
}

/** Services of a bill, in the order they are shown. */
export const COST_SERVICES = [
  'Lambda',
  'SQS',
  'DynamoDB',
  'S3',
  'Step Functions',
  'API Gateway',
  'CloudWatch',
] as const;
export type CostService = (typeof COST_SERVICES)[number];

const SERVICE_OF_PREFIX: Readonly<Record<string, CostService>> = {
  lambda: 'Lambda',
  sqs: 'SQS',
  dynamodb: 'DynamoDB',
  s3: 'S3',
  states: 'Step Functions',
  'execute-api': 'API Gateway',
  logs: 'CloudWatch',
  cloudwatch: 'CloudWatch',
};

const HOURS_A_MONTH = 730;
const GB_BYTES = 1024 ** 3;

export function serviceOf({ operation }: Pick<CostLine, 'operation'>): CostService {
  const service = SERVICE_OF_PREFIX[operation.slice(0, operation.indexOf(':'))];
  if (service === undefined) throw new Error(`no service bills ${operation}`);
  return service;
}

/** One line, of what code of this project calls unless it is said otherwise. */
export function line(
  reason: CostReason,
  operation: string,
  calls: number,
  units: CostUnits,
  caller: CostLine['caller'] = 'code',
): CostLine {
  return { operation, reason, caller, calls, units };
}

/** The lines, as many times. */
export function times(count: number, lines: readonly CostLine[]): readonly CostLine[] {
  return lines.map((one) => ({
    ...one,
    calls: one.calls * count,
    units: mapUnits(one.units, (units) => units * count),
  }));
}

/** One line for each operation, reason and caller; those without anything are left out. */
export function mergeLines(lines: readonly CostLine[]): readonly CostLine[] {
  const merged = new Map<string, CostLine>();
  for (const one of lines) {
    const key = `${one.operation} ${one.reason} ${one.caller}`;
    const before = merged.get(key);
    merged.set(key, before === undefined ? one : added(before, one));
  }
  return [...merged.values()].filter(
    ({ calls, units }) => calls > 0 || Object.values(units).some((count) => count > 0),
  );
}

/** @param right of the same operation, reason and caller. */
function added(left: CostLine, right: CostLine): CostLine {
  return { ...left, calls: left.calls + right.calls, units: addUnits(left.units, right.units) };
}

export function addUnits(left: CostUnits, right: CostUnits): CostUnits {
  const names = new Set([...Object.keys(left), ...Object.keys(right)]) as Set<keyof CostUnits>;
  return Object.fromEntries(
    [...names].map((name) => [name, (left[name] ?? 0) + (right[name] ?? 0)]),
  );
}

function mapUnits(units: CostUnits, change: (count: number) => number): CostUnits {
  return Object.fromEntries(Object.entries(units).map(([name, count]) => [name, change(count)]));
}

/** US dollars. */
export function usdOf(lines: readonly CostLine[], prices: AwsPrices): number {
  const priceOf = unitPrices(prices);
  return lines
    .flatMap(({ units }) => Object.entries(units) as [keyof CostUnits, number][])
    .reduce((sum, [name, count]) => sum + count * priceOf[name], 0);
}

/** US dollars by service; services that cost nothing are there, too. */
export function usdByService(
  lines: readonly CostLine[],
  prices: AwsPrices,
): Readonly<Record<CostService, number>> {
  const entries = COST_SERVICES.map((service): [CostService, number] => [
    service,
    usdOf(
      lines.filter((one) => serviceOf(one) === service),
      prices,
    ),
  ]);
  return Object.fromEntries(entries) as Record<CostService, number>;
}

function unitPrices(prices: AwsPrices): Readonly<Record<keyof CostUnits, number>> {
  const { dynamoDb, s3, sqs, lambda, stepFunctions, apiGateway, cloudWatch } = prices;
  return {
    sqsStandardRequests: sqs.standardRequestUsd,
    sqsFifoRequests: sqs.fifoRequestUsd,
    dynamoWriteUnits: dynamoDb.writeUnitUsd,
    dynamoReadUnits: dynamoDb.readUnitUsd,
    s3WriteRequests: s3.putUsd,
    s3ReadRequests: s3.getUsd,
    lambdaInvocations: lambda.requestUsd,
    lambdaGbSeconds: lambda.armGbSecondUsd,
    stateTransitions: stepFunctions.transitionUsd,
    httpApiRequests: apiGateway.requestUsd,
    logBytes: cloudWatch.logsIngestedGbUsd / GB_BYTES,
    s3GbHours: s3.storageGbMonthUsd / HOURS_A_MONTH,
    dynamoGbHours: dynamoDb.storageGbMonthUsd / HOURS_A_MONTH,
    metricHours: cloudWatch.metricMonthUsd / HOURS_A_MONTH,
    alarmHours: cloudWatch.alarmMonthUsd / HOURS_A_MONTH,
  };
}
