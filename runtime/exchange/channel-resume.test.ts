import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CheckpointBarrier } from '../protocol/index.ts';
import { FRAME_BARRIER, FRAME_RECORDS, FRAME_SCHEMA, FRAME_WATERMARK } from './frame.ts';
import { allocateRing, ChannelReader, ChannelWriter, RingReader, RingWriter } from './index.ts';

const BARRIER: CheckpointBarrier = {
  checkpointId: 5,
  triggeredAtEpochMs: 12,
  type: 'CHECKPOINT',
  full: false,
  mode: 'EXACTLY_ONCE',
  unalignedAfterMs: 0,
  directory: 'd',
};

function writerOf(ringBytes = 1 << 16, nextSequence = 0) {
  const memory = allocateRing(ringBytes);
  const ring = new RingReader(memory);
  const writer = new ChannelWriter({ ring: new RingWriter(memory), keyed: false, nextSequence });
  /** Type and sequence of each frame; a full ring is emptied and filled again. */
  const frames = (): [number, number][] => {
    const found: [number, number][] = [];
    do {
      for (let frame = ring.poll(); frame !== undefined; frame = ring.poll()) {
        const { view, start } = frame;
        found.push([view.getUint8(start), view.getUint32(start + 4, true)]);
        ring.release();
      }
    } while (!writer.drain());
    for (let frame = ring.poll(); frame !== undefined; frame = ring.poll()) {
      const { view, start } = frame;
      found.push([view.getUint8(start), view.getUint32(start + 4, true)]);
      ring.release();
    }
    return found;
  };
  return { memory, writer, frames };
}

function typesOf(frames: readonly [number, number][]): number[] {
  assert.deepEqual(
    frames.map(([, sequence]) => sequence),
    frames.map((_, i) => (frames[0]?.[1] ?? 0) + i),
    'sequence numbers have no gap',
  );
  return frames.map(([type]) => type);
}

function send(writer: ChannelWriter, ...values: unknown[]): void {
  for (const value of values) writer.writeRecord(value, 0, 0);
  writer.flush();
}

function sinkOf() {
  const elements: unknown[] = [];
  const sink = {
    record: (value: unknown) => elements.push(value),
    watermark: (watermarkMs: number) => elements.push(`wm${watermarkMs}`),
    idle: (idle: boolean) => elements.push(`idle=${idle}`),
    end: () => elements.push('end'),
    barrier: ({ checkpointId }: CheckpointBarrier) => elements.push(`barrier${checkpointId}`),
    endOfPartition: () => elements.push('eop'),
  };
  return { sink, elements };
}

describe('ChannelWriter, behind a barrier', () => {
  it('says the layout again before the next records, once', () => {
    const { writer, frames } = writerOf();
    send(writer, { a: 1 });
    writer.writeBarrier(BARRIER);
    writer.writeWatermark(3);
    send(writer, { a: 2 });
    send(writer, { a: 3 });
    assert.deepEqual(typesOf(frames()), [
      ...[FRAME_SCHEMA, FRAME_RECORDS, FRAME_BARRIER, FRAME_WATERMARK],
      ...[FRAME_SCHEMA, FRAME_RECORDS, FRAME_RECORDS],
    ]);
  });

  it('says it once for several barriers, and not when no records follow', () => {
    const { writer, frames } = writerOf();
    writer.writeBarrier(BARRIER);
    send(writer, { a: 1 });
    writer.writeBarrier(BARRIER);
    writer.writeBarrier(BARRIER);
    send(writer, { a: 2 });
    writer.writeBarrier(BARRIER);
    writer.writeEnd();
    writer.writeBarrier(BARRIER);
    writer.writeEndOfPartition();
    const schemas = typesOf(frames()).filter((type) => type === FRAME_SCHEMA);
    assert.equal(schemas.length, 2);
  });

  it('says a new layout instead where the records need one', () => {
    const { writer, frames } = writerOf();
    send(writer, { a: 1 });
    writer.writeBarrier(BARRIER);
    send(writer, { a: 'text' });
    assert.deepEqual(typesOf(frames()), [
      ...[FRAME_SCHEMA, FRAME_RECORDS, FRAME_BARRIER, FRAME_SCHEMA, FRAME_RECORDS],
    ]);
  });

  it('numbers repeated layouts each for itself while they wait for room', () => {
    const { writer, frames } = writerOf(64);
    for (let i = 0; i < 20; i += 1) {
      send(writer, { a: i });
      writer.writeBarrier(BARRIER);
    }
    assert.ok(writer.pendingBytes > 0);
    const types = typesOf(frames());
    assert.equal(types.filter((type) => type === FRAME_SCHEMA).length, 20);
    assert.equal(writer.nextSequence, types.length);
  });

  it('goes on with the sequence numbers of the writer before it', () => {
    const { writer, frames } = writerOf(1 << 16, 2 ** 32 - 1);
    send(writer, { a: 1 });
    assert.deepEqual(frames(), [
      [FRAME_SCHEMA, 2 ** 32 - 1],
      [FRAME_RECORDS, 0],
    ]);
    assert.equal(writer.nextSequence, 1);
  });
});

describe('ChannelReader', () => {
  it('begins right behind any barrier and decodes all that follows', () => {
    const { memory, writer } = writerOf();
    const ring = new RingReader(memory);
    send(writer, { a: 1, b: 'x' }, { a: 2, b: 'y' });
    writer.writeBarrier(BARRIER);
    writer.writeWatermark(4);
    send(writer, { a: 3, b: 'z' });
    send(writer, { a: 4, b: 'ü日' });
    const first = new ChannelReader({ ring, keyed: false });
    const { sink } = sinkOf();
    while (first.nextSequence < 3) first.poll(sink, 1);
    const { nextSequence } = first;
    const next = new ChannelReader({ ring, keyed: false, nextSequence });
    const { sink: nextSink, elements } = sinkOf();
    next.poll(nextSink, 100);
    assert.deepEqual(elements, ['wm4', { a: 3, b: 'z' }, { a: 4, b: 'ü日' }]);
    assert.equal(next.nextSequence, writer.nextSequence);
  });

  it('refuses a frame that is not the one it begins with', () => {
    const { memory, writer } = writerOf();
    writer.writeWatermark(4);
    const reader = new ChannelReader({
      ring: new RingReader(memory),
      keyed: false,
      nextSequence: 1,
    });
    assert.throws(() => reader.poll(sinkOf().sink, 1), /expected=1 found=0/);
  });

  it('tells what is ahead and is no record, in order, and keeps it there', () => {
    const { memory, writer } = writerOf();
    const reader = new ChannelReader({ ring: new RingReader(memory), keyed: false });
    send(writer, { a: 1 });
    writer.writeWatermark(4);
    writer.writeIdle(true);
    send(writer, { a: 2 });
    writer.writeWatermark(5);
    writer.writeEnd();
    writer.writeEndOfPartition();
    const { sink, elements } = sinkOf();
    reader.poll(sink, 2);
    while (reader.takeAhead() !== undefined) {}
    const { length } = reader.ahead;
    elements.length = 0;
    reader.deliverControlsAhead(sink);
    assert.deepEqual(elements, ['wm4', 'idle=true', 'wm5', 'end', 'eop']);
    assert.equal(reader.ahead.length, length);
    assert.equal(reader.nextSequence, writer.nextSequence);
  });
});
