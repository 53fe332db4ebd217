import { type KeySelector, MAX_TIMESTAMP_MS } from '../core/index.ts';
import {
  type HeapReducingState,
  type ReduceLike,
  ReducingStateDescriptor,
} from '../state/index.ts';
import { InternalTimerService, type Timer } from '../time/index.ts';
import type { FieldAggregation } from './field-aggregation.ts';
import { FunctionOperator } from './function-operator.ts';
import { KeyedContext } from './keyed-context.ts';
import type { OneInputFactory, OneInputOperator, OperatorContext, Output } from './operator.ts';
import { UserFunction } from './user-function.ts';

/**
 * Emits the reduction of its key so far after every record, with the record's timestamp; in BATCH
 * only the last one, at the end of the key, with the largest timestamp.
 *
 * @see Flink `StreamGroupedReduceOperator`, `BatchGroupedReduceOperator`
 */
export function reduceOperator<T>(
  fn: ReduceLike<T>,
  keySelector: KeySelector<T, unknown>,
): OneInputFactory<T, T> {
  return (ctx, output) => new ReduceOperator(fn, keySelector, ctx, output);
}

class ReduceOperator<T> extends FunctionOperator implements OneInputOperator<T> {
  readonly #user: UserFunction;
  readonly #keyed: KeyedContext;
  readonly #keySelector: KeySelector<T, unknown>;
  readonly #state: HeapReducingState<T>;
  readonly #output: Output<T>;
  readonly #check: ((value: T) => void) | undefined;
  /** In BATCH: one for each key, at the end of time. */
  readonly #timers: InternalTimerService | undefined;

  constructor(
    fn: ReduceLike<T>,
    keySelector: KeySelector<T, unknown>,
    ctx: OperatorContext,
    output: Output<T>,
  ) {
    const user = new UserFunction(fn, 'reduce function', ctx);
    super(user);
    this.#user = user;
    this.#keyed = new KeyedContext(ctx);
    this.#keySelector = keySelector;
    this.#state = this.#keyed.backend.getReducingState(
      new ReducingStateDescriptor('_op_state', fn),
    );
    this.#output = output;
    this.#check = 'check' in fn ? (fn as FieldAggregation<T>).check : undefined;
    if (ctx.jobType !== 'BATCH') return;
    const emit = (timer: Timer): void => this.#emitLast(timer);
    const target = { onEventTime: emit, onProcessingTime: emit };
    this.#timers = new InternalTimerService(target, ctx.processingTime, this.#keyed.backend);
  }

  open(): void | Promise<void> {
    return this.#user.open(this.#keyed.backend);
  }

  processElement(value: T, timestampMs: number): void {
    this.#keyed.setCurrentKeyOf(value, this.#keySelector);
    let result: T;
    try {
      this.#check?.(value);
      result = this.#state.addAndGet(value);
    } catch (thrown) {
      throw this.#user.failure(thrown, value);
    }
    if (result instanceof Promise) throw this.#user.asynchronous();
    if (this.#timers === undefined) this.#output.collect(result, timestampMs);
    else this.#timers.registerEventTimeTimer(MAX_TIMESTAMP_MS, this.#keyed.backend.encoded());
  }

  processWatermark(watermarkMs: number): void {
    this.#timers?.advanceWatermark(watermarkMs);
    this.#output.emitWatermark(watermarkMs);
  }

  processIdle(idle: boolean): void {
    this.#output.emitIdle(idle);
  }

  endInput(): void {}

  close(): void | Promise<void> {
    return this.#user.close();
  }

  #emitLast({ key }: Timer): void {
    this.#keyed.backend.setCurrentEncodedKey(key);
    const last = this.#state.get();
    this.#state.clear();
    // A key with a timer has had a record.
    if (last !== undefined) this.#output.collect(last, MAX_TIMESTAMP_MS);
  }
}
