import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import {
  encodeKey,
  hashKey,
  isStreamError,
  keyGroupOf,
  operatorIndexOfKeyGroup,
} from '../core/index.ts';
import type { CheckpointBarrier, StateQueryRecord, SubtaskStateRecord } from '../protocol/index.ts';
import {
  AggregatingStateDescriptor,
  type HeapKeyedStateBackend,
  ListStateDescriptor,
  MapStateDescriptor,
  NamespacedState,
  ValueStateDescriptor,
} from '../state/index.ts';
import { encodeManifest } from './manifest-codec.ts';
import { OperatorStateHandler } from './operator-state-handler.ts';
import { manifestLocation } from './paths.ts';
import { findOperator, placeOfKey, queryCheckpoint } from './query-checkpoint.ts';
import { JOB_ID, OPERATOR_ID, sampleManifest } from './sample-manifest.conformance.ts';
import { FixtureBlobs } from './segment-fixture.ts';

const MAX_PARALLELISM = 128;
const PATH = '/job/chk-2';
const KEYS = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? i : `k${i}`));

const total = new ValueStateDescriptor<{ key: unknown; n: number }>('total').setQueryable();
const recent = new ListStateDescriptor<number>('recent', { queryable: true });
const byDay = new MapStateDescriptor<string, number>('byDay', { queryable: 'days' });
const mean = new AggregatingStateDescriptor('mean', {
  createAccumulator: () => ({ n: 0, sum: 0 }),
  add: (value: number, acc: { n: number; sum: number }) => ({
    n: acc.n + 1,
    sum: acc.sum + value,
  }),
  getResult: (acc: { n: number; sum: number }) => acc.sum / acc.n,
}).setQueryable();
const fresh = new ValueStateDescriptor<string>('fresh', undefined, {
  ttl: { ttlMs: 500 },
  queryable: true,
});
const secret = new ValueStateDescriptor<string>('secret');
const perWindow = new MapStateDescriptor<string, number>('seen').setQueryable();

let nowEpochMs = 1_000;
const clock = { nowEpochMs: () => nowEpochMs, monotonicMs: () => 0 };

function barrier(checkpointId: number): CheckpointBarrier {
  return {
    ...{ checkpointId, triggeredAtEpochMs: 0, type: 'CHECKPOINT', full: false },
    ...{ mode: 'EXACTLY_ONCE', unalignedAfterMs: -1, directory: '/job/shared' },
  };
}

/** A subtask's operator, its states for each of its keys. */
class Subtask {
  readonly handler: OperatorStateHandler;
  readonly #backend: HeapKeyedStateBackend;
  readonly #windows: NamespacedState;
  readonly #keys: readonly (number | string)[];

  readonly #textOf: () => string;

  constructor(
    blobs: FixtureBlobs,
    parallelism: number,
    subtaskIndex: number,
    textOf: () => string,
  ) {
    this.#textOf = textOf;
    this.handler = new OperatorStateHandler({
      ...{ operatorId: OPERATOR_ID, operatorName: 'count', subtaskIndex, parallelism },
      ...{ maxParallelism: MAX_PARALLELISM, attempt: 0, tracksChanges: true, blobs, clock },
    });
    this.#backend = this.handler.keyedState();
    this.#windows = new NamespacedState(this.#backend, 'windows/state/');
    this.#keys = KEYS.filter((key) => ownerOf(key, parallelism) === subtaskIndex);
    this.update(0);
  }

  update(n: number): void {
    const keyed = this.#backend;
    for (const key of this.#keys) {
      keyed.setCurrentKey(key);
      keyed.getState(total).update({ key, n });
      keyed.getListState(recent).add(n);
      keyed.getMapState(byDay).put(`day ${n}`, n);
      if (n === 1) keyed.getMapState(byDay).remove('day 0');
      keyed.getAggregatingState(mean).add(n);
      keyed.getState(fresh).update('now');
      keyed.getState(secret).update(`hunter2 ${this.#textOf()}`);
      this.#windows.setCurrent(encodeKey(key), '0,10');
      this.#windows.store.getMapState(perWindow).put('n', n);
    }
  }

  async checkpoint(id: number): Promise<SubtaskStateRecord['operators']> {
    const { record } = await this.handler.snapshot(barrier(id)).store();
    return [record];
  }
}

/** 20 KB that do not compress to less. */
function noise(): string {
  return Array.from({ length: 320 }, () =>
    createHash('sha512').update(`${noises++}`).digest('base64'),
  ).join('');
}

