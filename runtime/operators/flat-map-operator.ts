import type { KeySelector } from '../core/index.ts';
import { collectReturned } from './flat-map-results.ts';
import { FunctionOperator } from './function-operator.ts';
import type { Collector, FlatMapLike } from './functions.ts';
import { KeyedContext } from './keyed-context.ts';
import type { OneInputFactory, OneInputOperator, OperatorContext, Output } from './operator.ts';
import { TimestampedCollector } from './timestamped-collector.ts';
import { UserFunction } from './user-function.ts';

/** @param keySelector set on keyed streams, where a rich function may use keyed state. */
export function flatMapOperator<I, O>(
  fn: FlatMapLike<I, O>,
  keySelector?: KeySelector<I, unknown>,
): OneInputFactory<I, O> {
  return (ctx, output) => new FlatMapOperator(fn, keySelector, ctx, output);
}

class FlatMapOperator<I, O> extends FunctionOperator implements OneInputOperator<I> {
  readonly #flatMap: (value: I, out: Collector<O>) => unknown;
  readonly #user: UserFunction;
  readonly #keyed: KeyedContext | undefined;
  readonly #keySelector: KeySelector<I, unknown> | undefined;
  readonly #output: Output<O>;
  readonly #collector: TimestampedCollector<O>;

  constructor(
    fn: FlatMapLike<I, O>,
    keySelector: KeySelector<I, unknown> | undefined,
    ctx: OperatorContext,
    output: Output<O>,
  ) {
    const user = new UserFunction(fn, 'flatMap function', ctx);
    super(user);
    this.#flatMap = typeof fn === 'function' ? fn : (value, out) => fn.flatMap(value, out);
    this.#user = user;
    this.#keyed = keySelector === undefined ? undefined : new KeyedContext(ctx);
    this.#keySelector = keySelector;
    this.#output = output;
    this.#collector = new TimestampedCollector(output);
  }

  open(): void | Promise<void> {
    return this.#user.open(this.#keyed?.backend);
  }

  processElement(value: I, timestampMs: number): void {
    if (this.#keySelector !== undefined) this.#keyed?.setCurrentKeyOf(value, this.#keySelector);
    const collector = this.#collector;
    collector.timestampMs = timestampMs;
    collector.downstream = false;
    try {
      const returned = this.#flatMap(value, collector);
      if (returned !== undefined) collectReturned(returned, collector, this.#user, value);
    } catch (thrown) {
      throw collector.downstream ? thrown : this.#user.failure(thrown, value);
    }
  }

  processWatermark(watermarkMs: number): void {
    this.#output.emitWatermark(watermarkMs);
  }

  processIdle(idle: boolean): void {
    this.#output.emitIdle(idle);
  }

  endInput(): void {}

  close(): void | Promise<void> {
    return this.#user.close();
  }
}
