import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Clock, keyGroupRangeOf } from '../core/index.ts';
import type {
  CheckpointBarrier,
  OperatorSubtaskStateRecord,
  RestoredOperatorState,
} from '../protocol/index.ts';
import { ListStateDescriptor, type ValueState, ValueStateDescriptor } from '../state/index.ts';
import { OperatorStateHandler, type StoredOperatorSnapshot } from './operator-state-handler.ts';
import { FixtureBlobs } from './segment-fixture.ts';
import { decodeHeader } from './segment-format.ts';

const OPERATOR_ID = 'feedc0de00000000feedc0de00000000';
const CLOCK: Clock = { nowEpochMs: () => 0, monotonicMs: () => 0 };
const SUM = new ValueStateDescriptor<number>('sum');
const PENDING = new ListStateDescriptor<string>('pending');

interface World {
  readonly blobs: FixtureBlobs;
  readonly handler: OperatorStateHandler;
  readonly sum: ValueState<number>;
  set(from: number, to: number, value: number | undefined): void;
}

interface Place {
  readonly parallelism?: number;
  readonly subtaskIndex?: number;
  readonly attempt?: number;
}

function handlerOf(blobs: FixtureBlobs, place: Place = {}): OperatorStateHandler {
  return new OperatorStateHandler({
    ...{ operatorId: OPERATOR_ID, operatorName: 'sums', subtaskIndex: 0, parallelism: 1 },
    ...{ maxParallelism: 128, attempt: 0, tracksChanges: true, blobs, clock: CLOCK },
    ...place,
  });
}

function worldOf(handler: OperatorStateHandler, blobs: FixtureBlobs): World {
  const keyed = handler.keyedState();
  const sum = keyed.getState(SUM) as ValueState<number>;
  const set = (from: number, to: number, value: number | undefined): void => {
    for (let key = from; key < to; key++) {
      keyed.setCurrentKey(key);
      if (value === undefined) sum.clear();
      else sum.update(value);
    }
  };
  return { blobs, handler, sum, set };
}

function world(): World {
  const blobs = new FixtureBlobs();
  return worldOf(handlerOf(blobs), blobs);
}

function barrier(checkpointId: number, more: Partial<CheckpointBarrier> = {}): CheckpointBarrier {
  return {
    ...{ checkpointId, triggeredAtEpochMs: 0, type: 'CHECKPOINT', full: false },
    ...{ mode: 'EXACTLY_ONCE', unalignedAfterMs: -1, directory: '/job/shared' },
    ...more,
  };
}

async function checkpoint(
  { handler }: World,
  id: number,
  more: Partial<CheckpointBarrier> = {},
): Promise<StoredOperatorSnapshot> {
  return handler.snapshot(barrier(id, more)).store();
}

function kinds({ record }: StoredOperatorSnapshot): string[] {
  return record.keyedSegments.map(({ kind, checkpointId }) => `${kind} ${checkpointId}`);
}

function restorable(record: OperatorSubtaskStateRecord): RestoredOperatorState {
  return {
    ...record,
    keyedSegments: [record.keyedSegments],
    operatorStates: record.operatorStates.map((list) => ({ ...list, from: 0, to: list.itemCount })),
  };
}

async function restoredWorld(
  blobs: FixtureBlobs,
  record: OperatorSubtaskStateRecord,
  place: Place = { attempt: 1 },
): Promise<World> {
  const handler = handlerOf(blobs, place);
  await handler.restore(restorable(record));
  return worldOf(handler, blobs);
}

function held({ handler }: World): [unknown, unknown][] {
  const entries = [...handler.keyedState().entriesOf('sum')];
  return entries
    .map(({ key, value }): [unknown, unknown] => [key, value])
    .sort(([a], [b]) => Number(a) - Number(b));
}

