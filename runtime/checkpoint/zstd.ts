/**
 * Compression of stored state. Large pieces go through Node's thread pool; small ones are done in
 * place, since the hop costs more than the work (16 KB: 38 µs in place, 80 µs by the pool). Under
 * simulation, where nothing may depend on threads, all pieces are that small.
 *
 * The smallest pieces, such as positions of a few splits, are stored as they are, in a frame of
 * one raw block: there is nothing to gain, and a call of zlib costs 20 µs to write and 45 to read.
 *
 * @see RFC 8878, section 3.1.1, for the bytes of such a frame.
 */
import { promisify } from 'node:util';
import {
  constants,
  type ZstdOptions,
  zstdCompress,
  zstdCompressSync,
  zstdDecompress,
  zstdDecompressSync,
} from 'node:zlib';

const compressInPool = promisify<Uint8Array, ZstdOptions, Buffer>(zstdCompress);
const decompressInPool = promisify<Uint8Array, ZstdOptions, Buffer>(zstdDecompress);

const ZSTD_LEVEL = 1;
/** Pieces up to this size, uncompressed, are compressed and decompressed in place. */
const IN_PLACE_BYTES = 16 * 1024;
/** Of output. */
const MIN_PIECE_BYTES = 1024;

/** Pieces up to this size are stored raw; their size fits in one byte. */
const RAW_BYTES = 255;
/** Magic number, then: the content is one segment, its size follows in one byte. */
const RAW_START = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20]);
/** With the size, and the header of the block: 24 bits, `size << 3 | raw << 1 | last`. */
const RAW_HEADER_BYTES = RAW_START.length + 4;

/** One zstd frame. */
export async function compress(bytes: Uint8Array): Promise<Buffer> {
  if (bytes.length <= RAW_BYTES) return rawFrame(bytes);
  const options: ZstdOptions = {
    params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL },
    // Output comes in pieces of `chunkSize`; each, 16 KB by default, costs a hop between threads.
    chunkSize: (bytes.length >>> 1) + MIN_PIECE_BYTES,
  };
  if (bytes.length <= IN_PLACE_BYTES) return zstdCompressSync(bytes, options);
  return await compressInPool(bytes, options);
}

/**
 * @throws {RangeError} when it is not `sizeBytes` that come out.
 * @throws {Error} of zlib, when it is no zstd frame.
 */
export async function decompress(stored: Uint8Array, sizeBytes: number): Promise<Buffer> {
  const raw = rawContent(stored, sizeBytes);
  if (raw !== undefined) return raw;
  const options: ZstdOptions = {
    chunkSize: Math.max(sizeBytes, constants.Z_MIN_CHUNK),
    maxOutputLength: Math.max(sizeBytes, 1),
  };
  const isSmall = sizeBytes <= IN_PLACE_BYTES;
  const bytes = isSmall
    ? zstdDecompressSync(stored, options)
    : await decompressInPool(stored, options);
  if (bytes.length === sizeBytes) return bytes;
  throw new RangeError(`expected ${sizeBytes} bytes, found ${bytes.length}`);
}

function rawFrame(bytes: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafeSlow(RAW_HEADER_BYTES + bytes.length);
  frame.set(RAW_START);
  frame[RAW_START.length] = bytes.length;
  frame.writeUIntLE(rawBlock(bytes.length), RAW_START.length + 1, 3);
  frame.set(bytes, RAW_HEADER_BYTES);
  return frame;
}

/** Of a frame that {@link rawFrame} has made, of content of this size; else undefined. */
function rawContent(stored: Uint8Array, sizeBytes: number): Buffer | undefined {
  if (sizeBytes > RAW_BYTES || stored.length !== RAW_HEADER_BYTES + sizeBytes) return undefined;
  const frame = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  const isRaw =
    RAW_START.equals(frame.subarray(0, RAW_START.length)) &&
    frame[RAW_START.length] === sizeBytes &&
    frame.readUIntLE(RAW_START.length + 1, 3) === rawBlock(sizeBytes);
  return isRaw ? frame.subarray(RAW_HEADER_BYTES) : undefined;
}

function rawBlock(sizeBytes: number): number {
  return (sizeBytes << 3) | 1;
}
