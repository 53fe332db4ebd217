import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runSchedule } from './scenario.ts';
import { checkSeed, runSchedules, type ScheduleFailure } from './simulate.ts';

/** The first of them run twice, as all of them do under `npm run simulate`. */
const TWICE = 40;
const SEEDS = 160;

describe('the simulation', () => {
  it('finds nothing in schedules that it runs twice', async () => {
    const failures: ScheduleFailure[] = [];
    const { schedules, events } = await runSchedules({
      firstSeed: 1,
      count: TWICE,
      step: 1,
      isOver: () => false,
      onFailure: (failure) => failures.push(failure),
    });
    assert.deepEqual(
      failures.map(({ seed, violations }) => ({ seed, violations })),
      [],
    );
    assert.equal(schedules, TWICE);
    assert.ok(events > 100 * TWICE, `something happens: events=${events}`);
  });

  it('finds nothing in a hundred more', async () => {
    for (let seed = TWICE + 1; seed <= SEEDS; seed += 1) {
      const { violations } = await runSchedule(seed);
      assert.deepEqual(violations, [], `seed ${seed}`);
    }
  });

  it('runs a seed to the same trace every time, and seeds to different ones', async () => {
    const [first, again, other] = [
      await runSchedule(11),
      await runSchedule(11),
      await runSchedule(12),
    ];
    assert.equal(again.traceHash, first.traceHash);
    assert.notEqual(other.traceHash, first.traceHash);
  });

  it('says seed, violation and what led to it when a schedule fails', async () => {
    for (let seed = 1; ; seed += 1) {
      assert.ok(seed < 50, 'a sink that commits early is found');
      const { failure } = await checkSeed(seed, 'commit-before-complete');
      if (failure === undefined) continue;
      assert.equal(failure.seed, seed);
      assert.ok(failure.violations.length > 0);
      assert.ok(failure.lines.length > 0 && failure.lines.length <= 60);
      return;
    }
  });
});
