/** The input files: made from a seed, the same on every machine. */

/** A record of `input/events.jsonl`. */
export interface Event {
  readonly id: number;
  readonly side: 'left' | 'right';
  readonly key: string;
  readonly value: number;
  /** The sum of the values of its key so far. */
  readonly total: number;
  /** `late` where the record is behind the watermark. */
  readonly sign: string;
  /** In ms. */
  readonly at: number;
  /** Comes behind the record, in ms; null: none does. */
  readonly watermark: number | null;
}

/** Numbers from 0 up to below 1, the same for a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What random cases are made with. */
export class Dice {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = seeded(seed);
  }

  /** A whole number from `min` to `max`. */
  whole(min: number, max: number): number {
    return min + Math.floor(this.#next() * (max - min + 1));
  }

  oneOf<T>(choices: readonly T[]): T {
    if (choices.length === 0) throw new Error('there is nothing to choose from');
    return choices[this.whole(0, choices.length - 1)] as T;
  }

  chance(probability: number): boolean {
    return this.#next() < probability;
  }
}

/**
 * Records out of order by up to 30 ms, behind watermarks that lag 20 ms: some are late. No two have
 * one time: Flink's BATCH sorts by time, and says nothing of what has the same.
 */
export function makeEvents(count: number, seed: number): Event[] {
  const dice = new Dice(seed);
  const totals = new Map<string, number>();
  const times = new Set<number>();
  let [nowMs, watermarkMs] = [0, Number.NEGATIVE_INFINITY];
  return Array.from({ length: count }, (_, id) => {
    nowMs += dice.whole(0, 8);
    const key = dice.oneOf(['ann', 'bob', 'cid', 'dan']);
    const value = dice.whole(0, 50);
    const total = (totals.get(key) ?? 0) + value;
    totals.set(key, total);
    let at = Math.max(0, nowMs - dice.whole(0, 30));
    while (times.has(at)) at += 1;
    times.add(at);
    const sign = at <= watermarkMs ? 'late' : dice.oneOf(['a', 'b', 'c', 'd']);
    const isMarked = dice.chance(0.3) && nowMs - 20 > watermarkMs;
    if (isMarked) watermarkMs = nowMs - 20;
    const side = dice.oneOf(['left', 'right'] as const);
    return { id, side, key, value, total, sign, at, watermark: isMarked ? watermarkMs : null };
  });
}

/** Lines of words that come again. */
export function makeText(lines: number, seed: number): string[] {
  const dice = new Dice(seed);
  const words = ['the', 'Stream', 'of', 'words', 'the', 'sluice', 'opens,', 'closes;', 'Of'];
  return Array.from({ length: lines }, () =>
    Array.from({ length: dice.whole(2, 7) }, () => dice.oneOf(words)).join(' '),
  );
}
