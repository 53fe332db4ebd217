/** What becomes of processing time when the input of a job in STREAMING has ended. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StreamExecutionEnvironment } from '../api/index.ts';
import { generatorSource } from '../connectors/index.ts';
import { MAX_TIMESTAMP_MS } from '../core/index.ts';
import type { KeyedProcessFunction } from '../operators/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import {
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
  type WindowAssigner,
} from '../windowing/index.ts';
import { CHECKPOINTED } from './recovery-run.ts';
import { runJob, startJob } from './run-job.ts';

interface Beat {
  readonly key: string;
  readonly at: number;
  readonly count: number;
}

/** A hundred a second, or as many as there is time for. */
function beats(env: StreamExecutionEnvironment, key: string, count?: number) {
  const options = { ratePerSecond: 100, ...(count === undefined ? {} : { count }) };
  const generate = (n: number): Beat => ({ key, at: n * 10, count: 1 });
  const strategy = WatermarkStrategy.forMonotonousTimestamps<Beat>();
  return env.fromSource(
    generatorSource({ ...options, generate }),
    strategy.withTimestampAssigner(({ at }) => at),
    key,
  );
}

const hourly: KeyedProcessFunction<string, Beat, string> = {
  processElement: (_beat, { timerService }) => {
    timerService.registerProcessingTimeTimer(timerService.currentProcessingTime() + 3_600_000);
    timerService.registerEventTimeTimer(MAX_TIMESTAMP_MS);
  },
  onTimer: (_ms, { timeDomain, timerService }, out) => {
    timerService.registerProcessingTimeTimer(timerService.currentProcessingTime() + 1);
    out.collect(timeDomain);
  },
};

function countsOf(printed: string): number {
  const counts = [...printed.matchAll(/"count":(\d+)/g)].map(([, count]) => Number(count));
  return counts.reduce((sum, count) => sum + count, 0);
}

describe('processing time at the end of the input', () => {
  for (const configuration of [{}, CHECKPOINTED]) {
    const how = configuration === CHECKPOINTED ? 'with' : 'without';

    it(`fires no window that is open then, unlike event time, ${how} checkpoints`, async () => {
      for (const parallelism of [1, 2]) {
        const counted = async (assigner: WindowAssigner): Promise<number> => {
          const { result, printed } = await runJob(
            (env) => void beats(env, 'a', 250).keyBy('key').window(assigner).sum('count').print(),
            { parallelism, configuration },
          );
          assert.equal(result.status, 'FINISHED');
          return countsOf(printed);
        };
        assert.equal(await counted(TumblingEventTimeWindows.of('1 s')), 250);
        const count = await counted(TumblingProcessingTimeWindows.of('1 s'));
        assert.ok(count >= 190 && count <= 210, `two of three windows: ${count}`);
      }
    });

    it(`fires no timer that is pending then, nor waits for it, ${how} checkpoints`, async () => {
      const { result, printed } = await runJob(
        (env) => void beats(env, 'a', 10).keyBy('key').process(hourly).print(),
        { configuration },
      );
      assert.equal(printed, 'EVENT_TIME\n');
      assert.ok(result.netRuntimeMs < 60_000, `${result.netRuntimeMs}`);
    });
  }

  it('goes on while one of the inputs lives', async () => {
    const { printed } = await runJob((env) => {
      beats(env, 'short', 10)
        .union(beats(env, 'long', 350))
        .keyBy('key')
        .window(TumblingProcessingTimeWindows.of('1 s'))
        .sum('count')
        .print();
    });
    assert.match(printed, /"key":"short".*"count":10\b/);
    const count = countsOf(printed);
    assert.ok(count >= 300 && count <= 320, `all but the last half second: ${count}`);
  });

  it('is the same when the job is drained', async () => {
    const run = await startJob((env) => void beats(env, 'a').keyBy('key').process(hourly).print(), {
      configuration: CHECKPOINTED,
    });
    run.time.schedule(500, () => void run.master.stopWithSavepoint({ drain: true }));
    const { result, printed } = await run.outcome;
    assert.equal(result.status, 'FINISHED');
    assert.equal(printed, 'EVENT_TIME\n');
  });
});
