import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defined, StreamError } from '../core/index.ts';
import { type ClusterOptions, FixtureCluster } from './slot-fixture.ts';
import { FixtureJob } from './slot-fixture-job.ts';

const HASH = { kind: 'HASH', keySelector: (value: unknown) => value } as const;

/** src → sink, over calls and rings. */
function pipeline(parallelism = 2) {
  const job = new FixtureJob();
  const source = job.source('src', { parallelism });
  job.map('sink', [{ node: source, by: HASH }], { parallelism });
  return job;
}

async function started(job: FixtureJob, options: ClusterOptions = {}): Promise<FixtureCluster> {
  const cluster = new FixtureCluster(job, options);
  await cluster.start();
  cluster.takeLog();
  return cluster;
}

const ALL = ['sink/0', 'sink/1', 'src/0', 'src/1'];

describe('the end of bounded input', () => {
  it('finishes at once without checkpointing', async () => {
    const cluster = await started(pipeline(), { checkpointing: false });
    for (const i of [0, 1]) cluster.source(`src/${i}`).end();
    await cluster.run();
    assert.deepEqual(cluster.tasksIn('task-finished').toSorted(), ALL);
    assert.deepEqual(cluster.tasksIn('task-ended'), []);
    assert.deepEqual(cluster.takeLog('sink/1'), ['end input', 'close']);
  });

  it('waits for a checkpoint that began after it, and finishes when that is complete', async () => {
    const cluster = await started(pipeline());
    cluster.source('src/0').push(1, 2, 3);
    cluster.trigger(1);
    await cluster.run();
    for (const i of [0, 1]) cluster.source(`src/${i}`).end();
    await cluster.run();
    assert.deepEqual(cluster.tasksIn('task-ended').toSorted(), ALL);
    cluster.complete(1);
    await cluster.run();
    assert.deepEqual(cluster.tasksIn('task-finished'), []);
    cluster.trigger(2);
    await cluster.run();
    assert.deepEqual([...cluster.acks(2).keys()].toSorted(), ALL);
    for (const { state } of cluster.acks(2).values()) assert.equal(state.finished, true);
    for (const { state } of cluster.acks(1).values()) assert.equal(state.finished, false);
    assert.deepEqual(cluster.tasksIn('task-finished'), []);
    cluster.complete(2);
    await cluster.run();
    assert.deepEqual(cluster.tasksIn('task-finished').toSorted(), ALL);
    assert.equal(cluster.reports.filter(({ type }) => type === 'released').length, 2);
    const log = cluster.takeLog('sink/0').filter((line) => !line.startsWith('record'));
    assert.deepEqual(log, [
      ...['snapshot 1', 'end input', 'complete 1', 'snapshot 2', 'complete 2', 'close'],
    ]);
  });

  it('is part of the snapshot: what operators emit at it comes before the barrier', async () => {
    const job = new FixtureJob();
    job.map('tail', [job.map('head', [job.source('src')])]);
    const cluster = await started(job);
    const finishing = Promise.withResolvers<void>();
    cluster.hooks('head/0').finish = () => finishing.promise;
    cluster.source('src/0').end();
    await cluster.run();
    cluster.trigger(1);
    await cluster.run();
    assert.deepEqual([...cluster.acks(1).keys()], ['src/0']);
    finishing.resolve();
    await cluster.run();
    assert.deepEqual(cluster.takeLog(), [
      ...['head/0: end input', 'src/0: snapshot 1', 'tail/0: end input'],
      ...['head/0: snapshot 1', 'tail/0: snapshot 1'],
    ]);
    assert.equal(defined(cluster.acks(1).get('tail/0'), 'it acknowledged').state.finished, true);
  });

  it('lets a task whose inputs are gone take the trigger itself', async () => {
    const cluster = await started(pipeline());
    for (const i of [0, 1]) cluster.source(`src/${i}`).end();
    await cluster.run();
    cluster.trigger(1);
    await cluster.run();
    // Slot 1 does not hear of it, so its sink stays and slot 0's ends of partition reach it.
    cluster.complete(1, 0);
    await cluster.run();
    assert.deepEqual(cluster.tasksIn('task-finished').toSorted(), ['sink/0', 'src/0']);
    cluster.complete(1, 1);
    await cluster.run();
    assert.deepEqual(cluster.tasksIn('task-finished').toSorted(), ALL);

    const job = new FixtureJob();
    const source = job.source('src');
    job.map('sink', [{ node: source, by: HASH }], { slotSharingGroup: 'other' });
    const other = await started(job);
    other.source('src/0').end();
    await other.run();
    other.trigger(1);
    await other.run();
    other.complete(1, 0);
    await other.run();
    assert.deepEqual(other.tasksIn('task-finished'), ['src/0']);
    other.triggerTasks(2, []);
    await other.run();
    assert.deepEqual([...other.acks(2).keys()], ['sink/0']);
    other.complete(2);
    await other.run();
    assert.deepEqual(other.tasksIn('task-finished'), ['src/0', 'sink/0']);
  });

  it('of one source leaves checkpoints of the others possible', async () => {
    const job = new FixtureJob();
    job.map('union', [job.source('short'), job.source('long')]);
    const cluster = await started(job);
    cluster.source('short/0').end();
    await cluster.run();
    cluster.trigger(1);
    await cluster.run();
    assert.equal(cluster.acks(1).size, 3);
    assert.equal(cluster.acks(1).get('short/0')?.state.finished, true);
    assert.equal(cluster.acks(1).get('union/0')?.state.finished, false);
    cluster.complete(1);
    await cluster.run();
    assert.deepEqual(cluster.tasksIn('task-finished'), ['short/0']);
    const long = cluster.sourceTasks().filter((ref) => cluster.nameOf(ref) === 'long/0');
    cluster.triggerTasks(2, long);
    cluster.source('long/0').push('a');
    await cluster.run();
    assert.deepEqual([...cluster.acks(2).keys()].toSorted(), ['long/0', 'union/0']);
    assert.deepEqual(cluster.takeLog('union/0').slice(-2), ['snapshot 2', 'record a']);
  });

  it('that overtook a barrier, at least once, does not count as finished', async () => {
    const job = new FixtureJob();
    job.map('union', [job.source('left'), job.source('right')]);
    const cluster = await started(job);
    const [left, right] = ['left/0', 'right/0'].map((name) =>
      cluster.sourceTasks().filter((ref) => cluster.nameOf(ref) === name),
    );
    const mode = { mode: 'AT_LEAST_ONCE' } as const;
    cluster.triggerTasks(1, left ?? [], mode);
    await cluster.run();
    for (const key of ['left/0', 'right/0']) cluster.source(key).end();
    await cluster.run();
    cluster.triggerTasks(1, right ?? [], mode);
    await cluster.run();
    assert.equal(cluster.acks(1).get('left/0')?.state.finished, false);
    assert.equal(cluster.acks(1).get('right/0')?.state.finished, true);
    assert.equal(cluster.acks(1).get('union/0')?.state.finished, false);
    cluster.complete(1);
    await cluster.run();
    assert.deepEqual(cluster.tasksIn('task-finished'), ['right/0']);
  });
});

