import type { KeySelector } from '../core/index.ts';
import type { OperatorFacts } from '../protocol/index.ts';
import { FunctionOperator } from './function-operator.ts';
import type { Collector, KeyedProcessContext, KeyedProcessLike, ProcessLike } from './functions.ts';
import { KeyedContext } from './keyed-context.ts';
import type { OneInputFactory, OneInputOperator, OperatorContext, Output } from './operator.ts';
import { ProcessRuntime } from './process-context.ts';
import { UserFunction } from './user-function.ts';

/** A process function on a stream that is not keyed. */
export function processOperator<I, O>(fn: ProcessLike<I, O>): OneInputFactory<I, O> {
  return (ctx, output) => new ProcessOperator<unknown, I, O>(fn, undefined, ctx, output);
}

/** A process function with keyed state and timers. */
export function keyedProcessOperator<K, I, O>(
  fn: KeyedProcessLike<K, I, O>,
  keySelector: KeySelector<I, K>,
): OneInputFactory<I, O> {
  return (ctx, output) => new ProcessOperator(fn, keySelector, ctx, output);
}

class ProcessOperator<K, I, O> extends FunctionOperator implements OneInputOperator<I> {
  readonly #process: (value: I, ctx: KeyedProcessContext<K>, out: Collector<O>) => unknown;
  readonly #user: UserFunction;
  readonly #keyed: KeyedContext | undefined;
  readonly #keySelector: KeySelector<I, unknown> | undefined;
  readonly #output: Output<O>;
  readonly #runtime: ProcessRuntime<K, O>;

  constructor(
    fn: KeyedProcessLike<K, I, O>,
    keySelector: KeySelector<I, unknown> | undefined,
    ctx: OperatorContext,
    output: Output<O>,
  ) {
    const user = new UserFunction(fn, 'process function', ctx);
    super(user);
    const plain = typeof fn === 'function';
    this.#process = plain ? fn : (value, context, out) => fn.processElement(value, context, out);
    this.#user = user;
    this.#keySelector = keySelector;
    this.#keyed = keySelector === undefined ? undefined : new KeyedContext(ctx);
    this.#output = output;
    const onTimer = plain ? undefined : fn.onTimer?.bind(fn);
    this.#runtime = new ProcessRuntime(ctx, output, this.#user, this.#keyed?.backend, onTimer);
  }

  open(): void | Promise<void> {
    return this.#runtime.open(this.#user.open(this.#keyed?.backend));
  }

  processElement(value: I, timestampMs: number): void {
    const runtime = this.#runtime;
    if (this.#keySelector !== undefined) this.#keyed?.setCurrentKeyOf(value, this.#keySelector);
    runtime.prepare(timestampMs);
    try {
      const returned = this.#process(value, runtime.context, runtime.collector);
      if (returned instanceof Promise) throw this.#user.asynchronous();
    } catch (thrown) {
      throw runtime.failure(thrown, value);
    }
  }

  processWatermark(watermarkMs: number): void {
    this.#runtime.advanceWatermark(watermarkMs);
    this.#output.emitWatermark(watermarkMs);
  }

  processIdle(idle: boolean): void {
    this.#output.emitIdle(idle);
  }

  endInput(): void {}

  facts(): OperatorFacts {
    return this.#runtime.facts();
  }

  close(): void | Promise<void> {
    this.#runtime.close();
    return this.#user.close();
  }
}
