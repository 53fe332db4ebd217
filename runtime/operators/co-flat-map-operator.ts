import type { KeySelector } from '../core/index.ts';
import { collectReturned } from './flat-map-results.ts';
import { FunctionOperator } from './function-operator.ts';
import type { CoFlatMapFunction, Collector, CoMapFunction } from './functions.ts';
import { KeyedContext } from './keyed-context.ts';
import type {
  Input,
  OperatorContext,
  Output,
  TwoInputFactory,
  TwoInputOperator,
} from './operator.ts';
import { TimestampedCollector } from './timestamped-collector.ts';
import { TwoInputWatermarks } from './two-input-watermarks.ts';
import { UserFunction } from './user-function.ts';

/** The key selectors of two connected keyed streams. */
export interface CoKeySelectors<A, B, K> {
  readonly first: KeySelector<A, K>;
  readonly second: KeySelector<B, K>;
}

/** @param keys set where both streams are keyed and the function may use keyed state. */
export function coMapOperator<A, B, O>(
  fn: CoMapFunction<A, B, O>,
  keys?: CoKeySelectors<A, B, unknown>,
): TwoInputFactory<A, B, O> {
  return (ctx, output) => {
    const user = new UserFunction(fn, 'coMap function', ctx);
    const collect = (result: O, out: Collector<O>): void => {
      if (result instanceof Promise) throw user.asynchronous();
      out.collect(result);
    };
    const calls: CoCalls<A, B, O> = {
      first: (value, out) => collect(fn.map1(value), out),
      second: (value, out) => collect(fn.map2(value), out),
    };
    return new CoFlatMapOperator(calls, user, keys, ctx, output);
  };
}

/** @param keys set where both streams are keyed and the function may use keyed state. */
export function coFlatMapOperator<A, B, O>(
  fn: CoFlatMapFunction<A, B, O>,
  keys?: CoKeySelectors<A, B, unknown>,
): TwoInputFactory<A, B, O> {
  return (ctx, output) => {
    const user = new UserFunction(fn, 'coFlatMap function', ctx);
    const calls: CoCalls<A, B, O> = {
      first: (value, out) => collectReturned(fn.flatMap1(value, out), out, user, value),
      second: (value, out) => collectReturned(fn.flatMap2(value, out), out, user, value),
    };
    return new CoFlatMapOperator(calls, user, keys, ctx, output);
  };
}

interface CoCalls<A, B, O> {
  first(value: A, out: Collector<O>): void;
  second(value: B, out: Collector<O>): void;
}

class CoFlatMapOperator<A, B, O> extends FunctionOperator implements TwoInputOperator<A, B> {
  readonly first: Input<A>;
  readonly second: Input<B>;
  readonly #user: UserFunction;
  readonly #keyed: KeyedContext | undefined;
  readonly #collector: TimestampedCollector<O>;

  constructor(
    calls: CoCalls<A, B, O>,
    user: UserFunction,
    keys: CoKeySelectors<A, B, unknown> | undefined,
    ctx: OperatorContext,
    output: Output<O>,
  ) {
    super(user);
    this.#user = user;
    this.#keyed = keys === undefined ? undefined : new KeyedContext(ctx);
    this.#collector = new TimestampedCollector(output);
    const watermarks = new TwoInputWatermarks(output, () => {});
    this.first = watermarks.input(0, this.#side(calls.first, keys?.first));
    this.second = watermarks.input(1, this.#side(calls.second, keys?.second));
  }

  open(): void | Promise<void> {
    return this.#user.open(this.#keyed?.backend);
  }

  close(): void | Promise<void> {
    return this.#user.close();
  }

  #side<T>(
    call: (value: T, out: Collector<O>) => void,
    keySelector: KeySelector<T, unknown> | undefined,
  ): (value: T, timestampMs: number) => void {
    const collector = this.#collector;
    return (value, timestampMs) => {
      if (keySelector !== undefined) this.#keyed?.setCurrentKeyOf(value, keySelector);
      collector.timestampMs = timestampMs;
      collector.downstream = false;
      try {
        call(value, collector);
      } catch (thrown) {
        throw collector.downstream ? thrown : this.#user.failure(thrown, value);
      }
    };
  }
}
