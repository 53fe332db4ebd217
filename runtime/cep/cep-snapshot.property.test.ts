/**
 * Goal: a checkpoint at any place changes nothing. Method: the same events with and without
 * restarts from snapshots, at random places and parallelisms, for patterns of every kind.
 */
import { deepEqual } from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hashKey, keyGroupOf, MAX_WATERMARK_MS, operatorIndexOfKeyGroup } from '../core/index.ts';
import { OutputTag } from '../operators/index.ts';
import { OperatorHarness, restoreAt } from '../testing/index.ts';
import { AfterMatchSkipStrategy } from './after-match-skip-strategy.ts';
import { cepOperator } from './cep-operator.ts';
import { compilePattern } from './compile-pattern.ts';
import type { PatternMatch } from './nfa.ts';
import { Pattern } from './pattern.ts';

interface Event {
  readonly key: number;
  readonly letter: string;
  readonly id: number;
}
type Step =
  | { readonly event: Event; readonly timestampMs: number }
  | { readonly watermarkMs: number };

const MAX_PARALLELISM = 8;
const timedOut = new OutputTag<string>('timed out');
const late = new OutputTag<Event>('late');

const is =
  (letter: string) =>
  (event: Event): boolean =>
    event.letter === letter;
const begin = (skip?: AfterMatchSkipStrategy) => Pattern.begin<Event>('a', skip).where(is('a'));

const PATTERNS: Readonly<Record<string, () => Pattern<Event>>> = {
  loop: () => begin().oneOrMore().followedBy('b').where(is('b')).within(20),
  skipping: () =>
    begin(AfterMatchSkipStrategy.skipPastLastEvent())
      .oneOrMore()
      .greedy()
      .followedBy('b')
      .where(is('b'))
      .within(20),
  negated: () => begin().notFollowedBy('b').where(is('b')).within(15),
  group: () =>
    Pattern.begin(begin().followedByAny('b').where(is('b')))
      .times(1, 2)
      .within(25),
  iterative: () =>
    begin()
      .followedByAny('c')
      .where((event, ctx) => event.id > 2 * (ctx.getEventsForPattern('a')[0]?.id ?? 0))
      .within(10, 'PREVIOUS_AND_CURRENT'),
};

const steps = fc
  .array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          key: fc.nat(3),
          letter: fc.constantFrom('a', 'b', 'c'),
          timestampMs: fc.nat(60),
        }),
      },
      { weight: 1, arbitrary: fc.record({ watermarkMs: fc.nat(60) }) },
    ),
    { maxLength: 30 },
  )
  .map((raw): Step[] => {
    let watermarkMs = 0;
    return raw.map((step, id) => {
      if ('key' in step) {
        const { key, letter, timestampMs } = step;
        return { event: { key, letter, id }, timestampMs };
      }
      watermarkMs = Math.max(watermarkMs, step.watermarkMs);
      return { watermarkMs };
    });
  });

const show = (match: PatternMatch<Event>): string =>
  [...match].map(([name, events]) => `${name}=${events.map(({ id }) => id)}`).join(' ');

function harnessOf(pattern: Pattern<Event>, options: ReturnType<typeof restoreAt> = {}) {
  const factory = cepOperator<Event, string>({
    pattern: compilePattern(pattern),
    keySelector: ({ key }) => key,
    fn: {
      processMatch: (match, ctx, out) => out.collect(`${show(match)} @${ctx.timestamp}`),
      processTimedOutMatch: (match, ctx) =>
        ctx.output(timedOut, `${show(match)} @${ctx.timestamp}`),
    },
    isEventTime: true,
    comparator: undefined,
    lateTag: late,
  });
  const harness = OperatorHarness.oneInput(factory, {
    ...options,
    maxParallelism: MAX_PARALLELISM,
  });
  void harness.operator.open();
  return harness;
}

/** @param restarts before which steps all subtasks begin anew, and how many there are then. */
function run(
  make: () => Pattern<Event>,
  script: readonly Step[],
  restarts: ReadonlyMap<number, number>,
  mode: 'full' | 'delta' = 'full',
): readonly string[] {
  let subtasks = [harnessOf(make())];
  const results: string[] = [];
  const collect = (): void => {
    for (const one of subtasks) {
      results.push(...one.values(), ...one.side('timed out').map(([text]) => `- ${String(text)}`));
      results.push(...one.side('late').map(([event]) => `late ${(event as Event).id}`));
    }
  };
  let watermarkMs: number | undefined;
  for (const [index, step] of script.entries()) {
    const parallelism = restarts.get(index);
    if (parallelism !== undefined) {
      const snapshots = subtasks.map((one) => one.snapshotSync(mode));
      collect();
      subtasks = Array.from({ length: parallelism }, (_, i) =>
        harnessOf(make(), restoreAt(snapshots, i, parallelism)),
      );
      if (watermarkMs !== undefined) {
        for (const { operator } of subtasks) operator.processWatermark(watermarkMs);
      }
    }
    if ('event' in step) {
      const keyGroup = keyGroupOf(hashKey(step.event.key), MAX_PARALLELISM);
      const at = operatorIndexOfKeyGroup(MAX_PARALLELISM, subtasks.length, keyGroup);
      subtasks[at]?.operator.processElement(step.event, step.timestampMs, keyGroup);
    } else {
      watermarkMs = step.watermarkMs;
      for (const { operator } of subtasks) operator.processWatermark(watermarkMs);
    }
  }
  for (const { operator } of subtasks) operator.processWatermark(MAX_WATERMARK_MS);
  collect();
  return results.sort();
}

describe('patterns with snapshots and restores', () => {
  for (const [name, make] of Object.entries(PATTERNS)) {
    it(`find the same after one at every position, rescaled: ${name}`, () => {
      fc.assert(
        fc.property(steps, fc.integer({ min: 1, max: 3 }), (script, parallelism) => {
          const expected = run(make, script, new Map());
          for (const index of script.keys()) {
            deepEqual(run(make, script, new Map([[index, parallelism]])), expected);
          }
        }),
        { numRuns: 60 },
      );
    });

    it(`find the same after many with deltas: ${name}`, () => {
      const parallelisms = fc.array(fc.option(fc.integer({ min: 1, max: 3 })), { maxLength: 30 });
      fc.assert(
        fc.property(steps, parallelisms, (script, drawn) => {
          const restarts = new Map(
            [...drawn.entries()].flatMap(([index, parallelism]) =>
              parallelism === null ? [] : [[index, parallelism] as const],
            ),
          );
          deepEqual(run(make, script, restarts, 'delta'), run(make, script, new Map()));
        }),
        { numRuns: 100 },
      );
    });
  }
});
