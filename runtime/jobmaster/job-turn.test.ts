import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StreamError } from '../core/index.ts';
import { scriptedSource } from './job-master-world.conformance.ts';
import type { TurnEffect, TurnMessage } from './turn-messages.ts';
import { answersOf, commandsOf, stepsOf, TurnWorld, typesOf } from './turn-world.conformance.ts';

const UNAVAILABLE = new StreamError({ kind: 'unavailable', code: 'DOWN', message: 'down' });
/** Of the masters of these tests. */
const CANCELLATION_TIMEOUT_MS = 180_000;
const NOT_WRITABLE = new StreamError({
  ...{ kind: 'unavailable', code: 'BLOB_NOT_WRITABLE', message: 'slow down' },
});
const ERROR = { kind: 'invalid', code: 'BAD_PLAN', message: 'cannot be', details: {} } as const;

describe('JobTurn: attempts', () => {
  it('lets an attempt wait until somebody asks what to run', async () => {
    const world = new TurnWorld();
    assert.equal(typesOf(await world.turn()), '');
    assert.equal(world.record.slots?.waiting?.attempt, 0);
    const effects = await world.turn(world.next(0));
    assert.equal(typesOf(effects), 'attempt next');
    assert.deepEqual(stepsOf(effects), [{ to: 'e/0', action: 'RUN', attempt: 0 }]);
    assert.equal(world.record.slots?.waiting, undefined);
  });

  it('lets somebody wait until there is an attempt', async () => {
    const world = new TurnWorld();
    await world.run();
    await world.turn(world.lost(0), world.next(1));
    assert.deepEqual([world.status, world.record.runner?.rounds], ['RESTARTING', 1]);
    assert.deepEqual(stepsOf(await world.tick(50)), [{ to: 'e/1', action: 'RUN', attempt: 1 }]);
  });

  it('starts tasks once every slot runs, by numbered commands', async () => {
    const world = new TurnWorld([scriptedSource('a', 2)]);
    await world.turn(world.next(0));
    assert.equal(typesOf(await world.turn(world.reports(0, { type: 'running' }))), '');
    const effects = await world.turn(world.reports(1, { type: 'running' }));
    const numbers = effects.flatMap((e) =>
      e.type === 'command' ? [[e.slotIndex, e.sequence]] : [],
    );
    assert.deepEqual(numbers, [
      [0, 0],
      [1, 0],
    ]);
    assert.deepEqual(new Set(commandsOf(effects).map(({ type }) => type)), new Set(['start']));
    assert.equal(world.status, 'RUNNING');
  });

  it('numbers commands on in later turns', async () => {
    const world = new TurnWorld();
    await world.run();
    const effects = await world.tick(100);
    assert.equal(typesOf(effects), 'trigger-checkpoint tick');
    assert.deepEqual(effects[0], { ...effects[0], slotIndex: 0, sequence: 1 });
  });

  it('runs a job of several pipelines as one region', async () => {
    const world = new TurnWorld([scriptedSource('a'), scriptedSource('b', 2)]);
    await world.run();
    assert.equal(world.record.asleep?.regions.length, 1);
    assert.equal(world.status, 'RUNNING');
  });

  it('continues an execution that has run enough, and the attempt waits for the next', async () => {
    const world = new TurnWorld();
    assert.deepEqual(stepsOf(await world.turn(world.next(2))), [{ to: 'e/2', action: 'CONTINUE' }]);
    const effects = await world.turn(world.next(0, 'f'));
    assert.deepEqual(stepsOf(effects), [{ to: 'f/0', action: 'RUN', attempt: 0 }]);
  });

  it('hears who asks once, however often the message comes', async () => {
    const world = new TurnWorld();
    await world.run();
    const before = world.record;
    assert.deepEqual(await world.turn(world.next(0)), []);
    assert.deepEqual(world.record, { ...before, effects: [] });
  });

  it('takes slots for lost whose runner asks for more', async () => {
    const world = new TurnWorld();
    await world.run();
    await world.turn(world.next(1));
    assert.equal(world.status, 'RESTARTING');
    assert.equal(world.record.asleep?.exceptions.entries.length, 1);
  });

  it('counts reports that come again once', async () => {
    const world = new TurnWorld([scriptedSource('a', 2)]);
    await world.turn(world.next(0));
    const running = world.reports(0, { type: 'running' });
    await world.turn(running, running);
    await world.turn(running);
    assert.deepEqual(
      world.record.slots?.slots.map(({ nextReport }) => nextReport),
      [1, 0],
    );
  });

  it('takes a slot for lost whose reports have a gap', async () => {
    const world = new TurnWorld();
    await world.run();
    world.reports(0, { type: 'checkpoint-wanted' });
    await world.turn(world.reports(0, { type: 'checkpoint-wanted' }));
    assert.equal(world.status, 'RESTARTING');
  });

  it('restarts a job whose enumerator cannot be written down', async () => {
    let isBroken = false;
    const snapshotState = (): unknown => {
      if (isBroken) throw new Error('no state');
      return {};
    };
    const world = new TurnWorld([scriptedSource('a', 1, { snapshotState })]);
    await world.run();
    isBroken = true;
    await world.turn();
    assert.equal(world.status, 'RESTARTING');
    assert.equal(world.record.asleep?.exceptions.entries[0]?.error.code, 'ENUMERATOR_FAILED');
    assert.equal(commandsOf(world.record.effects)[0]?.type, 'cancel');
    isBroken = false;
    await world.turn(world.reports(0, { type: 'released' }), world.next(1));
    assert.deepEqual(stepsOf(await world.tick(50)), [{ to: 'e/1', action: 'RUN', attempt: 1 }]);
  });

  it('hears nothing more of a slot that is lost', async () => {
    const world = new TurnWorld();
    await world.run();
    await world.turn(world.lost(0));
    const [task] = world.tasksOf(0);
    const error = { ...ERROR, kind: 'user', code: 'BOOM' } as const;
    assert.ok(task);
    await world.turn(world.reports(0, { type: 'task-failed', task, error }));
    assert.equal(world.record.asleep?.exceptions.entries.length, 1);
  });

  it('takes back what nobody was told to run', async () => {
    const world = new TurnWorld([scriptedSource('a', 2)]);
    await world.turn();
    const effects = await world.turn(world.request('c', { type: 'cancel' }), world.next(0));
    assert.deepEqual(stepsOf(effects), [{ to: 'e/0', action: 'END', status: 'CANCELED' }]);
    assert.equal(typesOf(effects), 'answer next');
  });
});

