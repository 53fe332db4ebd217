/** From the settings of the function and a request to a lease; everything is made for one lease. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  AwsCalls,
  createAwsClients,
  createSqsClient,
  DynamoBlobStore,
  DynamoRowStore,
  jobFilesOnAws,
  type LeaseAnswer,
  type LeaseRequest,
  passing,
  runLease,
  S3BlobStore,
  S3FileSystem,
  TieredBlobStore,
} from '../../runtime/adapters/aws/index.ts';
import { SystemClock, SystemRng, SystemTimers } from '../../runtime/adapters/index.ts';
import { type Logger, StreamError } from '../../runtime/core/index.ts';
import { leaseMetrics, type ProcessStart } from './lease-metrics.ts';
import type { LeaseSettings } from './lease-settings.ts';

export interface LeaseHandlerParts {
  readonly settings: LeaseSettings;
  /** The module of the slots' threads. */
  readonly slotThreadUrl: URL;
  /** Its lines say which lease they are of. */
  readonly logger: Logger;
  /** How the process came here. */
  readonly processStart: ProcessStart;
  /** A line of metrics. */
  readonly write: (line: string) => void;
}

/** What Lambda tells of an invocation. */
export interface InvocationContext {
  getRemainingTimeInMillis(): number;
}

/** Answers the state machine. */
export function createLeaseHandler(handlerParts: LeaseHandlerParts) {
  const { settings, slotThreadUrl, logger, write } = handlerParts;
  let processStart: ProcessStart | undefined = handlerParts.processStart;
  return async (event: unknown, context: InvocationContext): Promise<LeaseAnswer> => {
    const request = leaseRequest(event);
    const { prefix } = settings;
    const aborted = new AbortController();
    const world = { clock: new SystemClock(), timers: new SystemTimers(), rng: new SystemRng() };
    const nowEpochMs = (): number => world.clock.nowEpochMs();
    const metrics = leaseMetrics({ prefix, request, processStart, nowEpochMs, write });
    processStart = undefined;
    const calls = new AwsCalls({ ...world, signal: aborted.signal });
    const clients = createAwsClients({ program: 'taskmanager' });
    const sqs = createSqsClient({ program: 'taskmanager' });
    const { stateTable, jobsTable, checkpointsDirectory: directory, bucketOwners } = settings;
    const { dynamoDb, s3 } = clients;
    const blobs = new TieredBlobStore({
      items: new DynamoBlobStore({ dynamoDb, calls, table: stateTable, directory }),
      objects: new S3BlobStore({ s3, calls, bucketOwners }),
    });
    const { thresholdBytes, inlineLimitBytes } = blobs;
    try {
      const parts = {
        ...{ ...world, logger, metrics, slotThreadUrl, blobs, settings: settings.lease },
        network: {
          ...{ sqs, calls, settings: settings.network },
          inboxUrlOf: (jobId: string, taskManager: number) =>
            `${settings.inboxUrlPrefix}${jobId}-${taskManager}`,
          deadLetterUrl: settings.deadLetterUrl,
          coordinatorQueueUrl: settings.coordinatorQueueUrl,
        },
        rows: new DynamoRowStore({ dynamoDb, calls, table: jobsTable }),
        files: jobFilesOnAws(new S3FileSystem({ s3, calls, bucketOwners })),
        tier: { inlineLimitBytes, rows: { thresholdBytes, directory } },
        abortCalls: () => aborted.abort(),
      };
      return await runLease(parts, request, context.getRemainingTimeInMillis());
    } catch (thrown) {
      // What an operator mends, or IAM a moment after a deployment, ends no job.
      throw passing(thrown);
    } finally {
      clients.close();
      sqs.destroy();
      // What is closed in this turn of the event loop is gone in the next: nothing is left to thaw.
      await nextTurn();
    }
  };
}

function leaseRequest(event: unknown): LeaseRequest {
  const { jobId, attempt, taskManager, lease } = (event ?? {}) as Partial<LeaseRequest>;
  const isJob = typeof jobId === 'string' && /^[0-9a-f]{32}$/.test(jobId);
  const isPlaced = [attempt, taskManager, lease].every(
    (n) => Number.isSafeInteger(n) && (n ?? -1) >= 0,
  );
  if (isJob && isPlaced) return event as LeaseRequest;
  throw new StreamError({
    kind: 'invalid',
    code: 'NOT_A_LEASE_REQUEST',
    message:
      'a TaskManager is invoked by the state machine of a job, with {jobId, attempt, taskManager, lease}',
  });
}
