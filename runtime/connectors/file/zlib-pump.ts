/** Drives one of Node's zlib streams with promises: a piece in, what it became out. */
import { createGunzip, createGzip, createZstdCompress, createZstdDecompress } from 'node:zlib';

const OUTPUT_CHUNK_BYTES = 256 * 1024;

const STREAMS = {
  gzip: { compress: createGzip, decompress: createGunzip },
  zstd: { compress: createZstdCompress, decompress: createZstdDecompress },
} as const;

export class ZlibPump {
  readonly #stream: ReturnType<(typeof STREAMS)['gzip']['compress']>;
  readonly #failed = Promise.withResolvers<never>();
  #output: Uint8Array[] = [];
  #pushedBytes = 0;

  constructor(compression: 'gzip' | 'zstd', direction: 'compress' | 'decompress') {
    this.#stream = STREAMS[compression][direction]({ chunkSize: OUTPUT_CHUNK_BYTES });
    this.#stream.on('data', (bytes: Uint8Array) => this.#output.push(bytes));
    this.#stream.on('error', this.#failed.reject);
    this.#failed.promise.catch(() => {});
  }

  /** The number of bytes taken: fewer than given when a frame ends inside of them. */
  async push(bytes: Uint8Array): Promise<number> {
    const before = this.#pushedBytes;
    const written = new Promise<void>((resolve) => this.#stream.write(bytes, () => resolve()));
    await Promise.race([written, this.#failed.promise]);
    this.#pushedBytes = before + bytes.length;
    return this.#stream.bytesWritten - before;
  }

  async end(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#stream.once('end', () => resolve()));
    this.#stream.end();
    await Promise.race([ended, this.#failed.promise]);
  }

  /** What came out since the last call; the caller owns it. */
  takeOutput(): Uint8Array[] {
    const output = this.#output;
    this.#output = [];
    return output;
  }

  destroy(): void {
    this.#stream.destroy();
  }
}
