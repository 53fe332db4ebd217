import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { LinkPosition } from '../protocol/index.ts';
import { type LinkAck, type LinkFrame, LinkReceiver, LinkSender } from './reliable-link.ts';

const ME = { job: 'j', attempt: 1, lease: 0 };

/** What the network and both ends do next; numbers choose among what is under way. */
const step = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ type: 'offer' as const }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('deliver' as const), pick: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('ack' as const), pick: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('repeat' as const), pick: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('lose' as const), pick: fc.nat() }) },
  { weight: 3, arbitrary: fc.constant({ type: 'take' as const }) },
  { weight: 1, arbitrary: fc.constant({ type: 'timer' as const }) },
  { weight: 1, arbitrary: fc.constant({ type: 'replace sender' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('replace receiver' as const), pick: fc.nat() }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

class Link {
  sender: LinkSender<number>;
  receiver: LinkReceiver<number>;
  replaced = 0;
  readonly frames: LinkFrame<number>[] = [];
  readonly acks: LinkAck[] = [];
  readonly taken: number[] = [];
  readonly #window: number;
  #senderLease = 0;
  #receiverLease = 0;
  offered = 0;
  #nowMs = 0;

  constructor(windowFrames: number) {
    this.#window = windowFrames;
    this.sender = new LinkSender(this.#senderOptions(0));
    this.receiver = new LinkReceiver(ME, windowFrames);
  }

  do(step: Step): void {
    const pick = 'pick' in step ? step.pick : 0;
    if (step.type === 'offer') {
      this.frames.push(...this.sender.offer(this.offered++, this.#nowMs));
    } else if (step.type === 'take') {
      this.take();
    } else if (step.type === 'timer') {
      this.fireTimer();
    } else if (step.type === 'deliver') {
      this.deliver(this.frames.splice(pick % Math.max(1, this.frames.length), 1));
    } else if (step.type === 'ack') {
      this.acknowledge(this.acks.splice(pick % Math.max(1, this.acks.length), 1));
    } else if (step.type === 'replace sender') {
      this.replaceSender();
    } else if (step.type === 'replace receiver') {
      this.replaceReceiver(pick);
    } else if (step.type === 'repeat') {
      const frame = this.frames[pick % Math.max(1, this.frames.length)];
      if (frame !== undefined) this.frames.push(frame);
    } else {
      this.frames.splice(pick % Math.max(1, this.frames.length), 1);
      this.acks.splice(pick % Math.max(1, this.acks.length), 1);
    }
    const { nextSequence, limitSequence } = this.receiver.position;
    const most = this.#receiverLease === 0 ? this.#window : limitSequence - nextSequence;
    assert.ok(this.receiver.ready <= most, 'I2');
  }

  /** I5: only one that has nothing outstanding may go. */
  replaceSender(): void {
    if (this.sender.outstanding > 0) return;
    const resume: LinkPosition = JSON.parse(JSON.stringify(this.sender.position));
    this.#senderLease += 1;
    this.sender = new LinkSender({ ...this.#senderOptions(this.#senderLease), resume });
    this.replaced += 1;
  }

  /** I5: some of what was taken is given back, and all comes again, in any order, or twice. */
  replaceReceiver(pick: number): void {
    const before = this.receiver;
    const { nextSequence, limitSequence } = before.position;
    const givenBack = this.taken.splice(this.taken.length - (pick % (this.taken.length + 1)));
    const from = nextSequence - givenBack.length;
    const again = [
      ...givenBack.map((payload, i) => before.frameOf(from + i, payload)),
      ...before.leftover(),
    ];
    assert.deepEqual(
      again.map(({ sequence }) => sequence),
      again.map(({ sequence }) => sequence).toSorted((a, b) => a - b),
    );
    this.#receiverLease += 1;
    const identity = { ...ME, lease: this.#receiverLease };
    const position = { nextSequence: from, limitSequence };
    this.receiver = new LinkReceiver(identity, this.#window, position);
    // Put back frames are not lost, whatever the schedule does to others.
    this.deliver(pick % 2 === 0 ? again : again.toReversed());
    if (pick % 3 === 0) this.deliver(again);
    this.replaced += 1;
  }

  #senderOptions(lease: number) {
    const identity = { ...ME, lease };
    return { identity, windowFrames: this.#window, retransmitMs: 10, maxRetransmitMs: 100 };
  }

  take(): void {
    const payload = this.receiver.take();
    if (payload !== undefined) this.taken.push(payload);
    if (this.receiver.owesCredit) this.acks.push(this.receiver.ack());
  }

  deliver(frames: readonly LinkFrame<number>[]): void {
    for (const frame of frames) {
      this.receiver.onFrame(frame);
      this.acks.push(this.receiver.ack());
    }
  }

  acknowledge(acks: readonly LinkAck[]): void {
    for (const ack of acks) this.frames.push(...this.sender.onAck(ack, this.#nowMs).frames);
  }

  fireTimer(): void {
    this.#nowMs = this.sender.nextTimerAtMs() ?? this.#nowMs;
    this.frames.push(...this.sender.onTimer(this.#nowMs));
  }

  /** The network is good again. */
  settle(): void {
    for (let i = 0; this.sender.outstanding > 0; i += 1) {
      assert.ok(i < 10_000, 'I3: a link over a good network comes to an end');
      this.deliver(this.frames.splice(0));
      for (let ready = this.receiver.ready; ready > 0; ready -= 1) this.take();
      this.acknowledge(this.acks.splice(0));
      if (this.frames.length === 0) this.fireTimer();
    }
    while (this.receiver.ready > 0) this.take();
  }
}

describe('a reliable link', () => {
  it('hands over everything once and in order, whatever the network does, whoever goes', () => {
    let replaced = 0;
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(step, { maxLength: 200, size: 'max' }),
        (w, steps) => {
          const link = new Link(w);
          for (const next of steps) {
            link.do(next);
            const inOrder = link.taken.every((payload, i) => payload === i);
            assert.ok(inOrder, `I1: ${link.taken}`);
          }
          link.settle();
          replaced += link.replaced;
          assert.deepEqual(
            link.taken,
            Array.from({ length: link.offered }, (_, i) => i),
          );
        },
      ),
      { numRuns: 300 },
    );
    assert.ok(replaced > 300, `${replaced} ends were replaced`);
  });
});
