/** Random windows and the records that go through them, drawn from a seed. */
import { Dice } from './events.ts';

export interface WindowCase {
  /** Name and numbers in ms; `dynamic` has the gap of each record's value and one. */
  readonly assigner: readonly [
    kind: 'tumbling' | 'sliding' | 'session' | 'dynamic' | 'global' | 'count',
    ...numbers: readonly number[],
  ];
  /** Undefined: the assigner's. */
  readonly trigger?: readonly [kind: 'event-time' | 'count' | 'continuous' | 'delta', of: number];
  readonly purging?: true;
  readonly evictor?: readonly [kind: 'count' | 'time' | 'delta', of: number, after: boolean];
  readonly latenessMs?: number;
  readonly fn: 'process' | 'apply' | 'reduce' | 'aggregate';
  /** `b3@10`: key, value and time; `w12`: a watermark. */
  readonly steps: string;
}

/** A line for each result, `step: key [start,end) what @time`, and `step: late id`. */
export interface WindowAnswer extends WindowCase {
  readonly found: readonly string[];
}

export function makeWindowCases(count: number, seed: number): WindowCase[] {
  const dice = new Dice(seed);
  return Array.from({ length: count }, () => drawCase(dice));
}

function drawCase(dice: Dice): WindowCase {
  const assigner = drawAssigner(dice);
  const [kind] = assigner;
  const merges = kind === 'session' || kind === 'dynamic';
  const isTimed = kind !== 'global' && kind !== 'count';
  const trigger = kind === 'count' ? undefined : drawTrigger(dice, { merges, isTimed });
  const evictor = kind !== 'count' && dice.chance(0.35) ? drawEvictor(dice, merges) : undefined;
  const fn = dice.oneOf(['process', 'apply', 'reduce', 'aggregate'] as const);
  return {
    assigner,
    ...(trigger === undefined ? {} : { trigger }),
    ...(trigger !== undefined && dice.chance(0.35) ? { purging: true as const } : {}),
    ...(evictor === undefined ? {} : { evictor }),
    ...(isTimed && dice.chance(0.5) ? { latenessMs: dice.whole(1, 20) } : {}),
    // A null is a result in Flink where an evictor leaves nothing to reduce; here is none.
    fn: evictor !== undefined && fn === 'reduce' ? 'process' : fn,
    steps: drawSteps(dice, kind === 'dynamic'),
  };
}

function drawAssigner(dice: Dice): WindowCase['assigner'] {
  const kinds = ['tumbling', 'sliding', 'session', 'dynamic', 'global', 'count'] as const;
  const kind = dice.oneOf(kinds);
  const size = dice.whole(2, 15);
  if (kind === 'tumbling') return [kind, size, dice.whole(0, size - 1)];
  if (kind === 'sliding') return [kind, size, dice.whole(1, 10)];
  if (kind === 'count') return [kind, dice.whole(1, 4), dice.whole(0, 4)];
  return kind === 'session' ? [kind, size] : [kind];
}

function drawTrigger(
  dice: Dice,
  { merges, isTimed }: { readonly merges: boolean; readonly isTimed: boolean },
): WindowCase['trigger'] {
  if (isTimed && dice.chance(0.4)) return undefined;
  const kind = dice.oneOf(['event-time', 'count', 'continuous', 'delta'] as const);
  if (kind === 'event-time' && isTimed) return [kind, 0];
  if (kind === 'continuous') return [kind, dice.whole(1, 12)];
  return kind === 'delta' && !merges ? [kind, dice.whole(1, 4)] : ['count', dice.whole(1, 4)];
}

/** Flink merges sessions in the order of a hash table, which other evictors would show. */
function drawEvictor(dice: Dice, merges: boolean): WindowCase['evictor'] {
  const kind = merges ? 'time' : dice.oneOf(['count', 'time', 'delta'] as const);
  return [kind, dice.whole(1, kind === 'time' ? 12 : 4), dice.chance(0.4)];
}

/** Times around a watermark that moves little: most records find a window open. */
function drawSteps(dice: Dice, isDynamic: boolean): string {
  const words: string[] = [];
  const seen = new Set<string>();
  let watermarkMs = 20;
  for (let left = dice.whole(4, 20); left > 0; left--) {
    if (dice.chance(0.25)) {
      watermarkMs += dice.whole(1, 12);
      words.push(`w${watermarkMs}`);
      continue;
    }
    const atMs = Math.max(0, watermarkMs + dice.whole(-20, 20));
    const [key, value] = [dice.oneOf(['a', 'a', 'b']), dice.whole(0, 9)];
    if (isDynamic && isSpanSeen(seen, key, atMs, atMs + value + 1)) continue;
    words.push(`${key}${value}@${atMs}`);
  }
  return [...words, `w${watermarkMs + 15}`, `w${watermarkMs + 200}`].join(' ');
}

/**
 * Flink loses what a merged session holds when a record comes whose own window begins and ends as
 * that: its `MergingWindowSet` takes it for a new one.
 */
function isSpanSeen(seen: Set<string>, key: string, startMs: number, endMs: number): boolean {
  const [start, end] = [`${key} from ${startMs}`, `${key} to ${endMs}`];
  const isSeen = seen.has(start) && seen.has(end);
  seen.add(start).add(end);
  return isSeen;
}
