import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type LinkFrame, LinkReceiver, LinkSender } from './reliable-link.ts';

const ME = { job: 'j', attempt: 2, lease: 1 };

function sender(windowFrames = 2): LinkSender<string> {
  return new LinkSender({ identity: ME, windowFrames, retransmitMs: 10, maxRetransmitMs: 40 });
}

function receiver(windowFrames = 2): LinkReceiver<string> {
  return new LinkReceiver(ME, windowFrames);
}

function frame(sequence: number, payload: string, attempt = 2, lease = 1): LinkFrame<string> {
  return { job: 'j', attempt, lease, sequence, payload };
}

describe('LinkSender', () => {
  it('sends what has credit and keeps the rest until an acknowledgement gives more', () => {
    const link = sender();
    assert.deepEqual(link.offer('a', 0), [frame(0, 'a')]);
    assert.deepEqual(link.offer('b', 0), [frame(1, 'b')]);
    assert.equal(link.hasCredit, false);
    assert.deepEqual(link.offer('c', 0), []);
    const { frames } = link.onAck({ ...ME, nextSequence: 1, limitSequence: 3 }, 1);
    assert.deepEqual(frames, [frame(2, 'c')]);
    assert.equal(link.outstanding, 2);
  });

  it('sends again what is not acknowledged, ever more slowly', () => {
    const link = sender();
    link.offer('a', 0);
    assert.equal(link.nextTimerAtMs(), 10);
    assert.deepEqual(link.onTimer(9), []);
    assert.deepEqual(link.onTimer(10), [frame(0, 'a')]);
    assert.equal(link.nextTimerAtMs(), 30);
    link.onTimer(30);
    assert.equal(link.nextTimerAtMs(), 70);
    link.onTimer(70);
    assert.equal(link.nextTimerAtMs(), 110);
    link.onAck({ ...ME, nextSequence: 1, limitSequence: 3 }, 80);
    assert.equal(link.nextTimerAtMs(), undefined);
  });

  it('probes when all that was sent has arrived and the credit may be lost', () => {
    const link = sender(1);
    link.offer('a', 0);
    link.offer('b', 0);
    link.onAck({ ...ME, nextSequence: 1, limitSequence: 1 }, 5);
    assert.equal(link.nextTimerAtMs(), 15);
    assert.deepEqual(link.onTimer(15), [{ ...ME, sequence: 1 }]);
  });

  it('ignores acknowledgements of older attempts and stops at one of a newer attempt', () => {
    const link = sender();
    link.offer('a', 0);
    const ack = { ...ME, nextSequence: 1, limitSequence: 3 };
    assert.equal(link.onAck({ ...ack, attempt: 1 }, 1).verdict, 'stale');
    assert.equal(link.outstanding, 1);
    assert.equal(link.onAck({ ...ack, attempt: 3 }, 1).verdict, 'fenced');
    assert.equal(link.fenced, true);
    assert.equal(link.nextTimerAtMs(), undefined);
    assert.deepEqual(link.offer('b', 2), []);
  });
});

