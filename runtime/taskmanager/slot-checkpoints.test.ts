import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isStreamError, StreamError } from '../core/index.ts';
import { FixtureCluster } from './slot-fixture.ts';
import { FixtureJob } from './slot-fixture-job.ts';

const HASH = { kind: 'HASH', keySelector: (value: unknown) => value } as const;

function pipeline(parallelism = 1) {
  const job = new FixtureJob();
  const source = job.source('src', { parallelism });
  const map = job.map('map', [source], { parallelism });
  job.map('sink', [map], { parallelism });
  return job;
}

async function started(job: FixtureJob, options = {}): Promise<FixtureCluster> {
  const cluster = new FixtureCluster(job, options);
  await cluster.start();
  cluster.takeLog();
  return cluster;
}

describe('a checkpoint of a slot', () => {
  it('cuts every task between the same two records and acknowledges each once', async () => {
    const cluster = await started(pipeline());
    cluster.source('src/0').push('a', 'b');
    await cluster.run();
    cluster.trigger(1);
    cluster.source('src/0').push('c');
    await cluster.run();
    assert.deepEqual([...cluster.acks(1).keys()].toSorted(), ['map/0', 'sink/0', 'src/0']);
    for (const name of ['map/0', 'sink/0']) {
      assert.deepEqual(cluster.takeLog(name), ['record a', 'record b', 'snapshot 1', 'record c']);
    }
    for (const { state, stats } of cluster.acks(1).values()) {
      assert.equal(state.finished, false);
      assert.deepEqual(state.channels, []);
      assert.equal(state.operators[0]?.operatorStates[0]?.itemCount, 2);
      assert.equal(stats.unaligned, false);
      assert.ok(stats.checkpointedSizeBytes > 0);
      assert.equal(stats.stateSizeBytes, stats.checkpointedSizeBytes);
    }
  });

  it('gives back at a restore what was cut, and the checkpoint it came from', async () => {
    const cluster = await started(pipeline());
    cluster.source('src/0').push('a', 'b');
    await cluster.run();
    cluster.trigger(1);
    await cluster.run();
    cluster.source('src/0').push('lost');
    await cluster.run();
    const job = pipeline();
    const restore = cluster.restoreOf(1);
    await new FixtureCluster(job, { restore, blobs: cluster.blobs }).start();
    assert.deepEqual(job.log.toSorted(), [
      'map/0: open [a,b]',
      'sink/0: open [a,b]',
      'src/0: open [a,b]',
    ]);
  });

  it('prepares from head to tail and waits, then sends the barrier, then snapshots', async () => {
    const job = new FixtureJob();
    const source = job.source('src');
    const head = job.map('head', [source]);
    const tail = job.map('tail', [head], { alone: false });
    job.map('next', [tail]);
    const cluster = await started(job);
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const order: string[] = [];
    for (const [i, name] of ['head/0', 'tail/0'].entries()) {
      cluster.hooks(name).prepareSnapshot = (id) => {
        order.push(`prepare ${name} ${id}`);
        return gates[i]?.promise;
      };
    }
    cluster.trigger(1);
    cluster.source('src/0').push('after');
    await cluster.run();
    assert.deepEqual(order, ['prepare head/0 1']);
    gates[0]?.resolve();
    await cluster.run();
    assert.deepEqual(order, ['prepare head/0 1', 'prepare tail/0 1']);
    assert.deepEqual(cluster.takeLog(), ['src/0: snapshot 1']);
    gates[1]?.resolve();
    await cluster.run();
    assert.deepEqual(cluster.takeLog(), [
      'head/0: snapshot 1',
      'tail/0: snapshot 1',
      'next/0: snapshot 1',
      'head/0: record after',
      'tail/0: record after',
      'next/0: record after',
    ]);
    assert.equal(cluster.acks(1).size, 3);
  });

  it('measures start delay, alignment, synchronous and asynchronous parts', async () => {
    const job = new FixtureJob();
    const [left, right] = [job.source('left'), job.source('right')];
    job.map('union', [left, right]);
    const cluster = await started(job);
    await fill(cluster, 'left/0');
    cluster.nowMs = 100;
    const refs = cluster.sourceTasks();
    const nameOf = (i: number) => cluster.nameOf(refs[i] ?? { vertexId: '', subtaskIndex: 0 });
    const barrier = { triggeredAtEpochMs: 90 };
    const one = refs.filter((_, i) => nameOf(i) === 'left/0');
    const other = refs.filter((_, i) => nameOf(i) === 'right/0');
    cluster.triggerTasks(1, one, barrier);
    await cluster.run();
    cluster.nowMs = 130;
    const stored = Promise.withResolvers<void>();
    cluster.blobs.putting = () => stored.promise;
    cluster.hooks('union/0').snapshotState = () => {
      cluster.nowMs += 5;
    };
    cluster.triggerTasks(1, other, barrier);
    await cluster.run();
    cluster.nowMs += 50;
    stored.resolve();
    await cluster.run();
    const { startDelayMs, alignmentMs, syncMs, asyncMs } =
      cluster.acks(1).get('union/0')?.stats ?? {};
    assert.deepEqual(
      { startDelayMs, alignmentMs, syncMs, asyncMs },
      { startDelayMs: 10, alignmentMs: 30, syncMs: 5, asyncMs: 50 },
    );
  });

  it('goes through several slots and hash edges without losing or repeating a record', async () => {
    const build = () => {
      const job = new FixtureJob();
      const source = job.source('src', { parallelism: 3 });
      const map = job.map('map', [{ node: source, by: HASH }], { parallelism: 3 });
      job.map('sink', [{ node: map, by: { kind: 'REBALANCE' } }], { parallelism: 2 });
      return job;
    };
    const cluster = await started(build());
    for (let i = 0; i < 3; i += 1) {
      cluster.source(`src/${i}`).push(...Array.from({ length: 100 }, (_, n) => n * 3 + i));
    }
    cluster.slots[0]?.turn();
    cluster.trigger(1);
    await cluster.run();
    const sent = sum(cluster, 'src');
    assert.equal(cluster.acks(1).size, 8);
    assert.equal(sum(cluster, 'map'), sent);
    assert.equal(sum(cluster, 'sink'), sent);
  });
});

