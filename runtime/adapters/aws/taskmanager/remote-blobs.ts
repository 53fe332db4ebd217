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
import { StreamError, type StreamErrorRecord, toStreamError } from '../../../core/index.ts';

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

interface BlobQuestion {
  readonly id: number;
  readonly call: BlobCall;
}

type BlobAnswer = { readonly id: number } & (
  | { readonly value: Uint8Array | readonly BlobInfo[] | undefined }
  | { readonly error: StreamErrorRecord }
);

/** In the slot's thread. */
export class RemoteBlobs implements BlobStore {
  readonly inlineLimitBytes?: number;
  readonly #port: MessagePort;
  readonly #rows: BlobTier['rows'];
  readonly #asked = new Map<number, PromiseWithResolvers<unknown>>();
  #nextId = 0;

  constructor(port: MessagePort, { inlineLimitBytes, rows }: BlobTier) {
    this.#port = port;
    this.#rows = rows;
    if (inlineLimitBytes !== undefined) this.inlineLimitBytes = inlineLimitBytes;
    port.on('message', (answer: BlobAnswer) => this.#onAnswer(answer));
    // The slot's own promises keep the thread alive, not the port.
    port.unref();
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
    await this.#ask({ operation: 'put', location, bytes });
  }

  async get(location: string, range?: BlobRange): Promise<Uint8Array> {
    const call = { operation: 'get', location, ...(range === undefined ? {} : { range }) } as const;
    return (await this.#ask(call)) as Uint8Array;
  }

  async list(directory: string): Promise<readonly BlobInfo[]> {
    return (await this.#ask({ operation: 'list', location: directory })) as readonly BlobInfo[];
  }

  async delete(location: string): Promise<void> {
    await this.#ask({ operation: 'delete', location });
  }

  close(): void {
    this.#port.close();
  }

  #ask(call: BlobCall): Promise<unknown> {
    const id = this.#nextId++;
    const asked = Promise.withResolvers<unknown>();
    this.#asked.set(id, asked);
    if (this.#asked.size === 1) this.#port.ref();
    this.#port.postMessage({ id, call } satisfies BlobQuestion);
    return asked.promise;
  }

  #onAnswer(answer: BlobAnswer): void {
    const asked = this.#asked.get(answer.id);
    this.#asked.delete(answer.id);
    if (this.#asked.size === 0) this.#port.unref();
    if ('error' in answer) asked?.reject(StreamError.fromJSON(answer.error));
    else asked?.resolve(answer.value);
  }
}

/** In the main thread: answers until the port is closed. */
export function serveBlobs(port: MessagePort, blobs: BlobStore): void {
  port.on('message', ({ id, call }: BlobQuestion) => {
    answer(blobs, call).then(
      (value) => {
        // Its own memory goes over; a part of something larger, or of Node's pool, is copied.
        const isWhole = value instanceof Uint8Array && value.length === value.buffer.byteLength;
        const transfer = isWhole && value.buffer instanceof ArrayBuffer ? [value.buffer] : [];
        port.postMessage({ id, value } satisfies BlobAnswer, transfer);
      },
      (thrown: unknown) => port.postMessage({ id, error: toStreamError(thrown).toJSON() }),
    );
  });
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
