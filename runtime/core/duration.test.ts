import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDurationMs } from './duration.ts';
import { isStreamError } from './errors.ts';

describe('parseDurationMs', () => {
  it('reads every unit of Flink, with and without a space', () => {
    const cases: readonly (readonly [string | number, number])[] = [
      ['10 s', 10_000],
      ['100 ms', 100],
      ['5min', 300_000],
      ['2 h', 7_200_000],
      ['1 day', 86_400_000],
      ['1500 us', 1],
      ['2000000 ns', 2],
      ['250', 250],
      [250, 250],
      [0, 0],
    ];
    for (const [text, ms] of cases) assert.equal(parseDurationMs(text), ms, String(text));
  });

  it('refuses anything else and says what is expected', () => {
    for (const bad of ['', 's', '10 parsecs', '-1 s', '1.5 s', -1, Number.NaN, 0.5, 1e300]) {
      assert.throws(
        () => parseDurationMs(bad),
        (error) =>
          isStreamError(error) &&
          error.code === 'MALFORMED_DURATION' &&
          error.message.startsWith("expected a duration such as '10 s', '100 ms'"),
        String(bad),
      );
    }
  });
});
