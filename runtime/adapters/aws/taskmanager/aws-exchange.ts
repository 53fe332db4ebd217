/**
 * The network end of a TaskManager's channels, in the invocation's main thread. Owns the rings and
 * the links of all channels that cross TaskManagers, and allocates the rings between its slots,
 * which it never looks into.
 *
 * - I1: `hold` lets nothing more through to the slots: neither frames nor, by who asks, commands.
 * - I2: every checkpoint a slot can have heard of came through here, or as a command.
 */

import { assert, type Clock } from '../../../core/index.ts';
import {
  allocateRing,
  Doorbell,
  type LinkIdentity,
  RingWriter,
  sequenceOf,
} from '../../../exchange/index.ts';
import type { LeaveRecord, LinkPosition } from '../../../protocol/index.ts';
import { type RingEnds, type RingMemory, ringCapacityBytes } from '../../local/index.ts';
import type { InboxItem } from '../inbox/index.ts';
import {
  type ChannelPlan,
  type CrossingChannel,
  channelKey,
  type InnerChannel,
} from './channel-plan.ts';
import { NetworkReceiver, NetworkSender } from './network-channel.ts';

/** In ring memory, the end that is no slot. */
const NETWORK = -1;
/** Two frames, and what they are packed in, take no more than the unit SQS bills. */
const NETWORK_BUFFER_BYTES = 31 * 1024;

export interface AwsExchangeParts {
  readonly plan: ChannelPlan;
  readonly slotIndexes: readonly number[];
  readonly identity: LinkIdentity;
  /** Where the ends begin that another lease has left, by `linkName`. */
  readonly links: Readonly<Record<string, LinkPosition>>;
  /** Between its own slots, of the lease before, as the leave record has them. */
  readonly innerFrames: NonNullable<LeaveRecord['innerFrames']>;
  readonly clock: Clock;
  readonly offer: (taskManager: number, item: InboxItem) => void;
  /** A barrier goes to a slot (I2). */
  readonly onBarrier: (checkpointId: number) => void;
}

/** As a leave record names the end of a channel. */
export function linkName(key: string): string {
  return `channels/${key}`;
}

interface Crossing<E> {
  readonly end: E;
  readonly peer: number;
  readonly slotIndex: number;
}

export class AwsExchange {
  /** Rung by the slots. */
  readonly doorbell = new Doorbell();
  readonly rings: RingMemory;
  readonly #parts: AwsExchangeParts;
  readonly #senders = new Map<string, Crossing<NetworkSender>>();
  readonly #receivers = new Map<string, Crossing<NetworkReceiver>>();
  /** TaskManagers to which something goes anyway. */
  readonly #spokenTo = new Set<number>();
  #isHolding = false;

