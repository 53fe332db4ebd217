/** Logs of jobs on a deployed cluster. Loads the AWS SDK. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AwsCalls } from '../../runtime/adapters/aws/index.ts';
import {
  type CloudWatchLogs,
  connectCloudWatchLogs,
} from '../../runtime/adapters/aws/logs/index.ts';
import { SystemClock, SystemRng, SystemTimers } from '../../runtime/adapters/index.ts';
import type { LogSource } from './logs.ts';

export interface DeployedCluster {
  readonly prefix: string;
  /** As the SDK finds it, if not given. */
  readonly region?: string;
}

/** Functions with lines of jobs; the sweeper is of none. */
const FUNCTIONS = ['api', 'plan', 'coordinator', 'taskmanager', 'settle', 'ticks'] as const;
/** Below the quota of `FilterLogEvents`, five a second in most regions. */
const POLL_MS = 3_000;
/** Lines come to CloudWatch by function, each late by seconds. */
const LATE_MS = 60_000;

/** @see LogSource */
export function deployedLogs(cluster: DeployedCluster): LogSource {
  const world = { clock: new SystemClock(), timers: new SystemTimers(), rng: new SystemRng() };
  const { region } = cluster;
  const settings = { program: 'cli', ...(region === undefined ? {} : { region }) };
  const logs = connectCloudWatchLogs(new AwsCalls(world), settings);
  return logsOf(logs, cluster.prefix, () => sleep(POLL_MS));
}

/** @param wait settles when it is time to look again. */
export function logsOf(
  logs: Pick<CloudWatchLogs, 'read' | 'close'>,
  prefix: string,
  wait: () => Promise<unknown>,
): LogSource {
  return async function* ({ jobId, sinceEpochMs, level, follow }) {
    const groups = FUNCTIONS.map((name) => `/aws/lambda/${prefix}-${name}`);
    /** Lines given that may come again, by their time. */
    const given = new Map<string, number>();
    let newestEpochMs = sinceEpochMs;
    try {
      for (;;) {
        const from = Math.max(sinceEpochMs, newestEpochMs - LATE_MS);
        for await (const { id, group, text, timestampEpochMs } of logs.read({
          ...{ groups, jobId, level },
          sinceEpochMs: from,
        })) {
          if (given.has(id)) continue;
          if (follow) given.set(id, timestampEpochMs);
          newestEpochMs = Math.max(newestEpochMs, timestampEpochMs);
          yield { text, source: group.slice(`/aws/lambda/${prefix}-`.length) };
        }
        if (!follow) return;
        for (const [id, atMs] of given) if (atMs < newestEpochMs - LATE_MS) given.delete(id);
        await wait();
      }
    } finally {
      logs.close();
    }
  };
}
