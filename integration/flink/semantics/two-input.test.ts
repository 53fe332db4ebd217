/** Goal: joins and timers of two inputs answer what Flink's answer, however the inputs mix. */
import { deepEqual, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { recorded } from './recorded.ts';
import type { TwoInputAnswer } from './two-input-cases.ts';
import { twoInputsOfOurs } from './two-input-run.ts';

const flink = recorded<TwoInputAnswer>('two-inputs');

describe('a random operator of two inputs', () => {
  it('is recorded with pairs, late records and timers', () => {
    const lines = flink.flatMap(({ found }) => found);
    ok(lines.filter((line) => line.includes(' of ')).length > 300);
    ok(lines.filter((line) => line.includes('late left')).length > 30);
    ok(lines.filter((line) => line.includes(' wm ')).length > 300);
  });

  it('answers what Flink answers, step by step', () => {
    for (const { found, ...one } of flink) {
      deepEqual({ ...one, found: twoInputsOfOurs(one) }, { ...one, found });
    }
  });

  it('answers it also when a join goes on from a snapshot at every step', () => {
    // A timer behind the watermark would fire with the one that is sent again.
    for (const { found, ...one } of flink.filter(({ kind }) => kind === 'interval-join')) {
      deepEqual({ ...one, found: twoInputsOfOurs(one, true) }, { ...one, found });
    }
  });
});
