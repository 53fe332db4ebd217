/** Jobs that read a hybrid source: files, then what follows them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { JobFunction } from '../api/index.ts';
import {
  fileSource,
  generatorSource,
  HybridSource,
  type Source,
  textLines,
} from '../connectors/index.ts';
import type { ConfigValue } from '../core/index.ts';
import { MAX_WATERMARK_MS } from '../core/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { CommittedOutput, FailurePoints } from './committed-output.ts';
import { MemoryBlobStore, MemoryFileSystem, MemoryRowStore } from './index.ts';
import { CHECKPOINTED } from './recovery-run.ts';
import { runJob, type StartedJob, startJob } from './run-job.ts';

const FILES = 3;
const LINES = 8;
const LIVE = 20;
/** Checkpoints come between. */
const RATE = 400;
/** Files first, then a part that is made from how the files ended, then one more. */
const TOTAL = FILES * LINES + 2 * LIVE;
const EXPECTED = Array.from({ length: TOTAL }, (_, n) => n);
const BATCH = { 'execution.runtime-mode': 'BATCH' };

function files(): MemoryFileSystem {
  const fileSystem = new MemoryFileSystem();
  for (let file = 0; file < FILES; file += 1) {
    const lines = Array.from({ length: LINES }, (_, n) => `${file * LINES + n}\n`);
    fileSystem.put(`/in/${file}.txt`, lines.join(''));
  }
  return fileSystem;
}

function live(from: number): Source<string, unknown, unknown> {
  const generate = (n: number): string => `${from + n}`;
  return generatorSource({ count: LIVE, generate, ratePerSecond: RATE, splits: 3 });
}

function chain(): HybridSource<string> {
  return HybridSource.builder(fileSource({ paths: '/in', format: textLines() }))
    .addSource((context) => {
      const { totalProgress } = context.getPreviousEnumerator().snapshotState();
      assert.equal(totalProgress, sizeOfFiles());
      return generatorSource({
        ...{ count: LIVE, ratePerSecond: RATE, splits: 3 },
        generate: (n) => `${FILES * LINES + n}`,
      });
    }, 'BOUNDED')
    .addSource((context) => {
      const { totalProgress } = context.getPreviousEnumerator().snapshotState();
      return live(FILES * LINES + (totalProgress ?? 0));
    }, 'BOUNDED')
    .build();
}

function sizeOfFiles(): number {
  return EXPECTED.slice(0, FILES * LINES).reduce((sum, n) => sum + `${n}\n`.length, 0);
}

