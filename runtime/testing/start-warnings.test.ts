import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StreamExecutionEnvironment } from '../api/index.ts';
import { generatorSource } from '../connectors/index.ts';
import { executionPlanJson } from '../graph/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { CommittedOutput } from './committed-output.ts';
import { startJob } from './run-job.ts';

const numbers = (env: StreamExecutionEnvironment, count?: number) => {
  const source = generatorSource({
    generate: (index: number) => index,
    ratePerSecond: 100,
    ...(count === undefined ? {} : { count }),
  });
  return env.fromSource(source, WatermarkStrategy.noWatermarks<number>(), 'numbers');
};

/** What a job that is cancelled at once warned of. */
async function warnings(count: number | undefined, intervalMs?: number): Promise<string> {
  const { master, outcome } = await startJob(
    (env) => void numbers(env, count).sinkTo(new CommittedOutput().exactlyOnce('out')),
    intervalMs === undefined
      ? {}
      : { configuration: { 'execution.checkpointing.interval': intervalMs } },
  );
  master.cancel();
  const { logged } = await outcome;
  return logged.flatMap(({ level, message }) => (level === 'warn' ? [message] : [])).join();
}

describe('a job that starts', () => {
  it('warns when an endless input keeps its output hidden for want of checkpoints', async () => {
    assert.match(await warnings(undefined), /^sinks show nothing before the input ends/);
    assert.equal(await warnings(5), '');
    assert.equal(await warnings(undefined, 50), '');
  });

  it('names in its plan what each sink guarantees', async () => {
    const plans: unknown[] = [];
    const { outcome } = await startJob((env) => {
      numbers(env, 1).sinkTo(new CommittedOutput().atLeastOnce('out'));
      plans.push(executionPlanJson(env.getStreamGraph()).nodes.map(({ guarantee }) => guarantee));
    });
    await outcome;
    assert.deepEqual(plans[0], [undefined, 'AT_LEAST_ONCE']);
  });
});
