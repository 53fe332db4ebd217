/** What every sink must do; run by the tests of each. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_TIMESTAMP_MS } from '../core/index.ts';
import { ConnectorWorld, throughJson } from './connector-world.conformance.ts';
import type { Sink, SinkWriter } from './sink.ts';
import { type SinkCheckpoint, SinkRun } from './sink-run.conformance.ts';

export interface SinkConformance<T, CommittableT> {
  readonly name: string;
  readonly sink: () => Sink<T, CommittableT>;
  /** At least six, no two equal. */
  readonly values: readonly T[];
  /** What readers of the output see, in the form of `values`, in any order. */
  readonly visible: (world: ConnectorWorld) => Promise<readonly T[]>;
}

/** Registers the tests of one sink. */
export function testSinkConformance<T, CommittableT>(init: SinkConformance<T, CommittableT>): void {
  describe(`sink conformance: ${init.name}`, () => {
    testWriterAndCommitter(init);
    testWithoutCheckpoints(init);
    testRestarts(init);
    if (init.sink().guarantee === 'EXACTLY_ONCE') testTransactions(init);
  });
}

function testWriterAndCommitter<T, CommittableT>(init: SinkConformance<T, CommittableT>): void {
  const { sink, values, visible } = init;
  const opened = async () => {
    const world = new ConnectorWorld();
    await sink().validate?.({ fileSystem: world.fileSystem, restoring: false });
    const ctx = world.sinkContext();
    const made = sink();
    const committer = made.createCommitter?.(ctx);
    const writer = await made.createWriter(ctx);
    return { world, writer, committer };
  };

  it('commits the same committables twice without harm', async () => {
    const { world, writer, committer } = await opened();
    await writeAll(writer, values);
    await writer.flush(true);
    const committables = throughJson(await writer.prepareCommit());
    for (const restored of [false, false, true])
      await committer?.commit(committables, { restored });
    await writer.close();
    assert.deepEqual(sorted(await visible(world)), sorted(values));
  });

  it('hands over each committable once', async () => {
    const { writer } = await opened();
    await writeAll(writer, values);
    await writer.flush(true);
    await writer.prepareCommit();
    assert.deepEqual(await writer.prepareCommit(), []);
    await writer.close();
  });

  it('commits nothing when nothing was written', async () => {
    const { world, writer } = await opened();
    await writer.flush(true);
    assert.deepEqual(await writer.prepareCommit(), []);
    await writer.close();
    assert.deepEqual(await visible(world), []);
  });

  it('closes more than once and leaves nothing open', async () => {
    const { world, writer } = await opened();
    await writeAll(writer, values);
    await writer.close();
    await writer.close();
    assert.equal(world.fileSystem.openFiles, 0);
  });
}

function testWithoutCheckpoints<T, CommittableT>(init: SinkConformance<T, CommittableT>): void {
  const { sink, values, visible } = init;
  for (const parallelism of [1, 3]) {
    it(`shows every record once at the end, of ${parallelism} subtasks`, async () => {
      const world = new ConnectorWorld();
      await sink().validate?.({ fileSystem: world.fileSystem, restoring: false });
      const run = await SinkRun.open(world, sink, { parallelism, checkpointing: false });
      await run.write(values);
      await run.finish();
      await run.close();
      assert.deepEqual(sorted(await visible(world)), sorted(values));
    });
  }
}

/** Where an attempt stops, and how many of the three thirds the last complete checkpoint covers. */
const STOPS = [
  ['before the first write', 0],
  ['after a write', 0],
  ['after the flush', 0],
  ['after the snapshot', 0],
  ['after the checkpoint completed, before the commit', 1],
  ['in the middle of the commit', 1],
  ['after the commit', 1],
  ['after another write', 1],
  ['after the flush of the second checkpoint', 1],
  ['after its snapshot', 1],
  ['before its commit', 2],
  ['after its commit', 2],
  ['after the end of the input', 2],
  ['after the snapshot of the final checkpoint', 2],
  ['before the final commit', 3],
  ['after the final commit', 3],
] as const;

