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
