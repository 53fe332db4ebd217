/**
 * The two ends of a channel that crosses TaskManagers: a ring to or from the slot's thread, and a
 * link over the inboxes. Space in the ring is credit, as in one machine.
 *
 * - I1: a frame leaves the sender's ring when the link has credit in frames and in bytes; it is
 *   taken from the receiver's link when its ring has room.
 * - I2: the window in bytes bounds what is known not to be taken: the limit that the receiver set
 *   says what it had taken, since it is always the window's frames beyond that.
 * - I3: queues lose nothing, so acknowledgements go with other words, or late; credit that is owed,
 *   and who asks, are answered at once. What is sent again was lost with somebody's memory.
 */
import {
  barrierIdOf,
  type Doorbell,
  endsPartition,
  type LinkIdentity,
  LinkReceiver,
  LinkSender,
  RingReader,
  RingWriter,
} from '../../../exchange/index.ts';
import type { LinkPosition } from '../../../protocol/index.ts';
import type { ChannelId } from '../../../taskmanager/index.ts';
import type { InboxItem } from '../inbox/index.ts';

export const WINDOW_FRAMES = 256;
const RETRANSMIT_MS = 30_000;
const MAX_RETRANSMIT_MS = 120_000;
const ACK_DELAY_MS = 5_000;

export interface NetworkChannelParts {
  readonly channel: ChannelId;
  readonly memory: SharedArrayBuffer;
  /** Wakes the slot at the other end of the ring. */
  readonly slotBell: Doorbell;
  readonly identity: LinkIdentity;
  readonly resume: LinkPosition | undefined;
  readonly windowBytes: number;
  /** To the TaskManager of the link's other end. */
  readonly offer: (item: InboxItem) => void;
}

type ItemOf<T extends InboxItem['type']> = Extract<InboxItem, { readonly type: T }>;

export class NetworkSender {
  readonly #parts: NetworkChannelParts;
  readonly #ring: RingReader;
  readonly #link: LinkSender<Uint8Array>;
  /** Taken from the ring; it waits for credit. */
  #held: Uint8Array | undefined;
  #hasEnded = false;
  /** Of the frames that may not be taken yet; the first has sequence `#untakenFrom`. */
  readonly #untakenSizes: number[] = [];
  #untakenFrom: number;
  #untakenBytes = 0;

  constructor(parts: NetworkChannelParts) {
    this.#parts = parts;
    const { memory, slotBell, identity, resume } = parts;
    this.#ring = new RingReader(memory, slotBell);
    this.#untakenFrom = resume?.nextSequence ?? 0;
    this.#link = new LinkSender({
      identity,
      windowFrames: WINDOW_FRAMES,
      retransmitMs: RETRANSMIT_MS,
      maxRetransmitMs: MAX_RETRANSMIT_MS,
      ...(resume === undefined ? {} : { resume }),
    });
  }

  /**
   * After `pump`: everything the slot has written has arrived. What follows nothing needs only be
   * sent (I4).
   */
  get isIdle(): boolean {
    if (this.#held !== undefined) return false;
    const { nextSequence, limitSequence } = this.#link.position;
    return this.#link.outstanding === 0 || (this.#hasEnded && nextSequence <= limitSequence);
  }

  get position(): LinkPosition {
    return this.#link.position;
  }

  get nextTimerAtMs(): number | undefined {
    return this.#link.nextTimerAtMs();
  }

  /** I1. True when something moved. */
  pump(nowMs: number): boolean {
    let moved = false;
    for (;;) {
      this.#held ??= this.#poll();
      const bytes = this.#held;
      if (bytes === undefined || !this.#mayOffer()) return moved;
      this.#held = undefined;
      this.#hasEnded = endsPartition(bytes);
      this.#untakenSizes.push(bytes.length);
      this.#untakenBytes += bytes.length;
      this.#transmit(this.#link.offer(bytes, nowMs));
      moved = true;
    }
  }

  onAck({ lease, nextSequence, limitSequence }: ItemOf<'ack'>, nowMs: number): void {
    const { job, attempt } = this.#parts.identity;
    const ack = { job, attempt, lease, nextSequence, limitSequence };
    const { verdict, frames } = this.#link.onAck(ack, nowMs);
    if (verdict !== 'accepted') return;
    // I2.
    for (let left = limitSequence - WINDOW_FRAMES - this.#untakenFrom; left > 0; left -= 1) {
      const sizeBytes = this.#untakenSizes.shift();
      if (sizeBytes === undefined) break;
      this.#untakenBytes -= sizeBytes;
      this.#untakenFrom += 1;
    }
    this.#transmit(frames);
  }

  onTimer(nowMs: number): void {
    this.#transmit(this.#link.onTimer(nowMs));
  }

  /** Asks for the acknowledgement of all that was sent. */
  probe(): void {
    const { channel, identity, offer } = this.#parts;
    const sequence = this.#link.position.nextSequence;
    if (!this.isIdle) offer({ type: 'probe', channel, lease: identity.lease, sequence });
  }

  #poll(): Uint8Array | undefined {
    const frame = this.#ring.poll();
    if (frame === undefined) return undefined;
    const bytes = Uint8Array.from(frame.bytes.subarray(frame.start, frame.end));
    this.#ring.release();
    return bytes;
  }

  #mayOffer(): boolean {
    // One frame may wait in the link: it asks for the credit that was lost on its way.
    if (!this.#link.hasCredit) return this.#link.outstanding === 0;
    return this.#untakenBytes < this.#parts.windowBytes;
  }

  #transmit(frames: ReturnType<LinkSender<Uint8Array>['onTimer']>): void {
    const { channel, offer } = this.#parts;
    for (const { lease, sequence, payload: bytes } of frames) {
      offer(
        bytes === undefined
          ? { type: 'probe', channel, lease, sequence }
          : { type: 'frame', channel, lease, sequence, bytes },
      );
    }
  }
}

