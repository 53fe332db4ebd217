import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OperatorStateMode } from '../protocol/index.ts';
import { BOOM, CheckpointRun, ref, share, TASKS } from './checkpoint-coordinator-fixture.ts';

const HOUR_MS = 3_600_000;
const ended = (key: string) => ({ type: 'task-ended', task: ref(key) }) as const;
const finished = (key: string) => ({ type: 'task-finished', task: ref(key) }) as const;

function listState(mode: OperatorStateMode) {
  const operatorStates = [{ name: 's', mode, itemCount: 1, bytes: { inlineBase64: '' } }];
  return [{ operatorId: 'o', keyedStates: [], keyedSegments: [], operatorStates }];
}

/** Has taken and completed a checkpoint after which `source/0` finished. */
function partlyFinished(options = {}): CheckpointRun {
  const run = CheckpointRun.running({ interval: 100, ...options })
    .on(ended('source/0'))
    .at(100);
  run.ack(1, 'source/0', { finished: true }).complete(1);
  return run.on(finished('source/0'));
}

describe('decideCheckpoint: checkpoints after tasks finish', () => {
  it('goes on with the tasks that are left and says who has finished', () => {
    const run = partlyFinished().at(200);
    assert.deepEqual(run.of('trigger')[1]?.tasks, [ref('source/1')]);
    run.ackAll(2);
    assert.deepEqual(run.of('store')[1]?.checkpoint.subtasks, [
      share('source/0', { finished: true }),
      share('source/1'),
      share('map/0'),
    ]);
  });

  it('triggers tasks whose inputs have all finished', () => {
    const run = partlyFinished().on(ended('source/1')).at(200);
    run.complete(2, { finished: true }).on(finished('source/1')).at(300);
    assert.deepEqual(run.of('trigger').at(-1)?.tasks, [ref('map/0')]);
  });

  it('triggers a task of a pointwise edge when its own input has finished', () => {
    const to = (index: number) => [{ vertexId: 'source', subtaskIndexes: [index] }];
    const tasks = [
      ...TASKS.slice(0, 2),
      { vertexId: 'map', subtaskIndex: 0, attempt: 0, inputs: to(0) },
      { vertexId: 'map', subtaskIndex: 1, attempt: 0, inputs: to(1) },
    ];
    const run = CheckpointRun.running({ interval: 100 }, { tasks });
    run.on(finished('source/0')).at(100);
    assert.deepEqual(run.of('trigger')[0]?.tasks, [ref('source/1'), ref('map/0')]);
  });

  it('waits with the next one until tasks that are about to finish have finished', () => {
    const run = CheckpointRun.running({ interval: 100 }).on(ended('source/0')).at(100);
    run.ack(1, 'source/0', { finished: true }).complete(1).savepoint('s', 'SAVEPOINT').at(200);
    assert.deepEqual(run.triggeredIds, [1]);
    run.on(finished('source/0'));
    assert.deepEqual(run.triggeredIds, [1, 2]);
  });

  it('aborts, without counting it, what a task finished without', () => {
    const run = CheckpointRun.running({ interval: 100 }).at(100).on(finished('source/0'));
    assert.deepEqual([run.pendingIds, run.jobFailures], [[], []]);
    const { latest } = run.state.statistics;
    assert.equal(latest.failed?.error?.code, 'CHECKPOINT_DECLINED_TASK_CLOSING');
  });

  it('takes none any more after a task has finished when that is turned off', () => {
    const run = CheckpointRun.running({ interval: 100, 'checkpoints-after-tasks-finish': false });
    run.on(finished('source/0')).at(100).savepoint('s', 'SAVEPOINT');
    assert.deepEqual(run.triggeredIds, []);
    assert.equal(run.answerTo('s'), 'NOT_ALL_REQUIRED_TASKS_RUNNING');
    assert.equal(run.state.statistics.counts.failed, 2);
  });

  it('fails when a vertex with a union list has finished in part only', () => {
    for (const [mode, failures] of [
      ['UNION', ['CHECKPOINT_FAILURES_EXCEEDED']],
      ['SPLIT_DISTRIBUTE', []],
    ] as const) {
      const run = partlyFinished()
        .at(200)
        .ack(2, 'source/1', { operators: listState(mode) });
      run.ackAll(2);
      assert.deepEqual(run.jobFailures, failures);
    }
  });

  it('remembers who has finished when another region is deployed again', () => {
    const run = partlyFinished().on({ type: 'job-stopping', error: BOOM });
    run.on({
      type: 'job-deployed',
      tasks: TASKS.map((t, i) => ({ ...t, attempt: i > 0 ? 1 : 0 })),
    });
    run.on({ type: 'job-running' }).at(300);
    assert.deepEqual(run.of('trigger').at(-1)?.tasks, [ref('source/1')]);
  });
});

