import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BOOM, CheckpointRun, share, TASKS } from './checkpoint-coordinator-fixture.ts';
import { isStoring, isTerminated } from './checkpoint-coordinator-records.ts';

const FENCED = { ...BOOM, kind: 'fenced', code: 'JOB_FENCED' } as const;

describe('decideCheckpoint: periodic checkpoints', () => {
  it('triggers the sources after the interval, then at the interval', () => {
    const run = CheckpointRun.running({ interval: 100, timeout: 5000 });
    assert.deepEqual(run.commands, [{ type: 'tick-at', epochMs: 100 }]);
    assert.deepEqual(run.at(99).types, []);
    run.at(100);
    assert.deepEqual(run.commands[0], {
      type: 'trigger',
      barrier: {
        checkpointId: 1,
        triggeredAtEpochMs: 100,
        type: 'CHECKPOINT',
        full: false,
        mode: 'EXACTLY_ONCE',
        unalignedAfterMs: -1,
        directory: '/dir/job/shared',
      },
      tasks: [
        { vertexId: 'source', subtaskIndex: 0 },
        { vertexId: 'source', subtaskIndex: 1 },
      ],
    });
    run.complete(1);
    assert.deepEqual(run.at(200).types, ['trigger']);
    assert.deepEqual(run.triggeredIds, [1, 2]);
  });

  it('takes none without an interval, but savepoints', () => {
    const run = CheckpointRun.running({});
    assert.deepEqual(run.at(1e9).commands, []);
    run.savepoint('s', 'SAVEPOINT').complete(1);
    assert.equal(run.answerTo('s'), '/dir/job/chk-1');
  });

  it('stores when every task and the enumerators have answered, then tells the tasks', () => {
    const run = CheckpointRun.running({ interval: 100 }).at(100);
    run.ack(1, 'source/0').ack(1, 'source/1').ack(1, 'map/0');
    assert.deepEqual(run.types, []);
    run.on({ type: 'enumerators-stored', checkpointId: 1, sources: [] });
    assert.deepEqual(run.commands[0], {
      type: 'store',
      checkpoint: {
        checkpointId: 1,
        completedAtEpochMs: 100,
        checkpointType: 'CHECKPOINT',
        full: false,
        directory: '/dir/job/shared',
        triggeredAtEpochMs: 100,
        subtasks: TASKS.map(({ vertexId, subtaskIndex }) => share(`${vertexId}/${subtaskIndex}`)),
        sources: [],
      },
    });
    assert.equal(isStoring(run.state), true);
    assert.deepEqual(run.stored(1).types, ['notify-complete']);
    assert.deepEqual(run.retainedIds, [1]);
    assert.deepEqual(run.stored(1).types, [], 'a second time changes nothing');
  });

  it('waits the minimum pause after the end of the one before (fact 73)', () => {
    const run = CheckpointRun.running({ interval: 12, 'min-pause': 50 }).at(50);
    run.nowEpochMs = 70;
    run.complete(1);
    assert.deepEqual(run.at(100).triggeredIds, [1]);
    assert.equal(run.state.nextPeriodicEpochMs, 120);
    assert.deepEqual(run.at(119).triggeredIds, [1]);
    assert.deepEqual(run.at(120).triggeredIds, [1, 2]);
  });

  it('keeps to the number of concurrent ones and triggers as soon as there is room', () => {
    const run = CheckpointRun.running({ interval: 10, 'max-concurrent-checkpoints': 2 });
    for (const time of [10, 20, 30, 40]) run.at(time);
    assert.deepEqual(run.triggeredIds, [1, 2]);
    run.complete(1);
    assert.deepEqual(run.triggeredIds, [1, 2, 3]);
    assert.deepEqual(run.pendingIds, [2, 3]);
  });

  it('lets barriers overtake in checkpoints, never in savepoints', () => {
    const run = CheckpointRun.running({
      interval: 10,
      'unaligned.enabled': true,
      'aligned-checkpoint-timeout': 7,
    });
    run.at(10).savepoint('s', 'SAVEPOINT');
    assert.deepEqual(
      run.of('trigger').map(({ barrier }) => [barrier.unalignedAfterMs, barrier.full]),
      [
        [7, false],
        [-1, true],
      ],
    );
  });

  it('ignores a tick that was replaced and asks again when the clock is behind', () => {
    const run = CheckpointRun.running({ interval: 100 });
    run.nowEpochMs = 60;
    assert.deepEqual(run.on({ type: 'tick', epochMs: 55 }).commands, []);
    assert.deepEqual(run.on({ type: 'tick', epochMs: 100 }).commands, [
      { type: 'tick-at', epochMs: 100 },
    ]);
  });

  it('aborts what is pending when tasks stop, and goes on with the ids when they run again', () => {
    const run = CheckpointRun.running({ interval: 100 }).at(100).ack(1, 'source/0');
    run.on({ type: 'job-stopping', error: BOOM });
    assert.deepEqual(run.types, ['notify-aborted', 'discard']);
    assert.equal(run.state.consecutiveFailures, 0);
    assert.deepEqual(run.at(500).types, []);
    run.on({ type: 'job-deployed', tasks: TASKS.map((task) => ({ ...task, attempt: 1 })) });
    run.on({ type: 'job-running' }).at(600);
    assert.deepEqual(run.triggeredIds, [1, 2]);
  });

  it('keeps what is being stored when tasks stop', () => {
    const run = CheckpointRun.running({ interval: 100 }).at(100).ackAll(1);
    assert.deepEqual(run.on({ type: 'job-stopping', error: BOOM }).types, []);
    run.stored(1);
    assert.deepEqual(run.retainedIds, [1]);
  });
});