export interface NetworkReceiverParts extends NetworkChannelParts {
  /** A barrier goes to the slot. */
  readonly onBarrier: (checkpointId: number) => void;
}

export class NetworkReceiver {
  readonly #parts: NetworkReceiverParts;
  readonly #ring: RingWriter;
  readonly #link: LinkReceiver<Uint8Array>;
  /** Taken from the link; not, or not wholly, in the ring. */
  #held: Uint8Array | undefined;
  /** Since the last acknowledgement. */
  #takenBytes = 0;
  /** Somebody waits until everything below has arrived. */
  #askedFor: number | undefined;
  #ackAtMs: number | undefined;

  constructor(parts: NetworkReceiverParts) {
    this.#parts = parts;
    this.#ring = new RingWriter(parts.memory, parts.slotBell);
    this.#link = new LinkReceiver(parts.identity, WINDOW_FRAMES, parts.resume);
  }

  /** When an acknowledgement is due that nothing else has taken along. */
  get nextTimerAtMs(): number | undefined {
    return this.#ackAtMs;
  }

  onFrame({ lease, sequence, bytes }: ItemOf<'frame'>, nowMs: number): void {
    const { job, attempt } = this.#parts.identity;
    const frame = { job, attempt, lease, sequence, payload: bytes };
    switch (this.#link.onFrame(frame)) {
      case 'accepted':
        this.#ackAtMs ??= nowMs + ACK_DELAY_MS;
        break;
      case 'duplicate':
        this.#ackAtMs = nowMs;
        break;
      default:
        break;
    }
    this.#answer(nowMs);
  }

  onProbe({ lease, sequence }: ItemOf<'probe'>, nowMs: number): void {
    const { job, attempt } = this.#parts.identity;
    if (this.#link.onFrame({ job, attempt, lease, sequence }) !== 'duplicate') return;
    this.#askedFor = Math.max(this.#askedFor ?? 0, sequence);
    this.#answer(nowMs);
    // Where things stand, if that is all there is to say.
    this.#ackAtMs = nowMs;
  }

  /** I1. True when something moved. */
  pump(nowMs: number): boolean {
    let moved = false;
    for (;;) {
      this.#held ??= this.#link.take();
      if (this.#held === undefined) break;
      const checkpointId = barrierIdOf(this.#held);
      if (checkpointId !== undefined) this.#parts.onBarrier(checkpointId);
      if (!this.#ring.tryWrite(this.#held)) break;
      this.#takenBytes += this.#held.length;
      this.#held = undefined;
      moved = true;
    }
    const owesBytes = 2 * this.#takenBytes >= this.#parts.windowBytes;
    if (owesBytes || this.#link.owesCredit) this.#ackAtMs = nowMs;
    return moved;
  }

  /** I3. Says where it stands, if there is news; with `onlyDue`, if it cannot wait. */
  acknowledge(nowMs: number, onlyDue: boolean): void {
    if (this.#ackAtMs === undefined || (onlyDue && nowMs < this.#ackAtMs)) return;
    this.#ackAtMs = undefined;
    this.#takenBytes = 0;
    const { channel, offer } = this.#parts;
    const { lease, nextSequence, limitSequence } = this.#link.ack();
    offer({ type: 'ack', channel, lease, nextSequence, limitSequence });
  }

  /**
   * Leaves its place; nothing may arrive any more.
   *
   * @param untaken frames that the slot has not taken from the ring.
   * @returns where the successor begins, and the frames it is to find in the inbox.
   */
  leave(untaken: readonly Uint8Array[]): {
    readonly position: LinkPosition;
    readonly items: readonly InboxItem[];
  } {
    const { channel } = this.#parts;
    const { nextSequence, limitSequence } = this.#link.position;
    const given = this.#held === undefined ? untaken : [...untaken, this.#held];
    const from = nextSequence - given.length;
    const frames = [
      ...given.map((bytes, i) => this.#link.frameOf(from + i, bytes)),
      ...this.#link.leftover(),
    ];
    const items = frames.flatMap(({ lease, sequence, payload: bytes }): readonly InboxItem[] =>
      bytes === undefined ? [] : [{ type: 'frame', channel, lease, sequence, bytes }],
    );
    return { position: { nextSequence: from, limitSequence }, items };
  }

  #answer(nowMs: number): void {
    if (this.#askedFor === undefined || this.#link.nextSequence < this.#askedFor) return;
    this.#askedFor = undefined;
    this.#ackAtMs = nowMs;
  }
}
