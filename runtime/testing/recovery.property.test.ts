/** Golden jobs under random failures, savepoints, rescales, takeovers: always the same output. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ConfigValue } from '../core/index.ts';
import type { JobJournal } from '../jobmaster/index.ts';
import { FailurePoints } from './committed-output.ts';
import { GOLDEN_JOBS } from './golden-jobs.ts';
import { CHECKPOINTED, RecoveryWorld } from './recovery-run.ts';
import type { StartedJob, StartJobOptions } from './run-job.ts';

const RUNS = 40;

const EVENTS = ['nothing', 'savepoint', 'full', 'rescale', 'stop', 'cancel', 'suspend'] as const;

/** One process's share of a job's life. */
const life = fc.record({
  parallelism: fc.integer({ min: 1, max: 4 }),
  event: fc.constantFrom(...EVENTS),
  atMs: fc.integer({ min: 0, max: 60 }),
  isClaimed: fc.boolean(),
});

const scenario = fc.record({
  job: fc.nat(GOLDEN_JOBS.length - 1),
  settings: fc.record({
    'execution.checkpointing.interval': fc.constantFrom(10, 13, 20),
    'execution.checkpointing.num-retained': fc.constantFrom(1, 2),
    'execution.checkpointing.incremental': fc.boolean(),
    'execution.buffer-timeout.interval': fc.constantFrom(0, 2, 100),
    'restart-strategy.fixed-delay.delay': fc.constantFrom(0, 1, 3, 15),
  }),
  unalignedAfterMs: fc.constantFrom(undefined, 0, 5),
  failures: fc.array(fc.integer({ min: 1, max: 600 }), { maxLength: 5 }),
  lives: fc.array(life, { minLength: 1, maxLength: 4 }),
});

type Life = typeof life extends fc.Arbitrary<infer T> ? T : never;

const outputs = new Map<number, readonly string[]>();

async function expected(job: number): Promise<readonly string[]> {
  const known = outputs.get(job);
  if (known !== undefined) return known;
  const world = new RecoveryWorld(GOLDEN_JOBS[job] ?? assert.fail());
  await world.run(1);
  outputs.set(job, world.committed);
  return world.committed;
}

/**
 * Lets it happen; what is refused, since the job restarts or ends, is tried again.
 *
 * @param stopped told the savepoint of a stop.
 */
function schedule(
  { master, time }: StartedJob,
  { event, atMs }: Life,
  stopped: (path: string) => void,
): void {
  const act = (): void => {
    const again = (): void => {
      if (master.status !== 'FINISHED') time.schedule(3, act);
    };
    if (event === 'cancel' || event === 'suspend') master[event]();
    else if (event === 'savepoint') master.triggerSavepoint().catch(again);
    else if (event === 'full') master.triggerCheckpoint('FULL').catch(again);
    else if (event === 'stop') master.stopWithSavepoint({ drain: false }).then(stopped, again);
    else if (event === 'rescale') {
      const { vertices } = master.snapshot();
      const fixed = vertices.some(({ name }) => /Collection|lanes|Map -> Map/.test(name));
      if (fixed) return;
      master.rescale(Object.fromEntries(vertices.map(({ id }) => [id, 2]))).catch(again);
    }
  };
  time.schedule(atMs, act);
}

function journalFrom(lastAttempt: number): JobJournal {
  const done = (): Promise<void> => Promise.resolve();
  return { lastAttempt, record: done, end: done, fence: () => [] };
}

describe('recovery', () => {
  it('commits the same output whatever happens to the job', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ job, settings, unalignedAfterMs, failures, lives }) => {
        const golden = GOLDEN_JOBS[job] ?? assert.fail();
        const world = new RecoveryWorld(golden);
        world.failures = new FailurePoints(failures);
        const base: Record<string, ConfigValue> = {
          ...CHECKPOINTED,
          ...settings,
          'execution.checkpointing.externalized-checkpoint-retention': 'RETAIN_ON_CANCELLATION',
        };
        if (unalignedAfterMs !== undefined) {
          base['execution.checkpointing.unaligned.enabled'] = true;
          base['execution.checkpointing.aligned-checkpoint-timeout'] = unalignedAfterMs;
        }
        let configuration = base;
        let takeover: StartJobOptions = {};
        const end: Life = { parallelism: 2, event: 'nothing', atMs: 0, isClaimed: false };
        for (const [run, step] of [...lives, end].entries()) {
          const started = await world.start(step.parallelism, configuration, takeover);
          let left: string | undefined;
          schedule(started, step, (path) => {
            left = path;
          });
          const { result } = await started.outcome;
          assert.notEqual(result.status, 'FAILED', result.error?.message);
          const { jobId } = started.master;
          takeover = {};
          if (result.status === 'SUSPENDED') {
            takeover = { jobId, isRecovered: true, journal: journalFrom(100 * (run + 1)) };
            continue;
          }
          if (result.status === 'FINISHED' && left === undefined) break;
          left ??= (await world.newestCheckpoint(jobId))?.path;
          // What it started from is claimed by it, if it claimed it.
          const mode = left !== undefined && step.isClaimed ? 'CLAIM' : 'NO_CLAIM';
          const from = left ?? configuration['execution.state-recovery.path'];
          if (from === undefined) continue;
          const path = { 'execution.state-recovery.path': from };
          configuration = { ...base, ...path, 'execution.state-recovery.claim-mode': mode };
        }
        assert.deepEqual(world.committed, await expected(job));
        assert.equal(world.fileSystem.openFiles, 0);
      }),
      { numRuns: RUNS },
    );
  });
});
