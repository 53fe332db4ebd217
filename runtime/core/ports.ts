/** Wall-clock time. The engine never reads `Date`. */
export interface Clock {
  /** Milliseconds since 1970, may jump. */
  nowEpochMs(): number;
  /** Milliseconds since an arbitrary start, never goes back; fractions allowed. */
  monotonicMs(): number;
}

/** Seeded randomness. The engine never reads `Math.random`. */
export interface Rng {
  /** Uniform in [0, 1). */
  next(): number;
}

/** Delayed calls. The engine never calls `setTimeout`. */
export interface Timers {
  /** Runs `callback` once after `delayMs`. The returned function cancels it and is idempotent. */
  schedule(delayMs: number, callback: () => void): () => void;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Structured log lines. Never secrets. */
export interface Logger {
  log(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void;
}