describe('decideCheckpoint: requests', () => {
  const checkpoint = (requestId: string, kind: 'CONFIGURED' | 'FULL' | 'INCREMENTAL') =>
    ({ requestId, type: 'CHECKPOINT', kind }) as const;

  it('answers a request with its checkpoint, once', () => {
    const run = CheckpointRun.running({}).request(checkpoint('r', 'CONFIGURED')).complete(1);
    assert.equal(run.answerTo('r'), '/dir/job/chk-1');
    run.request(checkpoint('r', 'CONFIGURED'));
    assert.deepEqual([run.triggeredIds, run.answerTo('r')], [[1], '/dir/job/chk-1']);
  });

  it('takes a repeated request that is under way for the same', () => {
    const run = CheckpointRun.running({}).savepoint('s', 'SAVEPOINT').savepoint('s', 'SAVEPOINT');
    assert.deepEqual(run.triggeredIds, [1]);
  });

  it('makes checkpoints wait for room, savepoints not', () => {
    const run = CheckpointRun.running({ interval: 100, 'min-pause': 100 }).at(100);
    run.request(checkpoint('c', 'CONFIGURED')).savepoint('s', 'SAVEPOINT');
    assert.deepEqual(
      run.of('trigger').map(({ barrier }) => barrier.type),
      ['CHECKPOINT', 'SAVEPOINT'],
    );
    run.complete(1);
    assert.deepEqual(run.triggeredIds, [1, 2], 'the savepoint takes the room');
    run.complete(2);
    assert.deepEqual(run.triggeredIds, [1, 2, 3], 'no minimum pause for a request');
    run.complete(3);
    assert.equal(run.answerTo('c'), '/dir/job/chk-3');
  });

  for (const [kind, incremental, forceFull, full] of [
    ['CONFIGURED', true, false, false],
    ['CONFIGURED', false, false, true],
    ['FULL', true, false, true],
    ['INCREMENTAL', false, false, false],
    ['INCREMENTAL', true, true, true],
  ] as const) {
    it(`takes full=${full} for ${kind}, incremental=${incremental}, forced=${forceFull}`, () => {
      const run = CheckpointRun.running({ incremental }, { forceFull });
      run.request(checkpoint('r', kind));
      assert.equal(run.of('trigger')[0]?.barrier.full, full);
    });
  }

  it('refuses requests while the job does not run', () => {
    const run = new CheckpointRun({}).savepoint('s', 'SAVEPOINT');
    assert.equal(run.answerTo('s'), 'NOT_ALL_REQUIRED_TASKS_RUNNING');
    assert.equal(run.state.statistics.counts.failed, 1);
  });

  it('refuses a thousand and first request that waits', () => {
    const run = CheckpointRun.running({}).request(checkpoint('first', 'FULL'));
    for (let i = 0; i < 1000; i++) {
      const request = checkpoint(`r${i}`, 'FULL');
      run.state = { ...run.state, requests: [...run.state.requests, request] };
    }
    run.request(checkpoint('last', 'FULL'));
    assert.equal(run.answerTo('last'), 'TOO_MANY_CHECKPOINT_REQUESTS');
  });

  it('answers whoever waits when the tasks stop', () => {
    const run = CheckpointRun.running({}).savepoint('s', 'SAVEPOINT');
    run.request(checkpoint('c', 'FULL')).on({ type: 'job-stopping' });
    assert.equal(run.answerTo('s'), 'CHECKPOINT_COORDINATOR_SUSPEND');
    assert.equal(run.answerTo('c'), 'CHECKPOINT_COORDINATOR_SUSPEND');
  });
});

