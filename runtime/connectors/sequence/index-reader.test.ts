import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConnectorWorld } from '../connector-world.conformance.ts';
import type { ReaderOutput } from '../source.ts';
import { IndexReader } from './index-reader.ts';

function readerOf(...ids: readonly string[]) {
  const { clock, timers, logger, fileSystem, metrics } = new ConnectorWorld();
  const world = { clock, timers, logger, fileSystem, metrics, subtaskIndex: 0, parallelism: 1 };
  const reader = new IndexReader(
    { ...world, sendToEnumerator: () => {} },
    { valueAt: (n: number) => n },
  );
  const splits = ids.map((id, at) => {
    const start = 10 * at;
    return { id, start, next: start, end: start + 4, step: 1 };
  });
  reader.handleEvent({ type: 'add-splits', splits });
  return reader;
}

/** What comes of one poll. */
function poll(reader: IndexReader<number>): readonly (number | string)[] {
  const seen: (number | string)[] = [];
  const output: ReaderOutput<number> = {
    collect: (value) => seen.push(value),
    beginSplit: (id) => seen.push(id),
    endSplit: (id) => seen.push(`end ${id}`),
    collectSide: () => assert.fail('it has none'),
  };
  const polled = reader.pollNext(output, 2);
  return [...seen, polled];
}

describe('IndexReader', () => {
  it('emits nothing of splits that are paused, and goes on with them where they were', async () => {
    const reader = readerOf('a', 'b');
    assert.deepEqual(poll(reader), ['a', 0, 1, 'more']);
    reader.pauseOrResumeSplits(['a'], []);
    assert.deepEqual(poll(reader), ['b', 10, 11, 'more']);
    assert.deepEqual(poll(reader), [12, 13, 'end b', 'more']);
    reader.handleEvent({ type: 'no-more-splits' });
    assert.deepEqual(poll(reader), ['nothing'], 'what is paused is not read');
    assert.deepEqual(
      reader.snapshotState().map(({ id, next }) => [id, next]),
      [['a', 2]],
    );
    let isAvailable = false;
    const available = reader.available().then(() => {
      isAvailable = true;
    });
    await Promise.resolve();
    assert.equal(isAvailable, false);
    reader.pauseOrResumeSplits([], ['a']);
    await available;
    assert.deepEqual(poll(reader), ['a', 2, 3, 'end a', 'more']);
    assert.deepEqual(poll(reader), ['end']);
  });

  it('forgets that a split was paused when it has ended and comes again', () => {
    const reader = readerOf('a');
    poll(reader);
    reader.pauseOrResumeSplits(['a'], []);
    assert.deepEqual(poll(reader), ['nothing']);
    reader.pauseOrResumeSplits([], ['a']);
    assert.deepEqual(poll(reader), [2, 3, 'end a', 'more']);
  });
});
