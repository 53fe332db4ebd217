import type { KeySelector } from '../core/index.ts';
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

class FilterOperator<T> implements OneInputOperator<T> {
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
    this.#filter = typeof fn === 'function' ? fn : (value) => fn.filter(value);
    this.#user = new UserFunction(fn, 'filter function', ctx);
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

  snapshotState(checkpointId: number): void {
    this.#user.snapshotState(checkpointId);
  }

  notifyCheckpointComplete(checkpointId: number): void | Promise<void> {
    return this.#user.notifyCheckpointComplete(checkpointId);
  }

  notifyCheckpointAborted(checkpointId: number): void {
    this.#user.notifyCheckpointAborted(checkpointId);
  }

  close(): void | Promise<void> {
    return this.#user.close();
  }
}
