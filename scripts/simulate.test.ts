import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { describe, it } from 'node:test';
import { parseSimulateArguments } from './simulate.ts';

describe('simulate', () => {
  it('takes a first seed and either a number of seeds or of minutes', () => {
    assert.deepEqual(parseSimulateArguments(['--seed', '7', '--seeds', '3', '--workers', '5']), {
      firstSeed: 7,
      count: 3,
      durationMs: Number.POSITIVE_INFINITY,
      workers: 5,
    });
    assert.deepEqual(parseSimulateArguments(['--minutes', '0.5']), {
      firstSeed: 1,
      count: Number.POSITIVE_INFINITY,
      durationMs: 30_000,
      workers: availableParallelism(),
    });
  });

  it('refuses what makes no sense, with its usage', () => {
    for (const args of [
      [],
      ['--seed', '1'],
      ['--seeds', 'x'],
      ['--seeds', '-1'],
      ['--minutes', '0'],
      ['--seeds', '1', '--minutes', '1'],
      ['--seeds', '1', '--workers', '0'],
    ]) {
      assert.throws(() => parseSimulateArguments(args), /usage: npm run simulate|Option/);
    }
  });
});
