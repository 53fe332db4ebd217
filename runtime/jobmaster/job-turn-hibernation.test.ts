import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StreamError } from '../core/index.ts';
import { scriptedSource } from './job-master-world.conformance.ts';
import { MAX_TICK_AHEAD_MS } from './job-turn.ts';
import type { TurnEffect, TurnMessage } from './turn-messages.ts';
import { answersOf, commandsOf, stepsOf, TurnWorld, typesOf } from './turn-world.conformance.ts';

const AFTER_MS = 10_000;
const CONFIGURATION = {
  'sluice.hibernate-after': AFTER_MS,
  'sluice.wake-schedule': 'rate(1 hour)',
  'execution.checkpointing.interval': 3_600_000,
};
const WAKE = { type: 'wake' } as const;
const DOWN = new StreamError({ kind: 'unavailable', code: 'DOWN', message: 'down' });

function idle(world: TurnWorld, round = 0, wakeAtEpochMs?: number) {
  const due = wakeAtEpochMs === undefined ? {} : { wakeAtEpochMs };
  return world.all({ type: 'idle', round, ...due });
}

/** Its slots have been roused, and are idle all the same. */
async function fallingAsleep(world: TurnWorld): Promise<void> {
  await world.turn(...idle(world));
  await world.turn();
  await world.turn(...idle(world, 1));
}

/** Its slots have stopped behind checkpoint 1, and its TaskManagers ended. */
async function asleep(world: TurnWorld, rounds = 1): Promise<readonly TurnEffect[]> {
  await fallingAsleep(world);
  await world.turn(...world.acks(1));
  await world.turn(...world.all({ type: 'released' }));
  return await world.turn(world.next(rounds));
}

async function sleeping(): Promise<TurnWorld> {
  const world = new TurnWorld([scriptedSource('a', 2)], { configuration: CONFIGURATION });
  await world.run();
  await asleep(world);
  return world;
}

