/** Goal: random windows fire when Flink's fire, with what Flink's hold. */
import { deepEqual, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { recorded } from './recorded.ts';
import type { WindowAnswer } from './window-cases.ts';
import { windowsOfOurs } from './window-run.ts';

const flink = recorded<WindowAnswer>('windows');

describe('a random window', () => {
  it('is recorded for every assigner, trigger and evictor', () => {
    const kinds = flink.map(({ assigner, trigger, evictor }) => {
      return [assigner[0], trigger?.[0] ?? 'default', evictor?.[0] ?? 'none'].join(' ');
    });
    ok(new Set(kinds).size > 30, `${new Set(kinds).size}`);
    ok(flink.some(({ found }) => found.some((line) => line.includes('late'))));
  });

  it('answers what Flink answers, step by step', () => {
    for (const { found, ...one } of flink) {
      deepEqual({ ...one, found: windowsOfOurs(one) }, { ...one, found });
    }
  });

  it('answers it also when it goes on from a snapshot at every step', () => {
    // This trigger sets timers behind the watermark, which fire with the next: with the one that
    // is sent again.
    const others = flink.filter(({ trigger }) => trigger?.[0] !== 'continuous');
    for (const { found, ...one } of others) {
      deepEqual({ ...one, found: windowsOfOurs(one, true) }, { ...one, found });
    }
  });
});
