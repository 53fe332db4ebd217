/**
 * Decompresses a stream of chunks in bounded pieces, frame after frame.
 *
 * Files may hold several gzip members or zstd frames one after the other (`cat a.zst b.zst`).
 * Node's zstd stream stops without a word after the first frame, so what a stream did not take is
 * given to a new one.
 */
import { ZlibPump } from './zlib-pump.ts';

export type Compression = 'none' | 'gzip' | 'zstd';

const SUFFIXES: readonly (readonly [suffix: string, compression: Compression])[] = [
  ['.gz', 'gzip'],
  ['.zst', 'zstd'],
];
/** Bounds what one call can inflate to. */
const INPUT_SLICE_BYTES = 32 * 1024;

/** The compression a file's name says. */
export function compressionOf(path: string): Compression {
  return SUFFIXES.find(([suffix]) => path.endsWith(suffix))?.[1] ?? 'none';
}

/** What a compressed file's name ends with; empty for `none`. */
export function suffixOf(compression: Compression): string {
  return SUFFIXES.find(([, name]) => name === compression)?.[0] ?? '';
}

/** Rejects when the input is damaged or ends inside a frame. Empty input is empty output. */
export async function* decompress(
  input: AsyncIterable<Uint8Array>,
  compression: 'gzip' | 'zstd',
): AsyncGenerator<Uint8Array, void, undefined> {
  let frame: ZlibPump | undefined;
  try {
    for await (const chunk of input) {
      let at = 0;
      while (at < chunk.length) {
        frame ??= new ZlibPump(compression, 'decompress');
        const slice = chunk.subarray(at, at + INPUT_SLICE_BYTES);
        const takenBytes = await frame.push(slice);
        yield* frame.takeOutput();
        at += takenBytes;
        if (takenBytes === slice.length) continue;
        frame.destroy();
        frame = undefined;
      }
    }
    if (frame === undefined) return;
    await frame.end();
    yield* frame.takeOutput();
  } finally {
    frame?.destroy();
  }
}
