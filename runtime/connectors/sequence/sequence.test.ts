import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isStreamError } from '../../core/index.ts';
import { ConnectorWorld } from '../connector-world.conformance.ts';
import { testSourceConformance } from '../source.conformance.ts';
import { readSource, SourceRun } from '../source-run.conformance.ts';
import { generatorSource } from './generator-source.ts';
import { contiguousSplits } from './index-split.ts';
import { collectionSource, sequenceSource } from './sequence-source.ts';

testSourceConformance({
  name: 'sequence',
  source: () => sequenceSource(-3, 14),
  expected: Array.from({ length: 18 }, (_, index) => index - 3),
});
testSourceConformance({
  name: 'sequence shorter than the parallelism',
  source: () => sequenceSource(5, 6),
  expected: [5, 6],
});
testSourceConformance({
  name: 'collection',
  source: () => collectionSource([{ id: 1 }, { id: 2 }, { id: 3 }]),
  expected: [{ id: 1 }, { id: 2 }, { id: 3 }],
});
testSourceConformance({
  name: 'generator',
  source: () => generatorSource({ count: 10, generate: (index) => index * index }),
  expected: Array.from({ length: 10 }, (_, index) => index * index),
});
testSourceConformance({
  name: 'generator with a rate',
  source: () => generatorSource({ count: 10, ratePerSecond: 4, generate: (index) => index }),
  expected: Array.from({ length: 10 }, (_, index) => index),
});

describe('sequenceSource', () => {
  it('refuses what is no range of integers', () => {
    for (const [from, to] of [
      [2, 1],
      [0.5, 1],
      [0, 2 ** 53],
    ] as const) {
      assert.throws(() => sequenceSource(from, to), { code: 'BAD_SEQUENCE', kind: 'invalid' });
    }
  });

  it('cuts the widest range into ranges that meet', () => {
    const splits = contiguousSplits(Number.MIN_SAFE_INTEGER + 2 ** 52, 2 ** 52, 3);
    assert.equal(splits[0]?.end, splits[1]?.start);
    assert.equal(splits[1]?.end, splits[2]?.start);
    assert.equal(splits[2]?.end, 2 ** 52);
  });
});

describe('collectionSource', () => {
  it('runs in one subtask', () => {
    assert.equal(collectionSource([1]).maxParallelism, 1);
  });

  it('ends at once when it is empty', async () => {
    const { values } = await readSource(collectionSource([]), new ConnectorWorld());
    assert.deepEqual(values, []);
  });
});

