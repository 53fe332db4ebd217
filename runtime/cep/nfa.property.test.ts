/**
 * Goal: the automaton finds what the words of a pattern mean. Method: a matcher that tries every
 * choice of events and asks of each whether the contiguity between its events allows it.
 */
import { deepEqual } from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { is, NfaRun, type TestEvent } from './nfa-fixture.ts';
import { Pattern } from './pattern.ts';

type Strategy = 'next' | 'followedBy' | 'followedByAny';
type Inner = 'relaxed' | 'consecutive' | 'combinations';

/** One part; `negated` says what must not come before it. */
interface Part {
  readonly strategy: Strategy;
  readonly letter: string;
  readonly from: number;
  readonly to: number;
  readonly inner: Inner;
  readonly optional: boolean;
  readonly negated: 'none' | 'notNext' | 'notFollowedBy';
  readonly negatedLetter: string;
}

const letter = fc.constantFrom('a', 'b', 'c');
const part: fc.Arbitrary<Part> = fc
  .record({
    strategy: fc.constantFrom<Strategy>('next', 'followedBy', 'followedByAny'),
    letter,
    from: fc.integer({ min: 1, max: 2 }),
    more: fc.nat(1),
    inner: fc.constantFrom<Inner>('relaxed', 'consecutive', 'combinations'),
    optional: fc.boolean(),
    negated: fc.constantFrom<Part['negated']>('none', 'none', 'none', 'notNext', 'notFollowedBy'),
    negatedLetter: letter,
  })
  .map(({ more, ...rest }) => ({ ...rest, to: rest.from + more }));
/**
 * Nothing is negated at the beginning, behind an optional part, nor where all that comes behind is
 * optional: that is refused.
 */
const parts = fc.array(part, { minLength: 1, maxLength: 4 }).map((drawn): Part[] =>
  drawn.map((one, index) => {
    const isBegun = drawn[index - 1]?.optional === false;
    const isEnded = drawn.slice(index).every(({ optional }) => optional);
    return isBegun && !isEnded ? one : { ...one, negated: 'none' };
  }),
);
const events = fc
  .array(fc.constantFrom('a', 'b', 'c', 'x'), { maxLength: 8 })
  .map((letters): TestEvent[] =>
    letters.map((name, index) => ({ name: `${name}${index}`, timestampMs: index * 10 })),
  );

function patternOf(parts: readonly Part[]): Pattern<TestEvent> {
  let pattern: Pattern<TestEvent> | undefined;
  for (const [index, one] of parts.entries()) {
    const name = `p${index}`;
    if (pattern === undefined) pattern = Pattern.begin<TestEvent>(name);
    else {
      if (one.negated !== 'none') {
        pattern = pattern[one.negated](`not${index}`).where(is(one.negatedLetter));
      }
      pattern = pattern[one.strategy](name);
    }
    pattern.where(is(one.letter));
    if (one.optional) pattern.optional();
    if (one.to === 1) continue;
    pattern.times(one.from, one.to);
    if (one.inner === 'consecutive') pattern.consecutive();
    if (one.inner === 'combinations') pattern.allowCombinations();
  }
  return pattern ?? Pattern.begin<TestEvent>('none');
}

interface Search {
  readonly parts: readonly Part[];
  readonly events: readonly TestEvent[];
  readonly found: string[];
}

/** May `to` be the next after `from`, of a part with this letter? */
function reaches(
  events: readonly TestEvent[],
  [from, to]: readonly [number, number],
  strategy: Strategy,
  wanted: string,
): boolean {
  if (!is(wanted)(events[to] ?? { name: '', timestampMs: 0 })) return false;
  const between = events.slice(from + 1, to);
  if (strategy === 'next') return between.length === 0;
  return strategy === 'followedByAny' || !between.some(is(wanted));
}

/**
 * Whether an event ends the run that has taken `chosen`, `times` of them for the part before
 * `next`: `notNext` refuses it right behind an event after which `next` may come, `notFollowedBy`
 * anywhere behind the first event of the part.
 */
