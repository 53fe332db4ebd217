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

/** Rings by channel; both ends in this thread. */
export class FixtureExchange implements SlotExchange {
  readonly #rings = new Map<string, SharedArrayBuffer>();
  readonly #ringBytes: number;

  constructor(ringBytes: number) {
    this.#ringBytes = ringBytes;
  }

  openWriter(channel: ChannelId, _type: unknown, keyed: boolean): ChannelWriter {
    return new ChannelWriter({ ring: new RingWriter(this.#ring(channel)), keyed });
  }

  openReader(channel: ChannelId, keyed: boolean): ChannelReader {
    return new ChannelReader({ ring: new RingReader(this.#ring(channel)), keyed });
  }

  #ring({ edgeId, fromSubtask, toSubtask }: ChannelId): SharedArrayBuffer {
    const key = `${edgeId}:${fromSubtask}:${toSubtask}`;
    const ring = this.#rings.get(key) ?? allocateRing(this.#ringBytes);
    this.#rings.set(key, ring);
    return ring;
  }
}

/** Nothing here touches files. */
export const NO_FILES = {} as FileSystem;