describe('a task restored after its end', () => {
  it('runs nothing, ends again, and finishes like the others', async () => {
    const first = await started(pipeline());
    for (const i of [0, 1]) first.source(`src/${i}`).end();
    await first.run();
    first.trigger(1);
    await first.run();
    // Neither source nor sink had anything to keep.
    const job = pipeline();
    const cluster = new FixtureCluster(job, { restore: first.restoreOf(1), blobs: first.blobs });
    await cluster.start();
    assert.deepEqual(job.log, []);
    assert.deepEqual(cluster.tasksIn('task-ended').toSorted(), ALL);
    const [task] = cluster.sourceTasks();
    assert.ok(task !== undefined);
    cluster.send({ type: 'source-event', task, event: { type: 'no-more-splits' } });
    cluster.trigger(2);
    await cluster.run();
    assert.equal(cluster.acks(2).size, 4);
    for (const { state } of cluster.acks(2).values()) {
      assert.equal(state.finished, true);
      assert.deepEqual(state.operators, []);
    }
    cluster.complete(2);
    await cluster.run();
    assert.deepEqual(cluster.tasksIn('task-finished').toSorted(), ALL);
    assert.deepEqual(cluster.takeLog('sink/0'), ['close']);
    assert.deepEqual(cluster.takeLog('src/0'), ['close']);
  });

  it('finishes at once without checkpointing', async () => {
    const first = await started(pipeline(1));
    first.source('src/0').end();
    await first.run();
    first.trigger(1);
    await first.run();
    const restore = first.restoreOf(1);
    const { blobs } = first;
    const cluster = await started(pipeline(1), { restore, blobs, checkpointing: false });
    assert.deepEqual(cluster.tasksIn('task-finished').toSorted(), ['sink/0', 'src/0']);
  });

  it('opens operators that still owe something, and tells them of checkpoints', async () => {
    const first = await started(pipeline(1));
    first.source('src/0').push('owed');
    first.source('src/0').end();
    await first.run();
    first.trigger(1);
    await first.run();
    const job = pipeline(1);
    const cluster = new FixtureCluster(job, { restore: first.restoreOf(1), blobs: first.blobs });
    await cluster.start();
    assert.deepEqual(job.log, ['sink/0: open [owed]']);
    cluster.trigger(2);
    await cluster.run();
    cluster.complete(2);
    await cluster.run();
    assert.deepEqual(cluster.takeLog('sink/0'), [
      ...['open [owed]', 'snapshot 2', 'complete 2', 'close'],
    ]);
    assert.deepEqual(cluster.tasksIn('task-finished').toSorted(), ['sink/0', 'src/0']);
  });

  it('passes the end to tasks that had not ended', async () => {
    const job = () => {
      const built = new FixtureJob();
      const [short, long] = [built.source('short'), built.source('long')];
      built.map('union', [short, { node: long, by: { kind: 'REBALANCE' } }]);
      return built;
    };
    const first = await started(job());
    first.source('short/0').end();
    await first.run();
    first.trigger(1);
    await first.run();
    const second = job();
    const cluster = await started(second, { restore: first.restoreOf(1), blobs: first.blobs });
    assert.deepEqual(cluster.tasksIn('task-ended'), ['short/0']);
    cluster.source('long/0').push('x');
    cluster.source('long/0').end();
    await cluster.run();
    assert.deepEqual(cluster.takeLog('union/0'), ['record x', 'end input']);
  });
});

