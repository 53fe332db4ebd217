import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryBlobStore } from '../adapters/index.ts';
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
  const { logged, result } = await outcome;
  // Without it, no log of a job would have them.
  const { jobId } = result;
  assert.ok(logged.every(({ level, fields }) => level !== 'warn' || fields.jobId === jobId));
  return logged.flatMap(({ level, message }) => (level === 'warn' ? [message] : [])).join();
}

describe('a job that starts', () => {
  it('warns when an endless input keeps its output hidden for want of checkpoints', async () => {
    assert.match(await warnings(undefined), /^sinks show nothing before the input ends/);
    assert.equal(await warnings(5), '');
    assert.equal(await warnings(undefined, 50), '');
  });

  it('warns when it starts from a savepoint after which there is no input', async () => {
    for (const drain of [true, false]) {
      const blobs = new MemoryBlobStore();
      const path = Promise.withResolvers<string>();
      const job = (env: StreamExecutionEnvironment): void =>
        void numbers(env)
          .uid('numbers')
          .sinkTo(new CommittedOutput().exactlyOnce('out'))
          .uid('out');
      const configuration = {
        'execution.checkpointing.interval': 50,
        'execution.checkpointing.savepoint-dir': '/savepoints',
      };
      const first = await startJob(job, { blobs, configuration });
      first.time.schedule(60, () => {
        first.master.stopWithSavepoint({ drain }).then(path.resolve, path.reject);
      });
      await first.outcome;
      const restore = { 'execution.state-recovery.path': await path.promise };
      const options = { blobs, configuration: { ...configuration, ...restore }, seed: 2 };
      const second = await startJob(job, options);
      if (!drain) second.master.cancel();
      const { result, logged } = await second.outcome;
      // All of it had ended: so does the job.
      assert.equal(result.status, drain ? 'FINISHED' : 'CANCELED');
      const warned = logged.filter(({ message }) => message.startsWith('the input had ended'));
      assert.deepEqual(
        warned.map(({ level, fields }) => [level, fields]),
        drain ? [['warn', { jobId: result.jobId, path: await path.promise }]] : [],
      );
    }
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