/** Items in the snapshots of a vertex. */
function sum(cluster: FixtureCluster, name: string): number {
  let items = 0;
  for (const [task, { state }] of cluster.acks(1)) {
    if (!task.startsWith(`${name}/`)) continue;
    items += state.operators[0]?.operatorStates[0]?.itemCount ?? 0;
  }
  return items;
}

describe('alignment in a slot', () => {
  it('passes a diamond of calls', async () => {
    const job = new FixtureJob();
    const source = job.source('src');
    const [left, right] = [job.map('left', [source]), job.map('right', [source])];
    job.coMap('join', [left, right]);
    const cluster = await started(job);
    for (let id = 1; id <= 3; id += 1) {
      cluster.source('src/0').push(`r${id}`);
      await cluster.run();
      cluster.trigger(id);
    }
    cluster.source('src/0').push('end');
    await cluster.run();
    for (let id = 1; id <= 3; id += 1) assert.equal(cluster.acks(id).size, 4, `checkpoint ${id}`);
    assert.deepEqual(cluster.takeLog('join/0'), [
      ...['record r1', 'record r1', 'snapshot 1', 'record r2', 'record r2', 'snapshot 2'],
      ...['record r3', 'record r3', 'snapshot 3', 'record end', 'record end'],
    ]);
  });

  it('holds the channel whose barrier came, takes the other, be it a call or a ring', async () => {
    const job = new FixtureJob();
    const near = job.source('near');
    const far = job.source('far', { slotSharingGroup: 'other' });
    job.map('union', [near, { node: far, by: { kind: 'REBALANCE' } }], {
      slotSharingGroup: 'default',
    });
    const cluster = await started(job);
    assert.equal(cluster.slots.length, 2);
    const [nearTask, farTask] = ['near/0', 'far/0'].map((name) =>
      cluster.sourceTasks().filter((ref) => cluster.nameOf(ref) === name),
    );
    cluster.triggerTasks(1, nearTask ?? []);
    cluster.source('near/0').push('late');
    cluster.source('far/0').push('early');
    await cluster.run();
    assert.deepEqual(cluster.takeLog('union/0'), ['record early']);
    cluster.triggerTasks(1, farTask ?? []);
    cluster.source('far/0').push('later');
    await cluster.run();
    const log = cluster.takeLog('union/0');
    assert.equal(log[0], 'snapshot 1');
    assert.deepEqual(log.slice(1).toSorted(), ['record late', 'record later']);
    // The other way round: the ring is held.
    cluster.triggerTasks(2, farTask ?? []);
    cluster.source('far/0').push('held');
    cluster.source('near/0').push('free');
    await cluster.run();
    assert.deepEqual(cluster.takeLog('union/0'), ['record free']);
    cluster.triggerTasks(2, nearTask ?? []);
    await cluster.run();
    assert.deepEqual(cluster.takeLog('union/0'), ['snapshot 2', 'record held']);
  });

  it('lets all channels flow at least once', async () => {
    const job = new FixtureJob();
    job.map('union', [job.source('left'), job.source('right')]);
    const cluster = await started(job);
    const left = cluster.sourceTasks().filter((ref) => cluster.nameOf(ref) === 'left/0');
    const right = cluster.sourceTasks().filter((ref) => cluster.nameOf(ref) === 'right/0');
    cluster.triggerTasks(1, left, { mode: 'AT_LEAST_ONCE' });
    cluster.source('left/0').push('a');
    await cluster.run();
    cluster.triggerTasks(1, right, { mode: 'AT_LEAST_ONCE' });
    await cluster.run();
    assert.deepEqual(cluster.takeLog('union/0'), ['record a', 'snapshot 1']);
  });

  it('goes on when the checkpoint is aborted, and ignores its late barrier', async () => {
    const job = new FixtureJob();
    job.map('union', [job.source('left'), job.source('right')]);
    const cluster = await started(job);
    const left = cluster.sourceTasks().filter((ref) => cluster.nameOf(ref) === 'left/0');
    const right = cluster.sourceTasks().filter((ref) => cluster.nameOf(ref) === 'right/0');
    cluster.triggerTasks(1, left);
    cluster.source('left/0').push('a');
    await cluster.run();
    assert.deepEqual(cluster.takeLog('union/0'), []);
    cluster.abort(1);
    await cluster.run();
    assert.deepEqual(cluster.takeLog('union/0'), ['aborted 1', 'record a']);
    cluster.triggerTasks(1, right);
    cluster.trigger(2);
    await cluster.run();
    assert.equal(cluster.acks(1).has('union/0'), false);
    assert.equal(cluster.acks(2).size, 3);
  });

  it('declines a checkpoint that a later barrier subsumes', async () => {
    const job = new FixtureJob();
    job.map('union', [job.source('left'), job.source('right')]);
    const cluster = await started(job);
    const left = cluster.sourceTasks().filter((ref) => cluster.nameOf(ref) === 'left/0');
    const right = cluster.sourceTasks().filter((ref) => cluster.nameOf(ref) === 'right/0');
    cluster.triggerTasks(1, left);
    await cluster.run();
    cluster.triggerTasks(2, right);
    await cluster.run();
    assert.deepEqual(cluster.tasksIn('checkpoint-declined'), ['union/0']);
    const declined = cluster.reports.find(({ type }) => type === 'checkpoint-declined');
    assert.ok(declined?.type === 'checkpoint-declined');
    assert.equal(declined.error.code, 'CHECKPOINT_SUBSUMED');
    assert.equal(declined.checkpointId, 1);
  });

  it('takes a snapshot without deadlock while back-pressure fills the rings', async () => {
    const job = new FixtureJob();
    const source = job.source('src', { parallelism: 2 });
    const map = job.map('map', [{ node: source, by: HASH }], { parallelism: 2 });
    job.map('sink', [{ node: map, by: HASH }], { parallelism: 2 });
    const cluster = await started(job, { ringBytes: 1024 });
    const values = Array.from({ length: 2000 }, (_, i) => `value ${i}`);
    for (const key of ['src/0', 'src/1']) cluster.source(key).push(...values);
    for (let id = 1; id <= 4; id += 1) {
      for (const slot of cluster.slots) slot.turn();
      cluster.trigger(id);
    }
    await cluster.run();
    for (let id = 1; id <= 4; id += 1) {
      assert.equal(cluster.acks(id).size, 6, `checkpoint ${id}`);
    }
    const received = cluster.job.log.filter((line) => /^sink.*record/.test(line));
    assert.equal(received.length, 4000);
  });
});

