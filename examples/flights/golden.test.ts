/** The job over the first day of the data set, at several parallelisms. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { linesBelow, linesOf, PARALLELISMS, runGolden } from '../golden.ts';
import flightDelays from './job.ts';

const FLIGHTS = '14000';
const RESULTS = ['daily', 'hold-ups', 'bursts', 'late'];

describe('flights', () => {
  for (const parallelism of PARALLELISMS) {
    it(`answers the golden rows at parallelism ${parallelism}`, async () => {
      const rows = await runGolden(
        flightDelays,
        (output) => ['--flights', FLIGHTS, '--output', output],
        parallelism,
        (directory) => Promise.all(RESULTS.map((name) => linesBelow(join(directory, name)))),
      );
      for (const [i, name] of RESULTS.entries()) {
        const golden = await linesOf(new URL(`./golden/${name}.jsonl`, import.meta.url));
        assert.deepEqual(rows[i]?.toSorted(), golden, name);
      }
    });
  }
});
