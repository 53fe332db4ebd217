/** Reads the decompressed text of a file from an offset, chunk by chunk. */
import { type FileSystem, isStreamError, StreamError } from '../../core/index.ts';
import { compressionOf, decompress } from './decompress.ts';
import type { FileSplit } from './file-split.ts';

/** Large enough that reading costs little beside parsing, small enough to stay in the cache. */
const CHUNK_BYTES = 256 * 1024;

/**
 * The text from the split's position. Compressed files are read from their start and skipped.
 *
 * @param onRead told the bytes of the stored file as they are read.
 * @throws {StreamError} `FILE_CORRUPT`, `FILE_CHANGED`, and those of the file system.
 */
export async function* fileChunks(
  fileSystem: FileSystem,
  split: FileSplit,
  onRead: (sizeBytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { path, position } = split;
  const compression = compressionOf(path);
  if (compression === 'none') {
    await checkNotShorter(fileSystem, split);
    onRead(position.byteOffset);
    yield* storedChunks(fileSystem, path, position.byteOffset, onRead);
    return;
  }
  let skipBytes = position.byteOffset;
  try {
    for await (const chunk of decompress(storedChunks(fileSystem, path, 0, onRead), compression)) {
      const kept = chunk.subarray(Math.min(skipBytes, chunk.length));
      skipBytes -= chunk.length - kept.length;
      if (kept.length > 0) yield kept;
    }
  } catch (thrown) {
    if (isStreamError(thrown)) throw thrown;
    throw corrupt(path, compression, thrown);
  }
  if (skipBytes > 0) throw changed(path, position.byteOffset);
}

async function* storedChunks(
  fileSystem: FileSystem,
  path: string,
  offsetBytes: number,
  onRead: (sizeBytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const file = await fileSystem.openRead(path, offsetBytes);
  try {
    for (;;) {
      const chunk = await file.read(CHUNK_BYTES);
      if (chunk.length === 0) return;
      onRead(chunk.length);
      yield chunk;
    }
  } finally {
    await file.close();
  }
}

async function checkNotShorter(fileSystem: FileSystem, split: FileSplit): Promise<void> {
  const { byteOffset } = split.position;
  if (byteOffset === 0) return;
  const status = await fileSystem.stat(split.path);
  if (status !== undefined && status.sizeBytes < byteOffset) throw changed(split.path, byteOffset);
}

function corrupt(path: string, compression: string, cause: unknown): StreamError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StreamError({
    kind: 'user',
    code: 'FILE_CORRUPT',
    message:
      `an input file is damaged or not complete, or is no ${compression} file: ${reason}; write ` +
      `it again, or name it without the suffix if it is not compressed path=${path}`,
    details: { path },
    cause,
  });
}

function changed(path: string, byteOffset: number): StreamError {
  return new StreamError({
    kind: 'user',
    code: 'FILE_CHANGED',
    message:
      'an input file is shorter than when the checkpoint was taken: put the file back as it was ' +
      `path=${path} byteOffset=${byteOffset}`,
    details: { path, byteOffset },
  });
}
