/** Goal: a job that is over while a TaskManager of it hangs. Method: turns in virtual time. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { scriptedSource } from './job-master-world.conformance.ts';
import type { TurnMessage } from './turn-messages.ts';
import { stepsOf, TurnWorld } from './turn-world.conformance.ts';

/** Of the masters of these tests. */
const CANCELLATION_TIMEOUT_MS = 180_000;

describe('JobTurn: an execution that a TaskManager hangs in', () => {
  it('replaces what a cancelled job runs in when slots do not end, once', async () => {
    const world = new TurnWorld([scriptedSource('a', 2)]);
    await world.run();
    await world.turn(world.request('c', { type: 'cancel' }));
    assert.deepEqual([world.record.end], [undefined], 'its slots are waited for');
    const replaced = (await world.tick(CANCELLATION_TIMEOUT_MS)).filter(
      ({ type }) => type === 'replace',
    );
    assert.equal(world.record.end?.status, 'CANCELED');
    assert.deepEqual(replaced, [{ type: 'replace', continuation: 1, isStuck: true }]);
    const late = [{ to: 'e/1', action: 'HIBERNATE' }];
    const effects = await world.turn(world.next(1));
    assert.deepEqual(stepsOf(effects), late, 'the old one is told to end');
    assert.ok(!effects.some(({ type }) => type === 'replace'));
    const next = { ...world.next(0, 'f'), continuation: 1 } as TurnMessage;
    const told = [{ to: 'f/0', action: 'END', status: 'CANCELED' }];
    assert.deepEqual(stepsOf(await world.turn(next)), told);
  });

  it('replaces nothing of a cancelled job whose slots end', async () => {
    const world = new TurnWorld();
    await world.run();
    await world.turn(world.request('c', { type: 'cancel' }));
    const effects = await world.turn(world.reports(0, { type: 'released' }));
    assert.equal(world.record.end?.status, 'CANCELED');
    assert.ok(!effects.some(({ type }) => type === 'replace'));
  });
});
