import { existsSync } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';

const CHUNK_BYTES = 64 * 1024;
const NEWLINE = 10;

/**
 * Whole lines of a file, in its order; of a file that is not there, none.
 *
 * @param wait settles when it may have grown, or been replaced; undefined: its end is the end.
 */
export async function* tailLines(
  path: string,
  wait: (() => Promise<unknown>) | undefined,
): AsyncGenerator<string> {
  for (;;) {
    if (existsSync(path)) {
      const file = await open(path);
      try {
        yield* linesOf(file, path, wait);
      } finally {
        await file.close();
      }
    }
    if (wait === undefined) return;
    await wait();
  }
}

/** Of one file, until it is another one. */
async function* linesOf(
  file: FileHandle,
  path: string,
  wait: (() => Promise<unknown>) | undefined,
): AsyncGenerator<string> {
  const { ino } = await file.stat();
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let rest = Buffer.alloc(0);
  for (;;) {
    const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES);
    if (bytesRead > 0) {
      const bytes = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
      const end = bytes.lastIndexOf(NEWLINE);
      rest = bytes.subarray(end + 1);
      if (end >= 0) yield* bytes.subarray(0, end).toString('utf8').split('\n');
      continue;
    }
    if (wait === undefined) return;
    const now = await stat(path).catch(() => undefined);
    if (now?.ino !== ino) return;
    await wait();
  }
}