let noises = 0;

function ownerOf(key: unknown, parallelism: number): number {
  const keyGroup = keyGroupOf(hashKey(key), MAX_PARALLELISM);
  return operatorIndexOfKeyGroup(MAX_PARALLELISM, parallelism, keyGroup);
}

/** A base and a delta behind it: the second checkpoint is what is asked. */
async function checkpointed(parallelism: number, textOf = (): string => ''): Promise<FixtureBlobs> {
  const blobs = new FixtureBlobs();
  const subtasks = Array.from(
    { length: parallelism },
    (_, i) => new Subtask(blobs, parallelism, i, textOf),
  );
  for (const subtask of subtasks) await subtask.checkpoint(1);
  const [sample] = sampleManifest(2).vertices;
  assert.ok(sample !== undefined);
  const records: SubtaskStateRecord[] = [];
  for (const [subtaskIndex, subtask] of subtasks.entries()) {
    subtask.update(1);
    const operators = await subtask.checkpoint(2);
    records.push({
      ...{ vertexId: OPERATOR_ID, subtaskIndex, finished: false, channels: [], operators },
    });
  }
  const vertex = { ...sample, parallelism, subtasks: records };
  const manifest = sampleManifest(2, [[]], { jobId: JOB_ID, vertices: [vertex] });
  const location = manifestLocation(PATH);
  await blobs.put(location, encodeManifest(manifest, location));
  return blobs;
}

function queryOf(
  name: string,
  key: unknown,
  more: Partial<StateQueryRecord> = {},
): StateQueryRecord {
  const type = typeof key === 'number' ? 'number' : 'string';
  return { name, key: { type, text: String(key) }, ...more };
}

async function codeOf(asked: Promise<unknown>): Promise<string> {
  try {
    await asked;
  } catch (error) {
    assert.ok(isStreamError(error), String(error));
    return error.code;
  }
  return 'none';
}

