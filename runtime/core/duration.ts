import { StreamError } from './errors.ts';

/** A length of time in milliseconds, or Flink's text form: `5 s`, `100 ms`, `10 min`, `1 h`. */
export type Duration = number | string;

const UNITS: readonly (readonly [factorMs: number, labels: readonly string[]])[] = [
  [86_400_000, ['d', 'day', 'days']],
  [3_600_000, ['h', 'hour', 'hours']],
  [60_000, ['min', 'm', 'minute', 'minutes']],
  [1_000, ['s', 'sec', 'secs', 'second', 'seconds']],
  [1, ['ms', 'milli', 'millis', 'millisecond', 'milliseconds']],
  [1e-3, ['µs', 'us', 'micro', 'micros', 'microsecond', 'microseconds']],
  [1e-6, ['ns', 'nano', 'nanos', 'nanosecond', 'nanoseconds']],
];

const FACTOR_MS: ReadonlyMap<string, number> = new Map(
  UNITS.flatMap(([factorMs, labels]) => labels.map((label) => [label, factorMs] as const)),
);

const EXPECTED_DURATION =
  "a duration such as '10 s', '100 ms', '5 min', '1 h', or a number of milliseconds";

/**
 * A duration in whole milliseconds, never negative. Units finer than a millisecond are accepted
 * and rounded down, as Flink's `Duration.toMillis` does.
 *
 * @see org.apache.flink.util.TimeUtils (release-1.20) for the labels.
 * @throws {StreamError} kind `invalid`, code `MALFORMED_DURATION`, for anything else.
 */
export function parseDurationMs(duration: Duration): number {
  const durationMs = typeof duration === 'number' ? duration : textToMs(duration);
  if (durationMs === undefined || !Number.isSafeInteger(durationMs) || durationMs < 0) {
    throw new StreamError({
      kind: 'invalid',
      code: 'MALFORMED_DURATION',
      message: `expected ${EXPECTED_DURATION}: value=${JSON.stringify(duration)}`,
      details: { value: String(duration) },
    });
  }
  return durationMs;
}

function textToMs(text: string): number | undefined {
  const match = /^\s*(\d+)\s*([a-zµ]*)\s*$/i.exec(text);
  if (match === null) return undefined;
  const [, digits = '', label = ''] = match;
  const factorMs = label === '' ? 1 : FACTOR_MS.get(label.toLowerCase());
  if (factorMs === undefined) return undefined;
  const amount = Number(digits);
  return factorMs >= 1 ? amount * factorMs : Math.floor(amount / Math.round(1 / factorMs));
}
