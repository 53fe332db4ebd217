/** Inboxes over a fake of SQS, in virtual time. */
import { MemoryBlobStore } from '../../memory/memory-blob-store.ts';
import { SeededRng, VirtualTime } from '../../memory/virtual-time.ts';
import { AwsCalls } from '../aws-calls.ts';
import type { InboxItem } from './envelope.ts';
import { FakeSqs, type FakeSqsFaults, NO_FAULTS } from './fake-sqs.conformance.ts';
import { createSqsClient } from './sqs-client.ts';
import { SqsInbox } from './sqs-inbox.ts';
import { SqsOutbox, type SqsOutboxParts } from './sqs-outbox.ts';
import { SqsQueues } from './sqs-queues.ts';

export const JOB = '0123456789abcdef0123456789abcdef';

export function urlOf(taskManager: number): string {
  return `http://127.0.0.1:1/000000000000/p-i-${JOB}-${taskManager}`;
}

export const DEAD_LETTERS = 'http://127.0.0.1:1/000000000000/p-inbox-dlq';

export class InboxWorld {
  readonly time = new VirtualTime();
  readonly blobs = new MemoryBlobStore();
  readonly fake: FakeSqs;
  readonly queues: SqsQueues;
  readonly failures: unknown[] = [];
  readonly logs: string[] = [];
  fences = 0;
  #claims = 0;

  constructor(seed = 1, faults: FakeSqsFaults = NO_FAULTS) {
    const { time } = this;
    const world = { clock: time, timers: time };
    this.fake = new FakeSqs({ ...world, rng: new SeededRng(seed), faults });
    const sqs = createSqsClient({
      region: 'us-east-1',
      endpoint: 'http://127.0.0.1:1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      requestHandler: this.fake,
    });
    const calls = new AwsCalls({ ...world, rng: new SeededRng(seed + 1) });
    this.queues = new SqsQueues({ sqs, calls });
  }

  outbox(parts: Partial<SqsOutboxParts> = {}): SqsOutbox {
    return new SqsOutbox({
      ...{ queues: this.queues, blobs: this.blobs, clock: this.time, timers: this.time },
      address: { jobId: JOB, attempt: 1 },
      inboxUrlOf: urlOf,
      nextClaimLocation: () => `frames/${this.#claims++}`,
      packing: { unitBytes: 65_536, lingerMs: 20, claimBytes: 500_000, maxClaimBytes: 4_000_000 },
      maxInFlight: 2,
      onFailed: (thrown) => void this.failures.push(thrown),
      ...parts,
    });
  }

  inbox(
    take: (item: InboxItem) => string | undefined,
    { taskManager = 0, attempt = 1 }: { taskManager?: number; attempt?: number } = {},
  ): SqsInbox {
    return new SqsInbox({
      ...{ queues: this.queues, blobs: this.blobs, timers: this.time, take },
      queueUrl: urlOf(taskManager),
      deadLetterUrl: DEAD_LETTERS,
      address: { jobId: JOB, attempt },
      settings: { pollS: 20, visibilityS: 5, deleteLingerMs: 100 },
      logger: { log: (_level, message) => void this.logs.push(message) },
      onTaken: () => undefined,
      onFenced: () => {
        this.fences += 1;
      },
      onFailed: (thrown) => void this.failures.push(thrown),
    });
  }

  /** Waits, in virtual time, until it is so. */
  async until(isSo: () => boolean): Promise<void> {
    for (let steps = 0; !isSo() && steps < 20_000; steps += 1) {
      await new Promise<void>((resolve) => this.time.schedule(5, resolve));
    }
  }
}