describe('OperatorStateHandler', () => {
  it('writes a base, then deltas of what changed, until they outweigh it', async () => {
    const w = world();
    w.set(0, 100, 1);
    const first = await checkpoint(w, 1);
    assert.deepEqual(kinds(first), ['BASE 1']);
    w.set(0, 60, 2);
    const snapshot = w.handler.snapshot(barrier(2));
    assert.equal(snapshot.syncEntries, 60);
    const second = await snapshot.store();
    assert.deepEqual(kinds(second), ['BASE 1', 'DELTA 2']);
    assert.ok(second.stateSizeBytes > second.writtenBytes);
    assert.equal(second.stateSizeBytes, first.writtenBytes + second.writtenBytes);
    w.set(0, 41, undefined);
    assert.deepEqual(kinds(await checkpoint(w, 3)), ['BASE 3']);
  });

  it('writes a base in place of a delta that has as many entries', async () => {
    const w = world();
    w.set(0, 100, 1);
    await checkpoint(w, 1);
    w.set(0, 60, undefined);
    const snapshot = w.handler.snapshot(barrier(2));
    assert.equal(snapshot.syncEntries, 40);
    assert.deepEqual(kinds(await snapshot.store()), ['BASE 2']);
    w.set(60, 100, undefined);
    assert.deepEqual(kinds(await checkpoint(w, 3)), []);
  });

  it('refers to the chain alone when nothing changed', async () => {
    const w = world();
    w.set(0, 10, 1);
    await checkpoint(w, 1);
    const second = await checkpoint(w, 2);
    assert.deepEqual(kinds(second), ['BASE 1']);
    assert.equal(second.writtenBytes, 0);
    assert.ok(second.stateSizeBytes > 0);
  });

  it('restores base and deltas, and goes on with the chain', async () => {
    const w = world();
    w.set(0, 100, 1);
    await checkpoint(w, 1);
    w.set(10, 20, 2);
    w.set(20, 30, undefined);
    const { record } = await checkpoint(w, 2);
    const again = await restoredWorld(w.blobs, record);
    assert.deepEqual(held(again), held(w));
    assert.equal(held(again).length, 90);
    again.set(0, 1, 7);
    const third = await checkpoint(again, 3);
    assert.deepEqual(kinds(third), ['BASE 1', 'DELTA 2', 'DELTA 3']);
    assert.deepEqual(held(await restoredWorld(w.blobs, third.record)), held(again));
  });

  it('begins a new base when a restored chain holds entries of other subtasks', async () => {
    const w = world();
    w.set(0, 100, 1);
    const { record } = await checkpoint(w, 1);
    const halves: World[] = [];
    for (const subtaskIndex of [0, 1]) {
      const half = await restoredWorld(w.blobs, record, { subtaskIndex, parallelism: 2 });
      const keyGroups = keyGroupRangeOf(128, 2, subtaskIndex);
      const next = await checkpoint(half, 2, { directory: `/job/${subtaskIndex}` });
      assert.deepEqual(kinds(next), ['BASE 2']);
      for (const { firstKeyGroup, lastKeyGroup } of next.record.keyedSegments[0]?.chunks ?? []) {
        assert.ok(firstKeyGroup >= keyGroups.start && lastKeyGroup <= keyGroups.end);
      }
      halves.push(half);
    }
    const keys = halves.flatMap(held).map(([key]) => key);
    assert.equal(keys.length, 100);
    assert.equal(new Set(keys).size, 100);
  });

  it('begins a new base after a segment that could not be stored', async () => {
    const w = world();
    w.set(0, 10, 1);
    await checkpoint(w, 1);
    w.set(0, 1, 2);
    // Larger than what stays inside a record.
    w.handler.keyedState().setCurrentKey(0);
    const blob = w.handler.keyedState().getState(new ValueStateDescriptor<Uint8Array>('blob'));
    blob.update(new Uint8Array(50_000).map((_, i) => Math.sin(i) * 1e6));
    w.blobs.failing = '-000000000002-';
    await assert.rejects(checkpoint(w, 2), { code: 'BLOB_NOT_WRITABLE' });
    const third = await checkpoint(w, 3);
    assert.deepEqual(kinds(third), ['BASE 3']);
    assert.deepEqual(held(await restoredWorld(w.blobs, third.record)), held(w));
  });

  it('fails the deltas behind a segment that could not be stored', async () => {
    const w = world();
    w.handler.keyedState().setCurrentKey(0);
    const blob = w.handler.keyedState().getState(new ValueStateDescriptor<Uint8Array>('blob'));
    blob.update(new Uint8Array(50_000).map((_, i) => Math.sin(i) * 1e6));
    w.set(0, 10, 1);
    w.blobs.failing = '-000000000001-';
    const first = w.handler.snapshot(barrier(1)).store();
    w.set(0, 1, 2);
    const second = w.handler.snapshot(barrier(2)).store();
    w.set(0, 1, 3);
    const third = w.handler.snapshot(barrier(3, { full: true })).store();
    await assert.rejects(first, { code: 'BLOB_NOT_WRITABLE' });
    await assert.rejects(second, {
      code: 'SEGMENT_CHAIN_BROKEN',
      message: /operator=sums subtask=0$/,
    });
    assert.deepEqual(kinds(await third), ['BASE 3']);
  });

  it('chains snapshots that are stored at the same time', async () => {
    const w = world();
    w.set(0, 10, 1);
    const first = w.handler.snapshot(barrier(1)).store();
    w.set(0, 1, 2);
    const second = w.handler.snapshot(barrier(2)).store();
    assert.deepEqual(kinds(await second), ['BASE 1', 'DELTA 2']);
    assert.deepEqual(kinds(await first), ['BASE 1']);
  });

  it('begins a new base when a snapshot was never stored', async () => {
    const w = world();
    w.set(0, 10, 1);
    await checkpoint(w, 1);
    w.set(0, 1, 2);
    w.handler.snapshot(barrier(2));
    assert.deepEqual(kinds(await checkpoint(w, 3)), ['BASE 3']);
  });

  it('writes savepoints in full, and loses no change to them', async () => {
    const w = world();
    w.set(0, 100, 1);
    await checkpoint(w, 1);
    w.set(0, 5, 2);
    const savepoint = await checkpoint(w, 2, { type: 'SAVEPOINT', full: true, directory: '/sp' });
    assert.deepEqual(kinds(savepoint), ['BASE 2']);
    w.set(5, 6, 3);
    const third = await checkpoint(w, 3);
    assert.ok(!kinds(third).includes('BASE 2'));
    assert.deepEqual(held(await restoredWorld(w.blobs, third.record)), held(w));
    w.set(6, 7, 4);
    assert.deepEqual(kinds(await checkpoint(w, 4)), ['BASE 3', 'DELTA 4']);
  });

  it('goes on from a full checkpoint', async () => {
    const w = world();
    w.set(0, 100, 1);
    await checkpoint(w, 1);
    assert.deepEqual(kinds(await checkpoint(w, 2, { full: true })), ['BASE 2']);
    w.set(0, 1, 2);
    assert.deepEqual(kinds(await checkpoint(w, 3)), ['BASE 2', 'DELTA 3']);
  });

  it('writes operator states, and gives them back', async () => {
    const w = world();
    w.handler.operatorState.getListState(PENDING).addAll(['a', 'b']);
    const { record, writtenBytes } = await checkpoint(w, 1);
    assert.deepEqual(
      record.operatorStates.map(({ name, mode, itemCount }) => [name, mode, itemCount]),
      [['pending', 'SPLIT_DISTRIBUTE', 2]],
    );
    assert.ok(writtenBytes > 0);
    const again = await restoredWorld(w.blobs, record);
    assert.deepEqual(again.handler.operatorState.getListState(PENDING).get(), ['a', 'b']);
  });

  it('carries states along that nobody registers', async () => {
    const w = world();
    w.set(0, 10, 1);
    const { record } = await checkpoint(w, 1);
    const handler = handlerOf(w.blobs, { attempt: 1 });
    await handler.restore(restorable(record));
    const next = await handler.snapshot(barrier(2, { full: true })).store();
    assert.deepEqual(kinds(next), ['BASE 2']);
    assert.deepEqual(held(await restoredWorld(w.blobs, next.record)), held(w));
  });

  it('names blobs by operator, subtask, attempt and checkpoint', async () => {
    const w = world();
    const items = Array.from({ length: 5000 }, (_, i) => `${Math.sin(i)}`);
    w.handler.operatorState.getListState(PENDING).addAll(items);
    for (const [key, item] of items.entries()) w.set(key, key + 1, Number(item));
    await checkpoint(w, 3);
    assert.deepEqual([...w.blobs.blobs.keys()].sort(), [
      '/job/shared/feedc0de00000000-00000-000000-000000000003-keyed.seg',
      '/job/shared/feedc0de00000000-00000-000000-000000000003-list-0.seg',
    ]);
  });

  it('writes nothing keyed for operators without keys', async () => {
    const handler = handlerOf(new FixtureBlobs());
    const { record, stateSizeBytes } = await handler.snapshot(barrier(1)).store();
    assert.deepEqual(record, {
      ...{ operatorId: OPERATOR_ID, keyedStates: [], keyedSegments: [], operatorStates: [] },
    });
    assert.equal(stateSizeBytes, 0);
  });

  it('refuses a damaged segment before it gives anything to a state', async () => {
    const w = world();
    w.set(0, 10, 1);
    const { record } = await checkpoint(w, 1);
    const [segment] = record.keyedSegments;
    assert.ok(segment !== undefined && 'inlineBase64' in segment.bytes);
    const bytes = Buffer.from(segment.bytes.inlineBase64, 'base64');
    assert.equal(decodeHeader(bytes, 'x').checkpointId, 1);
    bytes[40] = (bytes[40] ?? 0) ^ 1;
    const damaged = { ...segment, bytes: { inlineBase64: bytes.toString('base64') } };
    const handler = handlerOf(w.blobs, { attempt: 1 });
    await assert.rejects(
      handler.restore({ ...restorable(record), keyedSegments: [[segment, damaged]] }),
      { code: 'SEGMENT_CORRUPT', message: /blob=inside the manifest/ },
    );
    assert.deepEqual(handler.keyedState().tables(), []);
  });
});
