/** Goal: a savepoint is whole or not there. Method: writing jobs that fail, restart and are cancelled. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StreamExecutionEnvironment } from '../api/index.ts';
import { verifySavepoint } from '../checkpoint/index.ts';
import { generatorSource } from '../connectors/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { OperatorTransformation } from './operator-transformation.ts';
import { ProcessorWorld } from './processor-world.conformance.ts';
import { expectedKey, indexesByKey, type Tick, tick } from './round-trip.fixture.ts';
import { SavepointWriter } from './savepoint-writer.ts';
import { ReadEverything, WriteEverything } from './test-world.fixture.ts';

const COUNT = 200;

/** Writes what slow records make. */
function slowly(env: StreamExecutionEnvironment, pass: (value: Tick) => void): void {
  const source = generatorSource({ generate: tick, ratePerSecond: 1000, splits: 1, count: COUNT });
  const ticks = env
    .fromSource(source, WatermarkStrategy.noWatermarks(), 'ticks')
    .setParallelism(1)
    .map((value) => {
      pass(value);
      return value;
    })
    .setParallelism(1);
  SavepointWriter.newSavepoint(env, 64)
    .withOperator(
      'all',
      OperatorTransformation.bootstrapWith(ticks).keyBy('key').transform(new WriteEverything()),
    )
    .write('/made');
}

const manifests = (world: ProcessorWorld): readonly string[] =>
  world.files.paths().filter((path) => path.endsWith('/made/_metadata'));

async function assertWhole(world: ProcessorWorld): Promise<void> {
  await verifySavepoint(world.blobs, '/made');
  const read = await world.read('/made', (from) =>
    from.readKeyedState('all', new ReadEverything()),
  );
  const expected = [...indexesByKey(COUNT)].map(([key, all]) => expectedKey(key, all));
  assert.deepEqual(read, expected.map((one) => JSON.stringify(one)).sort());
}

describe('a job that writes a savepoint', () => {
  it('leaves none when it fails or is cancelled', async () => {
    const world = new ProcessorWorld();
    const { code } = await world.failure((env) =>
      slowly(env, ({ index }) => {
        if (index === 150) throw new Error('broken');
      }),
    );
    assert.equal(code, 'USER_FUNCTION_FAILED');
    assert.deepEqual(manifests(world), []);
    const run = await world.start((env) => slowly(env, () => {}), 2);
    run.time.schedule(100, () => void run.master.cancel());
    assert.equal((await run.outcome).result.status, 'CANCELED');
    assert.deepEqual(manifests(world), []);
  });

  it('goes on from its checkpoint, and has each record once', async () => {
    const world = new ProcessorWorld();
    const failedAt = new Set<number>();
    const settings = {
      'execution.checkpointing.interval': 20,
      'restart-strategy.type': 'fixed-delay',
      'restart-strategy.fixed-delay.attempts': 10,
      'restart-strategy.fixed-delay.delay': 3,
    };
    const job = (env: StreamExecutionEnvironment): void =>
      slowly(env, ({ index }) => {
        if (![90, 170, COUNT - 1].includes(index) || failedAt.has(index)) return;
        failedAt.add(index);
        throw new Error('once');
      });
    await world.run(job, 2, undefined, settings);
    assert.equal(failedAt.size, 3);
    await assertWhole(world);
  });

  it('starts anew without checkpoints, and has each record once', async () => {
    const world = new ProcessorWorld();
    let failed = false;
    const settings = {
      'restart-strategy.type': 'fixed-delay',
      'restart-strategy.fixed-delay.attempts': 10,
      'restart-strategy.fixed-delay.delay': 3,
    };
    const job = (env: StreamExecutionEnvironment): void =>
      slowly(env, ({ index }) => {
        if (index !== 150 || failed) return;
        failed = true;
        throw new Error('once');
      });
    await world.run(job, 2, undefined, settings);
    assert.ok(failed);
    await assertWhole(world);
  });
});
