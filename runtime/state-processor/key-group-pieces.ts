/** Which key groups are in memory at the same time. */
import type { KeyGroupRange } from '../core/index.ts';
import type { SegmentChunkRecord } from '../protocol/index.ts';

/** Uncompressed; a piece has one key group at least, however large. */
export const PIECE_BYTES = 4 * 1024 * 1024;

/**
 * The last key group of the piece that begins with `first`: as many as fit, when the bytes of a
 * chunk are spread over its key groups evenly.
 */
export function lastOfPiece(
  chunks: readonly Pick<SegmentChunkRecord, 'firstKeyGroup' | 'lastKeyGroup' | 'rawSizeBytes'>[],
  first: number,
  end: number,
  maxBytes: number = PIECE_BYTES,
): number {
  // Where the bytes of a key group begin to count, and where they stop.
  const changes = new Map<number, number>();
  for (const { firstKeyGroup, lastKeyGroup, rawSizeBytes } of chunks) {
    if (lastKeyGroup < first || firstKeyGroup > end) continue;
    const perGroup = rawSizeBytes / (lastKeyGroup - firstKeyGroup + 1);
    const from = Math.max(firstKeyGroup, first);
    changes.set(from, (changes.get(from) ?? 0) + perGroup);
    changes.set(lastKeyGroup + 1, (changes.get(lastKeyGroup + 1) ?? 0) - perGroup);
  }
  let perGroup = 0;
  let bytes = 0;
  for (let keyGroup = first; keyGroup <= end; keyGroup++) {
    perGroup += changes.get(keyGroup) ?? 0;
    bytes += perGroup;
    if (bytes > maxBytes && keyGroup > first) return keyGroup - 1;
  }
  return end;
}

/** Whether anything of a chunk is in the range. */
export function touches(
  { firstKeyGroup, lastKeyGroup }: Pick<SegmentChunkRecord, 'firstKeyGroup' | 'lastKeyGroup'>,
  { start, end }: KeyGroupRange,
): boolean {
  return firstKeyGroup <= end && lastKeyGroup >= start;
}
