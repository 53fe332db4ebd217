import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadBytes } from '../checkpoint/index.ts';
import { defined, keyGroupRangeOf } from '../core/index.ts';
import { FrameReplay } from '../exchange/index.ts';
import type { SubtaskStateRecord } from '../protocol/index.ts';
import { FixtureCluster, restoredFrom } from './slot-fixture.ts';
import { FixtureJob } from './slot-fixture-job.ts';

const HASH = { kind: 'HASH', keySelector: (value: unknown) => value } as const;
const REBALANCE = { kind: 'REBALANCE' } as const;
const UNALIGNED = { unalignedAfterMs: 0 };
const RING = { ringBytes: 1024 };

/** src → map → sink, each in a slot of its own. */
function pipeline(mapParallelism = 1) {
  const job = new FixtureJob();
  const source = job.source('src', { slotSharingGroup: 'a' });
  const map = job.map('map', [{ node: source, by: HASH }], {
    slotSharingGroup: 'b',
    parallelism: mapParallelism,
  });
  job.map('sink', [{ node: map, by: REBALANCE }], { slotSharingGroup: 'c' });
  return job;
}

function slotOf(cluster: FixtureCluster, name: string): number {
  const slot = cluster.executionGraph.slots.find(({ subtasks }) =>
    subtasks.some((ref) => cluster.nameOf(ref) === name),
  );
  return defined(slot, `there is a slot of ${name}`).slotIndex;
}

/** A pipeline whose sink stands still and whose rings are full on both sides of `map`. */
async function congested(batches: number, rings = RING): Promise<FixtureCluster> {
  const cluster = new FixtureCluster(pipeline(), rings);
  await cluster.start();
  cluster.stalled.add(slotOf(cluster, 'sink/0'));
  for (let i = 0; i < batches; i += 1) {
    cluster.source('src/0').push(large(i));
    await cluster.run();
  }
  return cluster;
}

/** Half a ring. */
function large(i: number): string {
  return `${i}-`.padEnd(450, 'x');
}

function short(values: readonly unknown[]): number[] {
  return values.map((value) => Number.parseInt(String(value), 10));
}

/** What an operator had seen at its cut. */
async function seen(cluster: FixtureCluster, name: string, id = 1): Promise<number[]> {
  const state = defined(cluster.acks(id).get(name), `${name} acknowledged`).state;
  const job = pipeline();
  const restored = new FixtureCluster(job, {
    restore: [restoredFrom(id, { ...state, channels: [] })],
    blobs: cluster.blobs,
  });
  await restored.start();
  const line = defined(
    job.log.find((text) => text.startsWith(`${name}: open`)),
    'it was opened',
  );
  return short(line.replace(/^.*\[(.*)\]$/, '$1').split(',')).filter((n) => !Number.isNaN(n));
}

/** Records that were on their way into a task. */
async function onTheWay(cluster: FixtureCluster, name: string, id = 1): Promise<number[]> {
  const values: unknown[] = [];
  const { channels } = defined(cluster.acks(id).get(name), `${name} acknowledged`).state;
  for (const { bytes, frameCount } of channels) {
    assert.ok(frameCount > 0);
    const replay = new FrameReplay(await loadBytes(bytes, cluster.blobs), name.startsWith('map'));
    while (replay.next({ record: (value) => values.push(value) })) {}
  }
  return short(values);
}

