/**
 * The exchange between slots of one process: a ring in shared memory for every channel whose ends
 * are in different slots, and a doorbell for every slot.
 */
import { defined, type FieldType } from '../../core/index.ts';
import {
  allocateRing,
  BUFFER_BYTES,
  ChannelReader,
  ChannelWriter,
  CodecCache,
  Doorbell,
  RingReader,
  RingWriter,
} from '../../exchange/index.ts';
import type { ExecutionGraph } from '../../graph/index.ts';
import type { ChannelId, ChannelSource, SlotExchange } from '../../taskmanager/index.ts';

const MIN_RING_BYTES = 64 * 1024;
const MAX_RING_BYTES = 512 * 1024;
/** All rings of a job together; a job with many channels gets smaller rings. */
const RING_BUDGET_BYTES = 128 * 1024 * 1024;

/** The shared memory of a job's exchange. Passed to worker threads as it is. */
export interface RingMemory {
  /** By `<edge>:<from>:<to>`. */
  readonly rings: ReadonlyMap<string, RingEnds>;
  /** By slot index. */
  readonly doorbells: ReadonlyMap<number, SharedArrayBuffer>;
}

export interface RingEnds {
  readonly memory: SharedArrayBuffer;
  readonly fromSlot: number;
  readonly toSlot: number;
  /** Of the first frame that is written. @default 0 */
  readonly nextSequence?: number;
  /** Of the first frame that is read, if some are in the ring already. @default nextSequence */
  readonly readSequence?: number;
  /** @default as {@link ChannelWriter} has it */
  readonly bufferBytes?: number;
}

/** Allocates what the channels between these slots need; no channel leads to other slots. */
export function allocateRings(
  executionGraph: ExecutionGraph,
  slotIndexes: readonly number[],
): RingMemory {
  const wanted = new Set(slotIndexes);
  const slots = new Map<string, number>();
  for (const { vertexId, subtasks } of executionGraph.vertices) {
    for (const { subtaskIndex, slotIndex } of subtasks) {
      slots.set(`${vertexId}:${subtaskIndex}`, slotIndex);
    }
  }
  const remote: { key: string; fromSlot: number; toSlot: number }[] = [];
  for (const edge of executionGraph.jobGraph.edges) {
    const { channels } = defined(executionGraph.edges[edge.id], 'every edge is laid out');
    for (const { from, to } of channels) {
      const fromSlot = defined(slots.get(`${edge.sourceVertexId}:${from}`), 'a subtask has a slot');
      const toSlot = defined(slots.get(`${edge.targetVertexId}:${to}`), 'a subtask has a slot');
      if (fromSlot === toSlot || !wanted.has(fromSlot)) continue;
      remote.push({ key: `${edge.id}:${from}:${to}`, fromSlot, toSlot });
    }
  }
  const capacityBytes = ringCapacityBytes(remote.length);
  return {
    rings: new Map(
      remote.map(({ key, fromSlot, toSlot }) => [
        key,
        { memory: allocateRing(capacityBytes), fromSlot, toSlot },
      ]),
    ),
    doorbells: new Map(slotIndexes.map((slotIndex) => [slotIndex, new Doorbell().memory])),
  };
}

/** A power of two. */
export function ringCapacityBytes(channelCount: number): number {
  const share = RING_BUDGET_BYTES / Math.max(1, channelCount);
  const bounded = Math.min(MAX_RING_BYTES, Math.max(MIN_RING_BYTES, share));
  return 2 ** Math.floor(Math.log2(bounded));
}

/** One slot's ends of the rings. */
export class RingExchange implements SlotExchange {
  readonly #memory: RingMemory;
  readonly #doorbells: ReadonlyMap<number, Doorbell>;
  readonly #codecs = new Map<number, CodecCache>();
  readonly #readers = new Map<string, RingReader>();

  /** @param doorbells by slot index; slots of one thread may share an object. */
  constructor(memory: RingMemory, doorbells: ReadonlyMap<number, Doorbell>) {
    this.#memory = memory;
    this.#doorbells = doorbells;
  }

  openWriter(channel: ChannelId, type: FieldType | undefined, keyed: boolean): ChannelWriter {
    const ends = this.#ends(channel);
    const ring = new RingWriter(ends.memory, this.#doorbells.get(ends.toSlot));
    const { nextSequence = 0, bufferBytes = BUFFER_BYTES } = ends;
    const codecs = this.#codecsOf(channel.edgeId);
    return new ChannelWriter({ ring, keyed, type, codecs, nextSequence, bufferBytes });
  }

  openReader(channel: ChannelId, keyed: boolean): ChannelSource {
    const ends = this.#ends(channel);
    const ring = new RingReader(ends.memory, this.#doorbells.get(ends.fromSlot));
    this.#readers.set(keyOf(channel), ring);
    const nextSequence = ends.readSequence ?? ends.nextSequence ?? 0;
    return new ChannelReader({ ring, keyed, codecs: this.#codecsOf(channel.edgeId), nextSequence });
  }

  /** Whole frames that nobody has taken from this slot's rings; they are empty then. */
  untaken(): ReadonlyMap<string, readonly Uint8Array[]> {
    const untaken = new Map<string, readonly Uint8Array[]>();
    for (const [key, ring] of this.#readers) {
      const frames: Uint8Array[] = [];
      for (let frame = ring.poll(); frame !== undefined; frame = ring.poll()) {
        frames.push(Uint8Array.from(frame.bytes.subarray(frame.start, frame.end)));
        ring.release();
      }
      if (frames.length > 0) untaken.set(key, frames);
    }
    return untaken;
  }

  /** Channels of an edge carry the same shapes: one compiled codec serves them all. */
  #codecsOf(edgeId: number): CodecCache {
    let codecs = this.#codecs.get(edgeId);
    if (codecs === undefined) {
      codecs = new CodecCache();
      this.#codecs.set(edgeId, codecs);
    }
    return codecs;
  }

  #ends(channel: ChannelId): RingEnds {
    const ends = this.#memory.rings.get(keyOf(channel));
    return defined(ends, 'every channel between slots has a ring');
  }
}

function keyOf({ edgeId, fromSubtask, toSubtask }: ChannelId): string {
  return `${edgeId}:${fromSubtask}:${toSubtask}`;
}
