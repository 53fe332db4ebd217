import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Question, TurnRunner } from './turn-runner.ts';

function question(token: string, rounds = 0, continuation = 0): Question {
  const execution = `e-${continuation}`;
  return { type: 'next', taskToken: token, execution, rounds, continuation };
}

/** As the next turn has it. */
function slept(runner: TurnRunner): TurnRunner {
  const { waiting, record } = JSON.parse(
    JSON.stringify({ waiting: runner.waiting, record: runner.record }),
  );
  return new TurnRunner(waiting, record);
}

/** One that has asked and was told what to run, at 0. */
function told(): TurnRunner {
  const runner = new TurnRunner(undefined, undefined);
  runner.hear(question('a'));
  runner.waiting = undefined;
  return slept(runner);
}

describe('TurnRunner', () => {
  it('hears a question once, and another one of the same round as new', () => {
    const runner = new TurnRunner(undefined, undefined);
    assert.equal(runner.hear(question('a')), 'NEW');
    const next = slept(runner);
    assert.equal(next.hear(question('a')), 'KNOWN');
    assert.equal(next.hear(question('b')), 'NEW');
    assert.deepEqual(next.waiting, { taskToken: 'b', rounds: 0 });
    assert.equal(next.hear(question('a')), 'KNOWN', 'it comes late');
  });

  it('remembers questions of more rounds than come again together, and no more', () => {
    const runner = new TurnRunner(undefined, undefined);
    for (let round = 0; round < 50; round += 1) runner.hear(question(`t${round}`, round));
    assert.equal(runner.hear(question('t40', 40)), 'KNOWN');
    assert.ok(JSON.stringify(runner.record).length < 1_000);
  });

  it('has patience with one that was told what to run, then replaces it', () => {
    const runner = told();
    assert.deepEqual(runner.watch(true, false, 1_000), { effects: [], atEpochMs: 61_000 });
    const later = slept(runner);
    assert.deepEqual(later.watch(true, false, 60_999), { effects: [], atEpochMs: 61_000 });
    const { effects, atEpochMs } = later.watch(true, false, 61_000);
    assert.deepEqual(effects, [{ type: 'replace', continuation: 1, isStuck: false }]);
    assert.equal(atEpochMs, 181_000, 'the next one has longer');
    const again = slept(later).watch(true, false, 181_000);
    assert.deepEqual(again.effects, [{ type: 'replace', continuation: 2, isStuck: false }]);
  });

  it('replaces one at once that runs slots which were given up', () => {
    const { effects } = told().watch(true, true, 5);
    assert.deepEqual(effects, [{ type: 'replace', continuation: 1, isStuck: true }]);
  });

  it('does not hear who was replaced, but who came in its place', () => {
    const runner = told();
    runner.watch(true, true, 5);
    const next = slept(runner);
    assert.equal(next.hear(question('late', 1)), 'OLD');
    assert.equal(next.hear(question('new', 0, 1)), 'NEW');
    assert.deepEqual(next.watch(true, true, 70_000), { effects: [] }, 'it waits to be told');
  });

  it('begins the next one once there is something to do for one that was told to rest', () => {
    const runner = told();
    assert.deepEqual(runner.begin(), [], 'it has not ended');
    runner.rest();
    const next = slept(runner);
    assert.deepEqual(next.begin(), [{ type: 'execute', continuation: 1 }]);
    assert.deepEqual(next.begin(), [], 'once');
    assert.equal(next.hear(question('late', 1)), 'OLD');
    assert.equal(next.hear(question('new', 0, 1)), 'NEW');
  });

  it('starts its patience anew for every attempt', () => {
    const runner = told();
    runner.watch(true, false, 0);
    runner.watch(false, false, 30_000);
    assert.deepEqual(runner.watch(true, false, 90_000), { effects: [], atEpochMs: 150_000 });
  });

  it('replaces nobody before somebody has asked', () => {
    assert.deepEqual(new TurnRunner(undefined, undefined).watch(true, true, 5), { effects: [] });
  });
});
