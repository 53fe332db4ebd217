import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { allocateRing, Doorbell, RingReader, RingWriter } from './index.ts';

function bytesOf(reader: RingReader): number[] | undefined {
  const frame = reader.poll();
  if (frame === undefined) return undefined;
  const bytes = [...frame.bytes.subarray(frame.start, frame.end)];
  reader.release();
  return bytes;
}

describe('a ring', () => {
  it('carries frames in order, empty ones too', () => {
    const memory = allocateRing(64);
    const writer = new RingWriter(memory);
    const reader = new RingReader(memory);
    assert.equal(bytesOf(reader), undefined);
    for (const frame of [[1, 2, 3], [], [4]])
      assert.equal(writer.tryWrite(Uint8Array.from(frame)), true);
    assert.deepEqual([bytesOf(reader), bytesOf(reader), bytesOf(reader)], [[1, 2, 3], [], [4]]);
    assert.equal(bytesOf(reader), undefined);
  });

  it('takes a frame larger than itself in parts', () => {
    const memory = allocateRing(64);
    const writer = new RingWriter(memory);
    const reader = new RingReader(memory);
    const frame = Uint8Array.from({ length: 500 }, (_, i) => i);
    let arrived: number[] | undefined;
    let attempts = 0;
    for (let done = false; arrived === undefined; attempts++) {
      if (!done) done = writer.tryWrite(frame);
      arrived = bytesOf(reader);
    }
    assert.deepEqual(arrived, [...frame]);
    assert.ok(attempts > 5);
  });

  it('rings the writer only when it waits for room, and the reader for every fragment', () => {
    const memory = allocateRing(64);
    const [writerBell, readerBell] = [new Doorbell(), new Doorbell()];
    const writer = new RingWriter(memory, readerBell);
    const reader = new RingReader(memory, writerBell);
    const frame = new Uint8Array(20);
    assert.equal(writer.tryWrite(frame), true);
    bytesOf(reader);
    assert.deepEqual([writerBell.signals(), readerBell.signals()], [0, 1]);
    while (writer.tryWrite(frame));
    bytesOf(reader);
    bytesOf(reader);
    assert.equal(writerBell.signals(), 1);
    assert.equal(writer.tryWrite(frame), true);
  });

  it('works on when its counters pass 2^31 and 2^32', () => {
    for (const start of [0x7fffff80, -128]) {
      const memory = allocateRing(64);
      const control = new Int32Array(memory);
      control[0] = start;
      control[16] = start;
      const writer = new RingWriter(memory);
      const reader = new RingReader(memory);
      for (let i = 0; i < 40; i++) {
        assert.equal(writer.tryWrite(Uint8Array.from([i, i + 1])), true);
        assert.equal(writer.tryWrite(Uint8Array.from([i])), true);
        assert.deepEqual([bytesOf(reader), bytesOf(reader)], [[i, i + 1], [i]]);
      }
    }
  });

  it('drops what is written after the reader closed, and tells the reader of the writer', () => {
    const memory = allocateRing(64);
    const writer = new RingWriter(memory);
    const reader = new RingReader(memory);
    writer.tryWrite(new Uint8Array(4));
    writer.close();
    assert.equal(reader.finished, false);
    bytesOf(reader);
    assert.equal(reader.finished, true);
    reader.close();
    assert.equal(writer.closed, true);
    for (let i = 0; i < 100; i++) assert.equal(writer.tryWrite(new Uint8Array(30)), true);
  });

  it('refuses a capacity that is no power of two', () => {
    for (const capacity of [0, 63, 100, 32, Number.NaN])
      assert.throws(() => allocateRing(capacity));
  });
});

describe('a doorbell', () => {
  it('ends a wait that began before it rang', async () => {
    const doorbell = new Doorbell();
    const other = new Doorbell(doorbell.memory);
    const waiting = doorbell.wait(doorbell.signals());
    assert.equal(doorbell.wait(doorbell.signals()), waiting);
    other.ring();
    await waiting;
    assert.equal(doorbell.signals(), 1);
  });

  it('ends a wait at once when it rang since', async () => {
    const doorbell = new Doorbell();
    const seen = doorbell.signals();
    doorbell.ring();
    await doorbell.wait(seen);
    assert.equal(doorbell.waitBlocking(seen, 0), true);
    assert.equal(doorbell.waitBlocking(doorbell.signals(), 0), false);
  });
});

describe('a channel between two threads', () => {
  it('loses nothing through a small ring with both sides sleeping', async () => {
    const memory = allocateRing(4096);
    const [here, there] = [new Doorbell(), new Doorbell()];
    const exchange = JSON.stringify(new URL('./index.ts', import.meta.url).href);
    const worker = new Worker(
      `const { parentPort, workerData: w } = require('node:worker_threads');
      import(${exchange}).then(({ ChannelReader, Doorbell, RingReader }) => {
        const bell = new Doorbell(w.there);
        const ring = new RingReader(w.memory, new Doorbell(w.here));
        const reader = new ChannelReader({ ring, keyed: true });
        let count = 0, sum = 0, ordered = true, last = -1;
        const sink = {
          record(value, timestampMs, keyGroup) {
            count++; sum += value.id + value.text.length + keyGroup;
            ordered &&= timestampMs === last + 1; last = timestampMs;
          },
          watermark() {}, idle() {}, end() {}, barrier() {}, endOfPartition() {},
        };
        while (!reader.ended) {
          const seen = bell.signals();
          if (reader.poll(sink, 8) === 0) bell.waitBlocking(seen, 10000);
        }
        parentPort.postMessage({ count, sum, ordered });
      });`,
      { eval: true, workerData: { memory, here: here.memory, there: there.memory } },
    );
    const answer = new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    const { ChannelWriter } = await import('./index.ts');
    const writer = new ChannelWriter({ ring: new RingWriter(memory, there), keyed: true });
    let sum = 0;
    for (let i = 0; i < 50_000; i++) {
      const text = 'ab'.repeat(i % 9);
      sum += i + text.length + (i % 128);
      writer.writeRecord({ id: i, text }, i, i % 128);
      for (let seen = here.signals(); !writer.drain(); seen = here.signals()) await here.wait(seen);
    }
    writer.writeEnd();
    for (let seen = here.signals(); !writer.drain(); seen = here.signals()) await here.wait(seen);
    assert.deepEqual(await answer, { count: 50_000, sum, ordered: true });
    await worker.terminate();
  });
});
