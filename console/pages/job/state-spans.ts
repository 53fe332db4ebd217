/** A stretch of time in a state. Epoch milliseconds. */
export interface Span {
  readonly state: string;
  readonly from: number;
  readonly to: number;
}

const ENDS: readonly string[] = ['FINISHED', 'CANCELED', 'FAILED'];

/** @param timestamps when each state began; 0 or less: never. @returns in the order of time. */
export function spansOf(
  timestamps: Readonly<Record<string, number>>,
  nowEpochMs: number,
): readonly Span[] {
  const entered = Object.entries(timestamps)
    .filter(([, at]) => at > 0)
    .toSorted(([, a], [, b]) => a - b);
  return entered.flatMap(([state, from], index) => {
    if (ENDS.includes(state)) return [];
    const to = entered[index + 1]?.[1] ?? nowEpochMs;
    return [{ state, from, to: Math.max(from, to) }];
  });
}
