/** Compresses a serialised segment and stores it. */
import { crc32 } from 'node:zlib';
import type { KeyedSegmentRecord, SegmentChunkRecord } from '../protocol/index.ts';
import type { BlobStore } from './blob-store.ts';
import { storeBytes } from './bytes-record.ts';
import { encodeHeader } from './segment-format.ts';
import type { SerializedSegment } from './segment-writer.ts';
import { compress } from './zstd.ts';

/** Chunks compressed at a time: the threads of Node's pool. */
const CONCURRENCY = 4;

/**
 * To be called once: the memory of the chunks is given back.
 *
 * @param location of the blob; few bytes stay inside the record instead.
 * @throws {StreamError} as {@link BlobStore.put}; a blob may then exist.
 */
export async function storeSegment(
  segment: SerializedSegment,
  checkpointId: number,
  blobs: BlobStore,
  location: string,
): Promise<KeyedSegmentRecord> {
  const { kind, maxParallelism } = segment;
  const chunkCount = segment.chunks.length;
  const header = encodeHeader({ kind, maxParallelism, chunkCount, checkpointId });
  const bodies = await inParallel(segment.chunks, CONCURRENCY, async (chunk) => {
    const body = await compress(chunk.bytes);
    segment.release(chunk);
    return body;
  });
  const chunks: SegmentChunkRecord[] = [];
  let offsetBytes = header.length;
  for (const [i, { bytes, ...chunk }] of segment.chunks.entries()) {
    const body = bodies[i] as Buffer;
    const sizeBytes = body.length;
    const rawSizeBytes = bytes.length;
    chunks.push({ ...chunk, offsetBytes, sizeBytes, rawSizeBytes, crc32: crc32(body) });
    offsetBytes += sizeBytes;
  }
  const bytes = await storeBytes(Buffer.concat([header, ...bodies]), blobs, location);
  return { kind, checkpointId, bytes, chunks };
}

/** The results in the order of the items. */
export async function inParallel<T, R>(
  items: readonly T[],
  concurrency: number,
  run: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const i = next++;
      results[i] = await run(items[i] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
  return results;
}