describe('decideCheckpoint: the final checkpoint', () => {
  const allEnded = TASKS.map(({ vertexId, subtaskIndex }) => ended(`${vertexId}/${subtaskIndex}`));

  it('is triggered at once when every task has ended, once', () => {
    const run = CheckpointRun.running({ interval: HOUR_MS, 'min-pause': HOUR_MS });
    run.on(...allEnded.slice(0, 2));
    assert.deepEqual(run.triggeredIds, []);
    run.on(...allEnded.slice(2));
    assert.deepEqual(run.triggeredIds, [1]);
    run.complete(1, { finished: true }).at(2 * HOUR_MS);
    assert.deepEqual(run.triggeredIds, [1]);
    run.on(finished('source/0'), finished('source/1'), finished('map/0')).at(9 * HOUR_MS);
    assert.deepEqual(run.triggeredIds, [1]);
  });

  it('is not triggered when one under way began after the end of every task', () => {
    const run = CheckpointRun.running({ interval: 100 });
    run
      .on(...allEnded.slice(0, 2))
      .at(100)
      .ack(1, 'map/0', { finished: true });
    run.on(...allEnded.slice(2)).complete(1, { finished: true });
    assert.deepEqual(run.triggeredIds, [1]);
  });

  it('follows one under way that began before the end of a task', () => {
    const run = CheckpointRun.running({ interval: 100 }).at(100).ack(1, 'map/0');
    run.on(...allEnded).complete(1);
    assert.deepEqual(run.triggeredIds, [1, 2]);
  });

  it('is tried again a little later when it failed', () => {
    const run = CheckpointRun.running({ interval: HOUR_MS, 'tolerable-failed-checkpoints': 1 });
    run.on(...allEnded).decline(1);
    assert.deepEqual(run.commands.at(-1), { type: 'tick-at', epochMs: 1000 });
    assert.deepEqual(run.at(1000).triggeredIds, [1, 2]);
  });

  it('fails the job when an enumerator makes it impossible', () => {
    const run = CheckpointRun.running({ interval: HOUR_MS }).on(...allEnded);
    run.on({ type: 'enumerators-failed', checkpointId: 1, error: BOOM });
    assert.deepEqual(run.jobFailures, ['TRIGGER_CHECKPOINT_FAILURE']);
  });

  it('is not replaced by a savepoint, of whose completion tasks are not told', () => {
    const run = CheckpointRun.running({ interval: HOUR_MS }).savepoint('s', 'SAVEPOINT');
    run.on(...allEnded).complete(1, { finished: true });
    assert.deepEqual(run.triggeredIds, [1, 2]);
  });
});

