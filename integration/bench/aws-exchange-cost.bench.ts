/**
 * Requests and dollars of the exchange through SQS, by counting calls, run with
 * `node integration/bench/aws-exchange-cost.bench.ts`. Nothing here measures time.
 *
 *     (h) one channel at a steady rate, in virtual time: what a GB costs, and a month at that rate,
 *         by how long frames wait for company. Sent, received, deleted, and the bucket; without
 *         acknowledgements that go alone, of which there is one for each half window.
 *     (i) a word count that hardly counts, with checkpoints all the time: what one takes in
 *         requests, of all its TaskManagers. Without commands of the coordinator and the stores.
 */

import { InboxWorld } from '../../runtime/adapters/aws/inbox/conformance/index.ts';
import { claimThresholdBytes, US_EAST_1_PRICES } from '../../runtime/adapters/aws/index.ts';
import { LeaseWorld } from '../../runtime/adapters/aws/taskmanager/conformance/index.ts';

const { s3, sqs } = US_EAST_1_PRICES;
const GB = 1e9;
const MONTH_S = 730 * 3600;
const FRAME_BYTES = 31 * 1024;
const CHANNEL = { edgeId: 0, fromSubtask: 0, toSubtask: 1 };

interface Traffic {
  readonly bytesPerSecond: number;
  readonly lingerMs: number;
  readonly seconds: number;
}

interface Counts {
  readonly bytes: number;
  readonly messages: number;
  readonly queueRequests: number;
  readonly puts: number;
}

async function carry({ bytesPerSecond, lingerMs, seconds }: Traffic): Promise<Counts> {
  const world = new InboxWorld();
  let taken = 0;
  let puts = 0;
  const inbox = world.inbox((item) => {
    if (item.type === 'frame') taken += item.bytes.length;
    return undefined;
  });
  const outbox = world.outbox({
    packing: {
      ...{ unitBytes: sqs.requestBytes, lingerMs, maxClaimBytes: 8 * 1024 * 1024 },
      claimBytes: claimThresholdBytes(US_EAST_1_PRICES),
    },
    blobs: {
      put: (location, bytes) => {
        puts += 1;
        return world.blobs.put(location, bytes);
      },
    },
  });
  inbox.start();
  // Slots flush when they are idle, at the latest when a buffer is full.
  const frameBytes = Math.min(FRAME_BYTES, Math.max(64, bytesPerSecond / 100));
  const frames = Math.ceil((bytesPerSecond * seconds) / frameBytes);
  for (let i = 0; i < frames; i += 1) {
    world.time.schedule((1000 * seconds * i) / frames, () => {
      const bytes = new Uint8Array(frameBytes);
      outbox.offer(0, { type: 'frame', channel: CHANNEL, lease: 0, sequence: i, bytes });
    });
  }
  const bytes = frames * Math.floor(frameBytes);
  await world.until(() => taken >= bytes);
  await inbox.stop(1000);
  const requests = world.fake.requests;
  const messages = requests.get('SendMessage') ?? 0;
  const queueRequests = [...requests.values()].reduce((a, b) => a + b, 0);
  return { bytes, messages, queueRequests, puts };
}

function dollarsOf({ queueRequests, puts }: Counts): number {
  return queueRequests * sqs.standardRequestUsd + puts * (s3.putUsd + s3.getUsd);
}

async function channelTable(): Promise<void> {
  console.log('(h) a channel through SQS');
  console.log('  bytes/s     linger  queue requests/GB  PUT+GET/GB     $/GB   $/month');
  for (const bytesPerSecond of [2e3, 20e3, 200e3, 2e6]) {
    for (const lingerMs of [20, 100, 500]) {
      const seconds = Math.min(30, Math.max(3, 4e6 / bytesPerSecond));
      const counts = await carry({ bytesPerSecond, lingerMs, seconds });
      const perGb = GB / counts.bytes;
      const dollars = dollarsOf(counts) * perGb;
      const cells = [
        bytesPerSecond.toLocaleString('en').padStart(10),
        `${lingerMs} ms`.padStart(9),
        Math.round(counts.queueRequests * perGb)
          .toLocaleString('en')
          .padStart(17),
        Math.round(counts.puts * perGb)
          .toLocaleString('en')
          .padStart(12),
        dollars.toFixed(4).padStart(9),
        ((dollars * bytesPerSecond * MONTH_S) / GB).toFixed(2).padStart(9),
      ];
      console.log(` ${cells.join(' ')}`);
    }
  }
}

async function checkpointTable(): Promise<void> {
  console.log('(i) a checkpoint');
  console.log('  TaskManagers  slots  checkpoints  standard/chk  fifo/chk  $/million chk');
  const world = await new LeaseWorld().open();
  for (const [parallelism, slotsPerTaskManager] of [
    [1, 1],
    [2, 1],
    [4, 1],
    [4, 2],
    [4, 4],
  ] as const) {
    const run = { parallelism, slotsPerTaskManager, records: 12, ratePerSecond: 4 };
    await world.countWords({ ...run, handOverMs: 40_000 });
    await world.settled();
    const { requests } = world.fake;
    const fifo = requests.get('SendMessageBatch') ?? 0;
    const standard = [...requests.values()].reduce((a, b) => a + b, 0) - fifo;
    const checkpoints = Math.max(1, await world.completedCheckpoints());
    const usd = standard * sqs.standardRequestUsd + fifo * sqs.fifoRequestUsd;
    const cells = [
      String(parallelism / slotsPerTaskManager).padStart(13),
      String(parallelism).padStart(6),
      String(checkpoints).padStart(12),
      (standard / checkpoints).toFixed(1).padStart(13),
      (fifo / checkpoints).toFixed(1).padStart(9),
      ((usd / checkpoints) * 1e6).toFixed(2).padStart(14),
    ];
    console.log(` ${cells.join(' ')}`);
  }
  world.close();
}

if (!process.argv.includes('--checkpoints')) await channelTable();
await checkpointTable();
