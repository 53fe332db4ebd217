/** The indexes `next`, `next + step`, … below `end`; `start` is where the split began. JSON. */
export interface IndexSplit {
  readonly id: string;
  readonly start: number;
  /** The position: the first index not emitted yet. */
  readonly next: number;
  /** Exclusive. */
  readonly end: number;
  readonly step: number;
}

/**
 * The integers from `start` up to, not including, `end` in contiguous, nearly equal parts.
 *
 * @see Flink NumberSequenceSource.splitNumberRange
 */
export function contiguousSplits(start: number, end: number, parts: number): IndexSplit[] {
  const total = end - start;
  const count = Math.min(parts, total);
  // Integer arithmetic: a product such as total * index may pass 2^53.
  const [share, longer] = [Math.floor(total / count), total % count];
  let next = start;
  return Array.from({ length: count }, (_, index) => {
    const length = share + (index < longer ? 1 : 0);
    const splitEnd = index === count - 1 ? end : next + length;
    const split = { id: `${next}`, start: next, next, end: splitEnd, step: 1 };
    next = splitEnd;
    return split;
  });
}

/** The number of records of a whole split. */
export function lengthOf({ start, end, step }: IndexSplit): number {
  return Math.max(0, Math.ceil((end - start) / step));
}
