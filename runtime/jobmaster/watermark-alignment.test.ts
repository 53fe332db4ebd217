import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_WATERMARK_MS, MIN_TIMESTAMP_MS } from '../core/index.ts';
import type { WatermarkAlignment } from '../time/index.ts';
import { WatermarkAlignments } from './watermark-alignment.ts';

const aligned = (group: string, maxDriftMs: number): WatermarkAlignment => ({
  ...{ group, maxDriftMs, updateIntervalMs: 1000 },
});
const task = (vertexId: string, subtaskIndex = 0) => ({ vertexId, subtaskIndex });

function alignments() {
  return new WatermarkAlignments(
    new Map([
      ['orders', aligned('shop', 10)],
      ['clicks', aligned('shop', 20)],
      ['other', aligned('else', 5)],
    ]),
  );
}

describe('WatermarkAlignments', () => {
  it('lets each go as far ahead of the slowest of its group as its own drift says', () => {
    const all = alignments();
    assert.equal(all.handle(task('orders'), 100), 110);
    assert.equal(all.handle(task('orders', 1), 50), 60);
    assert.equal(all.handle(task('clicks'), 500), 70);
    assert.equal(all.handle(task('other'), 7), 12);
    assert.equal(all.handle(task('orders', 1), 90), 100);
    assert.equal(all.handle(task('clicks'), 500), 110);
  });

  it('allows the lowest watermark of its group and the drift, to each that asks (fact 57)', () => {
    const all = new WatermarkAlignments(
      new Map([
        ['source', aligned('group1', 1000)],
        ['other', aligned('group2', 1000)],
      ]),
    );
    const [first, second] = [task('source', 0), task('source', 1)];
    assert.equal(all.handle(first, 42), 1042);
    assert.equal(all.handle(second, 44), 1042);
    assert.equal(all.handle(first, 5000), 1044);
    assert.equal(all.handle(second, 44), 1044);
    assert.equal(all.handle(task('other'), 7), 1007, 'groups are independent');
    assert.equal(all.handle(first, 5000), 1044);
  });

  it('ignores those that are idle until they are not (fact 57)', () => {
    const all = new WatermarkAlignments(new Map([['source', aligned('group1', 1000)]]));
    const [first, second] = [task('source', 0), task('source', 1)];
    all.handle(first, 42);
    all.handle(second, 44);
    assert.equal(all.handle(first, null), 1044);
    assert.equal(all.handle(first, 42), 1042, 'the first is active again');
    assert.equal(all.handle(second, 44), 1042);
    all.handle(first, null);
    assert.equal(all.handle(second, null), MAX_WATERMARK_MS, 'all are idle');
    assert.equal(all.handle(first, 42), 1042);
    assert.equal(all.handle(second, 46), 1042);
  });

  it('goes back with the lowest, and forward with all (fact 57)', () => {
    const all = new WatermarkAlignments(new Map([['source', aligned('group1', 0)]]));
    const said = [
      [0, 10],
      [1, 12],
      [2, 13],
      [1, 9],
      [1, null],
      [1, 8],
      [1, 20],
      [0, 23],
      [2, 22],
    ];
    const lowest = said.map(([index, ms]) => all.handle(task('source', index ?? 0), ms ?? null));
    assert.deepEqual(lowest, [10, 10, 10, 9, 10, 8, 10, 13, 20]);
  });

  it('makes the others wait for one that has no watermark yet', () => {
    const all = alignments();
    all.handle(task('orders'), MIN_TIMESTAMP_MS);
    assert.equal(all.handle(task('clicks'), 1), MIN_TIMESTAMP_MS + 20);
  });

  it('forgets who is idle or has stopped', () => {
    const all = alignments();
    all.handle(task('orders'), 5);
    all.handle(task('orders', 1), 3);
    all.forget(task('orders', 1));
    assert.equal(all.handle(task('clicks'), 40), 25);
    assert.equal(all.handle(task('orders'), null), 50, 'it is told how far it may go all the same');
    assert.equal(all.handle(task('clicks'), 41), 61);
  });

  it('holds nobody back for those that have ended', () => {
    const all = alignments();
    all.handle(task('orders'), MAX_WATERMARK_MS);
    assert.equal(all.handle(task('clicks'), MAX_WATERMARK_MS), MAX_WATERMARK_MS);
    assert.equal(all.handle(task('clicks', 1), 4), 24);
  });

  it('says nothing to a source that is aligned with none', () => {
    assert.equal(alignments().handle(task('unknown'), 5), undefined);
  });

  it('goes on with what was said in an earlier turn', () => {
    const earlier = alignments();
    earlier.handle(task('orders'), 7);
    const all = new WatermarkAlignments(
      new Map([
        ['clicks', aligned('shop', 1)],
        ['orders', aligned('shop', 1)],
      ]),
      earlier.reached,
    );
    assert.equal(all.handle(task('clicks'), 70), 8);
  });
});
