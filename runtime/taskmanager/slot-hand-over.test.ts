import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defined, MAX_WATERMARK_MS } from '../core/index.ts';
import type { SlotHandOverRecord } from '../protocol/index.ts';
import { type ClusterOptions, FixtureCluster } from './slot-fixture.ts';
import { FixtureJob } from './slot-fixture-job.ts';

const REBALANCE = { kind: 'REBALANCE' } as const;

/** src → map → sink in one slot. */
function pipeline(): FixtureJob {
  const job = new FixtureJob();
  job.map('sink', [job.map('map', [job.source('src')])]);
  return job;
}

/** Two sources, each in a slot of its own, and their union in a third. */
function union(): FixtureJob {
  const job = new FixtureJob();
  const left = job.source('left', { slotSharingGroup: 'a' });
  const right = job.source('right', { slotSharingGroup: 'b' });
  const inputs = [left, right].map((node) => ({ node, by: REBALANCE }));
  job.map('union', inputs, { slotSharingGroup: 'c' });
  return job;
}

async function started(job: FixtureJob, options: ClusterOptions = {}): Promise<FixtureCluster> {
  const cluster = new FixtureCluster(job, options);
  await cluster.start();
  cluster.takeLog();
  return cluster;
}

function slotOf(cluster: FixtureCluster, name: string): number {
  const slot = cluster.executionGraph.slots.find(({ subtasks }) =>
    subtasks.some((ref) => cluster.nameOf(ref) === name),
  );
  return defined(slot, `there is a slot of ${name}`).slotIndex;
}

function leftOf(cluster: FixtureCluster, slot = 0): SlotHandOverRecord | undefined {
  return cluster.slots[slot]?.left;
}

async function handedOver(cluster: FixtureCluster, slot: number, id: number, barrier = {}) {
  cluster.slots[slot]?.handOver();
  await cluster.run();
  cluster.trigger(id, barrier);
  await cluster.run();
  cluster.complete(id);
  await cluster.run();
  const record = await cluster.succeed(slot);
  await cluster.run();
  return record;
}

function typesOf(cluster: FixtureCluster, type: string): number {
  return cluster.reports.filter((report) => report.type === type).length;
}

