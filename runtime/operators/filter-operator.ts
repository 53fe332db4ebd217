import type { KeySelector } from '../core/index.ts';
import { FunctionOperator } from './function-operator.ts';
import type { FilterLike } from './functions.ts';
import { KeyedContext } from './keyed-context.ts';
import type { OneInputFactory, OneInputOperator, OperatorContext, Output } from './operator.ts';
import { UserFunction } from './user-function.ts';

/** @param keySelector set on keyed streams, where a rich function may use keyed state. */
export function filterOperator<T>(
  fn: FilterLike<T>,
  keySelector?: KeySelector<T, unknown>,
): OneInputFactory<T, T> {
  return (ctx, output) => new FilterOperator(fn, keySelector, ctx, output);
}

class FilterOperator<T> extends FunctionOperator implements OneInputOperator<T> {
  readonly #filter: (value: T) => boolean;
  readonly #user: UserFunction;
  readonly #keyed: KeyedContext | undefined;
  readonly #keySelector: KeySelector<T, unknown> | undefined;
  readonly #output: Output<T>;

  constructor(
    fn: FilterLike<T>,
    keySelector: KeySelector<T, unknown> | undefined,
    ctx: OperatorContext,
    output: Output<T>,
  ) {
    const user = new UserFunction(fn, 'filter function', ctx);
    super(user);
    this.#filter = typeof fn === 'function' ? fn : (value) => fn.filter(value);
    this.#user = user;
    this.#keyed = keySelector === undefined ? undefined : new KeyedContext(ctx);
    this.#keySelector = keySelector;
    this.#output = output;
  }

  open(): void | Promise<void> {
    return this.#user.open(this.#keyed?.backend);
  }

  processElement(value: T, timestampMs: number): void {
    if (this.#keySelector !== undefined) this.#keyed?.setCurrentKeyOf(value, this.#keySelector);
    let keep: unknown;
    try {
      keep = this.#filter(value);
    } catch (thrown) {
      throw this.#user.failure(thrown, value);
    }
    if (keep === true) this.#output.collect(value, timestampMs);
    else if (keep !== false) throw this.#notBoolean(keep, value);
  }

  #notBoolean(keep: unknown, value: T): Error {
    if (keep instanceof Promise) return this.#user.asynchronous();
    const found = keep === null ? 'null' : `a ${typeof keep}`.replace('a undefined', 'undefined');
    return this.#user.misuse(
      'FILTER_NOT_BOOLEAN',
      `returned ${found} where true or false is needed, compare or use Boolean(...)`,
      value,
    );
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
