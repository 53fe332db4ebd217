/** Savepoints and retained checkpoints end to end: stop, drain, move, fork, claim, take over. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryBlobStore, MemoryFileSystem } from '../adapters/index.ts';
import type { JobFunction } from '../api/index.ts';
import { fileSink, generatorSource, jsonLines, type Sink } from '../connectors/index.ts';
import type { ConfigValue } from '../core/index.ts';
import type { CheckpointedFunction, MapFunction } from '../operators/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { TumblingEventTimeWindows } from '../windowing/index.ts';
import { CommittedOutput, FailurePoints } from './committed-output.ts';
import { goldenJob } from './golden-jobs.ts';
import { CHECKPOINTED, RecoveryWorld, stopAt } from './recovery-run.ts';
import { type StartJobOptions, startJob } from './run-job.ts';

type Settings = Readonly<Record<string, ConfigValue>>;

const RETAINED: Settings = {
  ...CHECKPOINTED,
  'execution.checkpointing.externalized-checkpoint-retention': 'RETAIN_ON_CANCELLATION',
};
const SAVEPOINTS = { 'execution.checkpointing.savepoint-dir': '/savepoints' };

const restored = (path: string, claimMode = 'NO_CLAIM'): Settings => ({
  'execution.state-recovery.path': path,
  'execution.state-recovery.claim-mode': claimMode,
});

async function straight(name: string): Promise<readonly string[]> {
  const world = new RecoveryWorld(goldenJob(name));
  await world.run(1);
  return world.committed;
}

interface Counted {
  readonly index: number;
  readonly key: number;
  readonly count: number;
}

/** Counts of numbers by tens, without end unless `count` says so. */
function windows(sink: Sink<unknown, unknown>, count?: number): JobFunction {
  return (env) => {
    const numbers = generatorSource({
      generate: (index) => ({ index, key: index % 3, count: 1 }),
      ratePerSecond: 2000,
      splits: 1,
      ...(count === undefined ? {} : { count }),
    });
    env
      .fromSource(
        numbers,
        WatermarkStrategy.forMonotonousTimestamps<Counted>().withTimestampAssigner(
          ({ index }) => index * 10,
        ),
        'numbers',
      )
      .uid('numbers')
      .keyBy('key')
      .window(TumblingEventTimeWindows.of(100))
      .sum('count')
      .uid('windows')
      .map(({ key, count: sum }) => ({ key, sum }))
      .sinkTo(sink)
      .uid('sink');
  };
}

const sumOf = (output: CommittedOutput): number =>
  output.values.reduce<number>((sum, value) => sum + (value as { sum: number }).sum, 0);