describe('a slot that is handed over', () => {
  it('stops behind a complete checkpoint, and its successor goes on there', async () => {
    const cluster = await started(pipeline());
    cluster.source('src/0').push('a', 'b');
    await cluster.run();
    cluster.slots[0]?.handOver();
    await cluster.run();
    assert.equal(typesOf(cluster, 'checkpoint-wanted'), 1);
    cluster.source('src/0').push('c');
    await cluster.run();
    cluster.trigger(1);
    cluster.source('src/0').push('d');
    await cluster.run();
    assert.equal(cluster.acks(1).size, 3);
    assert.equal(leftOf(cluster), undefined, 'I2: acknowledged is not complete');
    assert.equal(cluster.takeLog('sink/0').at(-1), 'snapshot 1');
    cluster.complete(1);
    await cluster.run();
    assert.equal(leftOf(cluster)?.checkpointId, 1);
    assert.equal(cluster.slots[0]?.turn(), 'released');
    const { commands, slotIndex } = await cluster.succeed(0);
    await cluster.run();
    assert.deepEqual([commands, slotIndex], [[], 0]);
    const log = cluster.takeLog('sink/0');
    assert.deepEqual(log, ['complete 1', 'close', 'open [a,b,c]', 'record d']);
    cluster.trigger(2);
    await cluster.run();
    assert.equal(cluster.acks(2).size, 3);
    cluster.complete(2);
    await cluster.run();
    assert.equal(leftOf(cluster), undefined, 'the successor stays');
    assert.equal(typesOf(cluster, 'running'), 1);
    assert.equal(typesOf(cluster, 'released'), 0);
  });

  it('is held by the first checkpoint that none of its tasks had heard of (I1)', async () => {
    const cluster = await started(pipeline());
    cluster.trigger(1);
    cluster.slots[0]?.handOver();
    await cluster.run();
    cluster.source('src/0').push('a');
    await cluster.run();
    cluster.trigger(2, { type: 'SAVEPOINT' });
    await cluster.run();
    cluster.source('src/0').push('b');
    await cluster.run();
    assert.deepEqual(cluster.takeLog('sink/0').slice(-4), [
      ...['snapshot 1', 'record a', 'snapshot 2', 'record b'],
    ]);
    for (const id of [1, 2]) cluster.complete(id);
    await cluster.run();
    assert.equal(leftOf(cluster), undefined);
    cluster.trigger(3);
    await cluster.run();
    cluster.complete(3);
    await cluster.run();
    assert.equal(leftOf(cluster)?.checkpointId, 3);
  });

  it('goes on when the checkpoint is aborted, and wants another one', async () => {
    const cluster = await started(pipeline());
    cluster.slots[0]?.handOver();
    await cluster.run();
    cluster.trigger(1);
    cluster.source('src/0').push('a');
    await cluster.run();
    assert.equal(cluster.takeLog('sink/0').at(-1), 'snapshot 1');
    cluster.abort(1);
    await cluster.run();
    assert.equal(typesOf(cluster, 'checkpoint-wanted'), 2);
    assert.deepEqual(cluster.takeLog('sink/0'), ['aborted 1', 'record a']);
    cluster.trigger(2);
    await cluster.run();
    cluster.complete(2);
    await cluster.run();
    assert.equal(leftOf(cluster)?.checkpointId, 2);
  });

  it('takes what had finished over as finished', async () => {
    const job = new FixtureJob();
    const [near, far] = [job.source('near'), job.source('far')];
    job.map('union', [near, far]);
    const cluster = await started(job);
    cluster.source('near/0').end();
    await cluster.run();
    cluster.slots[0]?.handOver();
    await cluster.run();
    cluster.trigger(1);
    cluster.source('far/0').push('a');
    await cluster.run();
    cluster.complete(1);
    await cluster.run();
    const { tasks } = await cluster.succeed(0);
    await cluster.run();
    const finished = tasks.filter((task) => task.finished).map((task) => cluster.nameOf(task));
    assert.deepEqual(finished, ['near/0']);
    assert.deepEqual(cluster.takeLog('near/0'), ['snapshot 1', 'close'], 'it is not opened again');
    assert.deepEqual(cluster.takeLog('union/0').slice(-2), ['open []', 'record a']);
    cluster.source('far/0').end();
    await cluster.run();
    cluster.trigger(2);
    await cluster.run();
    cluster.complete(2);
    await cluster.run();
    assert.deepEqual(cluster.tasksIn('task-finished'), ['near/0', 'far/0', 'union/0']);
    assert.equal(cluster.reports.at(-1)?.type, 'released');
  });

  it('gives its successor what it was told, in the order it came (I3)', async () => {
    const cluster = await started(pipeline());
    const task = defined(cluster.sourceTasks()[0], 'there is one');
    cluster.send({ type: 'source-event', task, event: { type: 'no-more-splits' } });
    cluster.slots[0]?.handOver();
    await cluster.run();
    cluster.trigger(1);
    await cluster.run();
    const event = (splits: string[]) =>
      cluster.send({ type: 'source-event', task, event: { type: 'add-splits', splits } });
    event(['before']);
    cluster.trigger(2);
    cluster.abort(2);
    cluster.trigger(3);
    event(['behind']);
    cluster.send({ type: 'drain' });
    cluster.complete(1);
    await cluster.run();
    cluster.takeLog();
    const { commands } = await cluster.succeed(0);
    assert.deepEqual(
      commands.map((command) =>
        command.type === 'source-event' ? JSON.stringify(command.event) : command.type,
      ),
      [
        'checkpoint-aborted',
        '{"type":"add-splits","splits":["before"]}',
        'trigger-checkpoint',
        '{"type":"add-splits","splits":["behind"]}',
        'drain',
      ],
    );
    await cluster.run();
    const log = cluster.takeLog('src/0');
    assert.deepEqual(log, [
      'open []',
      'event no-more-splits',
      'event add-splits',
      'snapshot 3',
      'event add-splits',
    ]);
    assert.deepEqual(cluster.tasksIn('task-ended').includes('src/0'), true, 'it was drained');
  });

  it('handles what comes while its successor opens once it is open', async () => {
    const cluster = await started(pipeline());
    const opened = Promise.withResolvers<void>();
    await handedOver(cluster, 0, 1);
    cluster.slots[0]?.handOver();
    await cluster.run();
    cluster.trigger(2);
    await cluster.run();
    cluster.complete(2);
    await cluster.run();
    cluster.hooks('map/0').open = () => opened.promise;
    const opening = cluster.succeed(0);
    cluster.source('src/0').push('a');
    await cluster.run();
    cluster.trigger(3);
    await cluster.run();
    assert.equal(cluster.acks(3).size, 0);
    opened.resolve();
    await opening;
    await cluster.run();
    assert.equal(cluster.acks(3).size, 3);
    assert.equal(cluster.takeLog('sink/0').at(-1), 'record a');
  });

  it('adds up what it and those before it have counted', async () => {
    const cluster = await started(pipeline());
    cluster.source('src/0').push('a', 'b');
    cluster.source('src/0').watermark(7);
    await cluster.run();
    await handedOver(cluster, 0, 1);
    cluster.source('src/0').push('c');
    await cluster.run();
    await handedOver(cluster, 0, 2);
    cluster.source('src/0').push('d', 'e');
    await cluster.run();
    const counted = cluster.slots[0]?.metrics().map((task) => {
      const { numRecordsIn, numRecordsOut, currentInputWatermarkMs } = task;
      return [cluster.nameOf(task), numRecordsIn, numRecordsOut, currentInputWatermarkMs];
    });
    assert.deepEqual(counted?.toSorted(), [
      ['map/0', 5, 5, 7],
      ['sink/0', 5, 0, 7],
      ['src/0', 5, 5, 7],
    ]);
  });

  it('reports a successor that cannot be opened', async () => {
    const cluster = await started(pipeline());
    cluster.slots[0]?.handOver();
    await cluster.run();
    cluster.trigger(1);
    await cluster.run();
    cluster.complete(1);
    await cluster.run();
    cluster.hooks('map/0').open = () => Promise.reject(new Error('no'));
    await cluster.succeed(0);
    await cluster.run();
    assert.deepEqual(cluster.tasksIn('task-failed'), ['map/0']);
    assert.equal(cluster.reports.at(-1)?.type, 'released');
  });
});

