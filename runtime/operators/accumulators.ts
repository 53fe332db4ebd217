/**
 * Accumulators: what functions count apart from their results, merged over the subtasks of a job.
 * Names and types are Flink's. A number is a JavaScript number: above 2^53 a LongCounter is near,
 * not exact.
 *
 * @see https://nightlies.apache.org/flink/flink-docs-release-2.1/docs/dev/datastream/user_defined_functions/#accumulators--counters
 */
import { StreamError } from '../core/index.ts';
import { type AccumulatorState, type AccumulatorType, storedNumber } from '../protocol/index.ts';

const MAX_INT = 2 ** 31 - 1;
const MIN_INT = -(2 ** 31);
/** The nearest that a number comes to the ends of Java's long. */
const MAX_LONG = 2 ** 63;

/** Of all accumulators of a subtask: many subtasks report together, by way of a queue. */
export const MAX_ACCUMULATORS_BYTES = 64 * 1024;

/** Takes values in one subtask; what all have is merged by the job. @typeParam R its value. */
export interface Accumulator<V, R> {
  add(value: V): void;
  /** Of this subtask. */
  getLocalValue(): R;
  resetLocal(): void;
}

/** What makes an accumulator one of this project's: how it travels. */
export const ACCUMULATOR_STATE: unique symbol = Symbol.for('sluice.accumulator-state');

/** An accumulator that can travel. Users take one of the classes below. */
export interface KnownAccumulator<V, R> extends Accumulator<V, R> {
  [ACCUMULATOR_STATE](): AccumulatorState;
}

export function isKnownAccumulator(value: unknown): value is KnownAccumulator<unknown, unknown> {
  return typeof value === 'object' && value !== null && ACCUMULATOR_STATE in value;
}

type NumberType = Extract<AccumulatorState, { readonly value: unknown }>['type'];

abstract class NumberAccumulator implements KnownAccumulator<number, number> {
  readonly #type: NumberType;
  readonly #start: number;
  readonly #isInteger: boolean;
  readonly #merge: (left: number, right: number) => number;
  #value: number;

  protected constructor(
    type: NumberType,
    start: number,
    merge: (left: number, right: number) => number,
    value = start,
  ) {
    this.#type = type;
    this.#start = start;
    this.#merge = merge;
    this.#isInteger = !type.startsWith('Double');
    this.#value = value;
  }

  add(value: number): void {
    if (this.#isInteger && !Number.isInteger(value)) throw wrongValue(this.#type, value);
    this.#value = this.#merge(this.#value, value);
  }

  getLocalValue(): number {
    return this.#value;
  }

  resetLocal(): void {
    this.#value = this.#start;
  }

  [ACCUMULATOR_STATE](): AccumulatorState {
    return { type: this.#type, value: storedNumber(this.#value) };
  }
}

const sum = (left: number, right: number): number => left + right;

/** Adds up integers. */
export class IntCounter extends NumberAccumulator {
  constructor(value = 0) {
    super('IntCounter', 0, sum, value);
  }
}

/** Adds up integers; exact up to 2^53. */
export class LongCounter extends NumberAccumulator {
  constructor(value = 0) {
    super('LongCounter', 0, sum, value);
  }
}

/** Adds up numbers. */
export class DoubleCounter extends NumberAccumulator {
  constructor(value = 0) {
    super('DoubleCounter', 0, sum, value);
  }
}

/** The least integer; of none, the largest there is. */
export class IntMinimum extends NumberAccumulator {
  constructor(value?: number) {
    super('IntMinimum', MAX_INT, Math.min, value);
  }
}

/** The largest integer; of none, the least there is. */
export class IntMaximum extends NumberAccumulator {
  constructor(value?: number) {
    super('IntMaximum', MIN_INT, Math.max, value);
  }
}

/** As {@link IntMinimum}, for Java's long. */
export class LongMinimum extends NumberAccumulator {
  constructor(value?: number) {
    super('LongMinimum', MAX_LONG, Math.min, value);
  }
}

/** As {@link IntMaximum}, for Java's long. */
export class LongMaximum extends NumberAccumulator {
  constructor(value?: number) {
    super('LongMaximum', -MAX_LONG, Math.max, value);
  }
}

/** The least number; of none, infinity. */
export class DoubleMinimum extends NumberAccumulator {
  constructor(value?: number) {
    super('DoubleMinimum', Number.POSITIVE_INFINITY, Math.min, value);
  }
}

/** The largest number; of none, minus infinity. */
export class DoubleMaximum extends NumberAccumulator {
  constructor(value?: number) {
    super('DoubleMaximum', Number.NEGATIVE_INFINITY, Math.max, value);
  }
}

/** The average of all values; of none, 0. */
export class AverageAccumulator implements KnownAccumulator<number, number> {
  #count = 0;
  #sum = 0;

  add(value: number): void {
    this.#count += 1;
    this.#sum += value;
  }

  getLocalValue(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count;
  }

  resetLocal(): void {
    this.#count = 0;
    this.#sum = 0;
  }

  [ACCUMULATOR_STATE](): AccumulatorState {
    return { type: 'AverageAccumulator', count: this.#count, sum: storedNumber(this.#sum) };
  }
}

/** How often each integer came. It makes no bins: for few different values. */
export class Histogram implements KnownAccumulator<number, ReadonlyMap<number, number>> {
  readonly #counts = new Map<number, number>();

  add(value: number): void {
    if (!Number.isInteger(value)) throw wrongValue('Histogram', value);
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1);
  }

  /** In the order of the values. */
  getLocalValue(): ReadonlyMap<number, number> {
    return new Map(this.#sorted());
  }

  resetLocal(): void {
    this.#counts.clear();
  }

  [ACCUMULATOR_STATE](): AccumulatorState {
    return { type: 'Histogram', entries: this.#sorted() };
  }

  #sorted(): readonly [number, number][] {
    return [...this.#counts].sort(([a], [b]) => a - b);
  }
}

/** Keeps values, for a few: they travel with every report. What JSON does not have is lost. */
export class ListAccumulator<T> implements KnownAccumulator<T, readonly T[]> {
  #values: T[] = [];
  /** As they travel; grows behind `#values`. */
  #stored: unknown[] = [];
  #storedChars = 0;

  add(value: T): void {
    this.#values.push(value);
  }

  getLocalValue(): readonly T[] {
    return [...this.#values];
  }

  resetLocal(): void {
    this.#values = [];
    this.#stored = [];
    this.#storedChars = 0;
  }

  [ACCUMULATOR_STATE](): AccumulatorState {
    // Read again and again while it grows: nothing is written twice, and not more than is told.
    for (let next = this.#stored.length; next < this.#values.length; next += 1) {
      if (this.#storedChars > MAX_ACCUMULATORS_BYTES) {
        const count = this.#values.length;
        return { type: 'Failed', reason: `too many values to be told: count=${count}` };
      }
      const text = JSON.stringify(this.#values[next]) ?? 'null';
      this.#stored.push(JSON.parse(text));
      this.#storedChars += text.length;
    }
    return { type: 'ListAccumulator', values: [...this.#stored] };
  }
}

function wrongValue(type: AccumulatorType, value: number): StreamError {
  return new StreamError({
    kind: 'user',
    code: 'ACCUMULATOR_VALUE_INVALID',
    message: `an accumulator takes integers only: add one, or take another type; type=${type} value=${value}`,
    details: { type, value: String(value) },
  });
}
