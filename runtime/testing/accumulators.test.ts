/** Goal: accumulators of a job are those of its records. Method: jobs in virtual time. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StreamExecutionEnvironment } from '../api/index.ts';
import { generatorSource } from '../connectors/index.ts';
import {
  AverageAccumulator,
  Histogram,
  IntCounter,
  ListAccumulator,
  type MapFunction,
  type RuntimeContext,
} from '../operators/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { runJob } from './run-job.ts';

const RECORDS = 100;

interface Numbered {
  readonly id: number;
  readonly key: number;
}

/** The first vertex: two kinds of its own, one that closes late, one that both vertices have. */
class First implements MapFunction<Numbered, Numbered> {
  readonly #average = new AverageAccumulator();
  readonly #closed = new ListAccumulator<number>();
  #seen = new IntCounter();
  #index = -1;

  open(ctx: RuntimeContext): void {
    ctx.addAccumulator('average', this.#average);
    ctx.addAccumulator('closed', this.#closed);
    this.#seen = ctx.getIntCounter('seen');
    this.#index = ctx.taskInfo.index;
  }

  map(value: Numbered): Numbered {
    this.#seen.add(1);
    this.#average.add(value.id);
    return value;
  }

  close(): void {
    this.#closed.add(this.#index);
  }
}

/** When to fail, once. */
interface Failing {
  atId: number;
}

class Second implements MapFunction<Numbered, Numbered> {
  readonly #failing: Failing;
  #seen = new IntCounter();
  #keys = new Histogram();

  constructor(failing: Failing) {
    this.#failing = failing;
  }

  open(ctx: RuntimeContext): void {
    this.#seen = ctx.getIntCounter('seen');
    this.#keys = ctx.getHistogram('keys');
  }

  map(value: Numbered): Numbered {
    this.#seen.add(1);
    this.#keys.add(value.key);
    if (value.id !== this.#failing.atId) return value;
    this.#failing.atId = -1;
    throw new Error('as it is to be');
  }
}

function counting(env: StreamExecutionEnvironment, failing: Failing): void {
  const source = generatorSource({ count: RECORDS, generate: (id) => ({ id, key: id % 5 }) });
  env
    .fromSource(source, WatermarkStrategy.noWatermarks(), 'numbers')
    .map(new First())
    .keyBy('key')
    .map(new Second(failing))
    .print();
}

const COUNTED = {
  average: (RECORDS - 1) / 2,
  seen: 2 * RECORDS,
  keys: new Map([0, 1, 2, 3, 4].map((key) => [key, RECORDS / 5])),
};

describe('accumulators of a job', () => {
  for (const parallelism of [1, 3]) {
    it(`are merged over ${parallelism} subtasks a vertex, closing included`, async () => {
      const { result } = await runJob((env) => counting(env, { atId: -1 }), { parallelism });
      assert.equal(result.error, undefined);
      const { closed, ...others } = result.accumulators;
      assert.deepEqual(others, COUNTED);
      const indexes = Array.from({ length: parallelism }, (_, index) => index);
      assert.deepEqual((closed as number[]).toSorted(), indexes);
      const vertices = result.metrics.vertices.map(({ accumulators = [] }) => {
        return accumulators.map(({ name }) => name);
      });
      assert.deepEqual(vertices, [
        ['average', 'closed', 'seen'],
        ['seen', 'keys'],
      ]);
    });
  }

  it('forget what failed attempts have counted, as their records come again', async () => {
    const configuration = {
      'restart-strategy.type': 'fixed-delay',
      'restart-strategy.fixed-delay.delay': 1,
    };
    const failing = { atId: 60 };
    const job = (env: StreamExecutionEnvironment): void => counting(env, failing);
    const { result } = await runJob(job, { parallelism: 2, configuration });
    assert.equal(failing.atId, -1);
    assert.equal(result.error, undefined);
    const { closed: _, ...others } = result.accumulators;
    assert.deepEqual(others, COUNTED);
  });

  it('are those of the last attempt when the job fails', async () => {
    const configuration = { 'restart-strategy.type': 'disable' };
    const { result } = await runJob((env) => counting(env, { atId: 60 }), { configuration });
    assert.equal(result.status, 'FAILED');
    const { keys } = result.accumulators as { keys: ReadonlyMap<number, number> };
    assert.equal(
      [...keys.values()].reduce((sum, count) => sum + count, 0),
      61,
    );
  });
});
