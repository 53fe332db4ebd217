import type { KeySelector } from '../core/index.ts';
import { FunctionOperator } from './function-operator.ts';
import type { MapLike } from './functions.ts';
import { KeyedContext } from './keyed-context.ts';
import type { OneInputFactory, OneInputOperator, OperatorContext, Output } from './operator.ts';
import { UserFunction } from './user-function.ts';

/** @param keySelector set on keyed streams, where a rich function may use keyed state. */
export function mapOperator<I, O>(
  fn: MapLike<I, O>,
  keySelector?: KeySelector<I, unknown>,
): OneInputFactory<I, O> {
  return (ctx, output) => new MapOperator(fn, keySelector, ctx, output);
}

class MapOperator<I, O> extends FunctionOperator implements OneInputOperator<I> {
  readonly #map: (value: I) => O;
  readonly #user: UserFunction;
  readonly #keyed: KeyedContext | undefined;
  readonly #keySelector: KeySelector<I, unknown> | undefined;
  readonly #output: Output<O>;

  constructor(
    fn: MapLike<I, O>,
    keySelector: KeySelector<I, unknown> | undefined,
    ctx: OperatorContext,
    output: Output<O>,
  ) {
    const user = new UserFunction(fn, 'map function', ctx);
    super(user);
    this.#map = typeof fn === 'function' ? fn : (value) => fn.map(value);
    this.#user = user;
    this.#keyed = keySelector === undefined ? undefined : new KeyedContext(ctx);
    this.#keySelector = keySelector;
    this.#output = output;
  }

  open(): void | Promise<void> {
    return this.#user.open(this.#keyed?.backend);
  }

  processElement(value: I, timestampMs: number): void {
    if (this.#keySelector !== undefined) this.#keyed?.setCurrentKeyOf(value, this.#keySelector);
    let result: O;
    try {
      result = this.#map(value);
    } catch (thrown) {
      throw this.#user.failure(thrown, value);
    }
    if (result instanceof Promise) throw this.#user.asynchronous();
    this.#output.collect(result, timestampMs);
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
