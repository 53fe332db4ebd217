/** What slots of a test reach of the world: blobs and rings in memory. */
import type { BlobInfo, BlobStore } from '../checkpoint/index.ts';
import { defined, type FileSystem } from '../core/index.ts';
import {
  allocateRing,
  ChannelReader,
  ChannelWriter,
  RingReader,
  RingWriter,
} from '../exchange/index.ts';
import type { ChannelId, SlotExchange } from './slot-ports.ts';

/** Blobs in memory; `putting` may fail or hold a put. */
export class FixtureBlobs implements BlobStore {
  readonly blobs = new Map<string, Uint8Array>();
  putting: (location: string) => Promise<void> = () => Promise.resolve();
  /** Puts that are held. */
  waiting = 0;

  async put(location: string, bytes: Uint8Array): Promise<void> {
    this.waiting += 1;
    try {
      await this.putting(location);
    } finally {
      this.waiting -= 1;
    }
    this.blobs.set(location, bytes.slice());
  }

  async get(location: string): Promise<Uint8Array> {
    return defined(this.blobs.get(location), `the blob is there: ${location}`);
  }

  async list(): Promise<readonly BlobInfo[]> {
    return [];
  }

  async delete(): Promise<void> {}
}

interface FixtureChannel {
  readonly id: ChannelId;
  readonly from: RingWriter;
  readonly to: RingReader;
  writer?: ChannelWriter;
  reader?: ChannelReader;
}

/** Rings by channel; both ends in this thread. An end that is opened again goes on. */
export class FixtureExchange implements SlotExchange {
  readonly #channels = new Map<string, FixtureChannel>();
  readonly #ringBytes: number;

  constructor(ringBytes: number) {
    this.#ringBytes = ringBytes;
  }

  openWriter(id: ChannelId, _type: unknown, keyed: boolean): ChannelWriter {
    const channel = this.#channel(id);
    const nextSequence = channel.writer?.nextSequence ?? 0;
    channel.writer = new ChannelWriter({ ring: channel.from, keyed, nextSequence });
    return channel.writer;
  }

  openReader(id: ChannelId, keyed: boolean): ChannelReader {
    const channel = this.#channel(id);
    const nextSequence = channel.reader?.nextSequence ?? 0;
    channel.reader = new ChannelReader({ ring: channel.to, keyed, nextSequence });
    return channel.reader;
  }

  /** True when all that was written to these channels is in the rings. */
  drain(isOf: (from: ChannelId) => boolean): boolean {
    let drained = true;
    for (const { id, writer } of this.#channels.values()) {
      if (isOf(id) && writer !== undefined) drained = writer.drain() && drained;
    }
    return drained;
  }

  #channel(id: ChannelId): FixtureChannel {
    const { edgeId, fromSubtask, toSubtask } = id;
    const key = `${edgeId}:${fromSubtask}:${toSubtask}`;
    const known = this.#channels.get(key);
    if (known !== undefined) return known;
    const memory = allocateRing(this.#ringBytes);
    const channel = { id, from: new RingWriter(memory), to: new RingReader(memory) };
    this.#channels.set(key, channel);
    return channel;
  }
}

/** Nothing here touches files. */
export const NO_FILES = {} as FileSystem;