describe('a suspending savepoint', () => {
  const SUSPEND = { type: 'SAVEPOINT_SUSPEND' } as const;

  it('holds all input after the snapshot and finishes without end of input', async () => {
    const cluster = await started(pipeline());
    cluster.source('src/0').push('a');
    await cluster.run();
    cluster.takeLog();
    cluster.trigger(3, SUSPEND);
    cluster.source('src/0').push('b');
    cluster.source('src/1').end();
    await cluster.run();
    assert.equal(cluster.acks(3).size, 4);
    assert.deepEqual(
      cluster.takeLog().filter((line) => !line.endsWith('snapshot 3')),
      [],
    );
    cluster.complete(3);
    await cluster.run();
    assert.deepEqual(cluster.tasksIn('task-finished').toSorted(), ALL);
    assert.deepEqual(cluster.takeLog('sink/0'), ['complete 3', 'close']);
    assert.deepEqual(cluster.tasksIn('task-ended'), []);
    for (const { state } of cluster.acks(3).values()) assert.equal(state.finished, false);
  });

  it('goes on as before when it is aborted', async () => {
    const cluster = await started(pipeline(1));
    cluster.trigger(3, SUSPEND);
    cluster.source('src/0').push('b');
    await cluster.run();
    assert.deepEqual(cluster.takeLog('sink/0'), ['snapshot 3']);
    cluster.complete(2);
    await cluster.run();
    assert.deepEqual(cluster.takeLog('sink/0'), ['complete 2']);
    cluster.abort(3);
    await cluster.run();
    assert.deepEqual(cluster.takeLog('sink/0'), ['aborted 3', 'record b']);
    assert.deepEqual(cluster.tasksIn('task-finished'), []);
  });

  it('does not hold a task whose snapshot failed', async () => {
    const cluster = await started(pipeline(1));
    cluster.hooks('sink/0').snapshotState = () => {
      throw new StreamError({ kind: 'user', code: 'MINE', message: 'no' });
    };
    cluster.trigger(3, SUSPEND);
    cluster.source('src/0').push('b');
    await cluster.run();
    cluster.abort(3);
    await cluster.run();
    assert.deepEqual(cluster.takeLog('sink/0').at(-1), 'record b');
  });

  it('finishes tasks that had ended before', async () => {
    const cluster = await started(pipeline());
    for (const i of [0, 1]) cluster.source(`src/${i}`).end();
    await cluster.run();
    cluster.trigger(3, SUSPEND);
    await cluster.run();
    cluster.complete(3);
    await cluster.run();
    assert.deepEqual(cluster.tasksIn('task-finished').toSorted(), ALL);
  });
});

