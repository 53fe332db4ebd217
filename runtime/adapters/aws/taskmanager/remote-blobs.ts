/**
 * Blobs for a slot's thread, by way of the main thread: one set of connections, one budget of
 * retries, and no SDK to be loaded in every thread. Bytes change hands without being copied twice.
 */
import type { MessagePort } from 'node:worker_threads';
import {
  type BlobInfo,
  type BlobRange,
  type BlobStore,
  isSharedSegment,
  rowSegmentLocation,
} from '../../../checkpoint/index.ts';
import { PortCaller, servePort } from './port-calls.ts';

/** What a slot's thread must know to place a segment as the main thread's store does. */
export interface BlobTier {
  readonly inlineLimitBytes?: number;
  /** Segments up to this size in a `shared` directory below `directory` become rows. */
  readonly rows?: { readonly thresholdBytes: number; readonly directory: string };
}

type BlobCall =
  | { readonly operation: 'put'; readonly location: string; readonly bytes: Uint8Array }
  | { readonly operation: 'get'; readonly location: string; readonly range?: BlobRange }
  | { readonly operation: 'list'; readonly location: string }
  | { readonly operation: 'delete'; readonly location: string };

/** In the slot's thread. */
export class RemoteBlobs implements BlobStore {
  readonly inlineLimitBytes?: number;
  readonly #caller: PortCaller<BlobCall>;
  readonly #rows: BlobTier['rows'];

  constructor(port: MessagePort, { inlineLimitBytes, rows }: BlobTier) {
    this.#caller = new PortCaller(port);
    this.#rows = rows;
    if (inlineLimitBytes !== undefined) this.inlineLimitBytes = inlineLimitBytes;
  }

  place(location: string, sizeBytes: number): string {
    const rows = this.#rows;
    const isRow =
      rows !== undefined &&
      sizeBytes <= rows.thresholdBytes &&
      isSharedSegment(location) &&
      location.startsWith(`${rows.directory}/`);
    return isRow ? rowSegmentLocation(location) : location;
  }

  async put(location: string, bytes: Uint8Array): Promise<void> {
    // The caller may go on with its bytes: what is given away is a copy of these, and of no more.
    const own = new Uint8Array(bytes);
    await this.#caller.ask({ operation: 'put', location, bytes: own }, own);
  }

  async get(location: string, range?: BlobRange): Promise<Uint8Array> {
    const call = { operation: 'get', location, ...(range === undefined ? {} : { range }) } as const;
    return (await this.#caller.ask(call)) as Uint8Array;
  }

  async list(directory: string): Promise<readonly BlobInfo[]> {
    return (await this.#caller.ask({
      operation: 'list',
      location: directory,
    })) as readonly BlobInfo[];
  }

  async delete(location: string): Promise<void> {
    await this.#caller.ask({ operation: 'delete', location });
  }

  close(): void {
    this.#caller.close();
  }
}

/** In the main thread: answers until the port is closed. */
export function serveBlobs(port: MessagePort, blobs: BlobStore): void {
  servePort<BlobCall>(port, (call) => answer(blobs, call));
}

async function answer(
  blobs: BlobStore,
  call: BlobCall,
): Promise<Uint8Array | readonly BlobInfo[] | undefined> {
  switch (call.operation) {
    case 'put':
      await blobs.put(call.location, call.bytes);
      return undefined;
    case 'get':
      return await blobs.get(call.location, call.range);
    case 'list':
      return await blobs.list(call.location);
    case 'delete':
      await blobs.delete(call.location);
      return undefined;
  }
}