/** More state than fits into a record, however well it is compressed. */
async function fill(cluster: FixtureCluster, source = 'src/0'): Promise<void> {
  let seed = 1;
  const units = Array.from({ length: 40_000 }, () => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return 0x4e00 + (seed >>> 18);
  });
  cluster.source(source).push(String.fromCharCode(...units));
  await cluster.run();
}

describe('a failure in a checkpoint', () => {
  it('of snapshotState declines it, names operator and subtask, and the job goes on', async () => {
    const cluster = await started(pipeline());
    cluster.hooks('map/0').snapshotState = (id) => {
      if (id === 1)
        throw new StreamError({ kind: 'user', code: 'MINE', message: 'no state today' });
    };
    cluster.trigger(1);
    await cluster.run();
    const declined = cluster.reports.filter(({ type }) => type === 'checkpoint-declined');
    assert.equal(declined.length, 1);
    const [report] = declined;
    assert.ok(report?.type === 'checkpoint-declined');
    assert.equal(report.error.code, 'CHECKPOINT_FAILED_IN_TASK');
    assert.equal(report.error.kind, 'user');
    assert.equal(
      report.error.message,
      'checkpoint failed in operator "map" (subtask 1/1): no state today; checkpoint=1',
    );
    assert.deepEqual(report.error.details, { operator: 'map', subtask: 0, checkpointId: 1 });
    assert.equal(cluster.nameOf(report.task), 'map/0');
    assert.equal(StreamError.fromJSON(report.error).cause instanceof Error, true);
    cluster.abort(1);
    cluster.trigger(2);
    cluster.source('src/0').push('a');
    await cluster.run();
    assert.equal(cluster.acks(2).size, 3);
    assert.deepEqual(cluster.takeLog('sink/0').at(-1), 'record a');
    assert.deepEqual(cluster.tasksIn('task-failed'), []);
  });

  it('of the store declines it and the job goes on', async () => {
    const cluster = await started(pipeline());
    await fill(cluster);
    cluster.blobs.putting = () => Promise.reject(new Error('disk full'));
    cluster.trigger(1);
    await cluster.run();
    assert.deepEqual(cluster.tasksIn('checkpoint-declined').toSorted(), [
      ...['map/0', 'sink/0', 'src/0'],
    ]);
    cluster.blobs.putting = () => Promise.resolve();
    cluster.abort(1);
    cluster.trigger(2);
    await cluster.run();
    assert.equal(cluster.acks(2).size, 3);
  });

  it('of prepareSnapshot fails the task: what it holds is unknown', async () => {
    for (const asynchronous of [false, true]) {
      const cluster = await started(pipeline());
      cluster.hooks('sink/0').prepareSnapshot = () => {
        const error = new Error('cannot flush');
        if (asynchronous) return Promise.reject(error);
        throw error;
      };
      cluster.trigger(1);
      await cluster.run();
      assert.deepEqual(cluster.tasksIn('checkpoint-declined'), ['sink/0']);
      assert.deepEqual(cluster.tasksIn('task-failed'), ['sink/0']);
      assert.equal(cluster.reports.at(-1)?.type, 'released');
    }
  });

  it('is not reported once the checkpoint was aborted, neither is a late success', async () => {
    for (const fails of [false, true]) {
      const cluster = await started(pipeline());
      await fill(cluster);
      const store = Promise.withResolvers<void>();
      cluster.blobs.putting = () => store.promise;
      cluster.trigger(1);
      await cluster.run();
      cluster.abort(1);
      if (fails) store.reject(new Error('late'));
      else store.resolve();
      await cluster.run();
      assert.equal(cluster.acks(1).size, 0);
      assert.deepEqual(cluster.tasksIn('checkpoint-declined'), []);
    }
  });

  it('reports nothing after the slot was released', async () => {
    const cluster = await started(pipeline());
    await fill(cluster);
    const store = Promise.withResolvers<void>();
    cluster.blobs.putting = () => store.promise;
    cluster.trigger(1);
    await cluster.run();
    cluster.send({ type: 'cancel' });
    await cluster.run();
    store.resolve();
    await cluster.run();
    assert.equal(cluster.reports.at(-1)?.type, 'released');
    assert.equal(cluster.acks(1).has('sink/0'), false);
  });
});