describe('JobTurn: a job that hibernates', () => {
  it('arms, then takes a checkpoint, stops and lets the execution end', async () => {
    const world = new TurnWorld([scriptedSource('a', 2)], { configuration: CONFIGURATION });
    await world.run();
    const wakeAtEpochMs = world.master.time.nowEpochMs() + 20_000;
    const armed = await world.turn(...idle(world, 0, wakeAtEpochMs));
    const wakeUps = { arming: 1, atEpochMs: wakeAtEpochMs, schedule: 'rate(1 hour)' };
    assert.deepEqual(armed.slice(0, 1), [{ type: 'arm', wakeUps }]);
    // The turn after comes by itself.
    const nowEpochMs = world.master.time.nowEpochMs();
    assert.deepEqual(armed.at(-1), { type: 'tick', atEpochMs: nowEpochMs });
    const roused = commandsOf(await world.turn({ type: 'tick', atEpochMs: nowEpochMs }));
    const rouse = { type: 'rouse', round: 1 };
    assert.deepEqual(roused, [rouse, rouse]);
    const [trigger] = commandsOf(await world.turn(...idle(world, 1, wakeAtEpochMs)));
    assert.equal(trigger?.type, 'trigger-checkpoint');
    assert.equal(
      trigger?.type === 'trigger-checkpoint' && trigger.barrier.type,
      'CHECKPOINT_SUSPEND',
    );
    const complete = commandsOf(await world.turn(...world.acks(1))).map(({ type }) => type);
    assert.deepEqual(complete, ['checkpoint-complete', 'checkpoint-complete']);
    assert.equal(typesOf(await world.turn(...world.all({ type: 'released' }))), '');
    assert.equal(world.status, 'HIBERNATED');
    const ended = await world.turn(world.next(1));
    assert.deepEqual(stepsOf(ended), [{ to: 'e/1', action: 'HIBERNATE' }]);
    assert.equal(world.record.runners?.isResting, true);
  });

  it('asks for no tick while it sleeps, and before not for one far ahead', async () => {
    const world = new TurnWorld([], { configuration: CONFIGURATION });
    await world.run();
    const { tickAtEpochMs = 0 } = world.record;
    assert.equal(tickAtEpochMs - world.master.time.nowEpochMs(), MAX_TICK_AHEAD_MS);
    await asleep(world);
    assert.equal(world.record.tickAtEpochMs, undefined);
    // The one that was on its way is the last.
    assert.equal(typesOf(await world.tick(MAX_TICK_AHEAD_MS)), '');
    assert.equal(typesOf(await world.tick(3_600_000)), '');
    assert.equal(world.status, 'HIBERNATED');
  });

  it('wakes by a new execution, which runs a new attempt from its checkpoint', async () => {
    const world = await sleeping();
    const woken = await world.turn(WAKE);
    // The tick is for who is to ask, and may not.
    assert.equal(typesOf(woken), 'disarm execute tick');
    assert.deepEqual(woken[1], { type: 'execute', continuation: 1 });
    const effects = await world.turn(world.next(0, 'f', 1));
    assert.deepEqual(stepsOf(effects), [{ to: 'f/0', action: 'RUN', attempt: 1 }]);
    const [launch] = effects.flatMap((e) => (e.type === 'attempt' ? [e.record] : []));
    assert.match(launch?.restoredFrom?.path ?? '', /chk-1$/);
    await world.turn(...world.all({ type: 'running' }));
    assert.equal(world.status, 'RUNNING');
    const heard = world.master.sources[0]?.heard ?? [];
    assert.ok(heard.includes('restored {"of":"a"}'));
  });

  it('wakes without one when the execution has not ended yet', async () => {
    const world = new TurnWorld([], { configuration: CONFIGURATION });
    await world.run();
    await fallingAsleep(world);
    await world.turn(...world.acks(1));
    await world.turn(WAKE);
    const effects = await world.turn(...world.all({ type: 'released' }));
    assert.equal(typesOf(effects), 'disarm tick');
    assert.deepEqual(stepsOf(await world.turn(world.next(1))), [
      { to: 'e/1', action: 'RUN', attempt: 1 },
    ]);
  });

  it('is woken once by two wake-ups, and by none that is of an earlier sleep', async () => {
    const world = await sleeping();
    await world.turn({ ...WAKE, arming: 7 });
    assert.equal(world.status, 'HIBERNATED');
    assert.equal(typesOf(await world.turn({ ...WAKE, arming: 1 })), 'disarm execute tick');
    // It may still be there: who sent it is told to go.
    assert.deepEqual(await world.turn({ ...WAKE, arming: 1 }), [{ type: 'disarm', arming: 1 }]);
  });

  it('lets an execution end that asks again behind its successor', async () => {
    const world = await sleeping();
    await world.turn(WAKE);
    await world.turn(world.next(0, 'f', 1));
    await world.turn(...world.all({ type: 'running' }));
    const effects = await world.turn(world.next(2, 'e', 0));
    assert.deepEqual(stepsOf(effects), [{ to: 'e/2', action: 'HIBERNATE' }]);
    assert.equal(world.status, 'RUNNING');
  });

  it('takes a savepoint that is asked for in its sleep, once it runs', async () => {
    const world = await sleeping();
    const effects = await world.turn(world.request('s', { type: 'savepoint' }));
    assert.equal(typesOf(effects), 'disarm execute tick');
    await world.turn(world.next(0, 'f', 1));
    await world.turn(...world.all({ type: 'running' }));
    const answers = answersOf(await world.turn(...world.acks(2)));
    assert.deepEqual(
      answers.map((answer) => (answer as { requestId: string }).requestId),
      ['s'],
    );
  });

  it('rescales in its sleep, by waking', async () => {
    const world = await sleeping();
    await world.turn(world.request('r', { type: 'rescale', parallelism: {} }));
    await world.turn(world.next(0, 'f', 1));
    await world.turn(...world.all({ type: 'running' }));
    await world.turn(...world.acks(2));
    await world.turn(...world.all({ type: 'released' }));
    assert.equal(answersOf(world.sent).length, 1);
    const steps = stepsOf(await world.turn(world.next(1, 'f', 1)));
    assert.deepEqual(steps, [{ to: 'f/1', action: 'RUN', attempt: 2 }]);
  });

  it('is canceled without waking, answers whoever waits, and is cleaned up behind', async () => {
    const world = await sleeping();
    const effects = await world.turn(world.request('c', { type: 'cancel' }));
    assert.deepEqual(world.record.end, { status: 'CANCELED' });
    assert.equal(typesOf(effects), 'disarm answer execute');
    assert.deepEqual(stepsOf(await world.turn(world.next(0, 'f', 1))), [
      { to: 'f/0', action: 'END', status: 'CANCELED' },
    ]);
    assert.deepEqual(await world.turn({ ...WAKE, arming: 1 }), [{ type: 'disarm', arming: 1 }]);
  });

  it('answers a savepoint and a cancel that come together', async () => {
    const world = await sleeping();
    const effects = await world.turn(
      world.request('s', { type: 'savepoint' }),
      world.request('c', { type: 'cancel' }),
    );
    assert.equal(answersOf(effects).length, 2);
  });

  it('goes on when a slot has a record while the wake-ups are armed', async () => {
    const world = new TurnWorld([], { configuration: CONFIGURATION });
    await world.run();
    await world.turn(...idle(world));
    const effects = await world.turn(...world.all({ type: 'busy' }));
    // The tick that was asked for before does.
    assert.equal(typesOf(effects), 'rouse disarm');
    assert.deepEqual(commandsOf(await world.turn(...idle(world, 0))), []);
  });

  it('restarts from the checkpoint it fell asleep behind when a slot is lost then', async () => {
    const world = new TurnWorld([scriptedSource('a', 2)], { configuration: CONFIGURATION });
    await world.run();
    await fallingAsleep(world);
    await world.turn(...world.acks(1));
    await world.turn(world.reports(0, { type: 'released' }));
    await world.turn(world.lost(1), world.next(1));
    assert.equal(world.status, 'RESTARTING');
    const effects = await world.tick(50);
    const [launch] = effects.flatMap((e) => (e.type === 'attempt' ? [e.record] : []));
    assert.match(launch?.restoredFrom?.path ?? '', /chk-1$/);
    assert.equal(typesOf(effects).includes('disarm'), false);
    assert.ok(world.sent.some(({ type }) => type === 'disarm'));
  });

  it('takes up a turn that was not written, from any step of falling asleep', async () => {
    for (const failing of [1, 2, 3, 4, 5, 6, 7]) {
      const world = new TurnWorld([scriptedSource('a', 2)], { configuration: CONFIGURATION });
      await world.run();
      let writes = 0;
      world.writing = async () => {
        writes += 1;
        if (writes === failing) throw DOWN;
      };
      const repeated = async (
        messages: () => readonly TurnMessage[],
      ): Promise<readonly TurnEffect[]> => {
        const ours = messages();
        return await world.turn(...ours).catch(() => world.turn(...ours));
      };
      await repeated(() => [...idle(world)]);
      await repeated(() => []);
      await repeated(() => [...idle(world, 1)]);
      await repeated(() => [...world.acks(1)]);
      await repeated(() => [...world.all({ type: 'released' })]);
      await repeated(() => [world.next(1)]);
      assert.equal(world.status, 'HIBERNATED', `write ${failing}`);
      assert.deepEqual(await world.master.checkpoints(), ['chk-1']);
    }
  });
});