describe('stop with a savepoint', () => {
  it('fires every window and timer with drain, and none without', async () => {
    for (const drain of [true, false]) {
      const output = new CommittedOutput();
      const run = await startJob(windows(output.exactlyOnce()), { configuration: CHECKPOINTED });
      run.time.schedule(61, () => void run.master.stopWithSavepoint({ drain }));
      const { result } = await run.outcome;
      assert.equal(result.status, 'FINISHED');
      const read = result.metrics.vertices[0]?.numRecordsOut ?? 0;
      const bounded = new CommittedOutput();
      await (await startJob(windows(bounded.exactlyOnce(), read))).outcome;
      assert.equal(sumOf(bounded), read);
      if (drain) assert.deepEqual(output.texts, bounded.texts);
      // The last windows of each key are open.
      else assert.ok(sumOf(output) < read && sumOf(output) > read - 60, `${sumOf(output)} ${read}`);
    }
  });

  it('works without periodic checkpoints (fact 105)', async () => {
    const world = new RecoveryWorld(goldenJob('tumbling windows'));
    const savepoint = await stopAt(await world.start(2, SAVEPOINTS), 30);
    const { result } = await world.run(3, { ...SAVEPOINTS, ...restored(savepoint) });
    assert.equal(result.status, 'FINISHED');
    assert.deepEqual(world.committed, await straight('tumbling windows'));
  });

  it('drains without periodic checkpoints, however slots hear of it', async () => {
    for (const parallelism of [1, 3]) {
      const output = new CommittedOutput();
      const run = await startJob(windows(output.exactlyOnce()), {
        configuration: SAVEPOINTS,
        parallelism,
      });
      const path = Promise.withResolvers<string>();
      run.time.schedule(61, () => {
        run.master.stopWithSavepoint({ drain: true }).then(path.resolve, path.reject);
      });
      const { result } = await run.outcome;
      assert.equal(result.status, 'FINISHED');
      assert.match(await path.promise, /^\/savepoints\/savepoint-/);
      assert.equal(sumOf(output), result.metrics.vertices[0]?.numRecordsOut);
    }
  });

  it('fails the job if a task fails at its completion; the savepoint is good (103)', async () => {
    class Bad implements MapFunction<unknown, unknown>, CheckpointedFunction {
      map = (value: unknown): unknown => value;
      initializeState(): void {}
      snapshotState(): void {}
      notifyCheckpointComplete(): void {
        throw new Error('no listening');
      }
    }
    const output = new CommittedOutput();
    const blobs = new MemoryBlobStore();
    const job =
      (isBad: boolean): JobFunction =>
      (env) => {
        const source = generatorSource({ generate: (i) => i, ratePerSecond: 2000, count: 150 });
        const stream = env.fromSource(source, WatermarkStrategy.noWatermarks(), 'n').uid('n');
        const mapped = isBad ? stream.map(new Bad()) : stream.map((value) => value);
        mapped.uid('m').sinkTo(output.exactlyOnce()).uid('sink');
      };
    const configuration = { ...CHECKPOINTED, 'execution.checkpointing.interval': 1000 };
    const run = await startJob(job(true), { blobs, configuration });
    const answered = Promise.withResolvers<unknown>();
    run.time.schedule(20, () => {
      run.master.stopWithSavepoint({ drain: false }).then(answered.resolve, answered.resolve);
    });
    const { result } = await run.outcome;
    assert.deepEqual(
      [result.status, result.error?.code],
      ['FAILED', 'STOP_WITH_SAVEPOINT_STOPPING'],
    );
    const message = String(await answered.promise);
    assert.match(message, /A savepoint has been created|a savepoint has been created/);
    const path = /path=(\S+)/.exec(message)?.[1] ?? '';
    const next = await startJob(job(false), {
      blobs,
      seed: 2,
      configuration: { ...configuration, ...restored(path) },
    });
    assert.equal((await next.outcome).result.status, 'FINISHED');
    assert.deepEqual(
      output.values.toSorted((a, b) => Number(a) - Number(b)),
      [...Array(150).keys()],
    );
  });

  it('restarts the job when its snapshot fails, which runs on (fact 103)', async () => {
    let isFailing = true;
    class Once implements MapFunction<unknown, unknown>, CheckpointedFunction {
      map = (value: unknown): unknown => value;
      initializeState(): void {}
      snapshotState(): void {
        if (!isFailing) return;
        isFailing = false;
        throw new Error('not now');
      }
    }
    const output = new CommittedOutput();
    const job: JobFunction = (env) => {
      const source = generatorSource({ generate: (i) => i, ratePerSecond: 2000, count: 150 });
      env
        .fromSource(source, WatermarkStrategy.noWatermarks(), 'n')
        .map(new Once())
        .sinkTo(output.exactlyOnce());
    };
    const slow = { ...CHECKPOINTED, 'execution.checkpointing.interval': 50 };
    const run = await startJob(job, { configuration: slow });
    const answered = Promise.withResolvers<unknown>();
    run.time.schedule(20, () => {
      run.master.stopWithSavepoint({ drain: false }).then(answered.resolve, answered.resolve);
    });
    const { result } = await run.outcome;
    assert.match(String(await answered.promise), /not now/);
    assert.equal(result.status, 'FINISHED');
    assert.equal(run.master.exceptions.entries.length, 1);
    assert.deepEqual(
      output.values.toSorted((a, b) => Number(a) - Number(b)),
      [...Array(150).keys()],
    );
  });
});