describe('decideCheckpoint: subsumption', () => {
  it('aborts older checkpoints when one completes, not savepoints (fact 81)', () => {
    const run = CheckpointRun.running({ interval: 10, 'max-concurrent-checkpoints': 9 });
    run.savepoint('sp1', 'SAVEPOINT').at(10).at(20);
    run.ack(2, 'map/0').complete(3);
    assert.deepEqual(run.pendingIds, [1]);
    assert.deepEqual(run.types, ['notify-complete', 'notify-aborted', 'discard']);
    assert.deepEqual(run.retainedIds, [3]);
  });

  it('does not subsume, retain or notify when a savepoint completes (fact 71)', () => {
    const run = CheckpointRun.running({ interval: 10, 'max-concurrent-checkpoints': 9 });
    run.at(10).complete(1).at(20).savepoint('sp2', 'SAVEPOINT').complete(3);
    assert.deepEqual(run.types, ['answer']);
    assert.deepEqual([run.pendingIds, run.retainedIds], [[2], [1]]);
  });

  it('stores one checkpoint at a time, the newest that is complete', () => {
    const run = CheckpointRun.running({ interval: 10, 'max-concurrent-checkpoints': 9 });
    run.at(10).at(20).at(30);
    assert.deepEqual(run.ackAll(1).types, ['store']);
    assert.deepEqual(run.ackAll(2).types, []);
    assert.deepEqual(run.ackAll(3).types, []);
    run.stored(1);
    assert.deepEqual(
      run.of('store').map(({ checkpoint }) => checkpoint.checkpointId),
      [1, 3],
    );
    run.stored(3);
    assert.deepEqual([run.retainedIds, run.pendingIds], [[3], []]);
  });

  it('keeps the newest as many as configured and drops the others', () => {
    const run = CheckpointRun.running({ interval: 10, 'num-retained': 2 });
    for (const id of [1, 2, 3]) run.at(id * 10).complete(id);
    assert.deepEqual(run.retainedIds, [2, 3]);
    const dropped = run.of('drop').flatMap(({ checkpoints }) => checkpoints);
    assert.deepEqual(
      dropped.map(({ checkpointId }) => checkpointId),
      [1],
    );
  });

  it('drops what was claimed once it is subsumed', () => {
    const claimed = {
      checkpointId: 7,
      path: '/old',
      completedAtEpochMs: 0,
      full: true,
      claimed: true,
    };
    const run = CheckpointRun.running(
      { interval: 10 },
      { retained: [claimed], nextCheckpointId: 8 },
    );
    run.at(10).complete(8);
    assert.deepEqual(run.of('drop'), [{ type: 'drop', checkpoints: [claimed] }]);
  });
});

