/** Random patterns and the events they are looked for in, drawn from a seed. */
import { Dice } from './events.ts';

export type CepStrategy =
  | 'begin'
  | 'next'
  | 'followedBy'
  | 'followedByAny'
  | 'notNext'
  | 'notFollowedBy';

/** A part of a pattern; short names, since thousands of them are kept. */
export interface CepPart {
  readonly name: string;
  readonly strategy: CepStrategy;
  /** The letters of the events that match. */
  readonly letters?: string;
  /** The event's value is not below that of the last event of this part. */
  readonly rising?: true;
  /** From so many to so many times; no second number: or more. */
  readonly times?: readonly [from: number, to?: number];
  /** Between the events of this part, in ms. */
  readonly timesMs?: number;
  readonly inner?: 'consecutive' | 'allowCombinations';
  readonly optional?: true;
  readonly greedy?: true;
  readonly until?: string;
  /** `within` of `PREVIOUS_AND_CURRENT`, in ms. */
  readonly previousMs?: number;
  readonly group?: readonly CepPart[];
}

export interface CepCase {
  readonly parts: readonly CepPart[];
  readonly skip?: readonly [strategy: string, name?: string];
  /** `within` of the whole pattern, in ms. */
  readonly withinMs?: number;
  /** `a3@10`: letter, value and time; `w12`: a watermark. */
  readonly events: string;
}

/** What an engine made of a case: a line for each match, `!` before those that timed out. */
export interface CepAnswer extends CepCase {
  /** `refused`: the pattern cannot be built. */
  readonly found: readonly string[] | 'refused';
}

/**
 * What differs behind others is written down in docs/guide/cep.md: in Flink a match that waits in a
 * loop or behind `notNext` is not complete at the end of the time, and `notFollowedBy` forgets
 * events that are ignored between those of `times(from, to)`.
 */
function isExact({ strategy, group, times }: CepPart): boolean {
  if (strategy.startsWith('not') || group !== undefined) return false;
  return times === undefined || times[0] === times[1];
}

const LETTERS = ['a', 'b', 'c', 'ab', 'bc', 'abcd'];

export function makeCepCases(count: number, seed: number): CepCase[] {
  const dice = new Dice(seed);
  return Array.from({ length: count }, () => new CepDrawing(dice).case());
}

interface Allowed {
  readonly isGroup: boolean;
  readonly mayBeOptional: boolean;
  readonly mayBeTimed: boolean;
}

class CepDrawing {
  readonly #dice: Dice;
  #named = 0;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  case(): CepCase {
    const dice = this.#dice;
    const parts = this.#parts(dice.whole(1, 4), 0);
    const waits = parts.at(-1)?.strategy === 'notFollowedBy';
    const skip = this.#skip(parts);
    return {
      parts,
      ...(skip === undefined ? {} : { skip }),
      ...(waits || dice.chance(0.6) ? { withinMs: dice.whole(10, 60) } : {}),
      events: this.#events(),
    };
  }

  #parts(count: number, depth: number): CepPart[] {
    const parts: CepPart[] = [];
    for (let index = 0; index < count; index++) {
      const isLast = index === count - 1;
      parts.push(this.#part(parts, { depth, isLast }));
    }
    return parts;
  }

  #part(
    earlier: readonly CepPart[],
    { depth, isLast }: { depth: number; isLast: boolean },
  ): CepPart {
    const dice = this.#dice;
    const before = earlier.at(-1);
    const name = String.fromCharCode('A'.charCodeAt(0) + this.#named++);
    // Neither engine takes a negated part behind an optional one, or at the end of a group.
    const mayBeNot = before !== undefined && !before.optional && !(depth > 0 && isLast);
    if (mayBeNot && dice.chance(0.15)) {
      const strategy = dice.oneOf([
        'notNext',
        isExact(before) ? 'notFollowedBy' : 'notNext',
      ] as const);
      return { name, strategy, letters: dice.oneOf(LETTERS) };
    }
    const follows = ['next', 'followedBy', 'followedBy', 'followedByAny'] as const;
    const strategy = before === undefined ? 'begin' : dice.oneOf(follows);
    const isGroup = depth === 0 && dice.chance(0.15);
    const group = isGroup ? this.#parts(dice.whole(1, 2), 1) : undefined;
    const rising: { rising?: true } = dice.chance(0.15) ? { rising: true } : {};
    const what = group === undefined ? { letters: dice.oneOf(LETTERS), ...rising } : { group };
    const isBehindNot = earlier.some((part) => part.strategy.startsWith('not'));
    const mayBeOptional = !(depth > 0 && before === undefined) && !(isLast && isBehindNot);
    return {
      name,
      strategy,
      ...what,
      ...this.#often({ isGroup, mayBeOptional, mayBeTimed: depth === 0 }),
    };
  }

  #often({ isGroup, mayBeOptional, mayBeTimed }: Allowed): Partial<CepPart> {
    const dice = this.#dice;
    const optional: { optional?: true } =
      mayBeOptional && dice.chance(0.2) ? { optional: true } : {};
    if (dice.chance(0.5)) {
      const isTimed = mayBeTimed && !isGroup && optional.optional === undefined && dice.chance(0.1);
      return { ...optional, ...(isTimed ? { previousMs: dice.whole(3, 10) } : {}) };
    }
    const from = dice.whole(1, 3);
    const times = dice.oneOf([[from], [from, from], [from, from + dice.whole(1, 2)]] as const);
    const inner = dice.oneOf([undefined, undefined, 'consecutive', 'allowCombinations'] as const);
    const isGreedy = !isGroup && inner !== 'allowCombinations' && dice.chance(0.25);
    return {
      times,
      ...optional,
      ...(inner === undefined ? {} : { inner }),
      ...(isGreedy ? { greedy: true as const } : {}),
      ...(times.length === 1 && dice.chance(0.3) ? { until: dice.oneOf(['d', 'c', 'cd']) } : {}),
    };
  }

  #skip(parts: readonly CepPart[]): readonly [string, string?] | undefined {
    const dice = this.#dice;
    if (dice.chance(0.4)) return undefined;
    const kind = dice.oneOf(['skipToNext', 'skipPastLastEvent', 'skipToFirst', 'skipToLast']);
    if (!kind.startsWith('skipTo') || kind === 'skipToNext') return [kind];
    const named = parts.filter(
      ({ strategy, group }) => group === undefined && !strategy.startsWith('not'),
    );
    return named.length === 0 ? undefined : [kind, dice.oneOf(named).name];
  }

  #events(): string {
    const dice = this.#dice;
    // Flink sets no timer for what begins at 0.
    let nowMs = 1;
    const words: string[] = [];
    for (let left = dice.whole(3, 9); left > 0; left--) {
      nowMs += dice.oneOf([0, 1, 2, 5, 12]);
      words.push(`${dice.oneOf(['a', 'a', 'b', 'b', 'c', 'd'])}${dice.whole(0, 4)}@${nowMs}`);
      if (dice.chance(0.3)) words.push(`w${nowMs}`);
    }
    // Flink looks at what is over only with an event; this one is of no letter that matches.
    return [...words, `w${nowMs + 100}`, `z0@${nowMs + 101}`, `w${nowMs + 101}`].join(' ');
  }
}