describe('an unaligned checkpoint', () => {
  it('gets through congested channels and holds what it overtook', async () => {
    const cluster = await congested(12);
    const before = cluster.takeLog('map/0').length;
    cluster.trigger(1, UNALIGNED);
    await cluster.run();
    assert.deepEqual([...cluster.acks(1).keys()].toSorted(), ['map/0', 'src/0']);
    assert.deepEqual(cluster.takeLog('map/0'), ['snapshot 1']);
    const { stats } = defined(cluster.acks(1).get('map/0'), 'it acknowledged');
    assert.equal(stats.unaligned, true);
    assert.ok(stats.persistedDuringAlignmentBytes > 0);
    cluster.source('src/0').push(large(12));
    cluster.stalled.clear();
    await cluster.run();
    assert.equal(cluster.acks(1).size, 3);

    const emitted = await seen(cluster, 'src/0');
    assert.deepEqual(
      emitted,
      Array.from({ length: emitted.length }, (_, i) => i),
    );
    assert.ok(emitted.length > before, 'there was something to overtake');
    const [map, toMap] = [await seen(cluster, 'map/0'), await onTheWay(cluster, 'map/0')];
    assert.ok(toMap.length > 0);
    assert.deepEqual([...map, ...toMap], emitted);
    const [sink, toSink] = [await seen(cluster, 'sink/0'), await onTheWay(cluster, 'sink/0')];
    assert.deepEqual([...sink, ...toSink], map);
    const received = cluster.job.log.filter((line) => line.startsWith('sink/0: record'));
    assert.deepEqual(
      short(received.map((line) => line.slice('sink/0: record '.length))),
      Array.from({ length: 13 }, (_, i) => i),
    );
  });

  it('gives overtaken records again after a restore, first and once', async () => {
    const cluster = await congested(12);
    cluster.trigger(1, UNALIGNED);
    await cluster.run();
    cluster.stalled.clear();
    await cluster.run();
    const emitted = await seen(cluster, 'src/0');
    const map = await seen(cluster, 'map/0');
    const toSink = await onTheWay(cluster, 'sink/0');
    const toMap = await onTheWay(cluster, 'map/0');
    const sink = await seen(cluster, 'sink/0');

    const job = pipeline();
    const again = new FixtureCluster(job, {
      restore: cluster.restoreOf(1),
      blobs: cluster.blobs,
    });
    await again.start();
    again.source('src/0').push(large(emitted.length));
    await again.run();
    const records = (name: string) =>
      short(again.takeLog(name).flatMap((line) => (/^record/.test(line) ? [line.slice(7)] : [])));
    assert.deepEqual(records('map/0'), [...toMap, emitted.length]);
    assert.deepEqual(records('sink/0'), [...toSink, ...toMap, emitted.length]);
    assert.deepEqual([...sink, ...toSink], map);
    again.trigger(2);
    await again.run();
    assert.deepEqual(await seen(again, 'sink/0', 2), [...emitted, emitted.length]);
  });

  it('starts after a timeout only, and stays aligned when barriers are in time', async () => {
    const timeout = { unalignedAfterMs: 100 };
    const smooth = new FixtureCluster(pipeline(), RING);
    await smooth.start();
    smooth.source('src/0').push(large(0));
    smooth.trigger(1, timeout);
    await smooth.run();
    smooth.nowMs = 500;
    await smooth.run();
    for (const { stats, state } of smooth.acks(1).values()) {
      assert.equal(stats.unaligned, false);
      assert.deepEqual(state.channels, []);
    }
    assert.equal(smooth.acks(1).size, 3);

    const cluster = await congested(12);
    cluster.trigger(1, timeout);
    await cluster.run();
    assert.equal(cluster.acks(1).size, 0);
    cluster.nowMs = 99;
    await cluster.run();
    assert.equal(cluster.acks(1).size, 0);
    cluster.nowMs = 100;
    await cluster.run();
    assert.deepEqual([...cluster.acks(1).keys()].toSorted(), ['map/0', 'src/0']);
    cluster.stalled.clear();
    await cluster.run();
    assert.equal(cluster.acks(1).size, 3);
    const map = [...(await seen(cluster, 'map/0')), ...(await onTheWay(cluster, 'map/0'))];
    assert.deepEqual(map, await seen(cluster, 'src/0'));
  });

  it('aligns calls inside the slot and overtakes rings only', async () => {
    const job = new FixtureJob();
    const near = job.source('near', { slotSharingGroup: 'a' });
    const far = job.source('far', { slotSharingGroup: 'b' });
    const map = job.map('map', [near], { slotSharingGroup: 'a' });
    job.map('union', [map, { node: far, by: REBALANCE }], { slotSharingGroup: 'a' });
    const cluster = new FixtureCluster(job, RING);
    await cluster.start();
    cluster.source('far/0').push('before');
    cluster.source('near/0').push('call');
    const nearTask = cluster.sourceTasks().filter((ref) => cluster.nameOf(ref) === 'near/0');
    const farTask = cluster.sourceTasks().filter((ref) => cluster.nameOf(ref) === 'far/0');
    cluster.takeLog();
    const slot = slotOf(cluster, 'union/0');
    cluster.triggerTasks(1, nearTask, UNALIGNED, slot);
    cluster.source('near/0').push('after');
    await cluster.run();
    const log = cluster.takeLog('union/0');
    assert.equal(log.indexOf('snapshot 1') >= 0, true);
    assert.equal(log.includes('record before'), true);
    assert.equal(cluster.acks(1).has('union/0'), false, 'the ring is being recorded');
    cluster.triggerTasks(1, farTask, UNALIGNED);
    await cluster.run();
    assert.equal(cluster.acks(1).size, 4);
    const { channels } = defined(cluster.acks(1).get('union/0'), 'it acknowledged').state;
    const recorded = log.indexOf('record before') > log.indexOf('snapshot 1');
    assert.deepEqual(
      channels.map(({ fromSubtask, toSubtask, frameCount }) => [
        ...[fromSubtask, toSubtask, frameCount],
      ]),
      recorded ? [[0, 0, 1]] : [],
    );
  });

  it('completes while an operator waits, and while a savepoint holds the input', async () => {
    const cluster = new FixtureCluster(pipeline());
    await cluster.start();
    const waiting = Promise.withResolvers<void>();
    cluster.trigger(1, { ...UNALIGNED, type: 'SAVEPOINT_SUSPEND' }, slotOf(cluster, 'map/0'));
    await cluster.run();
    assert.deepEqual([...cluster.acks(1).keys()], ['sink/0'], 'no barrier of the source yet');
    cluster.trigger(1, { ...UNALIGNED, type: 'SAVEPOINT_SUSPEND' });
    await cluster.run();
    assert.equal(cluster.acks(1).size, 3);
    cluster.abort(1);
    cluster.takeLog();
    cluster.source('src/0').push(large(0));
    await cluster.run();
    assert.deepEqual(cluster.takeLog('map/0').at(-1), `record ${large(0)}`);
    let isWaiting = true;
    cluster.hooks('map/0').suspension = () => (isWaiting ? waiting.promise : undefined);
    cluster.source('src/0').push(large(1));
    await cluster.run();
    cluster.trigger(2, UNALIGNED);
    await cluster.run();
    assert.equal(cluster.acks(2).has('map/0'), false, 'the operator waits');
    isWaiting = false;
    waiting.resolve();
    await cluster.run();
    assert.equal(cluster.acks(2).size, 3);
  });

  it('leaves the order of records alone when it is aborted while it records', async () => {
    const cluster = await congested(12);
    const [map] = [slotOf(cluster, 'map/0')];
    // The source's slot never hears of it: the barrier does not come.
    cluster.trigger(1, UNALIGNED, map);
    await cluster.run();
    assert.equal(cluster.acks(1).size, 0);
    cluster.source('src/0').push(large(12));
    await cluster.run();
    cluster.abort(1);
    cluster.stalled.clear();
    await cluster.run();
    cluster.trigger(2, UNALIGNED);
    await cluster.run();
    assert.equal(cluster.acks(1).size, 0);
    assert.equal(cluster.acks(2).size, 3);
    assert.deepEqual(
      await seen(cluster, 'sink/0', 2),
      Array.from({ length: 13 }, (_, i) => i),
    );
  });

  it('is given up by the barrier of a later one found ahead', async () => {
    const cluster = await congested(12);
    const map = slotOf(cluster, 'map/0');
    cluster.trigger(1, UNALIGNED, map);
    await cluster.run();
    cluster.trigger(2, UNALIGNED, slotOf(cluster, 'src/0'));
    await cluster.run();
    cluster.stalled.clear();
    cluster.trigger(2, UNALIGNED, map);
    cluster.trigger(2, UNALIGNED, slotOf(cluster, 'sink/0'));
    await cluster.run();
    assert.equal(cluster.acks(1).size, 0);
    assert.equal(cluster.acks(2).size, 3);
    const all = [...(await seen(cluster, 'map/0', 2)), ...(await onTheWay(cluster, 'map/0', 2))];
    assert.deepEqual(all, await seen(cluster, 'src/0', 2));
  });

  it('holds nothing that came behind a barrier it had found ahead of an earlier one', async () => {
    const cluster = await congested(4);
    const [source, map] = [slotOf(cluster, 'src/0'), slotOf(cluster, 'map/0')];
    cluster.trigger(1, UNALIGNED, map);
    await cluster.run();
    cluster.trigger(2, UNALIGNED, source);
    await cluster.run();
    for (let i = 4; i < 7; i += 1) {
      cluster.source('src/0').push(large(i));
      await cluster.run();
    }
    cluster.abort(1);
    cluster.trigger(2, UNALIGNED, map);
    await cluster.run();
    cluster.stalled.clear();
    cluster.trigger(2, UNALIGNED, slotOf(cluster, 'sink/0'));
    await cluster.run();
    const all = [...(await seen(cluster, 'map/0', 2)), ...(await onTheWay(cluster, 'map/0', 2))];
    assert.deepEqual(all, await seen(cluster, 'src/0', 2));
    const records = cluster.takeLog('sink/0').filter((line) => line.startsWith('record'));
    assert.equal(records.length, 7);
  });

  it('overtakes the end of data too; the restored sender says it again', async () => {
    const cluster = await congested(5);
    cluster.source('src/0').end();
    await cluster.run();
    cluster.trigger(1, UNALIGNED);
    await cluster.run();
    cluster.stalled.clear();
    await cluster.run();
    assert.equal(cluster.acks(1).get('src/0')?.state.finished, true);
    assert.equal(cluster.acks(1).get('map/0')?.state.finished, false);
    assert.ok((await onTheWay(cluster, 'map/0')).length > 0);
    const job = pipeline();
    const again = new FixtureCluster(job, { restore: cluster.restoreOf(1), blobs: cluster.blobs });
    await again.start();
    again.trigger(2);
    await again.run();
    assert.deepEqual(await seen(again, 'sink/0', 2), [0, 1, 2, 3, 4]);
    again.complete(2);
    await again.run();
    assert.deepEqual(again.tasksIn('task-finished').toSorted(), ['map/0', 'sink/0', 'src/0']);
  });
});

