/** The file sink on S3: killed at each of its calls, it still writes every record once. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Committer,
  type FileCommittable,
  fileSink,
  jsonLines,
  type SinkContext,
} from '../../connectors/index.ts';
import { AwsWorld } from './aws-world.conformance.ts';
import type { Fault } from './fake-aws.conformance.ts';
import { DEFAULT_RETRY_BUDGET } from './retry-budget.ts';
import { S3FileSystem } from './s3-file-system.ts';

const DIRECTORY = 's3://bucket/out';
const RECORDS = 10;
const DEAD: Fault = { status: 403, code: 'AccessDenied' };
/** What becomes of the call in which the process dies: nothing, all of it, all of it much later. */
const LAST_CALLS: readonly Fault[] = ['lost-request', 'lost-response', 'late'];

/** What a complete checkpoint holds. */
interface Checkpoint {
  readonly checkpointId: number;
  readonly records: number;
  readonly committables: readonly FileCommittable[];
}

const sink = fileSink<number>({
  directory: DIRECTORY,
  format: jsonLines<number>(),
  rolling: { maxRecords: 3 },
});

class SinkWorld {
  // A call that fails is not made again: the process is dead.
  readonly world = new AwsWorld({
    budget: { ...DEFAULT_RETRY_BUDGET, maxAttempts: 1 },
  });
  readonly files = new S3FileSystem({
    s3: this.world.clients.s3,
    calls: this.world.calls,
    partBytes: 5,
    copyPartBytes: 4,
  });
  durable: Checkpoint | undefined;
  #nextCheckpointId = 1;

  /** From the newest checkpoint to the end of the records, a checkpoint each five. */
  async run(attempt: number): Promise<void> {
    const { durable: restored } = this;
    const ctx = this.#context(attempt, restored?.checkpointId);
    const committer = sink.createCommitter?.(ctx) as Committer<FileCommittable>;
    await committer.commit(restored?.committables ?? [], { restored: true });
    const writer = await sink.createWriter(ctx);
    for (let record = restored?.records ?? 0; record <= RECORDS; record += 1) {
      if (record % 5 === 0) {
        await writer.flush(record === RECORDS);
        const committables = await writer.prepareCommit();
        this.durable = { checkpointId: this.#nextCheckpointId++, records: record, committables };
        await committer.commit(committables, { restored: false });
        await writer.notifyCheckpointComplete?.(this.durable.checkpointId);
      }
      if (record < RECORDS) void writer.write(record, 0, 0);
    }
    await writer.close();
  }

  /** @returns whether it died before it had ended. */
  async runAndDie(calls: number, lastCall: Fault): Promise<boolean> {
    let made = 0;
    this.world.aws.faultOf = () => {
      made += 1;
      if (made <= calls) return 'none';
      return made === calls + 1 ? lastCall : DEAD;
    };
    const died = await this.run(0).then(
      () => false,
      () => true,
    );
    this.world.aws.faultOf = () => 'none';
    return died;
  }

  async visibleRecords(): Promise<readonly number[]> {
    const records: number[] = [];
    for (const { path } of await this.files.list(DIRECTORY)) {
      if (path.includes('/.')) continue;
      const text = Buffer.from(await (await this.files.openRead(path, 0)).read(1_000)).toString();
      records.push(...text.split('\n').filter(Boolean).map(Number));
    }
    return records.toSorted((a, b) => a - b);
  }

  hidden(): readonly string[] {
    return this.world.s3.keys('bucket').filter((key) => key.includes('/.'));
  }

  #context(attempt: number, restoredCheckpointId: number | undefined) {
    return {
      ...{ jobId: 'a'.repeat(32), jobName: 'j', subtaskIndex: 0, parallelism: 1, lease: 0 },
      ...{ attempt, restoredCheckpointId, restoredState: [], checkpointing: true },
      ...{ clock: this.world.time, fileSystem: this.files },
      logger: { log: () => undefined },
      ...{ print: () => undefined, deliver: () => undefined },
      metrics: {},
    } as unknown as SinkContext;
  }
}

describe('fileSink on S3', () => {
  const all = Array.from({ length: RECORDS }, (_, record) => record);

  for (const lastCall of LAST_CALLS) {
    it(`writes each record once when a call is its last: ${lastCall}`, async () => {
      let calls = 0;
      for (; ; calls += 1) {
        const world = new SinkWorld();
        const died = await world.runAndDie(calls, lastCall);
        await world.run(1);
        assert.deepEqual(await world.visibleRecords(), all, `calls=${calls}`);
        assert.deepEqual(world.hidden(), [], `calls=${calls}`);
        world.world.aws.arrive();
        assert.deepEqual(await world.visibleRecords(), all, `late, calls=${calls}`);
        if (!died) break;
      }
      assert.ok(calls > 20, `calls=${calls}`);
    });
  }
});
