import { defined, type KeyGroupRange } from '../core/index.ts';
import { FrameReplay, type RecordSink } from '../exchange/index.ts';

/** Where the frames of an edge go when they are taken again. */
export interface ReplayTarget {
  readonly sink: RecordSink;
  readonly keyed: boolean;
  /** This subtask's; records of other key groups belong to another subtask. */
  readonly keyGroups: KeyGroupRange;
}

/** Frames that unaligned barriers had overtaken, to be taken before any other input. */
export class ChannelReplay {
  readonly #replays: { readonly frames: FrameReplay; readonly sink: RecordSink }[] = [];

  /** @throws {StreamError} `FRAME_LOG_CORRUPT`. */
  add(bytes: Uint8Array, target: ReplayTarget): void {
    const frames = new FrameReplay(bytes, target.keyed);
    this.#replays.push({ frames, sink: target.keyed ? new OwnKeyGroups(target) : target.sink });
  }

  /** Hands over the records of one frame; false when there was none left. */
  next(): boolean {
    while (this.#replays.length > 0) {
      const { frames, sink } = defined(this.#replays[0], 'there is one');
      if (frames.next(sink)) return true;
      this.#replays.shift();
    }
    return false;
  }
}

class OwnKeyGroups implements RecordSink {
  readonly #sink: RecordSink;
  readonly #keyGroups: KeyGroupRange;

  constructor({ sink, keyGroups }: ReplayTarget) {
    this.#sink = sink;
    this.#keyGroups = keyGroups;
  }

  record(value: unknown, timestampMs: number, keyGroup: number): void {
    if (keyGroup < this.#keyGroups.start || keyGroup > this.#keyGroups.end) return;
    this.#sink.record(value, timestampMs, keyGroup);
  }
}
