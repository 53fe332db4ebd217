/** Goal: a savepoint is read, changed and started from. Method: a job with state of every kind. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type {
  JobFunction,
  SingleOutputStreamOperator,
  StreamExecutionEnvironment,
} from '../api/index.ts';
import { verifySavepoint } from '../checkpoint/index.ts';
import {
  MemoryFileSystem,
  type RunJobOutcome,
  type StartedJob,
  startJob,
} from '../testing/index.ts';
import { EventTimeSessionWindows, TumblingEventTimeWindows } from '../windowing/index.ts';
import { FileBlobStore } from './file-blob-store.ts';
import { OperatorTransformation } from './operator-transformation.ts';
import {
  expectedKey,
  GAP_MS,
  indexesByKey,
  KEYS,
  keyOf,
  roundTripJob,
  tick,
  timeOf,
  UIDS,
  WINDOW_MS,
} from './round-trip.fixture.ts';
import { SavepointReader } from './savepoint-reader.ts';
import { SavepointWriter } from './savepoint-writer.ts';
import { ReadCounts, ReadEverything, readWindow, WriteCounts } from './test-world.fixture.ts';

const COUNT_IN_ALL = 300;

/** Files and savepoints that outlive the jobs. */
class World {
  readonly files = new MemoryFileSystem();
  readonly blobs = new FileBlobStore(this.files);
  #seed = 1;

