import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StreamExecutionEnvironment } from '../api/index.ts';
import { generatorSource } from '../connectors/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { TumblingProcessingTimeWindows } from '../windowing/index.ts';
import { runJob } from './run-job.ts';

/** Random partitioning, a rate limit and processing-time windows: all that could differ. */
function job(env: StreamExecutionEnvironment): void {
  env
    .fromSource(
      generatorSource({ count: 500, generate: (id) => ({ id, k: id % 7 }), ratePerSecond: 100 }),
      WatermarkStrategy.noWatermarks(),
      'paced',
    )
    .shuffle()
    .map((value) => ({ ...value, count: 1 }))
    .keyBy('k')
    .window(TumblingProcessingTimeWindows.of('1 s'))
    .sum('count')
    .print();
}

describe('runJob', () => {
  it('does the same in every run of a seed, clocks and random numbers included', async () => {
    const first = await runJob(job, { parallelism: 3, seed: 7 });
    const second = await runJob(job, { parallelism: 3, seed: 7 });
    assert.equal(first.result.status, 'FINISHED');
    assert.ok(first.printed.length > 100);
    assert.equal(second.printed, first.printed);
    assert.equal(second.result.netRuntimeMs, first.result.netRuntimeMs);
    const other = await runJob(job, { parallelism: 3, seed: 8 });
    assert.notEqual(other.printed, first.printed);
  });

  it('lets virtual time pass only while the job waits', async () => {
    const { result } = await runJob(job, { parallelism: 1 });
    // 500 records at 100 a second, however fast the machine is.
    assert.ok(result.netRuntimeMs >= 4900 && result.netRuntimeMs <= 5100, `${result.netRuntimeMs}`);
  });

  it('answers the failure of a job and throws what is wrong with its graph', async () => {
    const { result } = await runJob((env) => {
      env
        .fromData(1)
        .map(() => {
          throw new Error('boom');
        })
        .print();
    });
    assert.equal(result.status, 'FAILED');
    assert.match(result.error?.message ?? '', /boom/);
    await assert.rejects(
      runJob((env) => void env.fromData(1)),
      { code: 'NO_SINK' },
    );
  });
});