describe('channels of a slot that is handed over', () => {
  it('are not held by the late barrier of a checkpoint that was aborted meanwhile', async () => {
    const cluster = await started(union());
    const slot = slotOf(cluster, 'union/0');
    cluster.slots[slot]?.handOver();
    await cluster.run();
    cluster.trigger(1);
    await cluster.run();
    for (const other of [0, 1, 2]) if (other !== slot) cluster.complete(1, other);
    cluster.trigger(2, {}, slotOf(cluster, 'left/0'));
    await cluster.run();
    cluster.source('left/0').push('a');
    cluster.abort(2);
    cluster.complete(1, slot);
    await cluster.run();
    await cluster.succeed(slot);
    await cluster.run();
    assert.equal(cluster.takeLog('union/0').at(-1), 'record a');
  });

  it('stand at the barriers, though the job is content with at least once', async () => {
    const cluster = await started(union());
    const mode = { mode: 'AT_LEAST_ONCE' } as const;
    cluster.source('left/0').push('a');
    cluster.source('right/0').push('b');
    await cluster.run();
    const slot = slotOf(cluster, 'union/0');
    cluster.slots[slot]?.handOver();
    await cluster.run();
    cluster.trigger(1, mode, slotOf(cluster, 'left/0'));
    cluster.trigger(1, mode, slot);
    await cluster.run();
    cluster.source('left/0').push('c');
    await cluster.run();
    cluster.trigger(1, mode, slotOf(cluster, 'right/0'));
    await cluster.run();
    cluster.complete(1);
    await cluster.run();
    cluster.source('left/0').push('d');
    await cluster.succeed(slot);
    await cluster.run();
    assert.deepEqual(cluster.tasksIn('task-failed'), []);
    const log = cluster.takeLog('union/0');
    assert.deepEqual(log.slice(-3), ['open [a,b]', 'record c', 'record d']);
  });

  it('keep watermarks, idleness and ends, of calls and of rings', async () => {
    const job = new FixtureJob();
    const left = job.source('left', { slotSharingGroup: 'a' });
    const right = job.source('right', { slotSharingGroup: 'b' });
    const map = job.coMap(
      'map',
      [
        { node: left, by: REBALANCE },
        { node: right, by: REBALANCE },
      ],
      {
        slotSharingGroup: 'c',
      },
    );
    job.map('sink', [map], { slotSharingGroup: 'c' });
    const cluster = await started(job);
    const told: string[] = [];
    cluster.hooks('map/0').watermark = (ms) => told.push(`wm${ms}`);
    cluster.hooks('map/0').idle = (idle) => told.push(`idle=${idle}`);
    cluster.source('left/0').watermark(5);
    cluster.source('right/0').watermark(9);
    cluster.source('right/0').idle(true);
    cluster.source('left/0').end();
    await cluster.run();
    const slot = slotOf(cluster, 'map/0');
    const before = told.splice(0);
    const { tasks } = await handedOver(cluster, slot, 1);
    const inputs = defined(
      tasks.find((task) => cluster.nameOf(task) === 'map/0'),
      'it is there',
    ).inputs;
    assert.deepEqual(
      inputs.map(({ idle, channels }) => [idle, channels.map((channel) => channel.ended)]),
      [
        [false, [true]],
        [true, [false]],
      ],
    );
    assert.ok(
      told.every((line) => before.includes(line)),
      `${told} after ${before}`,
    );
    assert.deepEqual(told, [`wm${MAX_WATERMARK_MS}`, 'wm9', 'idle=true']);
    told.length = 0;
    cluster.source('right/0').idle(false);
    cluster.source('right/0').watermark(9);
    cluster.source('right/0').watermark(11);
    await cluster.run();
    assert.deepEqual(told, ['idle=false', 'wm11']);
    cluster.source('right/0').push('x');
    cluster.source('right/0').end();
    await cluster.run();
    cluster.trigger(2);
    await cluster.run();
    cluster.complete(2);
    await cluster.run();
    assert.deepEqual(cluster.takeLog('sink/0').slice(-5, -3), ['record x', 'end input']);
    assert.equal(cluster.tasksIn('task-finished').length, 4);
  });

  it('give first what an unaligned barrier overtook: records, then watermark and end', async () => {
    const job = new FixtureJob();
    const source = job.source('src', { slotSharingGroup: 'a' });
    const map = job.map('map', [{ node: source, by: REBALANCE }], { slotSharingGroup: 'b' });
    job.map('sink', [{ node: map, by: REBALANCE }], { slotSharingGroup: 'c' });
    const cluster = await started(job, { ringBytes: 1024 });
    const [up, down] = [slotOf(cluster, 'map/0'), slotOf(cluster, 'sink/0')];
    const told: number[] = [];
    cluster.hooks('sink/0').watermark = (ms) => told.push(ms);
    cluster.stalled.add(down);
    for (let i = 0; i < 5; i += 1) {
      cluster.source('src/0').push(`${i}-`.padEnd(450, 'x'));
      await cluster.run();
    }
    cluster.source('src/0').watermark(77);
    cluster.source('src/0').end();
    await cluster.run();
    cluster.slots[up]?.handOver();
    await cluster.run();
    cluster.trigger(1, { unalignedAfterMs: 0 });
    await cluster.run();
    cluster.stalled.clear();
    await cluster.run();
    cluster.complete(1);
    await cluster.run();
    cluster.takeLog('map/0');
    cluster.hooks('map/0').watermark = (ms) => cluster.job.log.push(`map/0: watermark ${ms}`);
    const { tasks } = await cluster.succeed(up);
    const overtaken = tasks[0]?.inputs[0]?.channels[0]?.overtaken.map(({ type }) => type);
    assert.deepEqual(overtaken, ['watermark', 'watermark', 'end']);
    await cluster.run();
    const words = cluster.takeLog('map/0').map((line) => line.split(' ')[0]);
    assert.deepEqual(words, [
      'open',
      'record',
      'record',
      'watermark',
      'watermark',
      'watermark',
      'end',
    ]);
    const records = cluster
      .takeLog('sink/0')
      .flatMap((line) => /^record (\d+)/.exec(line)?.[1] ?? []);
    assert.deepEqual(
      records.map(Number),
      Array.from({ length: 5 }, (_, i) => i),
    );
    assert.deepEqual(told, [77, Number.MAX_SAFE_INTEGER, MAX_WATERMARK_MS]);
    cluster.trigger(2);
    await cluster.run();
    cluster.complete(2);
    await cluster.run();
    assert.equal(cluster.tasksIn('task-finished').length, 3);
  });
});
