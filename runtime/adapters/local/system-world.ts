import type { Clock, Logger, LogLevel, Rng, Timers } from '../../core/index.ts';

/** The machine's clocks. */
export class SystemClock implements Clock {
  nowEpochMs(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }
}

/** Node's timers. A pending one does not keep the process alive by itself. */
export class SystemTimers implements Timers {
  schedule(delayMs: number, callback: () => void): () => void {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  }
}

/** The machine's randomness. */
export class SystemRng implements Rng {
  next(): number {
    return Math.random();
  }
}

/** Log lines for people on standard error, from `minimum` up. */
export class StderrLogger implements Logger {
  readonly #minimum: LogLevel;

  constructor(minimum: LogLevel = 'warn') {
    this.#minimum = minimum;
  }

  log(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void {
    const order: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
    if (order.indexOf(level) < order.indexOf(this.#minimum)) return;
    const suffix = fields === undefined ? '' : ` ${JSON.stringify(fields)}`;
    process.stderr.write(`${level.toUpperCase()} ${message}${suffix}\n`);
  }
}