describe('an end that takes the place of another', () => {
  it('begins, as a sender, where that one stood, with its credit', () => {
    const link = sender(2);
    link.offer('a', 0);
    link.onAck({ ...ME, nextSequence: 1, limitSequence: 3 }, 1);
    assert.deepEqual(link.position, { nextSequence: 1, limitSequence: 3 });
    const identity = { ...ME, lease: 2 };
    const options = { identity, windowFrames: 2, retransmitMs: 10, maxRetransmitMs: 40 };
    const next = new LinkSender<string>({ ...options, resume: link.position });
    assert.deepEqual(next.offer('b', 0), [frame(1, 'b', 2, 2)]);
    assert.deepEqual(next.offer('c', 0), [frame(2, 'c', 2, 2)]);
    assert.deepEqual(next.offer('d', 0), []);
    const late = { ...ME, nextSequence: 1, limitSequence: 3 };
    assert.equal(next.onAck(late, 1).verdict, 'duplicate');
    assert.deepEqual(next.onAck({ ...late, limitSequence: 4 }, 1).frames, [frame(3, 'd', 2, 2)]);
  });

  it('is given, as a receiver, what had arrived and was not taken', () => {
    const link = receiver(4);
    for (const [sequence, payload] of ['a', 'b', 'c'].entries()) {
      link.onFrame(frame(sequence, payload, 2, 3));
    }
    link.onFrame(frame(4, 'e', 2, 3));
    link.take();
    assert.deepEqual(link.position, { nextSequence: 1, limitSequence: 4 });
    link.ack();
    assert.deepEqual(link.position, { nextSequence: 1, limitSequence: 5 });
    link.onFrame(frame(4, 'e', 2, 3));
    const leftover = link.leftover();
    assert.deepEqual(leftover, [frame(1, 'b', 2, 3), frame(2, 'c', 2, 3), frame(4, 'e', 2, 3)]);
    const next = new LinkReceiver<string>({ ...ME, lease: 2 }, 2, link.position);
    assert.equal(next.ack().limitSequence, 5, 'what was promised stays promised');
    for (const again of leftover.toReversed()) assert.equal(next.onFrame(again), 'accepted');
    assert.equal(next.onFrame(frame(0, 'a', 2, 3)), 'duplicate');
    assert.deepEqual([next.take(), next.take(), next.take()], ['b', 'c', undefined]);
    assert.equal(next.onFrame(frame(3, 'd', 2, 3)), 'accepted');
    assert.deepEqual([next.take(), next.take()], ['d', 'e']);
    assert.deepEqual(next.leftover(), []);
  });

  it('knows what a frame looked like that was taken and is given back', () => {
    const link = receiver();
    link.onFrame(frame(0, 'a', 2, 6));
    link.take();
    assert.deepEqual(link.frameOf(0, 'a'), frame(0, 'a', 2, 6));
  });
});

describe('LinkReceiver', () => {
  it('waits for a gap, drops duplicates and gives payloads in order', () => {
    const link = receiver(4);
    assert.equal(link.onFrame(frame(1, 'b')), 'accepted');
    assert.equal(link.take(), undefined);
    assert.equal(link.onFrame(frame(1, 'b')), 'duplicate');
    assert.equal(link.onFrame(frame(0, 'a')), 'accepted');
    assert.deepEqual([link.take(), link.take(), link.take()], ['a', 'b', undefined]);
    assert.equal(link.onFrame(frame(0, 'a')), 'duplicate');
    assert.deepEqual(link.ack(), { ...ME, nextSequence: 2, limitSequence: 6 });
  });

  it('takes nothing beyond its window until there is room again', () => {
    const link = receiver(1);
    assert.equal(link.onFrame(frame(0, 'a')), 'accepted');
    assert.equal(link.onFrame(frame(1, 'b')), 'duplicate');
    assert.equal(link.owesCredit, false);
    assert.equal(link.take(), 'a');
    assert.equal(link.owesCredit, true);
    assert.deepEqual(link.ack(), { ...ME, nextSequence: 1, limitSequence: 2 });
    assert.equal(link.onFrame(frame(1, 'b')), 'accepted');
  });

  it('drops frames of older attempts, older leases and other jobs', () => {
    const link = receiver();
    assert.equal(link.onFrame(frame(0, 'old', 1)), 'stale');
    assert.equal(link.onFrame({ ...frame(0, 'foreign'), job: 'k' }), 'stale');
    assert.equal(link.onFrame(frame(0, 'a', 2, 2)), 'accepted');
    assert.equal(link.onFrame(frame(1, 'zombie', 2, 1)), 'stale');
    assert.equal(link.take(), 'a');
    assert.equal(link.take(), undefined);
  });

  it('is fenced by a newer attempt and gives nothing from then on', () => {
    const link = receiver();
    link.onFrame(frame(0, 'a'));
    assert.equal(link.onFrame(frame(0, 'new', 3)), 'fenced');
    assert.equal(link.onFrame(frame(1, 'b')), 'fenced');
    assert.equal(link.fenced, true);
    assert.equal(link.take(), undefined);
  });
});