describe('generatorSource', () => {
  it('never ends without a count, and deals its indexes out in turn', async () => {
    const source = generatorSource({ generate: (index) => index });
    assert.equal(source.boundedness, 'CONTINUOUS_UNBOUNDED');
    const run = new SourceRun(source, new ConnectorWorld(), 2);
    await run.start();
    run.poll(0, 3);
    run.poll(1, 3);
    assert.deepEqual(run.values, [0, 2, 4, 1, 3, 5]);
    assert.equal(run.enumerator.totalProgress?.(), undefined);
    await run.close();
  });

  it('spreads its rate evenly over time', async () => {
    const world = new ConnectorWorld();
    const source = generatorSource({ generate: (index) => index, ratePerSecond: 10 });
    const run = new SourceRun(source, world);
    await run.start();
    assert.deepEqual([run.poll(0, 100), run.values.length], ['more', 1]);
    assert.equal(run.poll(0, 100), 'nothing');
    world.advanceBy(350);
    run.poll(0, 100);
    assert.equal(run.values.length, 4);
    await run.close();
  });

  it('shares the rate among its subtasks', async () => {
    const world = new ConnectorWorld();
    const source = generatorSource({ generate: (index) => index, ratePerSecond: 10 });
    const run = new SourceRun(source, world, 5);
    await run.start();
    for (let second = 0; second < 4; second += 1) {
      for (let subtask = 0; subtask < 5; subtask += 1) run.poll(subtask, 100);
      world.advanceBy(500);
    }
    assert.equal(run.values.length, 20);
    await run.close();
  });

  it('catches up with at most a second after a pause', async () => {
    const world = new ConnectorWorld();
    const source = generatorSource({ generate: (index) => index, ratePerSecond: 10 });
    const run = new SourceRun(source, world);
    await run.start();
    run.poll(0, 100);
    world.advanceBy(60_000);
    run.poll(0, 100);
    assert.equal(run.values.length, 12);
    await run.close();
  });

  it('waits with one timer and drops it when it is closed', async () => {
    const world = new ConnectorWorld();
    const source = generatorSource({ generate: (index) => index, ratePerSecond: 1 });
    const run = new SourceRun(source, world);
    await run.start();
    run.poll(0, 1);
    const waiting = [run.reader(0).available(), run.reader(0).available()];
    assert.equal(world.pendingTimers, 1);
    await run.close();
    await Promise.all(waiting);
    assert.equal(world.pendingTimers, 0);
  });

  it('deals its splits out evenly, and each is read in order at any parallelism', async () => {
    const source = () => generatorSource({ generate: (index) => index, splits: 5 });
    for (const [from, to, shares] of [
      [1, 3, [5]],
      [2, 1, [3, 2]],
      [3, 8, [2, 2, 1]],
    ] as const) {
      const world = new ConnectorWorld();
      const first = new SourceRun(source(), world, from);
      await first.start();
      const { splits, enumerator } = first.snapshot();
      assert.deepEqual(
        splits.map(({ length }) => length),
        shares,
      );
      assert.deepEqual(enumerator.unassigned, []);
      for (let turn = 0; turn < 7; turn += 1) first.poll(turn % from, 3);
      const all = first.snapshot().splits.flat();
      const dealt = Array.from({ length: to }, (_, subtask) =>
        all.filter((_split, index) => index % to === subtask),
      );
      const second = new SourceRun(source(), world, to, { enumerator, splits: dealt });
      await second.start();
      for (let turn = 0; turn < 40; turn += 1) second.poll(turn % to, 2);
      const values = [...first.values, ...second.values];
      for (let split = 0; split < 5; split += 1) {
        const own = values.filter((value) => value % 5 === split);
        assert.deepEqual(
          own,
          own.map((_, index) => split + 5 * index),
        );
        assert.ok(own.length > 0);
      }
      await first.close();
      await second.close();
    }
  });

  it('ends its splits at the count', async () => {
    const source = generatorSource({ generate: (index) => index, splits: 4, count: 10 });
    for (const parallelism of [1, 2, 3, 6]) {
      const { values } = await readSource(source, new ConnectorWorld(), parallelism);
      assert.deepEqual(
        values.sort((a, b) => a - b),
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      );
    }
  });

  it('deals endless splits of failed readers out again in equal shares', async () => {
    const source = generatorSource({ generate: (index) => index, splits: 8 });
    const run = new SourceRun(source, new ConnectorWorld(), 2);
    await run.start();
    await run.replaceReader(1);
    assert.deepEqual(
      run.snapshot().splits.map(({ length }) => length),
      [4, 4],
    );
    await run.close();
  });

  it('names the index for which the generate function threw', async () => {
    const generate = (index: number) => {
      if (index === 2) throw new Error('no such record');
      return index;
    };
    const run = readSource(generatorSource({ count: 5, generate }), new ConnectorWorld());
    await assert.rejects(run, (error) => {
      assert.ok(isStreamError(error));
      assert.equal(error.code, 'GENERATE_FAILED');
      assert.match(error.message, /threw: no such record index=2$/);
      return true;
    });
  });

  it('refuses a count or rate that cannot be', () => {
    const generate = (index: number) => index;
    for (const bad of [{ count: -1 }, { count: 1.5 }, { ratePerSecond: 0 }, { splits: 0 }]) {
      assert.throws(() => generatorSource({ generate, ...bad }), { code: 'BAD_GENERATOR' });
    }
  });
});
