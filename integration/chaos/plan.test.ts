import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { actionText, MAX_PARALLELISM, type Mode, planRound } from './plan.ts';

const SEEDS = Array.from({ length: 300 }, (_, seed) => seed);

function typesOf(mode: Mode): Set<string> {
  return new Set(SEEDS.flatMap((seed) => planRound(seed, mode).steps).map((s) => s.action.type));
}

describe('planRound', () => {
  it('makes the same plan of the same seed, another of another', () => {
    assert.deepEqual(planRound(7, 'cluster'), planRound(7, 'cluster'));
    assert.notDeepEqual(planRound(7, 'cluster'), planRound(8, 'cluster'));
  });

  it('comes to every action sooner or later', () => {
    assert.deepEqual(
      [...typesOf('cluster')].sort(),
      [
        ...['break-disk', 'cancel-and-restore', 'checkpoint', 'kill-process', 'kill-task-manager'],
        ...['kill-thread', 'rescale', 'rival', 'savepoint', 'stall', 'stop-and-restore'],
      ].sort(),
    );
    assert.deepEqual(
      [...typesOf('embedded')].sort(),
      ['break-disk', 'cancel-and-restore', 'kill-process', 'kill-thread'].sort(),
    );
  });

  it('ends embedded jobs by themselves: they cannot be stopped', () => {
    assert.ok(SEEDS.every((seed) => planRound(seed, 'embedded').eventCount !== undefined));
  });

  it('never asks for more slots than the cluster has', () => {
    for (const { parallelism, steps } of SEEDS.map((seed) => planRound(seed, 'cluster'))) {
      const asked = steps.map(({ action }) => ('parallelism' in action ? action.parallelism : 1));
      for (const one of [parallelism, ...asked]) assert.ok(one >= 1 && one <= MAX_PARALLELISM);
    }
  });

  it('says what is done in a word', () => {
    const kill = { type: 'kill-process', downMs: 1, beforeMs: 2, parallelism: 3 } as const;
    assert.equal(actionText(kill), 'kill-process(p=3)');
    assert.equal(actionText({ ...kill, during: 'stop' }), 'kill-process(stop)');
    assert.equal(actionText({ type: 'rival' }), 'rival');
  });
});
