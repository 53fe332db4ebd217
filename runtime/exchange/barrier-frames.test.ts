import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defined, isStreamError } from '../core/index.ts';
import type { CheckpointBarrier } from '../protocol/index.ts';
import {
  allocateRing,
  ChannelReader,
  ChannelWriter,
  encodeFrames,
  FrameReplay,
  RingReader,
  RingWriter,
} from './index.ts';

const BARRIER: CheckpointBarrier = {
  checkpointId: 5,
  triggeredAtEpochMs: 12,
  type: 'CHECKPOINT',
  full: false,
  mode: 'EXACTLY_ONCE',
  unalignedAfterMs: 0,
  directory: 'd',
};

function channel(keyed = false, ringBytes = 1 << 16) {
  const memory = allocateRing(ringBytes);
  const writer = new ChannelWriter({ ring: new RingWriter(memory), keyed });
  const reader = new ChannelReader({ ring: new RingReader(memory), keyed });
  const elements: unknown[] = [];
  const sink = {
    record: (value: unknown, timestampMs: number, keyGroup: number) =>
      elements.push(keyed ? [value, timestampMs, keyGroup] : value),
    watermark: (watermarkMs: number) => elements.push(`wm${watermarkMs}`),
    idle: (idle: boolean) => elements.push(`idle=${idle}`),
    end: () => elements.push('end'),
    barrier: ({ checkpointId }: CheckpointBarrier) => elements.push(`barrier${checkpointId}`),
    endOfPartition: () => elements.push('eop'),
  };
  return { writer, reader, sink, elements };
}

function send(writer: ChannelWriter, ...values: unknown[]): void {
  for (const value of values) writer.writeRecord(value, 0, 0);
  writer.flush();
}

describe('barrier frames', () => {
  it('carry every field of every kind of barrier', () => {
    const { writer, reader, sink } = channel();
    const barriers = (
      ['CHECKPOINT', 'SAVEPOINT', 'SAVEPOINT_SUSPEND', 'SAVEPOINT_TERMINATE'] as const
    ).flatMap((type, i): CheckpointBarrier[] => [
      {
        checkpointId: 2 ** 40 + i,
        triggeredAtEpochMs: 1_700_000_000_123.5,
        type,
        full: i % 2 === 0,
        mode: i % 2 === 0 ? 'EXACTLY_ONCE' : 'AT_LEAST_ONCE',
        unalignedAfterMs: i - 1,
        directory: i === 3 ? '' : `s3://bücket/日本/${'x'.repeat(i * 500)}`,
      },
    ]);
    for (const barrier of barriers) writer.writeBarrier(barrier);
    const found: CheckpointBarrier[] = [];
    reader.poll({ ...sink, barrier: (barrier) => found.push(barrier) }, 100);
    assert.deepEqual(found, barriers);
  });

  it('follow the records written before them, and stop a poll of one frame', () => {
    const { writer, reader, sink, elements } = channel();
    writer.writeRecord('a', 0, 0);
    writer.writeBarrier(BARRIER);
    send(writer, 'b');
    assert.equal(reader.poll(sink, 2), 2);
    assert.deepEqual(elements, ['a']);
    assert.equal(reader.poll(sink, 1), 1);
    assert.deepEqual(elements, ['a', 'barrier5']);
    // The layout again, and the records.
    assert.equal(reader.poll(sink, 3), 2);
    assert.deepEqual(elements, ['a', 'barrier5', 'b']);
  });
});

