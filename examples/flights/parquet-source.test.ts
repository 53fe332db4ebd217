import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EnumeratorContext, ReaderContext, ReaderOutput } from 'sluice';
import { FLIGHT_COLUMNS, type Flight, flightsByLanding } from './flights.ts';
import { type ParquetEnumeratorState, type ParquetSplit, parquetSource } from './parquet-source.ts';

const PATH = 'node_modules/vega-datasets/data/flights-3m.parquet';
const ROW_GROUP_SIZE = 272_727;

function source(maxRowCount: number, path = PATH) {
  return parquetSource({ path, columns: FLIGHT_COLUMNS, decode: flightsByLanding, maxRowCount });
}

/** An enumerator, and what it told its readers. */
function enumerate(maxRowCount: number, path = PATH, state?: ParquetEnumeratorState | null) {
  const told: string[] = [];
  const splits: ParquetSplit[] = [];
  const ctx: Partial<EnumeratorContext<ParquetSplit>> = {
    assignSplits(subtaskIndex, assigned) {
      splits.push(...assigned);
      told.push(`${subtaskIndex} ${assigned.map(({ splitId }) => splitId).join()}`);
    },
    signalNoMoreSplits: (subtaskIndex) => void told.push(`${subtaskIndex} no more`),
  };
  const enumerator = source(maxRowCount, path).createEnumerator(
    ctx as EnumeratorContext<ParquetSplit>,
    state,
  );
  return { enumerator, told, splits };
}

/** Reads splits to their end, or until `stopAfter` records; what was read and the snapshot then. */
async function read(splits: readonly ParquetSplit[], stopAfter = Number.POSITIVE_INFINITY) {
  const flights: Flight[] = [];
  const marks: string[] = [];
  const output: ReaderOutput<Flight> = {
    collect: (flight) => void flights.push(flight),
    beginSplit: (id) => void marks.push(`begin ${id}`),
    endSplit: (id) => void marks.push(`end ${id}`),
    collectSide: () => {},
  };
  const ctx = { sendToEnumerator: () => {} } as Partial<ReaderContext> as ReaderContext;
  const reader = source(ROW_GROUP_SIZE).createReader(ctx);
  reader.handleEvent({ type: 'add-splits', splits });
  reader.handleEvent({ type: 'no-more-splits' });
  reader.start();
  while (flights.length < stopAfter) {
    const polled = reader.pollNext(output, Math.min(1000, stopAfter - flights.length));
    if (polled === 'end') break;
    if (polled === 'nothing') await reader.available();
  }
  return { flights, marks, snapshot: reader.snapshotState() };
}

describe('parquetSource enumerator', () => {
  it('hands out row groups in order, cut at the wanted row count, one a request', async () => {
    const { enumerator, told, splits } = enumerate(ROW_GROUP_SIZE + 10);
    await enumerator.start();
    for (const subtaskIndex of [1, 0, 1]) enumerator.handleSplitRequest(subtaskIndex);
    assert.deepEqual(told, ['1 row-group-0', '0 row-group-1', '1 no more']);
    assert.deepEqual(splits[1], {
      splitId: 'row-group-1',
      rowStart: ROW_GROUP_SIZE,
      rowEnd: ROW_GROUP_SIZE + 10,
      position: 0,
    });
    assert.equal(enumerator.totalProgress?.(), ROW_GROUP_SIZE + 10);
  });

  it('answers a request that comes before the footer is read afterwards', async () => {
    const { enumerator, told } = enumerate(10);
    enumerator.handleSplitRequest(0);
    assert.deepEqual(told, []);
    await enumerator.start();
    assert.deepEqual(told, ['0 row-group-0']);
  });

  it('hands out splits that come back first', async () => {
    const { enumerator, told, splits } = enumerate(ROW_GROUP_SIZE + 10);
    await enumerator.start();
    enumerator.handleSplitRequest(0);
    enumerator.addSplitsBack(splits, 0);
    enumerator.handleSplitRequest(1);
    assert.deepEqual(told, ['0 row-group-0', '1 row-group-0']);
  });

  it('goes on from a snapshot, also from one before the footer was read', async () => {
    const first = enumerate(ROW_GROUP_SIZE + 10);
    first.enumerator.handleSplitRequest(0);
    const early = enumerate(10, PATH, first.enumerator.snapshotState());
    early.enumerator.handleSplitRequest(0);
    await early.enumerator.start();
    assert.deepEqual(early.told, ['0 row-group-0']);
    await first.enumerator.start();
    const late = enumerate(10, PATH, first.enumerator.snapshotState());
    await late.enumerator.start();
    for (const subtaskIndex of [1, 2]) late.enumerator.handleSplitRequest(subtaskIndex);
    assert.deepEqual(late.told, ['1 row-group-1', '2 no more']);
    assert.equal(late.enumerator.totalProgress?.(), ROW_GROUP_SIZE + 10);
  });

  it('refuses a file that is not there', async () => {
    await assert.rejects(async () => enumerate(1, 'nope.parquet').enumerator.start(), {
      code: 'FILE_NOT_READABLE',
      message: /path=nope\.parquet$/,
    });
  });
});

describe('parquetSource reader', () => {
  const split = { splitId: 'row-group-0', rowStart: 0, rowEnd: 2500, position: 0 };

  it('reads a split from beginning to end', async () => {
    const { flights, marks, snapshot } = await read([split]);
    assert.equal(flights.length, 2500);
    assert.deepEqual(marks, ['begin row-group-0', 'end row-group-0']);
    assert.deepEqual(snapshot, []);
  });

  it('goes on where a snapshot was taken', async () => {
    const whole = await read([split]);
    const first = await read([split], 1300);
    assert.deepEqual(first.snapshot, [{ ...split, position: 1300 }]);
    const rest = await read(first.snapshot);
    assert.deepEqual([...first.flights, ...rest.flights], whole.flights);
  });

  it('is restored with splits of several readers, begun or not', async () => {
    const rowStart = ROW_GROUP_SIZE;
    const tail = { splitId: 'row-group-1', rowStart, rowEnd: rowStart + 40 };
    const splits = [
      { ...split, rowEnd: 30 },
      { ...tail, position: 0 },
    ];
    const whole = await read(splits);
    for (const count of [0, 1, 29, 30, 31, 70]) {
      const first = await read(splits, count);
      const rest = await read(first.snapshot);
      assert.deepEqual([...first.flights, ...rest.flights], whole.flights);
    }
    const parts = [await read([splits[1] ?? split], 7), await read([splits[0] ?? split], 11)];
    const merged = await read(parts.flatMap(({ snapshot }) => snapshot));
    const flights = [...parts, merged].flatMap((part) => part.flights);
    assert.deepEqual(new Set(flights.map(keyOf)), new Set(whole.flights.map(keyOf)));
    assert.equal(flights.length, whole.flights.length);
  });
});

function keyOf(flight: Flight): string {
  return JSON.stringify(flight);
}
