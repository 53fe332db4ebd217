/**
 * Records the frames an unaligned barrier overtakes: what lies in the channels of a task at the
 * cut and what comes before each channel's own barrier. Draining makes room, so the barrier gets
 * through channels that the task is too slow to process.
 *
 * I1  While a channel is recorded, frames reach the task only by way of `drain`: none is missed.
 * I2  A channel's record ends before its barrier, or with its end of partition; the barrier may lie
 *     among the frames that were taken ahead for an earlier checkpoint.
 */
import type { CheckpointBarrier } from '../protocol/index.ts';
import type { ChannelId, ChannelSource } from './slot-ports.ts';

/** Taken ahead of processing at most, per channel; beyond it, frames are recorded as they go. */
const MAX_AHEAD_BYTES = 4 * 1024 * 1024;

/** A channel from another slot. */
export interface RecordableChannel {
  readonly id: ChannelId;
  /** Counted over all gates of the task. */
  readonly channel: number;
  readonly source: ChannelSource;
}

/** What was recorded of one channel; oldest first. */
export interface RecordedChannel {
  readonly id: ChannelId;
  readonly frames: readonly Uint8Array[];
  readonly recordFrames: number;
}

export interface Recording {
  readonly channels: readonly RecordedChannel[];
  /** From the first barrier to the last. */
  readonly alignmentMs: number;
}

interface OpenRecord {
  readonly from: RecordableChannel;
  readonly frames: Uint8Array[];
  recordFrames: number;
  /** A later barrier lies ahead: nothing more of this checkpoint will come. */
  stalled: boolean;
  /** Its barrier was ahead already, and is to be told. */
  foundAhead: CheckpointBarrier | undefined;
}

export class ChannelRecorder {
  readonly #barrier: CheckpointBarrier;
  readonly #onBarrier: (channel: number, barrier: CheckpointBarrier) => void;
  readonly #open = new Map<number, OpenRecord>();
  readonly #all: readonly OpenRecord[];
  readonly #settle: (recording: Recording | undefined) => void;
  /** Undefined: given up. */
  readonly recording: Promise<Recording | undefined>;

  /**
   * Made at the cut.
   *
   * @param onBarrier told that a channel's barrier was found; answers by `channelRecorded`.
   */
  constructor(
    barrier: CheckpointBarrier,
    overtaken: readonly RecordableChannel[],
    onBarrier: (channel: number, barrier: CheckpointBarrier) => void,
  ) {
    this.#barrier = barrier;
    this.#onBarrier = onBarrier;
    const settled = Promise.withResolvers<Recording | undefined>();
    this.#settle = settled.resolve;
    this.recording = settled.promise;
    this.#all = overtaken.map((from): OpenRecord => {
      const schema = from.source.schemaFrame();
      const { ahead } = from.source;
      const { checkpointId } = barrier;
      const end = ahead.findIndex((f) => (f.barrier?.checkpointId ?? 0) >= checkpointId);
      const own = end < 0 ? ahead : ahead.slice(0, end);
      const found = ahead[end]?.barrier;
      return {
        from,
        frames: [...(schema === undefined ? [] : [schema]), ...own.map(({ bytes }) => bytes)],
        recordFrames: own.filter(({ records }) => records > 0).length,
        stalled: found !== undefined && found.checkpointId > checkpointId,
        foundAhead: found?.checkpointId === checkpointId ? found : undefined,
      };
    });
    for (const record of this.#all) this.#open.set(record.from.channel, record);
  }

  get checkpointId(): number {
    return this.#barrier.checkpointId;
  }

  /** I1: the task must not take frames from this channel but those that were taken ahead. */
  mustDrainFirst(channel: number): boolean {
    const record = this.#open.get(channel);
    return record !== undefined && !record.stalled && record.from.source.ahead.length === 0;
  }

  /**
   * True when frames were taken.
   *
   * @param maxAheadBytes what may wait to be processed, a channel.
   */
  drain(maxAheadBytes = MAX_AHEAD_BYTES): boolean {
    let any = false;
    for (const record of [...this.#open.values()]) {
      if (record.foundAhead !== undefined) {
        this.#onBarrier(record.from.channel, record.foundAhead);
        any = true;
        continue;
      }
      while (!record.stalled && record.from.source.aheadBytes < maxAheadBytes) {
        if (!this.#takeFrom(record)) break;
        any = true;
      }
    }
    return any;
  }

  /** Nothing more of this channel belongs to the checkpoint. */
  channelRecorded(channel: number): void {
    this.#open.delete(channel);
  }

  finish(alignmentMs: number): void {
    const channels = this.#all
      .filter(({ recordFrames }) => recordFrames > 0)
      .map(({ from, frames, recordFrames }) => ({ id: from.id, frames, recordFrames }));
    this.#settle({ channels, alignmentMs });
  }

  giveUp(): void {
    this.#open.clear();
    this.#settle(undefined);
  }

  #takeFrom(record: OpenRecord): boolean {
    const { source, channel } = record.from;
    const taken = source.takeAhead();
    if (taken === undefined) return false;
    const { barrier } = taken;
    if (barrier === undefined) {
      record.frames.push(taken.bytes);
      if (taken.records > 0) record.recordFrames += 1;
      // I2: an ended channel has delivered every barrier.
      if (taken.endOfPartition) this.#onBarrier(channel, this.#barrier);
    } else if (barrier.checkpointId === this.checkpointId) {
      this.#onBarrier(channel, barrier);
    } else if (barrier.checkpointId > this.checkpointId) {
      source.putBack(taken);
      record.stalled = true;
    }
    return this.#open.has(channel);
  }
}