function refuses(
  events: readonly TestEvent[],
  { chosen, times, part }: { chosen: readonly number[]; times: number; part: Part },
  next: Part | undefined,
  to: number,
): boolean {
  if (next === undefined) return false;
  const last = chosen.at(-1) ?? 0;
  const refused = is(next.negatedLetter);
  const isRefused = (index: number): boolean =>
    refused(events[index] ?? { name: '', timestampMs: 0 });
  if (next.negated === 'notNext') return times >= part.from && isRefused(last + 1);
  if (next.negated !== 'notFollowedBy') return false;
  return events.slice(last + 1, to + 1).some(refused);
}

const INNER = {
  relaxed: 'followedBy',
  consecutive: 'next',
  combinations: 'followedByAny',
} as const;

/** Goes on from a choice of events: `times` of part `at` are taken. */
function search(all: Search, chosen: readonly number[], at: number, times: number): void {
  const { parts, events } = all;
  const [part, following] = [parts[at], parts[at + 1]];
  const last = chosen.at(-1);
  if (part === undefined || last === undefined) return;
  const names = (ids: readonly number[]): string => ids.map((id) => events[id]?.name).join(' ');
  if (times >= part.from && endsAfter(parts, at)) all.found.push(names(chosen));
  const run = { chosen, times, part };
  for (let to = last + 1; to < events.length; to++) {
    const step = [last, to] as const;
    const isRefused = refuses(events, run, following, to);
    const wasRefused = to > last + 1 && refuses(events, run, following, to - 1);
    const isNotNext = following?.negated === 'notNext';
    const goOn = (next: number, taken: number): void => {
      if (!isRefused) search(all, [...chosen, to], next, taken);
      // The event that completes a match does so even where `notFollowedBy` refuses it.
      else if (!isNotNext && !wasRefused && taken >= (parts[next]?.from ?? 0)) {
        if (endsAfter(parts, next)) all.found.push(names([...chosen, to]));
      }
    };
    if (times < part.to && reaches(events, step, INNER[part.inner], part.letter)) {
      goOn(at, times + 1);
    }
    if (times < part.from) continue;
    for (const next of reachableFrom(parts, at + 1)) {
      const { strategy = 'next', letter = '' } = parts[next] ?? {};
      if (reaches(events, step, strategy, letter)) goOn(next, 1);
    }
  }
}

/** This part, and those after it that may come first since what is before may be left out. */
function reachableFrom(parts: readonly Part[], at: number): readonly number[] {
  const required = parts.findIndex(({ optional }, index) => index >= at && !optional);
  const end = required < 0 ? parts.length : required + 1;
  return Array.from({ length: Math.max(0, end - at) }, (_, index) => at + index);
}

function endsAfter(parts: readonly Part[], at: number): boolean {
  return parts.slice(at + 1).every(({ optional }) => optional);
}

function bruteForce(parts: readonly Part[], events: readonly TestEvent[]): string[] {
  const all: Search = { parts, events, found: [] };
  for (const [index, event] of events.entries()) {
    for (const at of reachableFrom(parts, 0)) {
      if (is(parts[at]?.letter ?? '')(event)) search(all, [index], at, 1);
    }
  }
  return all.found.sort();
}

const byName = (run: NfaRun): string[] =>
  run.matches.map((match) => match.split(' ').sort(byIndex).join(' ')).sort();
const byIndex = (left: string, right: string): number =>
  Number(left.slice(1)) - Number(right.slice(1));

describe('the automaton', () => {
  it('finds what every choice of events allows', () => {
    fc.assert(
      fc.property(parts, events, (parts, some) => {
        const run = new NfaRun(patternOf(parts));
        if (some.length > 0)
          run.feed(some.map((one) => `${one.name}@${one.timestampMs}`).join(' '));
        deepEqual(byName(run), bruteForce(parts, some));
      }),
      { numRuns: 3000 },
    );
  });

  it('keeps nothing once the time of all partial matches is over', () => {
    fc.assert(
      fc.property(parts, events, (some, fed) => {
        const run = new NfaRun(patternOf(some).within(45));
        if (fed.length > 0) run.feed(fed.map((one) => `${one.name}@${one.timestampMs}`).join(' '));
        deepEqual(run.advanceTime(10_000).kept(), [0, 0, 0]);
      }),
      { numRuns: 1000 },
    );
  });
});