describe('drain', () => {
  it('ends sources as if bounded; the savepoint that follows finishes all', async () => {
    const cluster = await started(pipeline());
    cluster.source('src/0').push('a');
    await cluster.run();
    cluster.takeLog();
    cluster.send({ type: 'drain' });
    cluster.trigger(4, { type: 'SAVEPOINT_TERMINATE' });
    cluster.source('src/0').push('never');
    await cluster.run();
    assert.deepEqual(cluster.tasksIn('task-ended').toSorted(), ALL);
    assert.deepEqual(cluster.takeLog('sink/0'), ['end input', 'snapshot 4']);
    for (const { state } of cluster.acks(4).values()) assert.equal(state.finished, true);
    cluster.complete(4);
    await cluster.run();
    assert.deepEqual(cluster.tasksIn('task-finished').toSorted(), ALL);
  });

  it('comes after a trigger that was sent before it', async () => {
    const cluster = await started(pipeline(1));
    cluster.trigger(1);
    cluster.send({ type: 'drain' });
    await cluster.run();
    assert.deepEqual(cluster.takeLog('sink/0'), ['snapshot 1', 'end input']);
    assert.equal(cluster.acks(1).get('src/0')?.state.finished, false);
    assert.deepEqual(cluster.tasksIn('task-ended').toSorted(), ['sink/0', 'src/0']);
  });
});

describe('a slot that cannot restore', () => {
  it('fails the task with the error of the data, and is released', async () => {
    const first = await started(pipeline(1));
    first.source('src/0').push('x'.repeat(30_000));
    await first.run();
    first.trigger(1);
    await first.run();
    const cluster = new FixtureCluster(pipeline(1), { restore: damaged(first) });
    await cluster.start();
    const failed = cluster.reports.find(({ type }) => type === 'task-failed');
    assert.ok(failed?.type === 'task-failed');
    assert.equal(failed.error.kind, 'data');
    assert.deepEqual(
      cluster.reports.map(({ type }) => type),
      ['task-failed', 'metrics', 'released'],
    );
  });

  it('is released when it is cancelled while it restores', async () => {
    const first = await started(pipeline(1));
    first.source('src/0').push('x');
    await first.run();
    first.trigger(1);
    await first.run();
    const restore = first.restoreOf(1);
    const cluster = new FixtureCluster(pipeline(1), { restore, blobs: first.blobs });
    const starting = cluster.start();
    cluster.send({ type: 'cancel' });
    await starting;
    assert.deepEqual(
      cluster.reports.map(({ type }) => type),
      ['metrics', 'released'],
    );
  });
});

/** Every list has other bytes than were stored. */
function damaged(cluster: FixtureCluster) {
  return cluster.restoreOf(1).map((state) => ({
    ...state,
    operators: state.operators.map((operator) => ({
      ...operator,
      operatorStates: operator.operatorStates.map((list) => ({
        ...list,
        bytes: { inlineBase64: 'AAAA' },
      })),
    })),
  }));
}