  start(job: JobFunction, parallelism: number, from?: string): Promise<StartedJob> {
    const { files, blobs } = this;
    const configuration = {
      'execution.checkpointing.savepoint-dir': '/savepoints',
      'pipeline.auto-watermark-interval': 5,
      ...(from === undefined ? {} : { 'execution.state-recovery.path': from }),
    };
    const options = { blobs, fileSystem: files, parallelism, configuration };
    return startJob(job, { ...options, seed: this.#seed++ });
  }

  async run(job: JobFunction, parallelism: number, from?: string): Promise<RunJobOutcome> {
    const outcome = await (await this.start(job, parallelism, from)).outcome;
    assert.equal(outcome.result.status, 'FINISHED', outcome.result.error?.message);
    return outcome;
  }

  async stopped(parallelism: number): Promise<{ path: string; printed: string }> {
    const job: JobFunction = (env) => roundTripJob(env, COUNT_IN_ALL);
    const run = await this.start(job, parallelism);
    const path = Promise.withResolvers<string>();
    const stop = (): void => {
      run.master.stopWithSavepoint({ drain: false }).then(path.resolve, path.reject);
    };
    run.time.schedule(137, stop);
    const { printed } = await run.outcome;
    return { path: await path.promise, printed };
  }

  /** What a stream of a savepoint has, sorted. */
  async read<T>(
    path: string,
    build: (reader: SavepointReader) => SingleOutputStreamOperator<T>,
    parallelism = 2,
  ): Promise<T[]> {
    const job = (env: StreamExecutionEnvironment) =>
      void build(SavepointReader.read(env, path))
        .map((value) => JSON.stringify(value))
        .print();
    const { printed } = await this.run(job, parallelism);
    return linesOf(printed).map((line) => JSON.parse(line) as T);
  }
}

function linesOf(printed: string): string[] {
  const lines = printed.split('\n').filter(Boolean);
  return lines.map((line) => line.replace(/^\d+> /, '')).sort();
}

const json = (values: readonly unknown[]): string[] =>
  values.map((value) => JSON.stringify(value)).sort();

async function seenBy(world: World, path: string): Promise<number> {
  const counts = await world.read(path, (from) => from.readListState<number>('seen', 'seen'));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** The windows of plain indexes by their start. */
function tumbling(n: number): { key: string; start: number; indexes: number[] }[] {
  return [...indexesByKey(n)].flatMap(([key, indexes]) => {
    const windows = Map.groupBy(indexes, (i) => Math.floor(timeOf(tick(i)) / WINDOW_MS));
    return [...windows].map(([number, inIt]) => ({
      ...{ key, start: number * WINDOW_MS, indexes: inIt },
    }));
  });
}

/** Sessions of the first n records. */
function sessionsOf(n: number): { end: number; indexes: number[] }[] {
  return [...indexesByKey(n)].flatMap(([key, indexes]) => {
    const runs: number[][] = [];
    for (const index of indexes) {
      const before = runs.at(-1)?.at(-1);
      const isNext = before === undefined || timeOf(tick(index)) > timeOf(tick(before)) + GAP_MS;
      if (isNext) runs.push([index]);
      else runs.at(-1)?.push(index);
    }
    return runs.map((run) => {
      const [first = 0] = run;
      const end = timeOf(tick(run.at(-1) ?? 0)) + GAP_MS;
      return { key, start: timeOf(tick(first)), end, indexes: run, timers: [end - 1] };
    });
  });
}

describe('SavepointReader', () => {
  for (const parallelism of [1, 2]) {
    it(`reads all a job has put into its states, parallelism ${parallelism}`, async () => {
      const world = new World();
      const { path } = await world.stopped(parallelism);
      const n = await seenBy(world, path);
      assert.ok(n > 50 && n < COUNT_IN_ALL, `${n}`);
      const expected = [...indexesByKey(n)].map(([key, all]) => expectedKey(key, all));
      for (const readers of [1, 3, 5]) {
        const read = await world.read(
          path,
          (from) => from.readKeyedState('everything', new ReadEverything()),
          readers,
        );
        assert.deepEqual(json(read), json(expected));
      }
      const names = await world.read(path, (from) => from.readUnionState('seen', 'names'));
      assert.deepEqual(
        names,
        Array.from({ length: parallelism }, () => 'somebody'),
      );
      const rules = await world.read(path, (from) => from.readBroadcastState('rules', 'rules'));
      assert.deepEqual(rules, [
        ['a', 1],
        ['b', 2],
      ]);
    });
  }

  it('reads windows that are open, plain ones, sessions and triggered ones', async () => {
    const world = new World();
    const { path } = await world.stopped(2);
    const n = await seenBy(world, path);
    const lastMs = timeOf(tick(n - 1));
    const open = tumbling(n).filter(({ start }) => start + WINDOW_MS > lastMs);
    const assigner = TumblingEventTimeWindows.of(WINDOW_MS);
    const plain = await world.read(path, (from) =>
      from.window<{ index: number }>(assigner).reduce('tumbling', (_, last) => last, readWindow),
    );
    const openPlain = open.map(({ key, start, indexes }) => ({
      ...{ key, start, end: start + WINDOW_MS, indexes: indexes.slice(-1) },
      timers: [start + WINDOW_MS - 1],
    }));
    assert.deepEqual(json(plain), json(openPlain));
    const counted = await world.read(path, (from) =>
      from.window<{ index: number }>(assigner).process('counted', readWindow),
    );
    const openCounted = open.map(({ key, start, indexes }) => ({
      ...{ key, start, end: start + WINDOW_MS, indexes },
      timers: [start + WINDOW_MS - 1],
    }));
    assert.deepEqual(json(counted), json(openCounted));
    const sessions = await world.read(path, (from) =>
      from
        .window<{ index: number }>(EventTimeSessionWindows.withGap(GAP_MS))
        .process('sessions', readWindow),
    );
    // Watermarks come now and then: windows that have ended since may still be there.
    const all = sessionsOf(n);
    const mustBe = all.filter(({ end }) => end - 1 > lastMs);
    assert.ok(mustBe.length === KEYS && all.some(({ indexes }) => indexes.length > 3));
    const texts = json(sessions);
    assert.deepEqual(
      json(mustBe).filter((text) => !texts.includes(text)),
      [],
    );
    assert.deepEqual(
      texts.filter((text) => !json(all).includes(text)),
      [],
    );
  });
});

describe('SavepointWriter', () => {
  it('carries over, renames, drops and changes operators; the job goes on exactly', async () => {
    const world = new World();
    const straight = await world.run((env) => roundTripJob(env, COUNT_IN_ALL), 2);
    const { path, printed } = await world.stopped(2);
    const changed = '/changed';
    await world.run((env) => {
      SavepointWriter.fromExistingSavepoint(env, path)
        .changeOperatorIdentifier('tumbling', 'renamed')
        .removeOperator('sink')
        .write(changed);
    }, 3);
    await verifySavepoint(world.blobs, changed);
    const uids = { ...UIDS, tumbling: 'renamed' };
    const rest = await world.run((env) => roundTripJob(env, COUNT_IN_ALL, uids), 3, changed);
    assert.deepEqual(linesOf(printed + rest.printed), linesOf(straight.printed));
  });

  it('replaces the keyed state of an operator by what is read from it', async () => {
    const world = new World();
    const { path } = await world.stopped(2);
    const n = await seenBy(world, path);
    await world.run((env) => {
      const counts = SavepointReader.read(env, path).readKeyedState(
        'everything',
        new ReadCounts(1000),
      );
      SavepointWriter.fromExistingSavepoint(env, path)
        .removeOperator('everything')
        .withOperator(
          'everything',
          OperatorTransformation.bootstrapWith(counts).keyBy('key').transform(new WriteCounts()),
        )
        .write('/changed');
    }, 2);
    const read = await world.read('/changed', (from) =>
      from.readKeyedState('everything', new ReadCounts(0)),
    );
    const expected = [...indexesByKey(n)].map(([key, all]) => ({ key, count: all.length + 1000 }));
    assert.deepEqual(json(read), json(expected));
    const rest = await world.run((env) => roundTripJob(env, COUNT_IN_ALL), 2, '/changed');
    assert.match(rest.printed, new RegExp(`${keyOf(n)} ${1000 + Math.floor(n / KEYS) + 1} `));
  });
});