/** Runs the first attempt up to a stop; the newest complete checkpoint. */
async function runUpTo<T>(
  stopAt: number,
  run: SinkRun<T>,
  values: readonly T[],
): Promise<SinkCheckpoint | undefined> {
  let newest: SinkCheckpoint | undefined;
  let taken: SinkCheckpoint | undefined;
  const take = (id: number) => async () => {
    taken = run.snapshot(id);
  };
  const steps: readonly (() => Promise<void>)[] = [
    async () => {},
    () => run.write(third(values, 0)),
    () => run.prepare(1),
    take(1),
    async () => {
      newest = taken;
    },
    () => run.complete(1, 1),
    () => run.complete(1),
    () => run.write(third(values, 1)),
    () => run.prepare(2),
    take(2),
    async () => {
      newest = taken;
    },
    () => run.complete(2),
    async () => {
      await run.write(third(values, 2));
      await run.finish();
    },
    async () => {
      taken = await run.checkpoint(3);
    },
    async () => {
      newest = taken;
    },
    () => run.complete(3),
  ];
  assert.equal(steps.length, STOPS.length);
  for (const step of steps.slice(0, stopAt + 1)) await step();
  return newest;
}

/** Writes what a checkpoint does not cover, with a checkpoint between, and ends. */
async function runToEnd<T>(run: SinkRun<T>, from: number, values: readonly T[]): Promise<void> {
  for (let part = from; part < 3; part += 1) {
    await run.write(third(values, part));
    await run.checkpoint(part + 10);
    await run.complete(part + 10);
  }
  await run.finish();
  await run.checkpoint(20);
  await run.complete(20);
  await run.close();
}

function testRestarts<T, CommittableT>(init: SinkConformance<T, CommittableT>): void {
  const { sink, values, visible } = init;
  const isTransactional = sink().guarantee === 'EXACTLY_ONCE';
  const outcome = isTransactional ? 'once' : 'at least once';

  for (const [stopAt, [stop, covered]] of STOPS.entries()) {
    it(`shows every record ${outcome} when killed ${stop}, and restored at 1, 2, 3`, async () => {
      for (const parallelism of [1, 2, 3]) {
        const world = new ConnectorWorld();
        const first = await SinkRun.open(world, sink, { parallelism: 2 });
        const restored = await runUpTo(stopAt, first, values);
        assert.equal(restored?.checkpointId ?? 0, covered);
        const second = await SinkRun.open(world, sink, { parallelism, attempt: 1, restored });
        await runToEnd(second, covered, values);
        const seen = sorted(await visible(world));
        assert.deepEqual(isTransactional ? seen : [...new Set(seen)], sorted(values));
      }
    });
  }
}

function testTransactions<T, CommittableT>(init: SinkConformance<T, CommittableT>): void {
  testVisibility(init);
  testOtherAttempts(init);
}

function testVisibility<T, CommittableT>(init: SinkConformance<T, CommittableT>): void {
  const { sink, values, visible } = init;

  it('shows what complete checkpoints cover, all of it once they are committed', async () => {
    for (const [stopAt, [stop, covered]] of STOPS.entries()) {
      const world = new ConnectorWorld();
      await sink().validate?.({ fileSystem: world.fileSystem, restoring: false });
      const run = await SinkRun.open(world, sink, { parallelism: 2 });
      await runUpTo(stopAt, run, values);
      const upTo = sorted(values.slice(0, covered * Math.ceil(values.length / 3)));
      const seen = sorted(await visible(world));
      if (stop.includes('commit') && !/before|middle/.test(stop)) assert.deepEqual(seen, upTo);
      assert.ok(
        seen.every((one) => upTo.includes(one)),
        stop,
      );
      await run.close();
      assert.deepEqual(sorted(await visible(world)), seen, `closed ${stop}`);
    }
  });

  it('leaves nothing hidden behind after a crash, once a new checkpoint is complete', async () => {
    for (const [stopAt, [stop, covered]] of STOPS.entries()) {
      const world = new ConnectorWorld();
      const first = await SinkRun.open(world, sink, { parallelism: 2 });
      const restored = await runUpTo(stopAt, first, values);
      const second = await SinkRun.open(world, sink, { parallelism: 3, attempt: 1, restored });
      await runToEnd(second, covered, values);
      const hidden = world.fileSystem.paths().filter((path) => path.includes('/.'));
      assert.deepEqual(hidden, [], stop);
    }
  });
}

