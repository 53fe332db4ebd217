/** Goal: a channel loses and repeats nothing, within its windows. Method: two ends, bad inboxes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { allocateRing, Doorbell, RingReader, RingWriter } from '../../../exchange/index.ts';
import type { InboxItem } from '../inbox/index.ts';
import { NetworkReceiver, NetworkSender, WINDOW_FRAMES } from './network-channel.ts';

const CHANNEL = { edgeId: 1, fromSubtask: 0, toSubtask: 2 };
const WINDOW_BYTES = 4096;
const RING_BYTES = 1024;

interface Step {
  readonly action:
    | 'write'
    | 'read'
    | 'deliver'
    | 'repeat'
    | 'hand-over-sender'
    | 'hand-over-receiver';
  readonly pick: number;
}

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    action: fc.constantFrom<Step['action'][]>(
      ...(['write', 'write', 'read', 'deliver', 'deliver', 'repeat'] as const),
      ...(['hand-over-sender', 'hand-over-receiver'] as const),
    ),
    pick: fc.nat(),
  }),
  { maxLength: 400 },
);

/** One channel; what is between its ends is delivered in any order, and some of it again. */
class Channel {
  readonly wire: { readonly to: 'sender' | 'receiver'; readonly item: InboxItem }[] = [];
  readonly taken: number[] = [];
  written = 0;
  #leases = [0, 0];
  #nowMs = 0;
  #outRing = allocateRing(RING_BYTES);
  #inRing = allocateRing(RING_BYTES);
  #writer = new RingWriter(this.#outRing);
  #reader = new RingReader(this.#inRing);
  sender = this.#createSender(undefined);
  receiver = this.#createReceiver(undefined);

  act({ action, pick }: Step): void {
    this.#nowMs += 10;
    switch (action) {
      case 'write':
        this.#write(1 + (pick % 600));
        break;
      case 'read':
        this.#read();
        break;
      case 'deliver':
      case 'repeat':
        this.#deliver(pick, action === 'repeat');
        break;
      case 'hand-over-sender':
        this.#handOverSender();
        break;
      case 'hand-over-receiver':
        this.#handOverReceiver();
        break;
    }
    this.pump();
  }

  pump(): void {
    this.sender.pump(this.#nowMs);
    this.receiver.pump(this.#nowMs);
    this.receiver.acknowledge(this.#nowMs, true);
  }

  /** Lets everything arrive and be taken. */
  drain(): void {
    for (let rounds = 0; rounds < 5000 && this.taken.length < this.written; rounds += 1) {
      if (this.wire.length > 0) this.#deliver(0, false);
      else this.#nowMs += 1000;
      this.#read();
      this.sender.onTimer(this.#nowMs);
      this.pump();
    }
  }

  #write(sizeBytes: number): void {
    const frame = new Uint8Array(4 + sizeBytes);
    new DataView(frame.buffer).setUint32(0, this.written, false);
    // The first byte is a frame's type; none of these is a barrier or an end.
    if (frame[0] === 0 && this.#writer.tryWrite(frame)) this.written += 1;
  }

  #read(): void {
    const frame = this.#reader.poll();
    if (frame === undefined) return;
    const { bytes, start, end } = frame;
    const copy = Uint8Array.from(bytes.subarray(start, end));
    this.taken.push(new DataView(copy.buffer).getUint32(0, false));
    this.#reader.release();
  }

  #deliver(pick: number, isRepeated: boolean): void {
    if (this.wire.length === 0) return;
    const at = pick % this.wire.length;
    const [message] = isRepeated ? [this.wire[at]] : this.wire.splice(at, 1);
    if (message?.item.type === 'ack') this.sender.onAck(message.item, this.#nowMs);
    if (message?.item.type === 'frame') this.receiver.onFrame(message.item, this.#nowMs);
    if (message?.item.type === 'probe') this.receiver.onProbe(message.item, this.#nowMs);
  }

  /** Only when everything has arrived, as a lease is left. */
  #handOverSender(): void {
    this.sender.pump(this.#nowMs);
    if (!this.sender.isIdle || this.taken.length < this.written) return;
    this.#leases[0] = (this.#leases[0] ?? 0) + 1;
    this.#outRing = allocateRing(RING_BYTES);
    this.#writer = new RingWriter(this.#outRing);
    this.sender = this.#createSender(this.sender.position);
  }

  #handOverReceiver(): void {
    const untaken: Uint8Array[] = [];
    for (let frame = this.#reader.poll(); frame !== undefined; frame = this.#reader.poll()) {
      untaken.push(Uint8Array.from(frame.bytes.subarray(frame.start, frame.end)));
      this.#reader.release();
    }
    const { position, items } = this.receiver.leave(untaken);
    this.wire.push(...items.map((item) => ({ to: 'receiver' as const, item })));
    this.#leases[1] = (this.#leases[1] ?? 0) + 1;
    this.#inRing = allocateRing(RING_BYTES);
    this.#reader = new RingReader(this.#inRing);
    this.receiver = this.#createReceiver(position);
  }

  #createSender(resume: NetworkSender['position'] | undefined): NetworkSender {
    const parts = this.#parts(this.#outRing, 0);
    const offer = (item: InboxItem): void => void this.wire.push({ to: 'receiver', item });
    return new NetworkSender({ ...parts, resume, offer });
  }

  #createReceiver(resume: NetworkSender['position'] | undefined): NetworkReceiver {
    const parts = this.#parts(this.#inRing, 1);
    const offer = (item: InboxItem): void => void this.wire.push({ to: 'sender', item });
    return new NetworkReceiver({ ...parts, resume, offer, onBarrier: () => undefined });
  }

  #parts(memory: SharedArrayBuffer, end: number) {
    const identity = { job: 'j', attempt: 1, lease: this.#leases[end] ?? 0 };
    return {
      memory,
      identity,
      channel: CHANNEL,
      slotBell: new Doorbell(),
      windowBytes: WINDOW_BYTES,
    };
  }
}

describe('a channel between TaskManagers', () => {
  it('hands over every frame once and in order, whatever its ends and inboxes do', () => {
    fc.assert(
      fc.property(steps, (plan) => {
        const channel = new Channel();
        for (const step of plan) channel.act(step);
        channel.drain();
        const expected = Array.from({ length: channel.written }, (_, i) => i);
        assert.deepEqual(channel.taken, expected);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps what is not taken within its windows', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 500 }), { maxLength: 300 }), (sizes) => {
        const channel = new Channel();
        for (const size of sizes) channel.act({ action: 'write', pick: size - 1 });
        let bytes = 0;
        let frames = 0;
        for (const { item } of channel.wire) {
          if (item.type !== 'frame') continue;
          bytes += item.bytes.length;
          frames += 1;
        }
        assert.ok(bytes < WINDOW_BYTES + 504 && frames <= WINDOW_FRAMES, `${bytes} ${frames}`);
      }),
    );
  });
});
