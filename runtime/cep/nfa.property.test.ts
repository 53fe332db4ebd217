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
    negated: fc.constantFrom<Part['negated']>('none', 'none', 'none', 'notNext', 'notFollowedBy'),
    negatedLetter: letter,
  })
  .map(({ more, ...rest }) => ({ ...rest, to: rest.from + more }));
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
  if (times >= part.from && following === undefined) {
    all.found.push(chosen.map((index) => events[index]?.name).join(' '));
  }
  for (let to = last + 1; to < events.length; to++) {
    const step = [last, to] as const;
    const isRefused = refuses(events, { chosen, times, part }, following, to);
    if (!isRefused && times < part.to && reaches(events, step, INNER[part.inner], part.letter)) {
      search(all, [...chosen, to], at, times + 1);
    }
    if (following === undefined || times < part.from) continue;
    if (!reaches(events, step, following.strategy, following.letter)) continue;
    if (!isRefused) search(all, [...chosen, to], at + 1, 1);
    else if (
      isComplete(all, at + 1) &&
      !refuses(events, { chosen, times, part }, following, to - 1)
    ) {
      // The event that completes a match does so even where it is refused.
      all.found.push([...chosen, to].map((index) => events[index]?.name).join(' '));
    }
  }
}

function isComplete({ parts }: Search, at: number): boolean {
  return at === parts.length - 1 && parts[at]?.from === 1 && parts[at]?.negated !== 'notNext';
}

function bruteForce(parts: readonly Part[], events: readonly TestEvent[]): string[] {
  const all: Search = { parts, events, found: [] };
  const [first] = parts;
  for (const [index, event] of events.entries()) {
    if (first !== undefined && is(first.letter)(event)) search(all, [index], 0, 1);
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
      fc.property(fc.array(part, { minLength: 1, maxLength: 3 }), events, (parts, some) => {
        const run = new NfaRun(patternOf(parts));
        if (some.length > 0)
          run.feed(some.map((one) => `${one.name}@${one.timestampMs}`).join(' '));
        deepEqual(byName(run), bruteForce(parts, some));
      }),
      { numRuns: 3000 },
    );
  });

  it('keeps nothing once the time of all partial matches is over', () => {
    const parts = fc.array(part, { minLength: 1, maxLength: 3 });
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