  constructor(parts: AwsExchangeParts) {
    this.#parts = parts;
    const { plan, slotIndexes } = parts;
    const rings = new Map<string, RingEnds>();
    const bells = new Map(slotIndexes.map((slotIndex) => [slotIndex, new Doorbell()]));
    const { inner, outgoing, incoming } = plan;
    const capacityBytes = ringCapacityBytes(inner.length + outgoing.length + incoming.length);
    for (const channel of inner) {
      rings.set(channel.key, this.#innerRing(channel, allocateRing(capacityBytes)));
    }
    const crossings = [
      ...outgoing.map((crossing) => [crossing, true] as const),
      ...incoming.map((crossing) => [crossing, false] as const),
    ];
    for (const [crossing, isOutgoing] of crossings) {
      const memory = allocateRing(capacityBytes);
      rings.set(crossing.key, this.#ringEnds(crossing, memory, isOutgoing));
      this.#open(crossing, memory, bells, isOutgoing);
    }
    const doorbells = new Map([...bells].map(([slotIndex, bell]) => [slotIndex, bell.memory]));
    this.rings = { rings, doorbells: doorbells.set(NETWORK, this.doorbell.memory) };
  }

  /** Of the slot's channels, or of all: everything sent has arrived, after `pump`. */
  isIdle(slotIndex?: number): boolean {
    return this.#sendersOf(slotIndex).every(({ end }) => end.isIdle);
  }

  /** Asks the other ends whether everything has arrived. */
  probe(slotIndex?: number): void {
    for (const { end } of this.#sendersOf(slotIndex)) end.probe();
  }

  /** @returns what is wrong with an item that is not for this end; undefined: it is taken. */
  take(item: Exclude<InboxItem, { readonly type: 'command' }>): string | undefined {
    const nowMs = this.#nowMs();
    const key = channelKey(item.channel);
    if (item.type === 'ack') {
      const sender = this.#senders.get(key)?.end;
      sender?.onAck(item, nowMs);
      return sender === undefined ? `no channel ${key} begins here` : undefined;
    }
    const receiver = this.#receivers.get(key)?.end;
    if (item.type === 'frame') receiver?.onFrame(item, nowMs);
    else receiver?.onProbe(item, nowMs);
    return receiver === undefined ? `no channel ${key} ends here` : undefined;
  }

  /** I1. */
  hold(): void {
    this.#isHolding = true;
  }

  letGo(): void {
    this.#isHolding = false;
  }

  /** Moves what can be moved between rings and links, and says what is due. True: some was. */
  pump(): boolean {
    const nowMs = this.#nowMs();
    let moved = false;
    for (const { end } of this.#senders.values()) {
      if (end.pump(nowMs)) moved = true;
      if ((end.nextTimerAtMs ?? Number.POSITIVE_INFINITY) <= nowMs) end.onTimer(nowMs);
    }
    for (const { end } of this.#receivers.values()) {
      if (!this.#isHolding && end.pump(nowMs)) moved = true;
      end.acknowledge(nowMs, true);
    }
    // What goes out anyway takes the others along.
    for (const { end, peer } of this.#receivers.values()) {
      if (this.#spokenTo.has(peer)) end.acknowledge(nowMs, false);
    }
    this.#spokenTo.clear();
    return moved;
  }

  /** Says everything there is to say of what has arrived: nobody is here to say it later. */
  acknowledgeAll(): void {
    const nowMs = this.#nowMs();
    for (const { end } of this.#receivers.values()) end.acknowledge(nowMs, false);
  }

  /** On the monotonic clock; undefined: nothing is awaited. */
  nextTimerAtMs(): number | undefined {
    let next = Number.POSITIVE_INFINITY;
    for (const { end } of this.#senders.values()) {
      next = Math.min(next, end.nextTimerAtMs ?? next);
    }
    for (const { end } of this.#receivers.values()) {
      next = Math.min(next, end.nextTimerAtMs ?? next);
    }
    return Number.isFinite(next) ? next : undefined;
  }

  /**
   * Leaves every end; nothing may arrive any more.
   *
   * @param untaken by channel key: what the slots have not taken from their rings.
   * @returns the links' positions by `linkName`, what belongs into the TaskManager's own inbox, and
   * what is left between its own slots.
   */
  leave(untaken: ReadonlyMap<string, readonly Uint8Array[]>): {
    readonly links: Readonly<Record<string, LinkPosition>>;
    readonly items: readonly InboxItem[];
    readonly innerFrames: NonNullable<LeaveRecord['innerFrames']>;
  } {
    const links: Record<string, LinkPosition> = {};
    for (const [key, { end }] of this.#senders) links[linkName(key)] = end.position;
    const items: InboxItem[] = [];
    for (const [key, { end }] of this.#receivers) {
      const left = end.leave(untaken.get(key) ?? []);
      links[linkName(key)] = left.position;
      items.push(...left.items);
    }
    const innerFrames: Record<string, readonly string[]> = {};
    for (const { key } of this.#parts.plan.inner) {
      const frames = untaken.get(key) ?? [];
      if (frames.length > 0)
        innerFrames[key] = frames.map((frame) => Buffer.from(frame).toString('base64'));
    }
    return { links, items, innerFrames };
  }

  /** With the frames in it that the lease before has left. */
  #innerRing({ key, fromSlot, toSlot }: InnerChannel, memory: SharedArrayBuffer): RingEnds {
    const frames = (this.#parts.innerFrames[key] ?? []).map((text) => Buffer.from(text, 'base64'));
    const ring = new RingWriter(memory);
    for (const frame of frames) assert(ring.tryWrite(frame), 'an empty ring takes a few frames');
    const [first, last] = [frames[0], frames.at(-1)];
    if (first === undefined || last === undefined) return { memory, fromSlot, toSlot };
    const nextSequence = (sequenceOf(last) + 1) % 2 ** 32;
    return { memory, fromSlot, toSlot, nextSequence, readSequence: sequenceOf(first) };
  }

  #sendersOf(slotIndex: number | undefined): readonly Crossing<NetworkSender>[] {
    const all = [...this.#senders.values()];
    return slotIndex === undefined ? all : all.filter((sender) => sender.slotIndex === slotIndex);
  }

  #open(
    { key, channel, slotIndex, peer, windowBytes }: CrossingChannel,
    memory: SharedArrayBuffer,
    bells: ReadonlyMap<number, Doorbell>,
    isOutgoing: boolean,
  ): void {
    const { identity, links, offer, onBarrier } = this.#parts;
    const slotBell = bells.get(slotIndex) ?? new Doorbell();
    const resume = links[linkName(key)];
    const say = (item: InboxItem): void => {
      this.#spokenTo.add(peer);
      offer(peer, item);
    };
    const parts = { channel, memory, slotBell, identity, resume, windowBytes, offer: say };
    const place = { peer, slotIndex };
    if (isOutgoing) this.#senders.set(key, { end: new NetworkSender(parts), ...place });
    else this.#receivers.set(key, { end: new NetworkReceiver({ ...parts, onBarrier }), ...place });
  }

  #ringEnds(
    { key, slotIndex }: CrossingChannel,
    memory: SharedArrayBuffer,
    isOutgoing: boolean,
  ): RingEnds {
    // Frames count in 32 bits.
    const nextSequence = (this.#parts.links[linkName(key)]?.nextSequence ?? 0) % 2 ** 32;
    const bufferBytes = NETWORK_BUFFER_BYTES;
    const [fromSlot, toSlot] = isOutgoing ? [slotIndex, NETWORK] : [NETWORK, slotIndex];
    return { memory, fromSlot, toSlot, nextSequence, bufferBytes };
  }

  #nowMs(): number {
    return this.#parts.clock.monotonicMs();
  }
}
