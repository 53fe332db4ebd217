import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PLANTED_BUGS, type PlantedBug } from './planted-bugs.ts';
import { runSchedule } from './scenario.ts';

/** Seeds from 1 on within which each bug must be found. */
const MAX_SEEDS = 100;
/**
 * A seed that found it soon, where that was looked for last: it comes first. One that does so no
 * more, since schedules have changed, costs a search and nothing else.
 */
const FOUND_AT: Partial<Readonly<Record<PlantedBug, number>>> = {
  'commit-before-complete': 5,
  'forget-commit-on-restore': 8,
  'forget-timers': 4,
  'forget-keyed-state': 4,
  'lose-reader-position': 4,
  'skip-a-record': 4,
  'no-fencing': 6,
  'forget-channel-alignment': 8,
  'restore-stale-checkpoint': 8,
  'drop-in-flight-frames': 97,
  'forget-union-state': 7,
  'skip-a-delta': 4,
  'restore-one-chain': 20,
  'forget-enumerator-state': 6,
  'late-ack-counts': 65,
  'ignore-claims': 7,
  'forget-put-back': 63,
  'restart-sequences': 4,
  'forget-channel-status': 63,
  'forget-told-sources': 16,
  'reuse-attempt': 5,
  'send-before-write': 42,
  'forget-unsent-effects': 6,
  'renumber-commands': 30,
  'next-counts-twice': 16,
  'store-before-record': 6,
  'turn-without-fence': 6,
  'reports-count-twice': 28,
  'delete-record-early': 6,
  'record-after-row': 6,
  'never-arm': 22,
  'arm-late': 24,
  'lose-wake-while-falling': 30,
  'disarm-what-is-armed': 22,
  'trust-old-idleness': 48,
  'forget-rest': 49,
  'execute-twice': 24,
  'suspend-nobody': 30,
  'wake-without-execution': 24,
};

/** Of schedules without a bug. */
const soundness = new Map<number, Promise<boolean>>();

describe('planted bugs', () => {
  for (const [bug, meaning] of Object.entries(PLANTED_BUGS)) {
    it(`finds within ${MAX_SEEDS} seeds that ${meaning}`, async () => {
      const found = await firstViolation(bug as PlantedBug);
      assert.ok(found !== undefined, `${bug} was not found in ${MAX_SEEDS} seeds`);
    });
  }

  it('looks first at seeds that are among them', () => {
    for (const seed of Object.values(FOUND_AT)) assert.ok(seed <= MAX_SEEDS, `${seed}`);
  });
});

async function firstViolation(bug: PlantedBug): Promise<string | undefined> {
  const all = Array.from({ length: MAX_SEEDS }, (_, i) => i + 1);
  const first = FOUND_AT[bug] ?? 1;
  for (const seed of [first, ...all.filter((other) => other !== first)]) {
    const { violations } = await runSchedule(seed, bug);
    // It is the bug that was found, and nothing else.
    if (violations[0] !== undefined && (await isSound(seed))) return violations[0];
  }
  return undefined;
}

function isSound(seed: number): Promise<boolean> {
  const sound =
    soundness.get(seed) ?? runSchedule(seed).then(({ violations }) => violations.length === 0);
  soundness.set(seed, sound);
  return sound;
}