describe('decideCheckpoint: acks', () => {
  it('ignores a stranger, a duplicate, and what comes after the end of one (fact 75)', () => {
    const run = CheckpointRun.running({ interval: 10, 'tolerable-failed-checkpoints': 9 }).at(10);
    run.ack(1, 'map/0').ack(1, 'stranger/0').ack(1, 'map/0');
    assert.deepEqual(run.types, []);
    assert.deepEqual(run.pendingIds, [1]);
    run.decline(1);
    assert.deepEqual(run.types, ['notify-aborted', 'discard']);
    run.ack(1, 'source/0');
    assert.deepEqual(run.types, []);
    run.at(20).complete(2).ack(2, 'map/0');
    assert.deepEqual(run.types, []);
    run.ack(99, 'map/0');
    assert.deepEqual([run.types, run.retainedIds], [[], [2]]);
  });

  it('tells the directory of a savepoint that failed', () => {
    const run = CheckpointRun.running({}).savepoint('s', 'SAVEPOINT').decline(1);
    assert.deepEqual(run.of('discard'), [{ type: 'discard', savepointDirectory: '/sp/s' }]);
    assert.equal(run.answerTo('s'), 'CHECKPOINT_DECLINED');
  });
});

describe('decideCheckpoint: failures', () => {
  it('aborts what takes longer than the timeout and names who was waited for', () => {
    const run = CheckpointRun.running({ interval: 100, timeout: 50 }).at(100).ack(1, 'source/1');
    assert.deepEqual(run.at(149).pendingIds, [1]);
    run.at(150);
    assert.deepEqual(run.pendingIds, []);
    assert.equal(
      run.of('fail-job')[0]?.error.message,
      'exceeded checkpoint tolerable failure threshold; the latest: a checkpoint expired before ' +
        'it was complete; it waited for source/0, map/0: checkpointId=1 timeoutMs=50; ' +
        'tolerableFailedCheckpoints=0',
    );
  });

  it('stores what is complete when its time is over', () => {
    const run = CheckpointRun.running({ interval: 100, timeout: 50 }).at(100);
    run.nowEpochMs = 150;
    run.on({ type: 'enumerators-stored', checkpointId: 1, sources: [] });
    assert.deepEqual(run.pendingIds, [], 'not complete: expired');
    const other = CheckpointRun.running({ interval: 100, timeout: 50 }).at(100);
    other.ack(1, 'source/0').ack(1, 'source/1').ack(1, 'map/0');
    other.nowEpochMs = 150;
    other.on({ type: 'enumerators-stored', checkpointId: 1, sources: [] });
    assert.equal(isStoring(other.state), true);
  });

  it('fails the job at the third failure in a row when two are tolerable', () => {
    const run = CheckpointRun.running({ interval: 10, 'tolerable-failed-checkpoints': 2 });
    run.at(10).decline(1).at(20).decline(2).at(30).complete(3);
    run.at(40).decline(4).at(50).decline(5);
    assert.deepEqual(run.jobFailures, []);
    run.at(60).decline(6);
    assert.deepEqual(run.jobFailures, ['CHECKPOINT_FAILURES_EXCEEDED']);
    assert.equal(run.state.consecutiveFailures, 0);
    assert.deepEqual(run.at(99).triggeredIds, [1, 2, 3, 4, 5, 6], 'none until it runs again');
  });

  it('counts a checkpoint once, however many tasks decline it', () => {
    const options = { interval: 10, 'max-concurrent-checkpoints': 9 };
    const run = CheckpointRun.running({ ...options, 'tolerable-failed-checkpoints': 5 });
    run.at(10).decline(1).decline(1, 'source/0');
    assert.equal(run.state.consecutiveFailures, 1);
  });

  it('does not count an enumerator that fails, nor a task that is not ready', () => {
    const run = CheckpointRun.running({ interval: 10 }).at(10);
    run.on({ type: 'enumerators-failed', checkpointId: 1, error: BOOM }).at(20);
    run.decline(2, 'map/0', { ...BOOM, code: 'CHECKPOINT_DECLINED_TASK_NOT_READY' });
    assert.deepEqual([run.jobFailures, run.state.consecutiveFailures], [[], 0]);
    assert.equal(run.state.statistics.counts.failed, 2);
  });

  it('counts a savepoint that a task declined, not one that expired or was not stored', () => {
    const run = CheckpointRun.running({ timeout: 50, 'tolerable-failed-checkpoints': 5 });
    run.savepoint('a', 'SAVEPOINT').at(60).savepoint('b', 'SAVEPOINT').ackAll(2);
    run.on({ type: 'store-failed', checkpointId: 2, error: BOOM });
    assert.equal(run.state.consecutiveFailures, 0);
    run.savepoint('c', 'SAVEPOINT').decline(3);
    assert.equal(run.state.consecutiveFailures, 1);
    assert.deepEqual(
      ['a', 'b', 'c'].map((id) => run.answerTo(id)),
      ['CHECKPOINT_EXPIRED', 'FINALIZE_CHECKPOINT_FAILURE', 'CHECKPOINT_DECLINED'],
    );
  });

  it('counts a checkpoint that cannot be stored', () => {
    const run = CheckpointRun.running({ interval: 10 }).at(10).ackAll(1);
    run.on({ type: 'store-failed', checkpointId: 1, error: BOOM });
    assert.deepEqual(run.types, ['notify-aborted', 'discard', 'fail-job']);
  });

  it('discards nothing of a checkpoint that may exist, and retains it when it does', () => {
    const run = CheckpointRun.running({ interval: 10, 'tolerable-failed-checkpoints': 1 });
    const error = { ...BOOM, code: 'CHECKPOINT_OUTCOME_UNKNOWN' };
    run.at(10).ackAll(1).on({ type: 'store-failed', checkpointId: 1, error });
    assert.deepEqual(run.types, ['notify-aborted']);
    run.stored(1);
    assert.deepEqual([run.types, run.retainedIds], [[], [1]]);
  });

  it('stops at once when another owner took the job, and deletes nothing', () => {
    const run = CheckpointRun.running({ interval: 10 }).savepoint('s', 'SAVEPOINT');
    run.complete(1).at(10).savepoint('t', 'SAVEPOINT').ackAll(2);
    run.on({ type: 'store-failed', checkpointId: 2, error: FENCED });
    assert.deepEqual(run.types, ['answer', 'fail-job']);
    assert.equal(isTerminated(run.state), true);
    assert.deepEqual(run.stored(3).on({ type: 'job-ended', status: 'FAILED' }).commands, []);
  });
});

