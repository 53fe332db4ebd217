import { type Duration, parseDurationMs } from '../core/index.ts';
import {
  type CoKeySelectors,
  intervalJoinOperator,
  type OutputTag,
  type ProcessJoinLike,
} from '../operators/index.ts';
import { checkFunction, checkOutputTag, invalid } from './arguments.ts';
import type { SingleOutputStreamOperator } from './data-stream.ts';
import type { Upstream } from './job-program.ts';
import { nameRefusals } from './name-refusals.ts';
import { transformTwo } from './transform.ts';

/** Two keyed streams of which pairs are wanted; how close they must be is not said yet. */
export class IntervalJoin<A, B, K> {
  readonly #inputs: readonly [Upstream, Upstream];
  readonly #keys: CoKeySelectors<A, B, K>;
  #isEventTime = true;

  /** @internal The inputs are partitioned by their keys already. */
  constructor(inputs: readonly [Upstream, Upstream], keys: CoKeySelectors<A, B, K>) {
    this.#inputs = inputs;
    this.#keys = keys;
    IntervalJoin.#nameRefusals();
  }

  /** By the records' timestamps, which is the only way. */
  inEventTime(): this {
    this.#isEventTime = true;
    return this;
  }

  /** `between` refuses it, as in Flink. */
  inProcessingTime(): this {
    this.#isEventTime = false;
    return this;
  }

  /**
   * A pair is a left record at `t` and a right one from `t + lowerBound` to `t + upperBound`, both
   * included.
   *
   * @param lowerBound a number of ms, or a text like `-5 s`; a bound may be negative.
   * @throws {StreamError} `INVALID_ARGUMENT`.
   */
  between(lowerBound: Duration, upperBound: Duration): IntervalJoined<A, B, K> {
    if (!this.#isEventTime) {
      throw invalid(
        'INVALID_ARGUMENT',
        'an interval join works in event time only: remove inProcessingTime(), or join windows of processing time',
      );
    }
    const lowerMs = boundMs(lowerBound, 'lower');
    const upperMs = boundMs(upperBound, 'upper');
    if (lowerMs > upperMs) {
      throw invalid(
        'INVALID_ARGUMENT',
        `between of an interval join expects the lower bound first, it is above the upper one: lowerBoundMs=${lowerMs} upperBoundMs=${upperMs}`,
      );
    }
    return new IntervalJoined(this.#inputs, this.#keys, { lowerMs, upperMs });
  }

  static #nameRefusals(): void {
    nameRefusals(IntervalJoin.prototype, (join) => join.#inputs, {
      between: 'Interval Join',
    });
  }
}

interface Bounds {
  readonly lowerMs: number;
  readonly upperMs: number;
}

/** An interval join that knows its bounds. */
export class IntervalJoined<A, B, K> {
  readonly #inputs: readonly [Upstream, Upstream];
  readonly #keys: CoKeySelectors<A, B, K>;
  readonly #bounds: Bounds;
  #lowerInclusive = true;
  #upperInclusive = true;
  #leftLateTag: OutputTag<A> | undefined;
  #rightLateTag: OutputTag<B> | undefined;

  /** @internal */
  constructor(
    inputs: readonly [Upstream, Upstream],
    keys: CoKeySelectors<A, B, K>,
    bounds: Bounds,
  ) {
    this.#inputs = inputs;
    this.#keys = keys;
    this.#bounds = bounds;
    IntervalJoined.#nameRefusals();
  }

  /** A right record exactly at the lower bound is no partner. */
  lowerBoundExclusive(): this {
    this.#lowerInclusive = false;
    return this;
  }

  /** A right record exactly at the upper bound is no partner. */
  upperBoundExclusive(): this {
    this.#upperInclusive = false;
    return this;
  }

  /** Sends records of the left stream that come behind the watermark to a side output. */
  sideOutputLeftLateData(tag: OutputTag<A>): this {
    checkOutputTag(tag, 'sideOutputLeftLateData');
    this.#leftLateTag = tag;
    return this;
  }

  /** Sends records of the right stream that come behind the watermark to a side output. */
  sideOutputRightLateData(tag: OutputTag<B>): this {
    checkOutputTag(tag, 'sideOutputRightLateData');
    this.#rightLateTag = tag;
    return this;
  }

  /** Calls the function for each pair; results carry the later timestamp of the two. */
  process<O>(fn: ProcessJoinLike<A, B, O>): SingleOutputStreamOperator<O> {
    checkFunction(fn, 'process of an interval join', 'processElement');
    const lowerBoundMs = this.#bounds.lowerMs + (this.#lowerInclusive ? 0 : 1);
    const upperBoundMs = this.#bounds.upperMs - (this.#upperInclusive ? 0 : 1);
    if (lowerBoundMs > upperBoundMs) {
      const { lowerMs, upperMs } = this.#bounds;
      throw invalid(
        'INVALID_ARGUMENT',
        `no pair is between the exclusive bounds of the interval join: widen them, or make one inclusive: lowerBoundMs=${lowerMs} upperBoundMs=${upperMs}`,
      );
    }
    const factory = intervalJoinOperator<K, A, B, O>(fn, {
      keys: this.#keys,
      lowerBoundMs,
      upperBoundMs,
      ...(this.#leftLateTag === undefined ? {} : { leftLateTag: this.#leftLateTag }),
      ...(this.#rightLateTag === undefined ? {} : { rightLateTag: this.#rightLateTag }),
    });
    return transformTwo(this.#inputs, 'Interval Join', factory, { keyed: true });
  }

  static #nameRefusals(): void {
    nameRefusals(IntervalJoined.prototype, (join) => join.#inputs, {
      sideOutputLeftLateData: 'Interval Join',
      sideOutputRightLateData: 'Interval Join',
      process: 'Interval Join',
    });
  }
}

/** As a duration, but for a sign before it. */
function boundMs(value: Duration, which: 'lower' | 'upper'): number {
  const what = `the ${which} bound of an interval join`;
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return value;
    throw invalid('INVALID_ARGUMENT', `${what} must be a whole number of ms`, value);
  }
  if (typeof value !== 'string') {
    throw invalid('INVALID_ARGUMENT', `${what} must be a number of ms or a text like '5 s'`, value);
  }
  const text = value.trim();
  return text.startsWith('-') ? -parseDurationMs(text.slice(1)) : parseDurationMs(text);
}