describe('what becomes of a checkpoint', () => {
  it('reaches every operator, in order, and holds input while it is worked on', async () => {
    const cluster = await started(pipeline());
    const done = Promise.withResolvers<void>();
    cluster.hooks('sink/0').complete = () => done.promise;
    cluster.trigger(1);
    await cluster.run();
    cluster.takeLog();
    cluster.complete(1);
    cluster.abort(2);
    cluster.source('src/0').push('a');
    await cluster.run();
    assert.deepEqual(cluster.takeLog('sink/0'), ['complete 1']);
    done.resolve();
    await cluster.run();
    assert.deepEqual(cluster.takeLog('sink/0'), ['aborted 2', 'record a']);
    assert.deepEqual(cluster.takeLog('map/0'), ['complete 1', 'aborted 2', 'record a']);
  });

  it('fails the task when an operator cannot commit', async () => {
    for (const asynchronous of [false, true]) {
      const cluster = await started(pipeline());
      cluster.hooks('sink/0').complete = () => {
        const error = new Error('cannot commit');
        if (asynchronous) return Promise.reject(error);
        throw error;
      };
      cluster.trigger(1);
      await cluster.run();
      cluster.complete(1);
      await cluster.run();
      const failed = cluster.reports.find(({ type }) => type === 'task-failed');
      assert.ok(failed?.type === 'task-failed');
      assert.match(failed.error.message, /operator "sink" \(subtask 1\/1\): cannot commit/);
      assert.ok(isStreamError(StreamError.fromJSON(failed.error)));
    }
  });
});

