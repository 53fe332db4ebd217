/**
 * What AWS asks for: the one place with prices. List prices of us-east-1 in US dollars, without
 * free tiers, on demand. A bill differs by region and agreements; ratios hardly do.
 *
 * Sources, read on `asOf`: aws.amazon.com/{dynamodb,s3,sqs,lambda,step-functions,api-gateway,
 * managed-service-apache-flink,cloudwatch}/pricing.
 */

/** Prices and the units they are billed in. */
export interface AwsPrices {
  readonly region: string;
  /** ISO date on which they were looked up. */
  readonly asOf: string;
  readonly dynamoDb: {
    /** A write, and a delete, of an item takes one unit for each started KiB; twice in a transaction. */
    readonly writeUnitUsd: number;
    readonly writeUnitBytes: number;
    /** A strongly consistent read takes one unit for each started 4 KiB; twice in a transaction. */
    readonly readUnitUsd: number;
    readonly readUnitBytes: number;
    readonly storageGbMonthUsd: number;
  };
  readonly s3: {
    /** PUT, COPY, POST, LIST. */
    readonly putUsd: number;
    /** GET, HEAD. */
    readonly getUsd: number;
    readonly deleteUsd: number;
    readonly storageGbMonthUsd: number;
  };
  readonly sqs: {
    /** A call is one request for each started 64 KiB of its payload. */
    readonly standardRequestUsd: number;
    readonly fifoRequestUsd: number;
    readonly requestBytes: number;
  };
  readonly lambda: {
    readonly requestUsd: number;
    readonly armGbSecondUsd: number;
    readonly x86GbSecondUsd: number;
  };
  readonly stepFunctions: {
    /** Standard workflows. */
    readonly transitionUsd: number;
  };
  readonly apiGateway: {
    /** HTTP API. */
    readonly requestUsd: number;
  };
  readonly cloudWatch: {
    readonly logsIngestedGbUsd: number;
    /** Of custom metrics, those in the embedded format among them. */
    readonly metricMonthUsd: number;
    /** Of a standard-resolution alarm on one metric. */
    readonly alarmMonthUsd: number;
  };
  /** Amazon Managed Service for Apache Flink, for comparison. */
  readonly managedFlink: {
    readonly kpuHourUsd: number;
    /** Running application storage, 50 GB a KPU. */
    readonly storageGbMonthUsd: number;
    readonly storageGbPerKpu: number;
    /** One KPU to run and one that each application pays for orchestration. */
    readonly smallestApplicationKpus: number;
  };
}

const MILLION = 1_000_000;
const THOUSAND = 1_000;

export const US_EAST_1_PRICES: AwsPrices = {
  region: 'us-east-1',
  asOf: '2026-11-22',
  dynamoDb: {
    writeUnitUsd: 0.625 / MILLION,
    writeUnitBytes: 1024,
    readUnitUsd: 0.125 / MILLION,
    readUnitBytes: 4096,
    storageGbMonthUsd: 0.25,
  },
  s3: {
    putUsd: 0.005 / THOUSAND,
    getUsd: 0.0004 / THOUSAND,
    deleteUsd: 0,
    storageGbMonthUsd: 0.023,
  },
  sqs: {
    standardRequestUsd: 0.4 / MILLION,
    fifoRequestUsd: 0.5 / MILLION,
    requestBytes: 64 * 1024,
  },
  lambda: {
    requestUsd: 0.2 / MILLION,
    armGbSecondUsd: 0.0000133334,
    x86GbSecondUsd: 0.0000166667,
  },
  stepFunctions: { transitionUsd: 0.025 / THOUSAND },
  apiGateway: { requestUsd: 1 / MILLION },
  cloudWatch: { logsIngestedGbUsd: 0.5, metricMonthUsd: 0.3, alarmMonthUsd: 0.1 },
  managedFlink: {
    kpuHourUsd: 0.11,
    storageGbMonthUsd: 0.1,
    storageGbPerKpu: 50,
    smallestApplicationKpus: 2,
  },
};

/**
 * The size from which a PUT, a GET and a message that names the object cost less than the message
 * itself: sent and received in started units, deleted once.
 */
export function claimThresholdBytes({ s3, sqs }: AwsPrices): number {
  const bucketUsd = s3.putUsd + s3.getUsd + 3 * sqs.standardRequestUsd;
  const units = (bucketUsd / sqs.standardRequestUsd - 1) / 2;
  return Math.round(units * sqs.requestBytes);
}