describe('frames taken ahead', () => {
  it('are handed over later, in order and before what follows, overtaken by the barrier', () => {
    const { writer, reader, sink, elements } = channel();
    send(writer, 'a');
    writer.writeWatermark(3);
    send(writer, 'b');
    writer.writeBarrier(BARRIER);
    const taken = Array.from({ length: 5 }, () => reader.takeAhead());
    assert.equal(reader.takeAhead(), undefined);
    send(writer, 'c');
    assert.deepEqual(
      taken.map((frame) => [frame?.records, frame?.barrier?.checkpointId]),
      [
        [0, undefined],
        [1, undefined],
        [0, undefined],
        [1, undefined],
        [0, 5],
      ],
    );
    assert.equal(reader.ahead.length, 4);
    assert.equal(
      reader.aheadBytes,
      taken.slice(0, 4).reduce((sum, frame) => sum + (frame?.bytes.length ?? 0), 0),
    );
    assert.deepEqual(elements, []);
    assert.equal(reader.poll(sink, 100), 6);
    assert.deepEqual(elements, ['a', 'wm3', 'b', 'c']);
    assert.equal(reader.aheadBytes, 0);
  });

  it('follow the end of data, which says whether a stop drains', () => {
    for (const drained of [false, true]) {
      const { writer, reader, sink, elements } = channel();
      writer.writeEnd(drained);
      writer.writeBarrier(BARRIER);
      const end = (isDrained?: boolean): void => void elements.push(`end=${isDrained}`);
      reader.poll({ ...sink, end }, 100);
      assert.deepEqual(elements, [`end=${drained}`, 'barrier5']);
    }
  });

  it('hand a barrier over in its place when it is put back', () => {
    const { writer, reader, sink, elements } = channel();
    send(writer, 'a');
    writer.writeBarrier(BARRIER);
    writer.writeEnd();
    writer.writeEndOfPartition();
    for (let taken = reader.takeAhead(); taken !== undefined; taken = reader.takeAhead()) {
      if (taken.barrier !== undefined) reader.putBack(taken);
    }
    assert.equal(reader.ahead.at(-1)?.endOfPartition, true);
    reader.poll(sink, 100);
    assert.deepEqual(elements, ['a', 'barrier5', 'end', 'eop']);
  });

  it('do not share memory with the ring', () => {
    const { writer, reader, sink, elements } = channel(false, 256);
    send(writer, 'first');
    while (reader.takeAhead() !== undefined) {}
    for (let i = 0; i < 20; i += 1) {
      send(writer, `other${i}`);
      reader.takeAhead();
    }
    reader.poll(sink, 1);
    reader.poll(sink, 1);
    assert.deepEqual(elements, ['first']);
  });
});

describe('FrameReplay', () => {
  it('hands over the records of encoded frames with the layout in force, a frame at a time', () => {
    const { writer, reader, sink, elements } = channel(true);
    writer.writeRecord({ id: 1 }, 4, 9);
    writer.flush();
    reader.poll(sink, 10);
    elements.length = 0;
    writer.writeRecord({ id: 2 }, 5, 10);
    writer.writeRecord({ id: 3 }, 6, 11);
    writer.writeWatermark(5);
    writer.writeRecord({ other: 'x' }, 7, 12);
    writer.writeEnd();
    const schema = defined(reader.schemaFrame(), 'a schema was handed over');
    while (reader.takeAhead() !== undefined) {}
    const bytes = encodeFrames([schema, ...reader.ahead.map((frame) => frame.bytes)]);
    const replay = new FrameReplay(bytes, true);
    assert.equal(replay.next(sink), true);
    assert.deepEqual(elements, [
      [{ id: 2 }, 5, 10],
      [{ id: 3 }, 6, 11],
    ]);
    assert.equal(replay.next(sink), true);
    assert.equal(replay.next(sink), false);
    assert.deepEqual(elements.slice(2), [[{ other: 'x' }, 7, 12]]);
  });

  it('refuses bytes that are cut off or of another version', () => {
    const { writer, reader, sink } = channel();
    send(writer, 'a');
    while (reader.takeAhead() !== undefined) {}
    const bytes = encodeFrames(reader.ahead.map((frame) => frame.bytes));
    for (const wrong of [
      bytes.subarray(0, 3),
      bytes.subarray(0, bytes.length - 1),
      bytes.subarray(0, 6),
      Uint8Array.of(9, ...bytes.subarray(1)),
    ]) {
      assert.throws(
        () => {
          const replay = new FrameReplay(wrong, false);
          while (replay.next(sink)) {}
        },
        (error) =>
          isStreamError(error) && error.code === 'FRAME_LOG_CORRUPT' && error.kind === 'data',
      );
    }
  });
});
