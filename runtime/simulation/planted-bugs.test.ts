import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PLANTED_BUGS, type PlantedBug } from './planted-bugs.ts';
import { runSchedule } from './scenario.ts';

/** Seeds from 1 on within which each bug must be found. */
const MAX_SEEDS = 100;

describe('planted bugs', () => {
  for (const [bug, meaning] of Object.entries(PLANTED_BUGS)) {
    it(`finds within ${MAX_SEEDS} seeds that ${meaning}`, async () => {
      const found = await firstViolation(bug as PlantedBug);
      assert.ok(found !== undefined, `${bug} was not found in ${MAX_SEEDS} seeds`);
    });
  }
});

async function firstViolation(bug: PlantedBug): Promise<string | undefined> {
  for (let seed = 1; seed <= MAX_SEEDS; seed += 1) {
    const { violations } = await runSchedule(seed, bug);
    if (violations[0] === undefined) continue;
    // It is the bug that was found, and nothing else.
    const without = await runSchedule(seed);
    if (without.violations.length === 0) return violations[0];
  }
  return undefined;
}