function testOtherAttempts<T, CommittableT>(init: SinkConformance<T, CommittableT>): void {
  const { sink, values, visible } = init;

  it('keeps what a crashed attempt had prepared until its checkpoint is decided', async () => {
    const world = new ConnectorWorld();
    const first = await SinkRun.open(world, sink, { parallelism: 2 });
    const restored = await runUpTo(4, first, values);
    await first.close();
    const second = await SinkRun.open(world, sink, { attempt: 1, restored });
    assert.deepEqual(sorted(await visible(world)), sorted(third(values, 0)));
    await second.close();
  });

  it('is not disturbed by an attempt that wakes up and commits late', async () => {
    const world = new ConnectorWorld();
    const zombie = await SinkRun.open(world, sink, { parallelism: 2 });
    const restored = await runUpTo(4, zombie, values);
    await zombie.write(third(values, 1));
    const second = await SinkRun.open(world, sink, { attempt: 1, restored });
    await zombie.complete(1);
    await zombie.write(third(values, 2));
    await runToEnd(second, 1, values);
    await zombie.close();
    assert.deepEqual(sorted(await visible(world)), sorted(values));
  });

  it('commits with a later checkpoint what an aborted one had prepared, in order', async () => {
    const world = new ConnectorWorld();
    const run = await SinkRun.open(world, sink);
    await run.write(third(values, 0));
    await run.checkpoint(1);
    await run.write(third(values, 1));
    await run.checkpoint(2);
    await run.write(third(values, 2));
    await run.checkpoint(3);
    await run.complete(2);
    assert.deepEqual(
      sorted(await visible(world)),
      sorted([...third(values, 0), ...third(values, 1)]),
    );
    await run.complete(1);
    await run.complete(3);
    assert.deepEqual(sorted(await visible(world)), sorted(values));
    await run.close();
  });

  it('lets two jobs go on from one savepoint in one place, each with its own output', async () => {
    const world = new ConnectorWorld();
    const first = await SinkRun.open(world, sink, { parallelism: 2 });
    const restored = await runUpTo(9, first, values);
    const jobs = await Promise.all(
      ['b', 'c'].map((id) => SinkRun.open(world, sink, { jobId: id.repeat(32), restored })),
    );
    for (const job of jobs) await runToEnd(job, 1, values);
    const rest = [...third(values, 1), ...third(values, 2)];
    const expected = [...third(values, 0), ...rest, ...rest];
    assert.deepEqual(sorted(await visible(world)), sorted(expected));
  });

  it('goes on in its place from a savepoint, and refuses nothing', async () => {
    const world = new ConnectorWorld();
    const first = await SinkRun.open(world, sink);
    const restored = await runUpTo(6, first, values);
    await first.close();
    await sink().validate?.({ fileSystem: world.fileSystem, restoring: true });
    const second = await SinkRun.open(world, sink, { jobId: 'b'.repeat(32), restored });
    await runToEnd(second, 1, values);
    assert.deepEqual(sorted(await visible(world)), sorted(values));
  });
}

/** The first, second or last third. */
function third<T>(values: readonly T[], part: number): readonly T[] {
  const size = Math.ceil(values.length / 3);
  return values.slice(part * size, (part + 1) * size);
}

async function writeAll<T>(writer: SinkWriter<T, unknown>, values: readonly T[]): Promise<void> {
  for (const value of values) {
    void writer.write(value, NO_TIMESTAMP_MS, 0);
    await writer.suspension?.();
  }
}

function sorted(values: readonly unknown[]): string[] {
  return values.map((value) => JSON.stringify(value)).sort();
}
