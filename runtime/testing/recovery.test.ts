/** Golden jobs: the same output whether they run straight, fail, stop, resume, or are rescaled. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConfigValue } from '../core/index.ts';
import { FailurePoints } from './committed-output.ts';
import { GOLDEN_JOBS, type GoldenJob, goldenJob } from './golden-jobs.ts';
import { CHECKPOINTED, RecoveryWorld, stopAt } from './recovery-run.ts';
import type { RunJobOutcome } from './run-job.ts';

type Settings = Readonly<Record<string, ConfigValue>>;

/** What the job commits when it runs straight, at parallelism 1. */
async function straight(job: GoldenJob): Promise<readonly string[]> {
  const world = new RecoveryWorld(job);
  assert.equal((await world.run(1)).result.status, 'FINISHED');
  assert.ok(world.committed.length > 0);
  return world.committed;
}

/** Fails at 2 subtasks, is stopped with a savepoint, goes on and fails again at 3. */
async function recovered(
  job: GoldenJob,
  settings: Settings,
  options: { readonly isAtLeastOnce?: boolean } = {},
): Promise<{ readonly world: RecoveryWorld; readonly last: RunJobOutcome }> {
  const world = new RecoveryWorld(job, options);
  world.failures = new FailurePoints([50, 131]);
  const first = await world.start(2, { ...CHECKPOINTED, ...settings });
  const savepoint = await stopAt(first, 28);
  assert.equal(world.failures.failed > 0, true);
  world.failures = new FailurePoints([20, 90]);
  const restore = { 'execution.state-recovery.path': savepoint };
  const second = await world.start(3, { ...CHECKPOINTED, ...settings, ...restore });
  const last = await second.outcome;
  assert.deepEqual([last.result.status, last.result.error], ['FINISHED', undefined]);
  assert.equal(world.failures.failed > 0, true);
  return { world, last };
}

const MODES: Readonly<Record<string, Settings>> = {
  'full checkpoints': { 'execution.checkpointing.incremental': false },
  'two checkpoints at a time': { 'execution.checkpointing.max-concurrent-checkpoints': 2 },
  'unaligned at once': {
    'execution.checkpointing.unaligned.enabled': true,
    'execution.checkpointing.aligned-checkpoint-timeout': 0,
  },
  'unaligned after 5 ms': {
    'execution.checkpointing.unaligned.enabled': true,
    'execution.checkpointing.aligned-checkpoint-timeout': 5,
  },
  'every operator a task': { 'pipeline.operator-chaining.enabled': false },
};

describe('golden jobs', () => {
  for (const job of GOLDEN_JOBS) {
    it(`${job.name}: fails, stops, resumes at another parallelism`, async () => {
      const { world } = await recovered(job, {});
      assert.deepEqual(world.committed, await straight(job));
      assert.equal(world.fileSystem.openFiles, 0);
    });
  }

  for (const [mode, settings] of Object.entries(MODES)) {
    for (const name of ['keyed process', 'back-pressure', 'two inputs', 'session windows']) {
      it(`${mode}: ${name}`, async () => {
        const job = goldenJob(name);
        const { world } = await recovered(job, settings);
        assert.deepEqual(world.committed, await straight(job));
      });
    }
  }

  it('lose nothing where barriers hold nothing back, and may repeat', async () => {
    const job = goldenJob('two inputs');
    const { world } = await recovered(job, { 'execution.checkpointing.mode': 'AT_LEAST_ONCE' });
    const committed = new Set(world.committed);
    assert.deepEqual([...committed].sort(), await straight(job));
  });

  it('lose nothing in sinks that write at once, and repeat what follows a checkpoint', async () => {
    const job = goldenJob('broadcast edges');
    const { world, last } = await recovered(job, {}, { isAtLeastOnce: true });
    const expected = await straight(job);
    assert.deepEqual([...new Set(world.committed)].sort(), expected);
    assert.ok(world.committed.length > expected.length);
    const warnings = last.logged.filter(({ message }) => /sinks give less/.test(message));
    assert.equal(warnings.length, 1);
  });

  it('keep the sum of list state over a change of parallelism', async () => {
    const { world } = await recovered(goldenJob('sources of every kind'), {});
    const counts = [...world.closed.values()];
    assert.equal(counts.length, 3);
    // 50 numbers, 3 values, 50 lines, 25 rows, 240 events.
    assert.equal(
      counts.reduce((a, b) => a + b),
      368,
    );
  });

  it('store the frames that unaligned barriers overtake', async () => {
    const world = new RecoveryWorld(goldenJob('back-pressure'));
    const { master, outcome } = await world.start(2, {
      ...CHECKPOINTED,
      ...MODES['unaligned at once'],
    });
    await outcome;
    const stored = (master.checkpointStatistics?.history ?? []).flatMap(({ tasks }) =>
      tasks.flatMap(({ subtasks }) =>
        subtasks.map((subtask) => subtask?.persistedDuringAlignmentBytes ?? 0),
      ),
    );
    assert.ok(stored.some((bytes) => bytes > 0));
  });

  it('take checkpoints when some of their tasks have finished', async () => {
    const world = new RecoveryWorld(goldenJob('sources of every kind'));
    const run = await world.start(1, {
      ...CHECKPOINTED,
      'execution.checkpointing.externalized-checkpoint-retention': 'RETAIN_ON_CANCELLATION',
    });
    run.time.schedule(45, () => run.master.cancel());
    await run.outcome;
    const manifest = (await world.newestCheckpoint()) ?? assert.fail();
    const finished = manifest.vertices.filter(({ subtasks }) => subtasks.every((s) => s.finished));
    assert.ok(finished.length > 0 && finished.length < manifest.vertices.length);
    const restore = { 'execution.state-recovery.path': manifest.path };
    assert.equal((await world.run(2, { ...CHECKPOINTED, ...restore })).result.status, 'FINISHED');
    assert.deepEqual(world.committed, await straight(goldenJob('sources of every kind')));
  });

  it('change their parallelism as they run, up and down', async () => {
    for (const name of ['union', 'co-process', 'two disjoint pipelines']) {
      const job = goldenJob(name);
      const world = new RecoveryWorld(job);
      const run = await world.start(1, CHECKPOINTED);
      const rescaled: number[] = [];
      const rescale = (parallelism: number): void => {
        const { vertices } = run.master.snapshot();
        run.master.rescale(Object.fromEntries(vertices.map(({ id }) => [id, parallelism]))).then(
          () => rescaled.push(parallelism),
          () => run.time.schedule(2, () => rescale(parallelism)),
        );
      };
      run.time.schedule(12, () => rescale(3));
      run.time.schedule(32, () => rescale(2));
      const { result } = await run.outcome;
      assert.deepEqual([result.status, rescaled], ['FINISHED', [3, 2]], name);
      assert.deepEqual(result.metrics.vertices.map((v) => v.parallelism).includes(2), true);
      assert.deepEqual(world.committed, await straight(job), name);
    }
  });
});
