/** What the environment of the function says, as a lease needs it. Pure. */
import {
  type BucketOwners,
  claimThresholdBytes,
  type LambdaTaskManagerSettings,
  type LeaseNetworkSettings,
  US_EAST_1_PRICES,
} from '../../runtime/adapters/aws/index.ts';
import { StreamError } from '../../runtime/core/index.ts';

export interface LeaseSettings {
  readonly prefix: string;
  readonly jobsTable: string;
  readonly stateTable: string;
  readonly bucket: string;
  /** Of the cluster's bucket; others may belong to anybody who grants them. */
  readonly bucketOwners: BucketOwners;
  readonly checkpointsDirectory: string;
  readonly coordinatorQueueUrl: string;
  /** Followed by `<jobId>-<taskManager>`. */
  readonly inboxUrlPrefix: string;
  readonly deadLetterUrl: string;
  readonly lease: LambdaTaskManagerSettings;
  readonly network: LeaseNetworkSettings;
}

const INBOX_END = /-i-$/;
const METRICS_MS = 10_000;
const MAX_CLAIM_BYTES = 8 * 1024 * 1024;
/**
 * How long frames wait for company; `SLUICE_LINGER_MS`. A channel on which something always flows
 * costs 79 dollars a month at 20 ms, 29 at 100 ms and 6 at 500 ms, however little it is: bench (h).
 */
const LINGER_MS = 100;
/** A receipt is worked off in milliseconds; what an aborted poll has taken comes back after it. */
const VISIBILITY_S = 5;
/** So that what a checkpoint sends is deleted in one call, well before it comes again. */
const DELETE_LINGER_MS = 1_500;

/** @throws {StreamError} `ENVIRONMENT_INCOMPLETE` */
export function leaseSettings(
  environment: Readonly<Record<string, string | undefined>>,
): LeaseSettings {
  const text = (name: string): string => {
    const value = environment[name];
    if (value === undefined || value === '') throw incomplete(name, value);
    return value;
  };
  const number = (name: string, standard?: number): number => {
    const value = Number(environment[name] ?? standard);
    if (!Number.isFinite(value) || value < 0) throw incomplete(name, environment[name]);
    return value;
  };
  const bucket = text('SLUICE_BUCKET');
  const inboxUrlPrefix = text('SLUICE_INBOX_URL_PREFIX');
  if (!INBOX_END.test(inboxUrlPrefix)) throw incomplete('SLUICE_INBOX_URL_PREFIX', inboxUrlPrefix);
  return {
    prefix: text('SLUICE_PREFIX'),
    jobsTable: text('SLUICE_JOBS_TABLE'),
    stateTable: text('SLUICE_STATE_TABLE'),
    bucket,
    bucketOwners: { [bucket]: text('SLUICE_BUCKET_OWNER') },
    checkpointsDirectory: `s3://${bucket}/checkpoints`,
    coordinatorQueueUrl: text('SLUICE_COORDINATOR_QUEUE_URL'),
    inboxUrlPrefix,
    deadLetterUrl: inboxUrlPrefix.replace(INBOX_END, '-inbox-dlq'),
    lease: {
      jobsDirectory: `s3://${bucket}/jobs`,
      framesDirectory: `s3://${bucket}/frames`,
      leaseMs: number('SLUICE_LEASE_MS', 840_000),
      leaseMarginMs: number('SLUICE_LEASE_MARGIN_MS', 60_000),
      memoryMb: number('AWS_LAMBDA_FUNCTION_MEMORY_SIZE'),
      taskSlots: number('SLUICE_TASK_SLOTS', 1),
      temporaryDirectory: '/tmp',
      metricsIntervalMs: METRICS_MS,
    },
    network: {
      packing: {
        unitBytes: US_EAST_1_PRICES.sqs.requestBytes,
        lingerMs: number('SLUICE_LINGER_MS', LINGER_MS),
        claimBytes: claimThresholdBytes(US_EAST_1_PRICES),
        maxClaimBytes: MAX_CLAIM_BYTES,
      },
      inbox: { pollS: 20, visibilityS: VISIBILITY_S, deleteLingerMs: DELETE_LINGER_MS },
      maxInFlight: 4,
      reportLingerMs: 20,
      metricsLingerMs: 30_000,
    },
  };
}

function incomplete(name: string, value: string | undefined): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'ENVIRONMENT_INCOMPLETE',
    message: `the function's environment lacks a value or has a wrong one: deploy the stack again name=${name} value=${value ?? ''}`,
    details: { name, value: value ?? '' },
  });
}
