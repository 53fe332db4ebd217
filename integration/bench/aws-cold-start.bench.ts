/**
 * The cold start of slots on the emulated AWS, run with `npm run bench -- aws-cold-start`: a job is
 * deployed and run, its slots' own lines of the log are read.
 *
 *     (m) in new processes, for each slot, in ms: Node; modules of the function; then, since the
 *         invocation: claim of the lease; attempt, program and manifest from the bucket; thread
 *         (it loads beside these); evaluation of the program; restore and open; the first frame of
 *         another TaskManager (`-`: none had come); the first record
 *
 * The first record waits for `start`, which comes when all slots of the job run: the last numbers
 * of a slot are those of the slowest. What AWS does before Node is started is not in it, and the
 * services are a program on this machine.
 */
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DeployedCluster, PREFIX } from '../aws/jobs/deployed-cluster.ts';
import { submitCounted } from '../aws/jobs/lease-looks.ts';
import { waitUntil } from '../aws/wait-until.ts';

const PARALLELISM = 4;
const RUNS = 2;
const PATIENCE_MS = 60_000;
const RUN = {
  ...{ parallelism: PARALLELISM, ratePerSecond: 200, records: 600, words: 20, recordBytes: 50 },
};

/** As the function writes it. */
interface StartLine {
  readonly message: string;
  readonly jobId: string;
  readonly slot: number;
  readonly isCold: boolean;
  readonly nodeMs: number;
  readonly loadedMs: number;
  readonly claimedMs: number;
  readonly fetchedMs: number;
  readonly threadMs: number;
  readonly bundleMs: number;
  readonly restoredMs: number;
  readonly firstReceiveMs?: number;
  readonly firstRecordMs: number;
}

async function startsOf(
  cluster: DeployedCluster,
  jobIds: readonly string[],
): Promise<readonly StartLine[]> {
  const { region, credentials, directEndpoint: endpoint } = cluster.app.emulator;
  const logs = new CloudWatchLogsClient({ region, credentials, endpoint });
  const logGroupName = `/aws/lambda/${PREFIX}-taskmanager`;
  try {
    return await waitUntil('the slots have said how they started', PATIENCE_MS, async () => {
      const { events = [] } = await logs.send(new FilterLogEventsCommand({ logGroupName }));
      const lines = events.flatMap(({ message = '' }) => parsed(message));
      const found = lines.filter(
        ({ message, jobId }) => message === 'a slot has started' && jobIds.includes(jobId),
      );
      return found.length >= PARALLELISM * jobIds.length ? found : undefined;
    });
  } finally {
    logs.destroy();
  }
}

function parsed(message: string): readonly StartLine[] {
  return message.startsWith('{') ? [JSON.parse(message) as StartLine] : [];
}

function row(line: StartLine): string {
  const { nodeMs, loadedMs, claimedMs, fetchedMs, threadMs, bundleMs, restoredMs } = line;
  const { firstReceiveMs, firstRecordMs, isCold } = line;
  const parts = [
    ...(isCold ? [nodeMs, loadedMs - nodeMs] : [undefined, undefined]),
    claimedMs,
    fetchedMs - claimedMs,
    Math.max(0, threadMs - fetchedMs),
    bundleMs - Math.max(threadMs, fetchedMs),
    restoredMs - bundleMs,
    firstReceiveMs,
    firstRecordMs,
    (isCold ? loadedMs : 0) + firstRecordMs,
  ];
  return parts.map((ms) => (ms === undefined ? '-' : ms.toFixed(0)).padStart(9)).join('');
}

const cluster = await DeployedCluster.deploy();
try {
  const jobIds: string[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const jobId = await submitCounted(cluster, RUN);
    const { status, rootException } = await cluster.ended(jobId);
    if (status !== 'FINISHED') throw new Error(rootException);
    jobIds.push(jobId);
  }
  const titles = ['node', 'modules', 'claim', 'fetch', 'thread', 'bundle', 'restore'];
  const all = [...titles, 'received', 'record', 'all'].map((title) => title.padStart(9)).join('');
  process.stdout.write(`(m) start of ${PARALLELISM} slots, new processes first; ms\n    ${all}\n`);
  const starts = await startsOf(cluster, jobIds);
  const sorted = starts.toSorted((a, b) => Number(b.isCold) - Number(a.isCold) || a.slot - b.slot);
  for (const line of sorted) process.stdout.write(`    ${row(line)}\n`);
} finally {
  await cluster.stop();
}