describe('JobTurn: ticks', () => {
  it('asks for a tick once, until it has come', async () => {
    const world = new TurnWorld();
    await world.run();
    const [at] = [world.record.tickAtEpochMs];
    assert.equal(typesOf(await world.turn()), '');
    assert.equal(world.record.tickAtEpochMs, at);
  });

  it('asks again when it comes early, by its own clock', async () => {
    const world = new TurnWorld();
    await world.run();
    const effects = await world.tick(40);
    assert.deepEqual(effects, [{ type: 'tick', atEpochMs: world.record.tickAtEpochMs }]);
  });

  it('does not mind one that was asked for long ago', async () => {
    const world = new TurnWorld();
    await world.run();
    assert.deepEqual(await world.turn({ type: 'tick', atEpochMs: 5 }), []);
  });
});

describe('JobTurn: checkpoints', () => {
  it('writes down what it stores before it does', async () => {
    const world = new TurnWorld();
    await world.run();
    await world.tick(100);
    world.writes.length = 0;
    const effects = await world.turn(...world.acks(1));
    const phases = world.writes.map((r) => r.asleep?.checkpoints.state.pending[0]?.phase);
    assert.deepEqual(phases, ['STORING', undefined]);
    assert.match(typesOf(effects), /checkpoint-complete/);
    assert.deepEqual(await world.master.checkpoints(), ['chk-1']);
  });

  it('stores the same again when it dies after that', async () => {
    const world = new TurnWorld();
    await world.run();
    await world.tick(100);
    const acks = world.acks(1);
    let writes = 0;
    world.writing = async () => {
      writes += 1;
      if (writes === 2) throw UNAVAILABLE;
    };
    await assert.rejects(world.running(...acks), { code: 'DOWN' });
    world.writing = async () => {};
    await world.master.time.advance(7);
    await world.turn(...acks);
    const { retained } = world.record.asleep?.checkpoints.state ?? {};
    assert.deepEqual(
      retained?.map(({ checkpointId }) => checkpointId),
      [1],
    );
    assert.match(typesOf(world.sent), /checkpoint-complete/);
  });

  it('ends, and is repeated, when nobody knows what became of a store', async () => {
    const world = new TurnWorld();
    await world.run();
    await world.tick(100);
    const acks = world.acks(1);
    world.master.storedBlobs.put = () => Promise.reject(UNAVAILABLE);
    await assert.rejects(world.running(...acks), { kind: 'unavailable' });
    assert.equal(world.record.asleep?.checkpoints.state.pending[0]?.phase, 'STORING');
  });

  it('fails a checkpoint whose manifest the store does not take, and goes on', async () => {
    const world = new TurnWorld();
    await world.run();
    await world.tick(100);
    const acks = world.acks(1);
    world.master.storedBlobs.put = () => Promise.reject(NOT_WRITABLE);
    const effects = await world.turn(...acks);
    assert.deepEqual(world.record.asleep?.checkpoints.state.pending, []);
    assert.doesNotMatch(typesOf(effects), /checkpoint-complete/);
    assert.deepEqual(await world.master.checkpoints(), []);
  });

  it('does not fail one that a turn which died has brought into the log', async () => {
    const world = new TurnWorld();
    await world.run();
    await world.tick(100);
    const acks = world.acks(1);
    let writes = 0;
    world.writing = async () => {
      writes += 1;
      if (writes === 2) throw UNAVAILABLE;
    };
    await assert.rejects(world.running(...acks), { code: 'DOWN' });
    world.writing = async () => {};
    const { storedBlobs } = world.master;
    const { put, get } = storedBlobs;
    storedBlobs.put = () => Promise.reject(NOT_WRITABLE);
    storedBlobs.get = () => Promise.reject(NOT_WRITABLE);
    await assert.rejects(world.running(...acks), { code: 'BLOB_NOT_WRITABLE' });
    Object.assign(storedBlobs, { put, get });
    await world.turn(...acks);
    const { retained } = world.record.asleep?.checkpoints.state ?? {};
    assert.deepEqual(
      retained?.map(({ checkpointId }) => checkpointId),
      [1],
    );
  });

  it('stores nothing when the record before it is not written', async () => {
    const world = new TurnWorld();
    await world.run();
    await world.tick(100);
    const acks = world.acks(1);
    world.writing = () => Promise.reject(UNAVAILABLE);
    await assert.rejects(world.running(...acks), { code: 'DOWN' });
    assert.deepEqual(await world.master.checkpoints(), []);
  });

  it('deletes in the turn after the one that has found out', async () => {
    const world = new TurnWorld();
    await world.run();
    for (const id of [1, 2]) {
      await world.tick(200);
      await world.turn(...world.acks(id));
    }
    assert.deepEqual(await world.master.checkpoints(), ['chk-1', 'chk-2']);
    await world.turn();
    assert.deepEqual(await world.master.checkpoints(), ['chk-2']);
    assert.deepEqual(world.record.asleep?.checkpoints.cleanings, []);
  });
});

