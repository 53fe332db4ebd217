/**
 * The accumulators of one subtask: all operators of its chain share their names. Owns no values.
 *
 * I1  What is read is plain JSON, and not more than fits into a report: what is larger has a
 *     reason in its place. Reading never fails the task.
 */
import { StreamError } from '../core/index.ts';
import type { AccumulatorRecord, AccumulatorState } from '../protocol/index.ts';
import {
  ACCUMULATOR_STATE,
  type Accumulator,
  DoubleCounter,
  Histogram,
  IntCounter,
  isKnownAccumulator,
  type KnownAccumulator,
  LongCounter,
  MAX_ACCUMULATORS_BYTES,
} from './accumulators.ts';

/** What functions may do with the accumulators of their subtask. */
export interface AccumulatorContext {
  /**
   * @throws {StreamError} `ACCUMULATOR_EXISTS`: another operator of the chain may have it;
   * `ACCUMULATOR_NOT_SUPPORTED`: it is none of this project's.
   */
  addAccumulator(name: string, accumulator: Accumulator<never, unknown>): void;
  /** Undefined: there is none of this name. */
  getAccumulator(name: string): Accumulator<unknown, unknown> | undefined;
  /** Adds one when there is none. @throws {StreamError} `ACCUMULATOR_EXISTS`: of another type. */
  getIntCounter(name: string): IntCounter;
  getLongCounter(name: string): LongCounter;
  getDoubleCounter(name: string): DoubleCounter;
  getHistogram(name: string): Histogram;
}

export class AccumulatorRegistry implements AccumulatorContext {
  readonly #accumulators = new Map<string, KnownAccumulator<unknown, unknown>>();

  addAccumulator(name: string, accumulator: Accumulator<never, unknown>): void {
    if (this.#accumulators.has(name)) throw alreadyAdded(name);
    if (!isKnownAccumulator(accumulator)) throw notSupported(name);
    this.#accumulators.set(name, accumulator);
  }

  getAccumulator(name: string): Accumulator<unknown, unknown> | undefined {
    return this.#accumulators.get(name);
  }

  getIntCounter(name: string): IntCounter {
    return this.#obtain(name, IntCounter);
  }

  getLongCounter(name: string): LongCounter {
    return this.#obtain(name, LongCounter);
  }

  getDoubleCounter(name: string): DoubleCounter {
    return this.#obtain(name, DoubleCounter);
  }

  getHistogram(name: string): Histogram {
    return this.#obtain(name, Histogram);
  }

  /** I1. */
  read(): readonly AccumulatorRecord[] {
    let leftBytes = MAX_ACCUMULATORS_BYTES;
    return [...this.#accumulators].map(([name, accumulator]) => {
      const state = stateOf(accumulator);
      const sizeBytes = sizeOf(state);
      if (sizeBytes <= leftBytes) {
        leftBytes -= sizeBytes;
        return { name, ...state };
      }
      const reason =
        `what it holds is too large to be told: sizeBytes=${sizeBytes} ` +
        `leftBytes=${leftBytes} of ${MAX_ACCUMULATORS_BYTES} for a subtask`;
      return { name, type: 'Failed', reason };
    });
  }

  #obtain<A extends Accumulator<never, unknown>>(name: string, type: new () => A): A {
    const known = this.#accumulators.get(name);
    if (known instanceof type) return known;
    if (known !== undefined) throw alreadyAdded(name);
    const added = new type();
    this.addAccumulator(name, added);
    return added;
  }
}

function stateOf(accumulator: KnownAccumulator<unknown, unknown>): AccumulatorState {
  try {
    return accumulator[ACCUMULATOR_STATE]();
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    return { type: 'Failed', reason: `a value of it is not JSON: ${reason}` };
  }
}

/** About: texts count their characters. */
function sizeOf(state: AccumulatorState): number {
  return state.type === 'ListAccumulator' || state.type === 'Histogram'
    ? JSON.stringify(state).length
    : 64;
}

function alreadyAdded(name: string): StreamError {
  return new StreamError({
    kind: 'user',
    code: 'ACCUMULATOR_EXISTS',
    message:
      'the subtask has an accumulator of this name: chained operators share their names; ' +
      `take another; accumulator=${name}`,
    details: { accumulator: name },
  });
}

function notSupported(name: string): StreamError {
  return new StreamError({
    kind: 'user',
    code: 'ACCUMULATOR_NOT_SUPPORTED',
    message:
      'an accumulator must be one of this package: IntCounter, LongCounter, DoubleCounter, ' +
      'AverageAccumulator, Histogram, ListAccumulator, or a minimum or maximum; its own classes ' +
      `cannot be merged where the job is led; accumulator=${name}`,
    details: { accumulator: name },
  });
}
