/** Goal: random patterns have the matches that Flink's CEP library finds, in the same order. */
import { deepEqual, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CepAnswer } from './cep-cases.ts';
import { comparableFinds, findInOurs } from './cep-run.ts';
import { recorded } from './recorded.ts';

const flink = recorded<CepAnswer>('cep');

describe('a random pattern', () => {
  it('is recorded in many shapes, with matches, with time-outs, and refused', () => {
    const lines = flink.flatMap(({ found }) => (found === 'refused' ? [] : found));
    ok(lines.filter((line) => !line.startsWith('!')).length > 1000);
    ok(lines.filter((line) => line.startsWith('!')).length > 500);
    ok(flink.filter(({ found }) => found === 'refused').length > 5);
  });

  it('has the matches that Flink finds, in its order', () => {
    for (const { found, ...one } of flink) {
      const ours = comparableFinds(findInOurs(one));
      deepEqual({ ...one, found: ours }, { ...one, found: comparableFinds(found) });
    }
  });

  it('has them also when it goes on from a snapshot at every step', () => {
    for (const { found, ...one } of flink) {
      const ours = comparableFinds(findInOurs(one, true));
      deepEqual({ ...one, found: ours }, { ...one, found: comparableFinds(found) });
    }
  });
});
