/**
 * Which facts of Flink's own tests have a test here: titles name them, as `(fact 59)`, `(59)`,
 * `(L111)` or `C31:`. The facts are numbered by subject, odd numbers only.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { REPOSITORY_ROOT, sourceFiles } from './source-files.ts';

/** First and last of each subject. */
const SUBJECTS: Readonly<Record<string, readonly [number, number]>> = {
  windows: [1, 25],
  evictors: [27, 29],
  'process functions, timers, joins': [31, 47],
  watermarks: [49, 57],
  barriers: [59, 69],
  'checkpoint coordinator': [71, 81],
  'key groups': [83, 85],
  state: [87, 91],
  sinks: [93, 97],
  'failover and restart': [99, 101],
  'savepoints, stop, rescale': [103, 109],
  CEP: [111, 117],
  'command line': [119, 119],
};
/** Not here, and why. */
const ABSENT = new Map([[95, 'TwoPhaseCommitSinkFunction: a failed commit is never ignored']]);

const TITLE = /\b(?:it|describe)\(\s*(['"`])(.*?)\1,/gs;
/** `(I1)` is an invariant. */
const NAMED =
  /\((?:facts? |[A-HJ-M])?(\d{1,3}(?:, \d{1,3})*)\)|^[A-HJ-M]?(\d{1,3}(?:\/\d{1,3})*): /g;

function factsOf(text: string): readonly number[] {
  return [...text.matchAll(TITLE)].flatMap(([, , title = '']) =>
    [...title.matchAll(NAMED)].flatMap(([, inside, before]) =>
      (inside ?? before ?? '').split(/, |\//).map(Number),
    ),
  );
}

describe('the facts of Flink', () => {
  it('are named by the titles of tests', () => {
    assert.deepEqual(factsOf("it('does so (fact 59)', () => {"), [59]);
    assert.deepEqual(factsOf("describe('a b (L111)', () => {"), [111]);
    assert.deepEqual(factsOf("it('99/101: a region', () => {"), [99, 101]);
    assert.deepEqual(factsOf("it('writes (5 ms) and 7: eight', () => {\n // (fact 9)"), []);
    assert.deepEqual(factsOf("it('is left once (I3)', () => {"), []);
  });

  it('have a test each, but for those that say why not', () => {
    const tests = sourceFiles(REPOSITORY_ROOT).filter(
      (path) => path.endsWith('.test.ts') && path !== 'scripts/flink-facts.test.ts',
    );
    const named = new Set(
      tests.flatMap((path) => factsOf(readFileSync(join(REPOSITORY_ROOT, path), 'utf8'))),
    );
    const missing = Object.entries(SUBJECTS).flatMap(([subject, [first, last]]) => {
      const numbers = Array.from({ length: (last - first) / 2 + 1 }, (_, n) => first + 2 * n);
      return numbers.filter((n) => !named.has(n) && !ABSENT.has(n)).map((n) => `${subject}: ${n}`);
    });
    assert.deepEqual(missing, []);
    for (const n of ABSENT.keys()) assert.ok(!named.has(n), `${n} has a test: it is not absent`);
  });
});