describe('queryCheckpoint', () => {
  for (const parallelism of [1, 2, 5]) {
    it(`answers every key of every kind of state at parallelism ${parallelism}`, async () => {
      const blobs = await checkpointed(parallelism);
      const ask = async (name: string, key: unknown, more?: Partial<StateQueryRecord>) =>
        await queryCheckpoint(blobs, PATH, 'count', queryOf(name, key, more), 1_000);
      for (const key of KEYS) {
        const { value, operator, checkpointId, triggeredAtEpochMs } = await ask('total', key);
        assert.deepEqual(value, { kind: 'value', value: { key, n: 1 } });
        assert.deepEqual([checkpointId, triggeredAtEpochMs], [2, 2_000]);
        assert.equal(operator.subtaskIndex, ownerOf(key, parallelism));
      }
      const [key] = KEYS;
      assert.deepEqual((await ask('recent', key)).value.value, [0, 1]);
      assert.deepEqual((await ask('days', key)).value.value, [['day 1', 1]]);
      const day = { mapKey: { type: 'string', text: 'day 1' } } as const;
      assert.equal((await ask('days', key, day)).value.value, 1);
      // What it makes of that only the job's code knows.
      assert.deepEqual((await ask('mean', key)).value, {
        kind: 'aggregating',
        accumulator: { n: 2, sum: 1 },
      });
      assert.deepEqual((await ask('seen', key, { window: '0,10' })).value.value, [['n', 1]]);
    });
  }

  it('reads of the segments only the chunks that hold the key group', async () => {
    const blobs = await checkpointed(2, noise);
    const read: [location: string, sizeBytes: number][] = [];
    const get = blobs.get.bind(blobs);
    blobs.get = async (location, range) => {
      const bytes = await get(location, range);
      if (location.endsWith('.seg')) read.push([location, bytes.length]);
      return bytes;
    };
    await queryCheckpoint(blobs, PATH, OPERATOR_ID, queryOf('total', 0), 1_000);
    const owner = `-0000${ownerOf(0, 2)}-`;
    const stored = [...blobs.blobs].filter(([location]) => location.endsWith('.seg'));
    const storedBytes = stored.reduce((sum, [, bytes]) => sum + bytes.length, 0);
    const readBytes = read.reduce((sum, [, sizeBytes]) => sum + sizeBytes, 0);
    assert.equal(stored.length, 4);
    assert.ok(read.length > 0 && read.every(([location]) => location.includes(owner)), `${read}`);
    assert.ok(readBytes < storedBytes / 8, `${readBytes} of ${storedBytes}`);
  });

  it('shows nothing that has expired by now', async () => {
    nowEpochMs = 1_000;
    const blobs = await checkpointed(1);
    const ask = (atEpochMs: number) =>
      queryCheckpoint(blobs, PATH, 'count', queryOf('fresh', 0), atEpochMs);
    assert.equal((await ask(1_499)).value.value, 'now');
    assert.equal(await codeOf(ask(1_500)), 'STATE_KEY_NOT_FOUND');
  });

  it('tells what is wrong with a question', async () => {
    const blobs = await checkpointed(1);
    const ask = (name: string, key: unknown, more?: Partial<StateQueryRecord>, uid = 'count') =>
      codeOf(queryCheckpoint(blobs, PATH, uid, queryOf(name, key, more), 1_000));
    assert.equal(await ask('secret', 0), 'STATE_NOT_QUERYABLE');
    assert.equal(await ask('byDay', 0), 'STATE_NOT_FOUND');
    assert.equal(await ask('windows/state/seen', 0), 'STATE_NOT_FOUND');
    assert.equal(await ask('total', 'none'), 'STATE_KEY_NOT_FOUND');
    assert.equal(await ask('total', '0'), 'STATE_KEY_NOT_FOUND');
    assert.equal(await ask('seen', 0, { window: '10,20' }), 'STATE_KEY_NOT_FOUND');
    assert.equal(await ask('seen', 0), 'STATE_QUERY_INVALID');
    assert.equal(await ask('total', 0, { window: '0,10' }), 'STATE_QUERY_INVALID');
    assert.equal(await ask('total', 0, {}, 'cuont'), 'OPERATOR_NOT_FOUND');
  });

  it('says of an operator that has finished that its state is gone', async () => {
    const blobs = new FixtureBlobs();
    const [vertex] = sampleManifest(2).vertices;
    assert.ok(vertex !== undefined);
    const subtasks = vertex.subtasks.map((one) => ({ ...one, finished: true, operators: [] }));
    const manifest = sampleManifest(2, [[]], { vertices: [{ ...vertex, subtasks }] });
    const location = manifestLocation(PATH);
    await blobs.put(location, encodeManifest(manifest, location));
    const asked = queryCheckpoint(blobs, PATH, 'count', queryOf('total', 0), 0);
    await assert.rejects(asked, { code: 'STATE_OPERATOR_FINISHED' });
  });

  it('says of an operator without keys what it has', async () => {
    const blobs = new FixtureBlobs();
    const location = manifestLocation(PATH);
    const manifest = sampleManifest(2);
    const [vertex] = manifest.vertices;
    const operators = [{ operatorId: OPERATOR_ID, keyedStates: [], keyedSegments: [] }].map(
      (operator) => ({
        ...operator,
        operatorStates: [
          {
            ...{ name: 'positions', mode: 'SPLIT_DISTRIBUTE' as const, itemCount: 0 },
            bytes: { inlineBase64: '' },
          },
        ],
      }),
    );
    assert.ok(vertex !== undefined);
    const subtasks = [
      { ...{ vertexId: OPERATOR_ID, subtaskIndex: 0, finished: false, channels: [] }, operators },
    ];
    const vertices = [{ ...vertex, subtasks }];
    await blobs.put(location, encodeManifest({ ...manifest, vertices }, location));
    await assert.rejects(queryCheckpoint(blobs, PATH, 'count', queryOf('positions', 0), 0), {
      code: 'STATE_NOT_KEYED',
      message: /behind a keyBy.*operator=count operatorStates=positions/,
    });
  });
});

describe('findOperator', () => {
  it('goes by the uid before the id, and names all when it finds none', () => {
    const operators = [
      { operatorId: 'sum', name: 'A' },
      { operatorId: 'x', uid: 'sum', name: 'B' },
    ];
    const of = (wanted: string) => findOperator([{ vertex: 1, operators }], wanted).found.name;
    assert.deepEqual([of('sum'), of('x')], ['B', 'B']);
    assert.throws(() => of('smu'), {
      code: 'OPERATOR_NOT_FOUND',
      message: /did you mean sum\?; uid=smu operators=sum \(A\), sum \(B\)/,
    });
  });
});

describe('placeOfKey', () => {
  it('is where records of the key go', () => {
    for (const parallelism of [1, 2, 5]) {
      for (const key of KEYS) {
        const { subtaskIndex } = placeOfKey({ parallelism, maxParallelism: MAX_PARALLELISM }, key);
        assert.equal(subtaskIndex, ownerOf(key, parallelism));
      }
    }
  });
});
