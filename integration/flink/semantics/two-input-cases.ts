/** Random interval joins and timers of two inputs, drawn from a seed. */
import { Dice } from './events.ts';

/**
 * `steps`: `La3@10` is a record of the left side, of key, value and time; `l12` the left side's
 * watermark; `R` and `r` the right side's.
 */
export type TwoInputCase =
  | {
      readonly kind: 'interval-join';
      /** In ms, after the left record. */
      readonly between: readonly [lower: number, upper: number];
      readonly lowerExclusive?: true;
      readonly upperExclusive?: true;
      readonly steps: string;
    }
  | {
      /**
       * A left record sets a timer so many ms behind it as its value says; a right one deletes such
       * a timer. One at an even time that fires sets another, 5 ms on.
       */
      readonly kind: 'timers';
      readonly steps: string;
    };

/** A line for each result: `step: what @time`. */
export type TwoInputAnswer = TwoInputCase & { readonly found: readonly string[] };

export function makeTwoInputCases(count: number, seed: number): TwoInputCase[] {
  const dice = new Dice(seed);
  return Array.from({ length: count }, () => {
    if (dice.chance(0.4)) return { kind: 'timers', steps: drawSteps(dice) };
    const lower = dice.whole(-12, 6);
    // With both bounds left out something has to be between them.
    const upper = lower + dice.whole(2, 14);
    return {
      kind: 'interval-join',
      between: [lower, upper],
      ...(dice.chance(0.3) ? { lowerExclusive: true as const } : {}),
      ...(dice.chance(0.3) ? { upperExclusive: true as const } : {}),
      steps: drawSteps(dice),
    };
  });
}

function drawSteps(dice: Dice): string {
  const words: string[] = [];
  const watermarksMs = { l: 20, r: 20 };
  for (let left = dice.whole(6, 25); left > 0; left--) {
    const side = dice.oneOf(['l', 'r'] as const);
    if (dice.chance(0.35)) {
      watermarksMs[side] += dice.whole(1, 10);
      words.push(`${side}${watermarksMs[side]}`);
      continue;
    }
    const atMs = Math.max(0, watermarksMs[side] + dice.whole(-12, 15));
    words.push(`${side.toUpperCase()}${dice.oneOf(['a', 'a', 'b'])}${dice.whole(0, 9)}@${atMs}`);
  }
  const endMs = Math.max(watermarksMs.l, watermarksMs.r) + 100;
  return [...words, `l${endMs}`, `r${endMs}`].join(' ');
}
