/** Goal: a savepoint is read, changed and started from. Method: a job with state of every kind. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JobFunction, StreamExecutionEnvironment } from '../api/index.ts';
import { verifySavepoint } from '../checkpoint/index.ts';
import { EventTimeSessionWindows, TumblingEventTimeWindows } from '../windowing/index.ts';
import { OperatorTransformation } from './operator-transformation.ts';
import { linesOf, ProcessorWorld } from './processor-world.conformance.ts';
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

/** Where a job was stopped, and what it had printed. */
async function stopped(
  world: ProcessorWorld,
  parallelism: number,
): Promise<{ path: string; printed: string }> {
  const run = await world.start((env) => roundTripJob(env, COUNT_IN_ALL), parallelism);
  const path = Promise.withResolvers<string>();
  const stop = (): void => {
    run.master.stopWithSavepoint({ drain: false }).then(path.resolve, path.reject);
  };
  run.time.schedule(137, stop);
  const { printed } = await run.outcome;
  return { path: await path.promise, printed };
}

const json = (values: readonly unknown[]): string[] =>
  values.map((value) => JSON.stringify(value)).sort();

async function seenBy(world: ProcessorWorld, path: string): Promise<number> {
  const counts = await world.read(path, (from) => from.readListState<number>('seen', 'seen'));
  return counts.reduce((sum, count) => sum + Number(count), 0);
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
      const world = new ProcessorWorld();
      const { path } = await stopped(world, parallelism);
      const n = await seenBy(world, path);
      assert.ok(n > 50 && n < COUNT_IN_ALL, `${n}`);
      const expected = [...indexesByKey(n)].map(([key, all]) => expectedKey(key, all));
      for (const readers of [1, 3, 5]) {
        const read = await world.read(
          path,
          (from) => from.readKeyedState('everything', new ReadEverything()),
          readers,
        );
        assert.deepEqual(read, json(expected));
      }
      const names = await world.read(path, (from) => from.readUnionState('seen', 'names'));
      assert.deepEqual(
        names,
        Array.from({ length: parallelism }, () => '"somebody"'),
      );
      const rules = await world.read(path, (from) => from.readBroadcastState('rules', 'rules'));
      assert.deepEqual(rules, ['["a",1]', '["b",2]']);
    });
  }

  it('reads windows that are open, plain ones, sessions and triggered ones', async () => {
    const world = new ProcessorWorld();
    const { path } = await stopped(world, 2);
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
    assert.deepEqual(plain, json(openPlain));
    const counted = await world.read(path, (from) =>
      from.window<{ index: number }>(assigner).process('counted', readWindow),
    );
    const openCounted = open.map(({ key, start, indexes }) => ({
      ...{ key, start, end: start + WINDOW_MS, indexes },
      timers: [start + WINDOW_MS - 1],
    }));
    assert.deepEqual(counted, json(openCounted));
    const sessions = await world.read(path, (from) =>
      from
        .window<{ index: number }>(EventTimeSessionWindows.withGap(GAP_MS))
        .process('sessions', readWindow),
    );
    // Watermarks come now and then: windows that have ended since may still be there.
    const all = sessionsOf(n);
    const mustBe = all.filter(({ end }) => end - 1 > lastMs);
    assert.ok(mustBe.length === KEYS && all.some(({ indexes }) => indexes.length > 3));
    assert.deepEqual(
      json(mustBe).filter((text) => !sessions.includes(text)),
      [],
    );
    assert.deepEqual(
      sessions.filter((text) => !json(all).includes(text)),
      [],
    );
  });
});

describe('SavepointWriter', () => {
  it('carries over, renames, drops and changes operators; the job goes on exactly', async () => {
    const world = new ProcessorWorld();
    const straight = await world.run((env) => roundTripJob(env, COUNT_IN_ALL), 2);
    const { path, printed } = await stopped(world, 2);
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

  it('reads and changes a kept checkpoint, which holds changes only', async () => {
    const world = new ProcessorWorld();
    const straight = await world.run((env) => roundTripJob(env, COUNT_IN_ALL), 2);
    const settings = {
      'execution.checkpointing.interval': 20,
      'execution.checkpointing.externalized-checkpoint-retention': 'RETAIN_ON_CANCELLATION',
    };
    const job: JobFunction = (env) => roundTripJob(env, COUNT_IN_ALL);
    const run = await world.start(job, 2, undefined, settings);
    run.time.schedule(190, () => void run.master.cancel());
    await run.outcome;
    const manifests = (await world.blobs.list('/checkpoints')).map(({ location }) => location);
    const path = manifests.findLast((location) => location.endsWith('_metadata')) ?? '';
    const { manifest } = await verifySavepoint(world.blobs, path);
    assert.equal(manifest.full, false);
    const n = await seenBy(world, path);
    const expected = [...indexesByKey(n)].map(([key, all]) => expectedKey(key, all));
    await world.run((env) => {
      SavepointWriter.fromExistingSavepoint(env, path)
        .changeOperatorIdentifier('everything', 'tumbling')
        .changeOperatorIdentifier('tumbling', 'everything')
        .write('/swapped');
    }, 2);
    const read = await world.read('/swapped', (from) =>
      from.readKeyedState('tumbling', new ReadEverything()),
    );
    assert.deepEqual(read, json(expected));
    const uids = { everything: 'tumbling', tumbling: 'everything' };
    const swapped = (env: StreamExecutionEnvironment) => roundTripJob(env, COUNT_IN_ALL, uids);
    const rest = linesOf((await world.run(swapped, 3, '/swapped')).printed);
    // What it has printed is in what there is, each line once.
    const left = linesOf(straight.printed);
    for (const line of rest) {
      assert.ok(left.includes(line), line);
      left.splice(left.indexOf(line), 1);
    }
    const counted = (lines: readonly string[], start: string): number =>
      lines.filter((line) => line.startsWith(start)).length;
    assert.equal(counted(rest, 'key '), COUNT_IN_ALL - n);
    assert.equal(counted(left, 'timer '), 0);
  });

  it('replaces the keyed state of an operator by what is read from it', async () => {
    const world = new ProcessorWorld();
    const { path } = await stopped(world, 2);
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
    assert.deepEqual(read, json(expected));
    const rest = await world.run((env) => roundTripJob(env, COUNT_IN_ALL), 2, '/changed');
    assert.match(rest.printed, new RegExp(`${keyOf(n)} ${1000 + Math.floor(n / KEYS) + 1} `));
  });
});
