/**
 * Several channels of a stored result, one after the other, as one: the first has its records, the
 * last its watermark and its ends as well. There are no barriers over blocking edges.
 */
import type { ChannelReader, ChannelSink, TakenFrame } from '../exchange/index.ts';
import type { ChannelSource } from './slot-ports.ts';

export class JoinedPieces implements ChannelSource {
  readonly ahead: readonly TakenFrame[] = [];
  readonly aheadBytes = 0;
  readonly #pieces: readonly ChannelReader[];
  #at = 0;
  #sink: { readonly of: ChannelSink; readonly records: ChannelSink } | undefined;

  /** @param pieces one at least. */
  constructor(pieces: readonly ChannelReader[]) {
    this.#pieces = pieces;
  }

  poll(sink: ChannelSink, maxFrames: number, maxRecords?: number): number {
    const isLast = this.#at === this.#pieces.length - 1;
    const into = isLast ? sink : this.#recordsOf(sink);
    return this.#pieces[this.#at]?.poll(into, maxFrames, maxRecords) ?? 0;
  }

  get bytesRead(): number {
    return this.#pieces.reduce((sum, { bytesRead }) => sum + bytesRead, 0);
  }

  takeAhead(): undefined {
    return undefined;
  }

  putBack(): void {}

  deliverControlsAhead(): void {}

  schemaFrame(): Uint8Array | undefined {
    return this.#pieces[this.#at]?.schemaFrame();
  }

  #recordsOf(sink: ChannelSink): ChannelSink {
    if (this.#sink?.of === sink) return this.#sink.records;
    const records: ChannelSink = {
      record: (value, timestampMs, keyGroup) => sink.record(value, timestampMs, keyGroup),
      watermark: () => undefined,
      idle: () => undefined,
      end: () => undefined,
      barrier: () => undefined,
      endOfPartition: () => {
        this.#at += 1;
      },
    };
    this.#sink = { of: sink, records };
    return records;
  }
}
