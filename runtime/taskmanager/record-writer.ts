import { defined, type FieldType, MIN_TIMESTAMP_MS } from '../core/index.ts';
import {
  type ChannelSink,
  type ChannelWriter,
  checkType,
  type Partitioner,
} from '../exchange/index.ts';
import type { CheckpointBarrier } from '../protocol/index.ts';
import type { OutputTarget } from './chain-output.ts';

/** The sending end of a channel: a ring to another slot, or a task of this slot called directly. */
export type OutputChannel =
  | { readonly kind: 'remote'; readonly writer: ChannelWriter }
  | {
      readonly kind: 'local';
      readonly sink: ChannelSink;
      /** Spent in its calls. */
      readonly calledMs: () => number;
      readonly canAccept: () => boolean;
    };

/** What to say of a record an edge cannot carry. */
export interface EdgeFailures {
  /** Its channel could not be chosen. */
  readonly choosing: (thrown: unknown, record: unknown) => Error;
  /** Its codec refused it. */
  readonly encoding: (thrown: unknown, record: unknown) => Error;
}

/** Writes one edge of one subtask: picks the channel of each record, repeats control elements. */
export class RecordWriter implements OutputTarget {
  readonly #partitioner: Partitioner;
  readonly #channels: readonly OutputChannel[];
  readonly #sinks: readonly ChannelSink[];
  readonly #writers: readonly ChannelWriter[];
  readonly #failures: EdgeFailures;
  numRecords = 0;
  /** The last that was written; lower ones are not. */
  watermarkMs = MIN_TIMESTAMP_MS;

  /**
   * @param channels in the order of the target's subtasks the partitioner counts.
   */
  constructor(
    partitioner: Partitioner,
    channels: readonly OutputChannel[],
    failures: EdgeFailures,
  ) {
    this.#failures = failures;
    this.#partitioner = partitioner;
    this.#channels = channels;
    this.#sinks = channels.map((c) =>
      c.kind === 'local' ? c.sink : new WriterSink(c.writer, failures),
    );
    this.#writers = channels.flatMap((c) => (c.kind === 'remote' ? [c.writer] : []));
  }

  processElement(value: unknown, timestampMs: number): void {
    this.numRecords += 1;
    if (this.#partitioner.broadcast) {
      for (const sink of this.#sinks) sink.record(value, timestampMs, -1);
      return;
    }
    const sink = this.#sinks[this.#select(value, timestampMs)];
    defined(sink, 'a partitioner selects one of its channels').record(
      value,
      timestampMs,
      this.#partitioner.keyGroup,
    );
  }

  #select(value: unknown, timestampMs: number): number {
    try {
      return this.#partitioner.select(value, timestampMs);
    } catch (thrown) {
      throw this.#failures.choosing(thrown, value);
    }
  }

  processWatermark(watermarkMs: number): void {
    if (watermarkMs < this.watermarkMs) return;
    this.watermarkMs = watermarkMs;
    for (const sink of this.#sinks) sink.watermark(watermarkMs);
  }

  processIdle(idle: boolean): void {
    for (const sink of this.#sinks) sink.idle(idle);
  }

  barrier(barrier: CheckpointBarrier): void {
    for (const sink of this.#sinks) sink.barrier(barrier);
  }

  /** End of data: only barriers follow. @param drained a savepoint is to follow. */
  end(drained: boolean): void {
    for (const sink of this.#sinks) sink.end(drained);
  }

  /** Nothing follows. */
  endOfPartition(): void {
    for (const sink of this.#sinks) sink.endOfPartition();
  }

  /** Sends half-full buffers; true when there were any. */
  flush(): boolean {
    let any = false;
    for (const writer of this.#writers) {
      const before = writer.buffers;
      writer.flush();
      if (writer.buffers !== before) any = true;
    }
    return any;
  }

  /** Moves what waits for space into the rings; true when all channels take more. */
  isAvailable(): boolean {
    let available = true;
    for (const channel of this.#channels) {
      if (channel.kind === 'local') available = channel.canAccept() && available;
      else if (!channel.writer.isAvailable()) available = channel.writer.drain() && available;
    }
    return available;
  }

  /** As {@link isAvailable}, of the rings only; true when no frame waits for space any more. */
  isDrained(): boolean {
    let drained = true;
    for (const writer of this.#writers) {
      if (!writer.isAvailable()) drained = writer.drain() && drained;
    }
    return drained;
  }

  /** It calls tasks of the slot: of what it gives them, nothing is encoded. */
  get isLocal(): boolean {
    return this.#writers.length < this.#channels.length;
  }

  /** Spent in tasks of the slot that it calls. */
  get calledMs(): number {
    return this.#channels.reduce((sum, channel) => {
      return channel.kind === 'local' ? sum + channel.calledMs() : sum;
    }, 0);
  }

  statistics(): { bytes: number; fallbackRecords: number; maxPendingBytes: number } {
    let bytes = 0;
    let fallbackRecords = 0;
    let maxPendingBytes = 0;
    for (const writer of this.#writers) {
      bytes += writer.bytes;
      fallbackRecords += writer.fallbackRecords;
      maxPendingBytes = Math.max(maxPendingBytes, writer.maxPendingBytes);
    }
    return { bytes, fallbackRecords, maxPendingBytes };
  }
}

class WriterSink implements ChannelSink {
  readonly #writer: ChannelWriter;
  readonly #failures: EdgeFailures;

  constructor(writer: ChannelWriter, failures: EdgeFailures) {
    this.#writer = writer;
    this.#failures = failures;
  }

  record(value: unknown, timestampMs: number, keyGroup: number): void {
    try {
      this.#writer.writeRecord(value, timestampMs, keyGroup);
    } catch (thrown) {
      throw this.#failures.encoding(thrown, value);
    }
  }

  watermark(watermarkMs: number): void {
    this.#writer.writeWatermark(watermarkMs);
  }

  idle(idle: boolean): void {
    this.#writer.writeIdle(idle);
  }

  end(drained = false): void {
    this.#writer.writeEnd(drained);
  }

  barrier(barrier: CheckpointBarrier): void {
    this.#writer.writeBarrier(barrier);
  }

  endOfPartition(): void {
    this.#writer.writeEndOfPartition();
  }
}

/** A call into this slot that holds records to the declared type, as a codec would. */
export class CheckedSink implements ChannelSink {
  readonly #sink: ChannelSink;
  readonly #type: FieldType;
  readonly #failures: EdgeFailures;

  constructor(sink: ChannelSink, type: FieldType, failures: EdgeFailures) {
    this.#sink = sink;
    this.#type = type;
    this.#failures = failures;
  }

  record(value: unknown, timestampMs: number, keyGroup: number): void {
    try {
      checkType(this.#type, value);
    } catch (thrown) {
      throw this.#failures.encoding(thrown, value);
    }
    this.#sink.record(value, timestampMs, keyGroup);
  }

  watermark(watermarkMs: number): void {
    this.#sink.watermark(watermarkMs);
  }

  idle(idle: boolean): void {
    this.#sink.idle(idle);
  }

  end(drained = false): void {
    this.#sink.end(drained);
  }

  barrier(barrier: CheckpointBarrier): void {
    this.#sink.barrier(barrier);
  }

  endOfPartition(): void {
    this.#sink.endOfPartition();
  }
}