describe('decideCheckpoint: NO_CLAIM', () => {
  it('takes full checkpoints until one has completed, over failover, savepoints (fact 79)', () => {
    const run = CheckpointRun.running(
      { interval: 10, 'tolerable-failed-checkpoints': 9 },
      { forceFull: true },
    );
    run.at(10).decline(1);
    run.savepoint('s', 'SAVEPOINT').complete(2);
    run.on({ type: 'job-stopping', error: BOOM }, { type: 'job-deployed', tasks: TASKS });
    run.on({ type: 'job-running' }).at(20).complete(3).at(30);
    assert.deepEqual(
      run.of('trigger').map(({ barrier }) => [barrier.checkpointId, barrier.full]),
      [
        [1, true],
        [2, true],
        [3, true],
        [4, false],
      ],
    );
  });
});

describe('decideCheckpoint: the end of the job', () => {
  it('drops or keeps what is retained', () => {
    for (const [retention, status, left] of [
      ['NO_EXTERNALIZED_CHECKPOINTS', 'CANCELED', 0],
      ['NO_EXTERNALIZED_CHECKPOINTS', 'FAILED', 0],
      ['DELETE_ON_CANCELLATION', 'CANCELED', 0],
      ['DELETE_ON_CANCELLATION', 'FAILED', 1],
      ['RETAIN_ON_CANCELLATION', 'CANCELED', 1],
      ['RETAIN_ON_CANCELLATION', 'FAILED', 1],
      ['RETAIN_ON_CANCELLATION', 'FINISHED', 0],
      ['NO_EXTERNALIZED_CHECKPOINTS', 'SUSPENDED', 1],
    ] as const) {
      const run = CheckpointRun.running({
        interval: 10,
        'externalized-checkpoint-retention': retention,
      });
      run.at(10).complete(1).on({ type: 'job-ended', status });
      assert.equal(run.retainedIds.length, left, `${retention} ${status}`);
      assert.equal(run.of('drop').length, 1 - left, `${retention} ${status}`);
      assert.equal(isTerminated(run.state), true);
    }
  });

  it('waits for a store that is open, then drops its checkpoint too', () => {
    const run = CheckpointRun.running({ interval: 10 }).at(10).ackAll(1);
    run.on({ type: 'job-stopping' }, { type: 'job-ended', status: 'CANCELED' });
    assert.equal(isTerminated(run.state), false);
    assert.deepEqual(run.stored(1).types, ['drop']);
    assert.equal(isTerminated(run.state), true);
    assert.deepEqual(run.at(99).savepoint('s', 'SAVEPOINT').commands, []);
  });
});

