/** An interval of time: `startMs` belongs to it, `endMs` does not. */
export class TimeWindow {
  readonly start: number;
  readonly end: number;

  constructor(startMs: number, endMs: number) {
    this.start = startMs;
    this.end = endMs;
  }

  /** The last millisecond that belongs to the window, and the timestamp of its results. */
  maxTimestamp(): number {
    return this.end - 1;
  }
}

/**
 * Start of the last window that begins at or before a timestamp, for windows that begin every
 * `slideMs` from `offsetMs` on. Exact for whole numbers up to 2^53: the quotient is below
 * 2^53 / slide, so it cannot be rounded up to the next whole number.
 */
export function windowStartMs(timestampMs: number, offsetMs: number, slideMs: number): number {
  return Math.floor((timestampMs - offsetMs) / slideMs) * slideMs + offsetMs;
}
