import type { TimestampAssigner } from '../time/index.ts';
import type { OperatorContext } from './operator.ts';
import { UserFunction } from './user-function.ts';

/** Calls a user's timestamp assigner and checks what it returns. */
export class TimestampExtractor<T> {
  readonly #assigner: TimestampAssigner<T> | undefined;
  readonly #user: UserFunction;

  /** @param assigner undefined: records keep the timestamp they have. */
  constructor(assigner: TimestampAssigner<T> | undefined, ctx: OperatorContext) {
    this.#assigner = assigner;
    this.#user = new UserFunction(assigner, 'timestamp assigner', ctx);
  }

  /** Whole milliseconds, rounded down. */
  extract(value: T, recordTimestampMs: number): number {
    const assigner = this.#assigner;
    if (assigner === undefined) return recordTimestampMs;
    let timestampMs: unknown;
    try {
      timestampMs = assigner(value, recordTimestampMs);
    } catch (thrown) {
      throw this.#user.failure(thrown, value);
    }
    // NaN fails the comparison with itself, infinities the subtraction.
    if (typeof timestampMs === 'number' && timestampMs - timestampMs === 0) {
      return Math.floor(timestampMs);
    }
    throw this.#user.misuse(
      'TIMESTAMP_INVALID',
      `returned ${nameOf(timestampMs)} where epoch milliseconds are needed, e.g. date.getTime() or Date.parse(text)`,
      value,
    );
  }
}

function nameOf(value: unknown): string {
  if (value instanceof Date) return 'a Date';
  return typeof value === 'number' || value === undefined ? String(value) : `a ${typeof value}`;
}