describe('decideCheckpoint: a checkpoint that is wanted', () => {
  it('begins at once, and the next one an interval later', () => {
    const run = CheckpointRun.running({ interval: 100 }).at(30);
    assert.deepEqual(run.on({ type: 'wanted' }).types, ['trigger']);
    run.complete(1);
    assert.deepEqual(run.at(129).types, []);
    assert.deepEqual(run.at(130).types, ['trigger']);
  });

  it('is one, also where no interval is set', () => {
    const run = CheckpointRun.running({}).at(30);
    assert.deepEqual(run.on({ type: 'wanted' }).types, ['trigger']);
    run.complete(1).at(1e9);
    assert.deepEqual(run.triggeredIds, [1]);
    run.on({ type: 'wanted' }, { type: 'wanted' });
    run.complete(2).complete(3).at(2e9);
    assert.deepEqual(run.triggeredIds, [1, 2, 3], 'the second came when one was under way');
  });

  it('waits for the one under way, and is one for all that want it', () => {
    const run = CheckpointRun.running({ interval: 1000 }).at(1000);
    run.on({ type: 'wanted' }, { type: 'wanted' }, { type: 'wanted' });
    assert.deepEqual(run.triggeredIds, [1]);
    run.complete(1);
    assert.deepEqual(run.types.includes('trigger'), true);
    run.complete(2).at(1999);
    assert.deepEqual(run.triggeredIds, [1, 2]);
  });

  it('begins beside the one under way where there is room', () => {
    const run = CheckpointRun.running({ interval: 1000, 'max-concurrent-checkpoints': 2 }).at(1000);
    run.on({ type: 'wanted' });
    assert.deepEqual(run.triggeredIds, [1, 2]);
  });

  it('keeps to the pause between two', () => {
    const run = CheckpointRun.running({ interval: 1000, 'min-pause': 50 }).at(1000);
    run.complete(1);
    run.at(1020).on({ type: 'wanted' });
    assert.deepEqual(run.types, []);
    assert.deepEqual(run.commands.at(-1), { type: 'tick-at', epochMs: 1050 });
    assert.deepEqual(run.at(1050).types, ['trigger']);
    run.complete(2).at(1999);
    assert.deepEqual(run.triggeredIds, [1, 2]);
  });

  it('waits until the job runs', () => {
    const run = new CheckpointRun({});
    run.on({ type: 'job-deployed', tasks: TASKS }, { type: 'wanted' });
    assert.deepEqual(run.triggeredIds, []);
    assert.deepEqual(run.on({ type: 'job-running' }).types, ['trigger']);
  });
});