describe('decideCheckpoint: stop with savepoint', () => {
  it('suspends: savepoint, completion, the end, and only then the answer', () => {
    const run = CheckpointRun.running({ interval: 100 }).savepoint('s', 'SAVEPOINT_SUSPEND');
    assert.equal(run.of('trigger')[0]?.barrier.type, 'SAVEPOINT_SUSPEND');
    run.complete(1);
    assert.deepEqual(run.types, ['notify-complete']);
    assert.equal(run.answerTo('s'), '');
    run.on({ type: 'job-ended', status: 'FINISHED' });
    assert.equal(run.answerTo('s'), '/dir/job/chk-1');
  });

  it('takes no periodic checkpoint meanwhile and refuses other requests', () => {
    const run = CheckpointRun.running({ interval: 100 }).savepoint('s', 'SAVEPOINT_SUSPEND');
    run.at(500).savepoint('t', 'SAVEPOINT').savepoint('u', 'SAVEPOINT_SUSPEND');
    assert.deepEqual(run.triggeredIds, [1]);
    assert.equal(run.answerTo('t'), 'PERIODIC_SCHEDULER_SHUTDOWN');
    assert.equal(run.answerTo('u'), 'PERIODIC_SCHEDULER_SHUTDOWN');
  });

  it('terminates: drains first, takes the savepoint when all have ended', () => {
    const run = CheckpointRun.running({ interval: 100 }).savepoint('s', 'SAVEPOINT_TERMINATE');
    assert.deepEqual(run.types, ['drain']);
    run.on(ended('source/0'), ended('source/1')).at(500);
    assert.deepEqual(run.triggeredIds, []);
    run.on(ended('map/0'));
    assert.equal(run.of('trigger')[0]?.barrier.type, 'SAVEPOINT_TERMINATE');
    run.complete(1, { finished: true }).on({ type: 'job-ended', status: 'FINISHED' });
    assert.equal(run.answerTo('s'), '/dir/job/chk-1');
  });

  it('fails the job, to restart it, when the savepoint fails', () => {
    const run = CheckpointRun.running({ interval: 100 }).savepoint('s', 'SAVEPOINT_SUSPEND');
    run.decline(1);
    assert.deepEqual(run.jobFailures, ['STOP_WITH_SAVEPOINT_FAILED']);
    assert.equal(run.answerTo('s'), 'CHECKPOINT_DECLINED');
    run.on({ type: 'job-stopping', error: BOOM }, { type: 'job-deployed', tasks: TASKS });
    assert.deepEqual(run.on({ type: 'job-running' }).at(100).triggeredIds, [1, 2]);
  });

  it('fails the job for good when it fails after the savepoint', () => {
    const run = CheckpointRun.running({}).savepoint('s', 'SAVEPOINT_SUSPEND').complete(1);
    run.on({ type: 'job-stopping', error: BOOM });
    assert.deepEqual(run.jobFailures, ['STOP_WITH_SAVEPOINT_STOPPING']);
    assert.equal(run.answerTo('s'), 'STOP_WITH_SAVEPOINT_STOPPING');
    const [failure] = run.of('fail-job');
    assert.match(
      failure?.error.message ?? '',
      /savepoint has been created.*path=\/dir\/job\/chk-1$/,
    );
  });

  it('does not fail the job for an older checkpoint while it is stopping', () => {
    const run = CheckpointRun.running({ interval: 100, timeout: 50 }).at(100);
    run.savepoint('s', 'SAVEPOINT_SUSPEND').complete(2).at(200);
    assert.deepEqual([run.pendingIds, run.jobFailures], [[], []]);
  });

  it('says where the savepoint is when the job restarted while it was being stored', () => {
    const run = CheckpointRun.running({}).savepoint('s', 'SAVEPOINT_SUSPEND').ackAll(1);
    run.on({ type: 'job-stopping', error: BOOM }).stored(1);
    assert.deepEqual(run.types, ['answer']);
    assert.equal(run.answerTo('s'), 'STOP_WITH_SAVEPOINT_FAILED');
    assert.equal(run.state.stop, undefined);
  });

  it('is refused when everything has finished', () => {
    const run = CheckpointRun.running({});
    run.on(finished('source/0'), finished('source/1'), finished('map/0'));
    run.savepoint('s', 'SAVEPOINT_SUSPEND');
    assert.equal(run.answerTo('s'), 'NOT_ALL_REQUIRED_TASKS_RUNNING');
    assert.deepEqual([run.jobFailures, run.state.stop], [[], undefined]);
  });

  it('is answered when the job is cancelled while it drains', () => {
    const run = CheckpointRun.running({}).savepoint('s', 'SAVEPOINT_TERMINATE');
    run.on({ type: 'job-stopping' }, { type: 'job-ended', status: 'CANCELED' });
    assert.equal(run.answerTo('s'), 'CHECKPOINT_COORDINATOR_SUSPEND');
  });
});