describe('overtaken records of a keyed edge', () => {
  it('go to the owners of their key groups when the parallelism changes', async () => {
    const cluster = await congested(40, { ringBytes: 4096 });
    cluster.trigger(1, UNALIGNED);
    await cluster.run();
    cluster.stalled.clear();
    await cluster.run();
    const toMap = await onTheWay(cluster, 'map/0');
    assert.ok(toMap.length >= 4, `${toMap.length}`);
    const states = new Map([...cluster.acks(1)].map(([name, { state }]) => [name, state]));
    const map = defined(states.get('map/0'), 'it acknowledged');
    const part = (subtaskIndex: number): SubtaskStateRecord => ({
      ...map,
      subtaskIndex,
      operators: [],
    });
    const job = pipeline(2);
    const again = new FixtureCluster(job, {
      restore: [part(0), part(1)].map((state) => restoredFrom(1, state)),
      blobs: cluster.blobs,
    });
    await again.start();
    const received = [0, 1].map((i) =>
      short(again.takeLog(`map/${i}`).flatMap((l) => (/^record/.test(l) ? [l.slice(7)] : []))),
    );
    assert.deepEqual(
      received.flat().toSorted((a, b) => a - b),
      toMap,
    );
    assert.ok(received.every((values) => values.length > 0));
    assert.deepEqual(keyGroupRangeOf(128, 2, 0), { start: 0, end: 63 });
    // The same records would have gone there at the new parallelism.
    const fresh = new FixtureCluster(pipeline(2));
    await fresh.start();
    fresh.source('src/0').push(...toMap.map(large));
    await fresh.run();
    for (const i of [0, 1]) {
      const direct = fresh
        .takeLog(`map/${i}`)
        .flatMap((l) => (/^record/.test(l) ? [l.slice(7)] : []));
      assert.deepEqual(received[i], short(direct));
    }
  });
});
