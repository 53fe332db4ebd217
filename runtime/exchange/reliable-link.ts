/**
 * One direction of a channel over a network that loses, repeats, delays and reorders: a sender and
 * a receiver that exchange {@link LinkFrame}s and {@link LinkAck}s. Pure: no I/O, no clock; every
 * call answers what is to be transmitted. Serves frames between slots, commands and reports.
 *
 * The sender owns what was not acknowledged, the receiver what arrived and was not taken. Neither
 * owns the transport, nor the timer that calls {@link LinkSender.onTimer}.
 *
 * I1  What was offered is taken once, complete and in order, or not at all: never a gap, never
 *     twice, as long as both ends live.
 * I2  At most `windowFrames` are un-taken, but for those that an end gave back (I5): a frame is
 *     sent only below the limit the receiver set, and one beyond it is dropped. What has no credit
 *     waits with the sender.
 * I3  Everything sent is sent again until it is acknowledged; a sender without credit probes, since
 *     the acknowledgement that gave it may be lost.
 * I4  A word of an older attempt, or of an older lease of the same attempt, changes nothing and is
 *     not answered. A word of a newer attempt fences its hearer for good: it is silent then.
 * I5  An end may be replaced by one that begins where it stood: a sender that has nothing
 *     outstanding by its {@link LinkPosition}; a receiver by the same, once the frames from there
 *     on that had arrived ({@link LinkReceiver.leftover}) are on their way to the new one again.
 */
import { assert } from '../core/index.ts';
import type { LinkPosition } from '../protocol/index.ts';

/** On whose behalf an end speaks. */
export interface LinkIdentity {
  readonly job: string;
  /** Grows at every restart of the job. */
  readonly attempt: number;
  /** Grows at every hand-over of the slot within an attempt; sequence numbers go on. */
  readonly lease: number;
}

/** Sender → receiver. */
export interface LinkFrame<P> extends LinkIdentity {
  /** From 0 in every attempt. */
  readonly sequence: number;
  /** Absent: a probe that asks for an acknowledgement. */
  readonly payload?: P;
}

/** Receiver → sender. Cumulative: later ones replace earlier ones. */
export interface LinkAck extends LinkIdentity {
  /** Every frame below has arrived. */
  readonly nextSequence: number;
  /** Frames below may be sent. */
  readonly limitSequence: number;
}

export type LinkVerdict =
  | 'accepted'
  /** It had arrived before, or lies beyond the window. */
  | 'duplicate'
  /** Of an older attempt or lease, or of another job. */
  | 'stale'
  /** A newer attempt exists: this end stops. */
  | 'fenced';

export interface LinkSenderOptions {
  readonly identity: LinkIdentity;
  /** As the receiver's. */
  readonly windowFrames: number;
  /** First wait for an acknowledgement; doubles up to `maxRetransmitMs` until there is progress. */
  readonly retransmitMs: number;
  readonly maxRetransmitMs: number;
  /** I5. @default the beginning */
  readonly resume?: LinkPosition;
}

/** Frames sent again at once when an acknowledgement is overdue. */
const RETRANSMIT_BURST = 8;

/** Whose words the hearer takes. */
class PeerFence {
  readonly #own: LinkIdentity;
  newestLease = 0;
  fenced = false;

  constructor(own: LinkIdentity) {
    this.#own = own;
  }

  /** I4. Undefined: take it. */
  judge(word: LinkIdentity): 'stale' | 'fenced' | undefined {
    if (this.fenced) return 'fenced';
    if (word.job !== this.#own.job || word.attempt < this.#own.attempt) return 'stale';
    if (word.attempt > this.#own.attempt) {
      this.fenced = true;
      return 'fenced';
    }
    if (word.lease < this.newestLease) return 'stale';
    this.newestLease = word.lease;
    return undefined;
  }
}

/** The sending end. Times are the caller's monotonic milliseconds. */
export class LinkSender<P> {
  readonly #options: LinkSenderOptions;
  readonly #fence: PeerFence;
  /** Sent and unacknowledged, then without credit; the first has sequence `#base`. */
  readonly #queue: P[] = [];
  #base: number;
  /** Sequence of the first frame that was never sent. */
  #unsent: number;
  #limit: number;
  #retransmitMs: number;
  #deadlineMs: number | undefined;

  constructor(options: LinkSenderOptions) {
    assert(options.windowFrames > 0, 'a link has a window');
    this.#options = options;
    this.#fence = new PeerFence(options.identity);
    this.#base = options.resume?.nextSequence ?? 0;
    this.#unsent = this.#base;
    this.#limit = options.resume?.limitSequence ?? options.windowFrames;
    this.#retransmitMs = options.retransmitMs;
  }

  /** Whether a payload offered now would be sent at once: the channel's credit. */
  get hasCredit(): boolean {
    return this.#base + this.#queue.length < this.#limit;
  }

  /** Offered and not known to have arrived. */
  get outstanding(): number {
    return this.#queue.length;
  }

  get fenced(): boolean {
    return this.#fence.fenced;
  }

