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

  /**
   * Tells which windows overlap or touch, and the span of each such group: what session windows
   * merge into. In order of start.
   *
   * @see Flink `TimeWindow.mergeWindows`
   */
  static mergeWindows(windows: Iterable<TimeWindow>, callback: MergeCallback): void {
    let merged: TimeWindow[] = [];
    let span: TimeWindow | undefined;
    const done = (): void => {
      if (span !== undefined && merged.length > 1) callback(merged, span);
    };
    for (const window of [...windows].sort((left, right) => left.start - right.start)) {
      if (span !== undefined && window.start <= span.end) {
        merged.push(window);
        span = new TimeWindow(span.start, Math.max(span.end, window.end));
      } else {
        done();
        merged = [window];
        span = window;
      }
    }
    done();
  }
}

/** Gets windows that become one, and the one they become. */
export type MergeCallback = (toBeMerged: readonly TimeWindow[], mergeResult: TimeWindow) => void;

/** Names a window in snapshots and timers. */
export const windowId = ({ start, end }: TimeWindow): string => `${start},${end}`;

/** The window that {@link windowId} names. */
export function windowOfId(id: string): TimeWindow {
  const comma = id.indexOf(',');
  return new TimeWindow(Number(id.slice(0, comma)), Number(id.slice(comma + 1)));
}

/**
 * Start of the last window that begins at or before a timestamp, for windows that begin every
 * `slideMs` from `offsetMs` on. Exact for whole numbers up to 2^53: the quotient is below
 * 2^53 / slide, so it cannot be rounded up to the next whole number.
 */
export function windowStartMs(timestampMs: number, offsetMs: number, slideMs: number): number {
  return Math.floor((timestampMs - offsetMs) / slideMs) * slideMs + offsetMs;
}
