import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  allocateRing,
  ChannelReader,
  ChannelWriter,
  RingReader,
  RingWriter,
} from '../exchange/index.ts';
import { ChannelRecorder } from './channel-recorder.ts';
import { barrierOf } from './slot-fixture.ts';

const SINK = {
  record: () => undefined,
  watermark: () => undefined,
  idle: () => undefined,
  end: () => undefined,
  barrier: () => undefined,
  endOfPartition: () => undefined,
};

/** A recorder of one channel; every barrier it finds ends the channel's record. */
function recording() {
  const memory = allocateRing(1 << 16);
  const writer = new ChannelWriter({ ring: new RingWriter(memory), keyed: false });
  const source = new ChannelReader({ ring: new RingReader(memory), keyed: false });
  const found: number[] = [];
  const send = (value: string): void => {
    writer.writeRecord(value, 0, -1);
    writer.flush();
  };
  const start = (): ChannelRecorder => {
    const id = { edgeId: 3, fromSubtask: 1, toSubtask: 2 };
    const recorder = new ChannelRecorder(
      barrierOf(5),
      [{ id, channel: 7, source }],
      (channel, { checkpointId }) => {
        found.push(checkpointId);
        recorder.channelRecorded(channel);
      },
    );
    return recorder;
  };
  return { writer, source, found, send, start };
}

async function framesOf(recorder: ChannelRecorder): Promise<number | undefined> {
  recorder.finish(0);
  return (await recorder.recording)?.channels[0]?.recordFrames;
}

describe('ChannelRecorder', () => {
  it('lets no frame pass that it has not seen', () => {
    const { source, send, start } = recording();
    const recorder = start();
    assert.equal(recorder.mustDrainFirst(7), true, 'the ring may get a frame at any time');
    assert.equal(recorder.mustDrainFirst(8), false, 'another channel');
    send('a');
    assert.equal(recorder.drain(), true);
    assert.equal(recorder.mustDrainFirst(7), false);
    source.poll(SINK, 2);
    assert.equal(recorder.mustDrainFirst(7), true);
  });

  it('ends with the barrier of its checkpoint and passes over earlier ones', async () => {
    const { writer, found, send, start } = recording();
    send('a');
    writer.writeBarrier(barrierOf(4));
    send('b');
    writer.writeBarrier(barrierOf(5));
    send('after');
    const recorder = start();
    recorder.drain();
    recorder.drain();
    assert.deepEqual(found, [5]);
    assert.equal(recorder.mustDrainFirst(7), false);
    assert.equal(await framesOf(recorder), 2);
  });

  it('ends with the end of partition', async () => {
    const { writer, found, send, start } = recording();
    send('a');
    writer.writeEnd();
    writer.writeEndOfPartition();
    const recorder = start();
    recorder.drain();
    assert.deepEqual(found, [5]);
    assert.equal(await framesOf(recorder), 1);
  });

  it('stops at a later barrier and leaves it where it is', async () => {
    const { writer, source, found, send, start } = recording();
    send('a');
    writer.writeBarrier(barrierOf(6));
    send('after');
    const recorder = start();
    recorder.drain();
    recorder.drain();
    assert.deepEqual(found, []);
    assert.equal(recorder.mustDrainFirst(7), false, 'the task may find the barrier');
    const barriers: number[] = [];
    source.poll({ ...SINK, barrier: ({ checkpointId }) => barriers.push(checkpointId) }, 100);
    assert.deepEqual(barriers, [6]);
    assert.equal(await framesOf(recorder), 1);
  });

  it('takes what was ahead already, and no more ahead than is good for memory', async () => {
    const { writer, source, send, start } = recording();
    send('a');
    while (source.takeAhead() !== undefined) {}
    const recorder = start();
    const large = 'x'.repeat(30_000);
    for (let i = 0; i < 300; i += 1) {
      send(large);
      writer.drain();
      recorder.drain();
    }
    const limit = 4 * 1024 * 1024;
    assert.ok(source.aheadBytes >= limit && source.aheadBytes < limit + 40_000);
    assert.equal(
      await framesOf(recorder),
      source.ahead.filter(({ records }) => records > 0).length,
    );
  });

  it('gives nothing when it is given up', async () => {
    const { send, start } = recording();
    send('a');
    const recorder = start();
    recorder.giveUp();
    assert.equal(await recorder.recording, undefined);
    assert.equal(recorder.drain(), false);
  });

  it('ends before a barrier that was taken ahead for an earlier checkpoint (I2)', async () => {
    const { writer, source, found, send, start } = recording();
    send('a');
    writer.writeBarrier(barrierOf(5));
    send('b');
    while (source.ahead.length < 2) source.takeAhead();
    const barrier = source.takeAhead();
    assert.ok(barrier?.barrier !== undefined);
    source.putBack(barrier);
    const recorder = start();
    recorder.drain();
    assert.deepEqual(found, [5]);
    assert.equal(recorder.mustDrainFirst(7), false);
    assert.equal(await framesOf(recorder), 1);
  });

  it('waits in vain where a later barrier was taken ahead', () => {
    const { writer, source, found, send, start } = recording();
    writer.writeBarrier(barrierOf(6));
    send('a');
    const barrier = source.takeAhead();
    assert.ok(barrier?.barrier !== undefined);
    source.putBack(barrier);
    const recorder = start();
    assert.equal(recorder.drain(), false);
    assert.deepEqual(found, []);
    assert.equal(source.ahead.length, 1);
  });
});