  /** I5. */
  get position(): LinkPosition {
    return { nextSequence: this.#base + this.#queue.length, limitSequence: this.#limit };
  }

  /** Takes a payload; it waits where there is no credit (I2). */
  offer(payload: P, nowMs: number): readonly LinkFrame<P>[] {
    if (this.fenced) return [];
    this.#queue.push(payload);
    return this.#sendAllowed(nowMs);
  }

  /** What the acknowledgement lets go. */
  onAck(ack: LinkAck, nowMs: number): { verdict: LinkVerdict; frames: readonly LinkFrame<P>[] } {
    const refusal = this.#fence.judge(ack);
    if (refusal === 'fenced') this.#deadlineMs = undefined;
    if (refusal !== undefined) return { verdict: refusal, frames: [] };
    assert(ack.nextSequence <= this.#unsent, 'I1: only what was sent is acknowledged');
    const arrived = ack.nextSequence - this.#base;
    const isNews = arrived > 0 || ack.limitSequence > this.#limit;
    if (!isNews) return { verdict: 'duplicate', frames: [] };
    if (arrived > 0) {
      this.#queue.splice(0, arrived);
      this.#base = ack.nextSequence;
    }
    this.#limit = Math.max(this.#limit, ack.limitSequence);
    this.#retransmitMs = this.#options.retransmitMs;
    this.#deadlineMs = undefined;
    return { verdict: 'accepted', frames: this.#sendAllowed(nowMs) };
  }

  /** When {@link onTimer} is to be called; undefined: nothing is awaited. */
  nextTimerAtMs(): number | undefined {
    return this.#deadlineMs;
  }

  /** I3. */
  onTimer(nowMs: number): readonly LinkFrame<P>[] {
    if (this.#deadlineMs === undefined || nowMs < this.#deadlineMs) return [];
    const { maxRetransmitMs } = this.#options;
    this.#retransmitMs = Math.min(2 * this.#retransmitMs, maxRetransmitMs);
    this.#deadlineMs = nowMs + this.#retransmitMs;
    const count = Math.min(this.#unsent - this.#base, RETRANSMIT_BURST);
    if (count === 0) return [{ ...this.#options.identity, sequence: this.#base }];
    return this.#frames(this.#base, this.#base + count);
  }

  #sendAllowed(nowMs: number): readonly LinkFrame<P>[] {
    const from = this.#unsent;
    this.#unsent = Math.max(from, Math.min(this.#limit, this.#base + this.#queue.length));
    if (this.#queue.length > 0) this.#deadlineMs ??= nowMs + this.#retransmitMs;
    return this.#frames(from, this.#unsent);
  }

  #frames(from: number, to: number): readonly LinkFrame<P>[] {
    const { identity } = this.#options;
    return this.#queue
      .slice(from - this.#base, to - this.#base)
      .map((payload, i) => ({ ...identity, sequence: from + i, payload }));
  }
}

/** The receiving end. */
export class LinkReceiver<P> {
  readonly #identity: LinkIdentity;
  readonly #windowFrames: number;
  readonly #fence: PeerFence;
  /** Arrived ahead of a gap. */
  readonly #early = new Map<number, P>();
  /** In order, not taken yet. */
  readonly #ready: P[] = [];
  #next: number;
  #taken: number;
  #announcedLimit: number;

  /** @param resume I5; undefined: from the beginning. */
  constructor(identity: LinkIdentity, windowFrames: number, resume?: LinkPosition) {
    assert(windowFrames > 0, 'a link has a window');
    this.#identity = identity;
    this.#windowFrames = windowFrames;
    this.#fence = new PeerFence(identity);
    this.#next = resume?.nextSequence ?? 0;
    this.#taken = this.#next;
    this.#announcedLimit = Math.max(resume?.limitSequence ?? 0, this.#taken + windowFrames);
  }

  get fenced(): boolean {
    return this.#fence.fenced;
  }

  /** Every frame below has arrived. */
  get nextSequence(): number {
    return this.#next;
  }

  /** Payloads that {@link take} would give. */
  get ready(): number {
    return this.#ready.length;
  }

  /** `accepted` and `duplicate` want an {@link ack}: the one before may be lost. */
  onFrame(frame: LinkFrame<P>): LinkVerdict {
    const refusal = this.#fence.judge(frame);
    if (refusal !== undefined) return refusal;
    const { sequence, payload } = frame;
    const isWanted =
      sequence >= this.#next && sequence < this.#announcedLimit && !this.#early.has(sequence);
    if (payload === undefined || !isWanted) return 'duplicate';
    this.#early.set(sequence, payload);
    for (;;) {
      const next = this.#early.get(this.#next);
      if (next === undefined) return 'accepted';
      this.#early.delete(this.#next);
      this.#ready.push(next);
      this.#next += 1;
    }
  }

  /** The next payload in order; its room is credit for the sender. */
  take(): P | undefined {
    if (this.fenced) return undefined;
    const payload = this.#ready.shift();
    if (payload !== undefined) this.#taken += 1;
    return payload;
  }

  /** Whether enough was taken since the last {@link ack} that the sender should hear of it. */
  get owesCredit(): boolean {
    const unannounced = this.#taken + this.#windowFrames - this.#announcedLimit;
    return 2 * unannounced >= this.#windowFrames;
  }

  /** I5. */
  get position(): LinkPosition {
    return { nextSequence: this.#taken, limitSequence: this.#announcedLimit };
  }

  /** What has arrived and was not taken; ascending. As its sender would send it again. */
  leftover(): readonly LinkFrame<P>[] {
    const ready = this.#ready.map((payload, i): [number, P] => [this.#taken + i, payload]);
    const early = [...this.#early].toSorted(([a], [b]) => a - b);
    return [...ready, ...early].map(([sequence, payload]) => this.frameOf(sequence, payload));
  }

  /** A frame of this link, as its sender would send it again. */
  frameOf(sequence: number, payload: P): LinkFrame<P> {
    const { job, attempt } = this.#identity;
    return { job, attempt, lease: this.#fence.newestLease, sequence, payload };
  }

  ack(): LinkAck {
    this.#announcedLimit = Math.max(this.#announcedLimit, this.#taken + this.#windowFrames);
    const limitSequence = this.#announcedLimit;
    return { ...this.#identity, nextSequence: this.#next, limitSequence };
  }
}