describe('restoring', () => {
  it('goes from checkpoint to checkpoint, job after job, incremental and full (109)', async () => {
    const name = 'keyed process';
    const world = new RecoveryWorld(goldenJob(name));
    let from: Settings = {};
    for (const [parallelism, incremental] of [
      [2, true],
      [1, false],
      [3, true],
    ] as const) {
      const mode = { 'execution.checkpointing.incremental': incremental };
      const run = await world.start(parallelism, { ...RETAINED, ...mode, ...from });
      run.time.schedule(25, () => run.master.cancel());
      assert.equal((await run.outcome).result.status, 'CANCELED');
      const { path = '' } = (await world.newestCheckpoint()) ?? {};
      assert.match(path, new RegExp(`^/checkpoints/${run.master.jobId}/chk-\\d+$`));
      from = restored(path);
    }
    const { result } = await world.run(2, { ...RETAINED, ...from });
    assert.equal(result.status, 'FINISHED');
    assert.deepEqual(world.committed, await straight(name));
  });

  it('takes a savepoint that was moved (fact 105)', async () => {
    const world = new RecoveryWorld(goldenJob('session windows'));
    const savepoint = await stopAt(await world.start(2, CHECKPOINTED), 30);
    for (const { location } of await world.blobs.list(savepoint)) {
      const target = location.replace(savepoint, '/elsewhere/of mine');
      await world.blobs.put(target, await world.blobs.get(location));
      await world.blobs.delete(location);
    }
    await world.run(1, { ...CHECKPOINTED, ...restored('/elsewhere/of mine') });
    assert.deepEqual(world.committed, await straight('session windows'));
  });

  it('forks: two jobs from one savepoint do not disturb each other', async () => {
    const name = 'union';
    const first = new RecoveryWorld(goldenJob(name));
    const savepoint = await stopAt(await first.start(2, CHECKPOINTED), 30);
    const before = (await first.blobs.list(savepoint)).length;
    const committed = first.output.texts;
    for (const parallelism of [1, 3]) {
      const fork = new RecoveryWorld(goldenJob(name), {
        blobs: first.blobs,
        rows: first.rows,
        seed: 10 + parallelism,
      });
      fork.failures = new FailurePoints([30, 60]);
      const { result } = await fork.run(parallelism, { ...RETAINED, ...restored(savepoint) });
      assert.equal(result.status, 'FINISHED');
      assert.deepEqual([...committed, ...fork.output.texts].sort(), await straight(name));
    }
    assert.equal((await first.blobs.list(savepoint)).length, before);
  });

  it('deletes a claimed savepoint that it needs no more', async () => {
    const world = new RecoveryWorld(goldenJob('reduce'));
    const savepoint = await stopAt(await world.start(2, CHECKPOINTED), 20);
    const { result } = await world.run(2, { ...CHECKPOINTED, ...restored(savepoint, 'CLAIM') });
    assert.equal(result.status, 'FINISHED');
    assert.deepEqual(await world.blobs.list(''), []);
    assert.deepEqual(world.committed, await straight('reduce'));
  });

  it('goes on in another process from what the first had stored', async () => {
    const name = 'several sinks';
    const world = new RecoveryWorld(goldenJob(name));
    const first = await world.start(2, CHECKPOINTED);
    first.time.schedule(25, () => first.master.suspend());
    assert.equal((await first.outcome).result.status, 'SUSPENDED');
    const { jobId } = first.master;
    const journal = {
      lastAttempt: 7,
      record: () => Promise.resolve(),
      end: () => Promise.resolve(),
      fence: () => [],
    };
    const options: StartJobOptions = { jobId, isRecovered: true, journal };
    const second = await world.start(2, CHECKPOINTED, options);
    assert.equal(second.master.status, 'RECONCILING');
    assert.equal((await second.outcome).result.status, 'FINISHED');
    assert.deepEqual(world.committed, await straight(name));
    assert.deepEqual(await world.blobs.list(''), []);
  });
});

describe('the file sink', () => {
  it('shows committed files only, whatever fails, with every record once', async () => {
    const fileSystem = new MemoryFileSystem();
    const blobs = new MemoryBlobStore();
    let failures = new FailurePoints([70, 160]);
    const job: JobFunction = (env) => {
      const source = generatorSource({ generate: (i) => i, ratePerSecond: 4000, count: 300 });
      env
        .fromSource(source, WatermarkStrategy.noWatermarks(), 'n')
        .uid('n')
        .map((n) => failures.pass({ n }))
        .uid('pass')
        .sinkTo(fileSink({ directory: '/out', format: jsonLines(), rolling: { maxRecords: 7 } }))
        .uid('sink');
    };
    const visible = (): readonly number[] =>
      fileSystem
        .paths()
        .filter((path) => path.startsWith('/out/') && !/\/\./.test(path))
        .flatMap((path) => (fileSystem.text(path) ?? '').trim().split('\n'))
        .map((line) => (JSON.parse(line) as { n: number }).n)
        .sort((a, b) => a - b);
    const world = { fileSystem, blobs, configuration: CHECKPOINTED };
    const first = await startJob(job, { ...world, parallelism: 2 });
    const seen: (readonly number[])[] = [];
    for (const ms of [10, 20, 30]) first.time.schedule(ms, () => seen.push(visible()));
    const savepoint = await stopAt(first, 35);
    seen.push(visible());
    failures = new FailurePoints([40]);
    const configuration = { ...CHECKPOINTED, ...restored(savepoint) };
    const second = await startJob(job, { ...world, configuration, parallelism: 3, seed: 2 });
    assert.equal((await second.outcome).result.status, 'FINISHED');
    // A reader never sees a record twice, nor one vanish.
    seen.push(visible());
    for (const [at, records] of seen.entries()) {
      assert.equal(new Set(records).size, records.length);
      for (const record of seen[at - 1] ?? []) assert.ok(records.includes(record));
    }
    assert.deepEqual(visible(), [...Array(300).keys()]);
    assert.deepEqual(
      fileSystem.paths().filter((path) => /\/\./.test(path)),
      [],
    );
  });
});
