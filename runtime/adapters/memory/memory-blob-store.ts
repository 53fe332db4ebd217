import type { BlobInfo, BlobRange, BlobStore } from '../../checkpoint/index.ts';
import { blobExists, blobNotFound } from '../store-errors.ts';

/** Blobs in memory. Every promise settles without waiting for anything. */
export class MemoryBlobStore implements BlobStore {
  readonly #blobs = new Map<string, Uint8Array>();

  /** All locations, sorted. */
  get locations(): readonly string[] {
    return [...this.#blobs.keys()].sort();
  }

  async put(location: string, bytes: Uint8Array): Promise<void> {
    if (this.#blobs.has(location)) throw blobExists(location);
    // A Buffer's own slice would share the memory.
    this.#blobs.set(location, new Uint8Array(bytes));
  }

  async get(location: string, range?: BlobRange): Promise<Uint8Array> {
    const bytes = this.#blobs.get(location);
    if (bytes === undefined) throw blobNotFound(location);
    if (range === undefined) return bytes.slice();
    return bytes.slice(range.offsetBytes, range.offsetBytes + range.sizeBytes);
  }

  async list(directory: string): Promise<readonly BlobInfo[]> {
    return this.locations
      .filter((location) => location.startsWith(`${directory}/`))
      .map((location) => ({ location, sizeBytes: this.#blobs.get(location)?.length ?? 0 }));
  }

  async delete(location: string): Promise<void> {
    this.#blobs.delete(location);
  }
}
