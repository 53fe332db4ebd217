/**
 * Channels between slots of different processes: the production writer and reader at the ends, a
 * small ring each, and between the rings the production link over the simulated network. Space in
 * a ring is credit, as in one machine.
 *
 * I1  A frame leaves the sender's ring when the link has credit, and is taken from the link when
 *     the receiver's ring has room.
 */
import type { FieldType } from '../core/index.ts';
import {
  allocateRing,
  ChannelReader,
  ChannelWriter,
  CodecCache,
  type LinkIdentity,
  RingReader,
  RingWriter,
} from '../exchange/index.ts';
import type { LinkPosition } from '../protocol/index.ts';
import type { ChannelId, ChannelSource, SlotExchange } from '../taskmanager/index.ts';
import type { ChannelAudit } from './channel-audit.ts';
import type { BugSwitch } from './planted-bugs.ts';
import { SimLinkReceiver, SimLinkSender } from './sim-link.ts';
import type { SimNetwork } from './sim-network.ts';
import type { SimProcess } from './sim-process.ts';

const RING_BYTES = 1024;
const BUFFER_BYTES = 256;

/** Layouts are values: one cache serves every simulated slot. */
const CODECS = new CodecCache();

export interface SimExchangeParts {
  readonly network: SimNetwork;
  readonly host: SimProcess;
  readonly identity: LinkIdentity;
  readonly windowFrames: number;
  readonly audit: ChannelAudit;
  /** There may be something to do. */
  readonly wake: () => void;
  /** Where the ends begin that another slot has left, by address. */
  readonly resume: Readonly<Record<string, LinkPosition>>;
  /** A newer attempt runs. */
  readonly onFenced: () => void;
}

interface Pump {
  readonly address: string;
  /** True when something moved. */
  readonly pump: () => boolean;
  /** Nothing of it is under way. */
  readonly isIdle: () => boolean;
  readonly leave: () => Promise<LinkPosition>;
  readonly close: () => void;
}

/** The channels of one slot. */
export class SimExchange implements SlotExchange {
  readonly #parts: SimExchangeParts;
  readonly #pumps: Pump[] = [];
  #isLeft = false;

  constructor(parts: SimExchangeParts) {
    this.#parts = parts;
  }

  openWriter(channel: ChannelId, type: FieldType | undefined, keyed: boolean): ChannelWriter {
    const memory = allocateRing(RING_BYTES);
    const ring = new RingReader(memory);
    const options = this.#linkOptions(channel);
    const link = new SimLinkSender<Uint8Array>(options, this.#parts.wake);
    const ends = this.#ends(channel);
    this.#pumps.push({
      address: options.address,
      // An idle link has credit: the pump has emptied the ring.
      isIdle: () => link.isIdle,
      leave: async () => {
        link.close();
        return link.position;
      },
      pump: () => {
        let moved = false;
        // One frame may wait in the link: it asks for the credit that was lost on its way.
        while (link.hasCredit || link.isIdle) {
          const frame = ring.poll();
          if (frame === undefined) break;
          const bytes = Uint8Array.from(frame.bytes.subarray(frame.start, frame.end));
          ends.sent(bytes);
          link.offer(bytes);
          ring.release();
          moved = true;
        }
        return moved;
      },
      close: () => link.close(),
    });
    const writer = new RingWriter(memory);
    return new ChannelWriter({
      ring: writer,
      keyed,
      type,
      codecs: CODECS,
      bufferBytes: BUFFER_BYTES,
      nextSequence: options.resume?.nextSequence ?? 0,
    });
  }

  openReader(channel: ChannelId, keyed: boolean): ChannelSource {
    const memory = allocateRing(RING_BYTES);
    const ring = new RingWriter(memory);
    const options = this.#linkOptions(channel);
    const link = new SimLinkReceiver<Uint8Array>(options, this.#parts.wake);
    const ends = this.#ends(channel);
    let taken: Uint8Array | undefined;
    const disorder = new BarrierDisorder(this.#parts.network.bugs);
    const inRing = new RingReader(memory);
    this.#pumps.push({
      address: options.address,
      isIdle: () => true,
      leave: () => {
        const untaken: Uint8Array[] = [];
        for (let frame = inRing.poll(); frame !== undefined; frame = inRing.poll()) {
          untaken.push(Uint8Array.from(frame.bytes.subarray(frame.start, frame.end)));
          inRing.release();
          ends.untaken();
        }
        return link.leave(taken === undefined ? untaken : [...untaken, taken]);
      },
      pump: () => {
        let moved = false;
        for (;;) {
          taken ??= disorder.next(() => link.take());
          if (taken === undefined || !ring.tryWrite(taken)) return moved;
          ends.taken(taken);
          taken = undefined;
          moved = true;
        }
      },
      close: () => link.close(),
    });
    return new ChannelReader({
      ring: inRing,
      keyed,
      codecs: CODECS,
      nextSequence: options.resume?.nextSequence ?? 0,
    });
  }

  /** I1. True when something moved. */
  pump(): boolean {
    if (this.#isLeft) return false;
    let moved = false;
    for (const { pump } of this.#pumps) if (pump()) moved = true;
    return moved;
  }

  /** Everything sent has arrived; after `pump`. */
  get isIdle(): boolean {
    return this.#pumps.every(({ isIdle }) => isIdle());
  }

  /** Leaves every end, by address, and puts back what was not taken. */
  async leave(): Promise<Readonly<Record<string, LinkPosition>>> {
    this.#isLeft = true;
    const left: Record<string, LinkPosition> = {};
    for (const { address, leave } of this.#pumps) left[address] = await leave();
    return left;
  }

  /** Hears and says nothing more. */
  close(): void {
    for (const { close } of this.#pumps) close();
  }

  #ends(channel: ChannelId): ReturnType<ChannelAudit['ends']> {
    const { audit, identity } = this.#parts;
    return audit.ends(identity.job, identity.attempt, channel);
  }

  #linkOptions({ edgeId, fromSubtask, toSubtask }: ChannelId) {
    const { network, host, identity, windowFrames, onFenced } = this.#parts;
    const address = `${identity.job}/e${edgeId}:${fromSubtask}:${toSubtask}`;
    const resume = this.#parts.resume[address];
    return { network, host, identity, address, windowFrames, onFenced, resume };
  }
}

const BARRIER_TYPE = 16;
const SCHEMA_TYPE = 2;
const RECORDS_TYPE = 1;
const SEQUENCE_OFFSET = 4;

/** Only with a planted bug: records behind a barrier are handed over before it. */
class BarrierDisorder {
  readonly #bugs: BugSwitch;
  readonly #held: Uint8Array[] = [];

  constructor(bugs: BugSwitch) {
    this.#bugs = bugs;
  }

  next(take: () => Uint8Array | undefined): Uint8Array | undefined {
    const frame = this.#held.shift() ?? take();
    if (frame?.[0] !== BARRIER_TYPE || !this.#bugs.is('forget-channel-alignment')) return frame;
    // Their layout comes before them.
    while (this.#held.every(([type]) => type === SCHEMA_TYPE)) {
      const follower = take();
      if (follower === undefined) return frame;
      this.#held.push(follower);
    }
    if (this.#held.at(-1)?.[0] !== RECORDS_TYPE) return frame;
    const first = viewOf(frame).getUint32(SEQUENCE_OFFSET, true);
    this.#held.push(frame);
    for (const [i, held] of this.#held.entries()) {
      viewOf(held).setUint32(SEQUENCE_OFFSET, first + i, true);
    }
    return this.#held.shift();
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