describe('JobTurn: requests', () => {
  it('answers a savepoint in a later turn, once, under its token', async () => {
    const world = new TurnWorld();
    await world.run();
    const request = world.request('s', { type: 'savepoint' });
    assert.match(typesOf(await world.turn(request)), /^trigger-checkpoint/);
    await world.turn(request);
    const effects = await world.turn(...world.acks(1), request);
    const [answer] = effects.filter(({ type }) => type === 'answer');
    assert.deepEqual(answer && 'taskToken' in answer && answer.taskToken, 'of s');
    assert.match(JSON.stringify(answersOf(effects)), /"path":"\/savepoints\/savepoint-job-/);
    assert.deepEqual(answersOf(await world.turn(request)), []);
  });

  it('refuses at once what cannot be', async () => {
    const world = new TurnWorld();
    await world.run();
    const parallelism = { nobody: 2 };
    const effects = await world.turn(world.request('r', { type: 'rescale', parallelism }));
    assert.deepEqual(answersOf(effects), ['r UNKNOWN_VERTEX']);
  });

  it('does not try a directory again that a savepoint is on its way to', async () => {
    const world = new TurnWorld();
    await world.run();
    await world.turn(world.request('s', { type: 'savepoint' }));
    world.master.storedBlobs.put = () => Promise.reject(UNAVAILABLE);
    assert.deepEqual(answersOf(await world.turn()), []);
  });

  it('rescales across turns', async () => {
    const world = new TurnWorld();
    await world.run();
    const vertices = [...new Set(world.tasksOf(0).map(({ vertexId }) => vertexId))];
    const parallelism = Object.fromEntries(vertices.map((id) => [id, 2]));
    await world.turn(world.request('r', { type: 'rescale', parallelism }));
    const answered = await world.turn(...world.acks(1));
    assert.equal(answersOf(answered).length, 1);
    assert.match(typesOf(answered), /cancel/);
    await world.turn(world.reports(0, { type: 'released' }));
    const effects = await world.turn(world.next(1));
    const [attempt] = effects.flatMap((e) => (e.type === 'attempt' ? [e.record] : []));
    assert.deepEqual(attempt?.slotIndexes, [0, 1]);
    assert.equal(attempt?.restoredFrom?.path, '/checkpoints/job/chk-1');
    assert.deepEqual(attempt?.overrides.parallelism, parallelism);
  });

  it('answers a rescale whose turn died between the plan and its record', async () => {
    const world = new TurnWorld();
    await world.run();
    const vertices = [...new Set(world.tasksOf(0).map(({ vertexId }) => vertexId))];
    const parallelism = Object.fromEntries(vertices.map((id) => [id, 2]));
    await world.turn(world.request('r', { type: 'rescale', parallelism }));
    await world.turn(...world.acks(1));
    // As it stands while the journal is being written.
    const answer = { checkpointId: 1, path: 'p' };
    const open = { requestId: 'r', request: { type: 'rescale', parallelism }, answer } as const;
    const { asleep } = world.record;
    assert.ok(asleep);
    world.record = { ...world.record, asleep: { ...asleep, requests: [open] } };
    assert.deepEqual(answersOf(await world.turn()), [{ requestId: 'r', ...answer }]);
  });
});

describe('JobTurn: the end', () => {
  it('stops with a savepoint, and says so to everybody', async () => {
    const world = new TurnWorld();
    await world.run();
    await world.turn(world.request('s', { type: 'stop', drain: false }));
    await world.turn(...world.acks(1));
    const effects = await world.turn(world.reports(0, { type: 'released' }), world.next(1));
    assert.match(JSON.stringify(answersOf(effects)), /"path"/);
    assert.deepEqual(stepsOf(effects), [{ to: 'e/1', action: 'END', status: 'FINISHED' }]);
    assert.deepEqual(world.master.journal.ends, ['FINISHED']);
    const later = await world.turn(world.request('l', { type: 'cancel' }), world.next(0, 'f'));
    assert.deepEqual(answersOf(later), ['l JOB_NOT_RUNNING']);
    assert.deepEqual(stepsOf(later), [{ to: 'f/0', action: 'END', status: 'FINISHED' }]);
  });

  it('knows from the row how it ended when the turn that ended it was not written', async () => {
    const world = new TurnWorld();
    await world.run();
    await world.turn(world.request('s', { type: 'stop', drain: false }));
    await world.turn(...world.acks(1));
    world.ended = { status: 'FINISHED' };
    const effects = await world.turn(world.reports(0, { type: 'released' }), world.next(1));
    assert.match(JSON.stringify(answersOf(effects)), /"path":"\/savepoints/);
    assert.deepEqual(stepsOf(effects), [{ to: 'e/1', action: 'END', status: 'FINISHED' }]);
  });

  it('answers what is open when the job is over otherwise', async () => {
    const world = new TurnWorld();
    await world.run();
    await world.turn(world.request('s', { type: 'savepoint' }));
    world.ended = { status: 'CANCELED' };
    assert.deepEqual(answersOf(await world.turn()), ['s JOB_NOT_RUNNING']);
  });

  it('fails a job that could not be planned', async () => {
    const world = new TurnWorld();
    const effects = await world.turn({ type: 'not-planned', error: ERROR }, world.next(0));
    assert.deepEqual(stepsOf(effects), [{ to: 'e/0', action: 'END', status: 'FAILED' }]);
    assert.deepEqual(world.ends, [{ status: 'FAILED', error: ERROR }]);
  });

  it('fails a job that cannot start', async () => {
    const world = new TurnWorld();
    world.refusal = StreamError.fromJSON(ERROR);
    await world.turn(world.next(0));
    assert.deepEqual(
      [world.record.end?.status, world.ends[0]?.error?.code],
      ['FAILED', 'BAD_PLAN'],
    );
    await world.turn({ type: 'not-planned', error: ERROR });
    assert.equal(world.ends.length, 1);
  });

  it('is repeated when the job could not be looked at', async () => {
    const world = new TurnWorld();
    world.refusal = UNAVAILABLE;
    await assert.rejects(world.running(world.next(0)), { code: 'DOWN' });
    assert.deepEqual(world.writes, []);
  });

  it('is repeated when the end could not be recorded', async () => {
    const world = new TurnWorld();
    await world.turn();
    world.master.journal.ending = () => Promise.reject(UNAVAILABLE);
    const ran = world.running(world.request('c', { type: 'cancel' }));
    const rejected = assert.rejects(ran, { code: 'JOB_END_NOT_RECORDED' });
    for (let i = 0; i < 12; i += 1) await world.master.time.advance(500);
    await rejected;
    assert.equal(world.record.end, undefined);
  });

  it('writes nothing once it is over', async () => {
    const world = new TurnWorld();
    await world.run();
    await world.tick(100);
    const { storedBlobs } = world.master;
    storedBlobs.put = () => Promise.reject(UNAVAILABLE);
    await assert.rejects(world.running(...world.acks(1)), { kind: 'unavailable' });
    const count = world.writes.length;
    await world.master.time.advance(1000);
    assert.equal(world.writes.length, count);
  });
});

describe('JobTurn: who runs attempts', () => {
  it('hears a question again that many requests have followed as what it is', async () => {
    const world = new TurnWorld();
    await world.run();
    for (let i = 0; i < 120; i += 1) {
      await world.turn(world.request(`r${i}`, { type: 'rescale', parallelism: { none: 2 } }));
    }
    await world.turn(world.next(0));
    assert.equal(world.status, 'RUNNING', 'nothing is lost');
  });

  it('answers the newest question of a round, as after a day without an answer', async () => {
    const world = new TurnWorld();
    await world.run();
    await world.turn(world.lost(0), world.next(1));
    await world.turn({ ...world.next(1), taskToken: 'e/1 again' } as TurnMessage);
    const told = [{ to: 'e/1 again', action: 'RUN', attempt: 1 }];
    assert.deepEqual(stepsOf(await world.tick(50)), told);
  });

  it('goes on in another execution when slots do not end; the old one is not heard', async () => {
    const world = new TurnWorld([scriptedSource('a', 2)]);
    await world.run();
    await world.turn(world.lost(0));
    const effects = await world.tick(CANCELLATION_TIMEOUT_MS);
    const replaced = (await waits(world, effects)).filter(({ type }) => type === 'replace');
    assert.deepEqual(replaced, [{ type: 'replace', continuation: 1, isStuck: true }]);
    const late = [{ to: 'e/1', action: 'HIBERNATE' }];
    assert.deepEqual(stepsOf(await world.turn(world.next(1))), late, 'it is told to end');
    const next = { ...world.next(0, 'f'), continuation: 1 } as TurnMessage;
    const told = [{ to: 'f/0', action: 'RUN', attempt: 1 }];
    assert.deepEqual(stepsOf(await world.turn(next)), told);
    assert.equal(world.record.slots?.isBlocked, undefined);
  });

  it('does not wait for ever for one that has ended and does not ask', async () => {
    const world = new TurnWorld();
    await world.run();
    await world.turn(world.lost(0));
    await world.tick(50);
    assert.equal(world.record.slots?.waiting?.attempt, 1);
    const effects = await world.tick(60_000);
    assert.deepEqual(
      effects.filter(({ type }) => type === 'replace'),
      [{ type: 'replace', continuation: 1, isStuck: false }],
    );
  });
});

/** Its restart is due. */
async function waits(
  world: TurnWorld,
  effects: readonly TurnEffect[],
): Promise<readonly TurnEffect[]> {
  return world.record.slots?.waiting === undefined ? await world.tick(50) : effects;
}