/** What outlives the runs of a job. */
class World {
  readonly output = new CommittedOutput();
  readonly #stores = {
    blobs: new MemoryBlobStore(),
    rows: new MemoryRowStore(),
    fileSystem: files(),
  };
  readonly #failures: FailurePoints;

  constructor(failures: readonly number[] = []) {
    this.#failures = new FailurePoints(failures);
  }

  get failed(): number {
    return this.#failures.failed;
  }

  get numbers(): readonly number[] {
    return this.output.values.map(Number).sort((a, b) => a - b);
  }

  start(parallelism: number, configuration: Readonly<Record<string, ConfigValue>>, seed = 1) {
    const job: JobFunction = (env) => {
      env
        .fromSource(chain(), WatermarkStrategy.noWatermarks(), 'hybrid')
        .uid('hybrid')
        .map((text) => this.#failures.pass(text))
        .uid('map')
        .sinkTo(this.output.exactlyOnce<string>())
        .uid('sink');
    };
    return startJob(job, { ...this.#stores, parallelism, configuration, seed });
  }
}

/** Undefined: it ended before it could be stopped. */
async function stopIfRunning(started: StartedJob, ms: number): Promise<string | undefined> {
  const { master, time, outcome } = started;
  let savepoint: string | undefined;
  const stop = (): void => {
    if (['FINISHED', 'FAILED'].includes(master.status)) return;
    master.stopWithSavepoint({ drain: false }).then(
      (path) => {
        savepoint = path;
      },
      () => void time.schedule(2, stop),
    );
  };
  time.schedule(ms, stop);
  const { result } = await outcome;
  assert.equal(result.status, 'FINISHED', result.error?.message);
  return savepoint;
}

describe('a job with a hybrid source', () => {
  it('reads each source behind the one before, at any parallelism', async () => {
    for (const parallelism of [1, 2, 5]) {
      const read: number[] = [];
      const { result } = await runJob(
        (env) => {
          env
            .fromSource(chain(), WatermarkStrategy.noWatermarks(), 'hybrid')
            .map((text) => read.push(Number(text)))
            .print();
        },
        { parallelism, fileSystem: files() },
      );
      assert.equal(result.status, 'FINISHED', result.error?.message);
      const parts = [0, FILES * LINES, FILES * LINES + LIVE, TOTAL];
      for (const [i, from] of parts.slice(0, -1).entries()) {
        const part = read.slice(from, parts[i + 1]).toSorted((a, b) => a - b);
        assert.deepEqual(part, EXPECTED.slice(from, parts[i + 1]), `parallelism ${parallelism}`);
      }
    }
  });

  it('gives every record once wherever it fails', async () => {
    for (const parallelism of [1, 2, 5]) {
      for (let at = 1; at <= TOTAL; at += 3) {
        const world = new World([at, at + 7]);
        const { outcome } = await world.start(parallelism, CHECKPOINTED);
        const { result } = await outcome;
        assert.equal(result.status, 'FINISHED', result.error?.message);
        assert.ok(world.failed > 0);
        assert.deepEqual(world.numbers, EXPECTED, `parallelism ${parallelism}, failed at ${at}`);
      }
    }
  });

  it('goes on with other parallelisms from a savepoint at any moment', async () => {
    for (const [from, to] of [
      [1, 5],
      [5, 2],
      [2, 1],
    ] as const) {
      for (let ms = 0; ms < 72; ms += 7) {
        const world = new World();
        const stopped = await stopIfRunning(await world.start(from, CHECKPOINTED), ms);
        assert.ok(stopped !== undefined);
        const restore = { 'execution.state-recovery.path': stopped };
        const second = await world.start(to, { ...CHECKPOINTED, ...restore }, 2);
        const { result } = await second.outcome;
        assert.equal(result.status, 'FINISHED', result.error?.message);
        assert.deepEqual(world.numbers, EXPECTED, `from ${from} to ${to}, stopped at ${ms} ms`);
      }
    }
  });

  it('gives every record once whatever happens to it', async () => {
    const scenario = fc.record({
      failures: fc.array(fc.integer({ min: 1, max: 2 * TOTAL }), { maxLength: 6 }),
      runs: fc.array(
        fc.record({
          parallelism: fc.constantFrom(1, 2, 5),
          ms: fc.integer({ min: 0, max: 110 }),
        }),
        { maxLength: 3 },
      ),
      interval: fc.constantFrom(10, 13),
      last: fc.constantFrom(1, 2, 5),
    });
    await fc.assert(
      fc.asyncProperty(scenario, async ({ failures, runs, interval, last }) => {
        const world = new World(failures);
        const settings = { ...CHECKPOINTED, 'execution.checkpointing.interval': interval };
        let from: Readonly<Record<string, ConfigValue>> = {};
        for (const [i, { parallelism, ms }] of runs.entries()) {
          const started = await world.start(parallelism, { ...settings, ...from }, i + 1);
          const stopped = await stopIfRunning(started, ms);
          if (stopped === undefined) {
            assert.deepEqual(world.numbers, EXPECTED);
            return;
          }
          from = { 'execution.state-recovery.path': stopped };
        }
        const { outcome } = await world.start(last, { ...settings, ...from }, 9);
        const { result } = await outcome;
        assert.equal(result.status, 'FINISHED', result.error?.message);
        assert.deepEqual(world.numbers, EXPECTED);
      }),
      { numRuns: 60 },
    );
  });

  it('holds the watermark at no split that was read, and ends with its last source', async () => {
    const marks: number[] = [];
    const strategy = WatermarkStrategy.forMonotonousTimestamps<string>();
    const { result } = await runJob(
      (env) => {
        env
          .fromSource(
            chain(),
            strategy.withTimestampAssigner((text) => Number(text)),
            'hybrid',
          )
          // One of the subtasks reads no file at all, another two.
          .rebalance()
          .process<number>({
            processElement: (text, ctx) => {
              marks.push(ctx.timerService.currentWatermark());
              assert.ok(Number(text) > ctx.timerService.currentWatermark());
            },
          })
          .setParallelism(1)
          .print();
      },
      {
        ...{ parallelism: 2, fileSystem: files() },
        configuration: { 'pipeline.auto-watermark-interval': 1 },
      },
    );
    assert.equal(result.status, 'FINISHED', result.error?.message);
    assert.equal(marks.length, TOTAL);
    assert.ok(marks.every((mark) => mark < MAX_WATERMARK_MS));
    assert.ok((marks.at(-1) ?? 0) > FILES * LINES + LIVE, `${marks.at(-1)}`);
  });

  it('fails with the place and the name of a source that cannot be made', async () => {
    const source = HybridSource.builder(fileSource({ paths: '/in', format: textLines() }))
      .addSource(() => {
        throw new Error('no such topic');
      }, 'CONTINUOUS_UNBOUNDED')
      .build();
    const { result } = await runJob(
      (env) => {
        env.fromSource(source, WatermarkStrategy.noWatermarks(), 'hybrid').print();
      },
      { fileSystem: files() },
    );
    assert.equal(result.status, 'FAILED');
    assert.match(result.error?.message ?? '', /factory of source 2.*behind "files\(\/in\)", threw/);
  });

  it('runs in BATCH if all its sources end, with the same records, also if it fails', async () => {
    for (const parallelism of [1, 2, 5]) {
      const world = new World([5, 40]);
      const restarts = { 'restart-strategy.type': 'fixed-delay' };
      const { outcome } = await world.start(parallelism, {
        ...BATCH,
        ...CHECKPOINTED,
        ...restarts,
      });
      const { result } = await outcome;
      assert.equal(result.status, 'FINISHED', result.error?.message);
      assert.equal(world.failed, 2);
      assert.deepEqual(world.numbers, EXPECTED);
    }
  });

  it('is refused in BATCH if its last source has no end', async () => {
    const endless = HybridSource.builder(live(0)).addSource(
      generatorSource({ generate: (n) => `${n}` }),
    );
    await assert.rejects(
      runJob(
        (env) => {
          env.fromSource(endless.build(), WatermarkStrategy.noWatermarks(), 'all').print();
        },
        { configuration: BATCH },
      ),
      { code: 'UNBOUNDED_SOURCE' },
    );
  });
});
