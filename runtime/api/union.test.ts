import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OutputTag } from '../operators/index.ts';
import { runJob } from '../testing/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { TumblingEventTimeWindows } from '../windowing/index.ts';
import type { DataStream } from './data-stream.ts';
import type { StreamExecutionEnvironment } from './environment.ts';

async function recordsOf(
  build: (env: StreamExecutionEnvironment) => DataStream<number>,
  parallelism: number,
): Promise<number[]> {
  const job = (env: StreamExecutionEnvironment): void => {
    build(env).print().setParallelism(1);
  };
  const { result, printed } = await runJob(job, { parallelism });
  assert.deepEqual([result.status, result.error?.message], ['FINISHED', undefined]);
  const lines = printed.trim().split('\n');
  return lines.map(Number).sort((a, b) => a - b);
}

describe('union', () => {
  for (const parallelism of [1, 3]) {
    it(`has each record once for each time its stream is in it, at ${parallelism}`, async () => {
      const doubled = await recordsOf((env) => {
        const numbers = env.fromSequence(1, 3);
        return numbers.union(numbers, numbers).map((n) => n);
      }, parallelism);
      assert.deepEqual(doubled, [1, 1, 1, 2, 2, 2, 3, 3, 3]);
    });

    it(`takes many streams, unions and side outputs among them, at ${parallelism}`, async () => {
      const all = await recordsOf((env) => {
        const odd = new OutputTag<number>('odd');
        const split = env.fromSequence(1, 4).process<number>((n, ctx, out) => {
          if (n % 2 === 1) ctx.output(odd, n);
          else out.collect(n);
        });
        const many = Array.from({ length: 12 }, (_, i) => env.fromData(10 + i));
        const [first = split, ...others] = many;
        return split.union(split.getSideOutput(odd), first.union(...others)).map((n) => n);
      }, parallelism);
      const expected = [1, 2, 3, 4, ...Array.from({ length: 12 }, (_, i) => 10 + i)];
      assert.deepEqual(all, expected);
    });

    it(`has the records of all in keyed windows, by one watermark, at ${parallelism}`, async () => {
      const sums = await recordsOf((env) => {
        const timed = (from: number): DataStream<{ k: number; ms: number }> =>
          env
            .fromSequence(from, from + 19)
            .map((ms) => ({ k: 0, ms }))
            .assignTimestampsAndWatermarks(
              WatermarkStrategy.forBoundedOutOfOrderness<{ k: number; ms: number }>(
                50,
              ).withTimestampAssigner(({ ms }) => ms),
            );
        const stream = timed(0);
        return stream
          .union(timed(10), stream)
          .keyBy('k')
          .window(TumblingEventTimeWindows.of(10))
          .apply<number>((_key, window, records, out) =>
            out.collect(window.start * 1000 + [...records].length),
          );
      }, parallelism);
      assert.deepEqual(sums, [20, 10_030, 20_010]);
    });
  }

  it('lets a stream meet itself in one operator', async () => {
    const both = await recordsOf((env) => {
      const numbers = env.fromSequence(1, 2);
      return numbers.connect(numbers).map({ map1: (n) => n, map2: (n) => -n });
    }, 2);
    assert.deepEqual(both, [-2, -1, 1, 2]);
  });
});