describe('a source', () => {
  it('handles what was said to it after a trigger after its snapshot, and no earlier', async () => {
    const job = pipeline();
    const cluster = await started(job);
    const [task] = cluster.sourceTasks();
    assert.ok(task !== undefined);
    const event = (type: 'no-more-splits' | 'add-splits') =>
      cluster.send({
        type: 'source-event',
        task,
        event: type === 'add-splits' ? { type, splits: [] } : { type },
      });
    const hold = Promise.withResolvers<void>();
    cluster.hooks('map/0').suspension = () => undefined;
    event('add-splits');
    cluster.trigger(1);
    event('no-more-splits');
    cluster.trigger(2);
    event('add-splits');
    assert.deepEqual(cluster.takeLog('src/0'), ['event add-splits']);
    hold.resolve();
    await cluster.run();
    assert.deepEqual(cluster.takeLog('src/0'), [
      'snapshot 1',
      'event no-more-splits',
      'snapshot 2',
      'event add-splits',
    ]);
  });

  it('forgets a trigger that was aborted before it was taken', async () => {
    const cluster = await started(pipeline());
    const [task] = cluster.sourceTasks();
    assert.ok(task !== undefined);
    cluster.trigger(1);
    cluster.send({ type: 'source-event', task, event: { type: 'no-more-splits' } });
    cluster.abort(1);
    await cluster.run();
    assert.deepEqual(cluster.takeLog('src/0'), ['event no-more-splits']);
    assert.equal(cluster.acks(1).size, 0);
  });

  it('takes no part when it is not named', async () => {
    const cluster = await started(pipeline());
    cluster.triggerTasks(1, []);
    await cluster.run();
    assert.equal(cluster.acks(1).size, 0);
  });
});
