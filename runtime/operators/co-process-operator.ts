import type { KeySelector } from '../core/index.ts';
import type { OperatorFacts } from '../protocol/index.ts';
import type { CoKeySelectors } from './co-flat-map-operator.ts';
import { FunctionOperator } from './function-operator.ts';
import type {
  Collector,
  CoProcessFunction,
  KeyedCoProcessFunction,
  KeyedProcessContext,
} from './functions.ts';
import { KeyedContext } from './keyed-context.ts';
import type {
  Input,
  OperatorContext,
  Output,
  TwoInputFactory,
  TwoInputOperator,
} from './operator.ts';
import { ProcessRuntime } from './process-context.ts';
import { TwoInputWatermarks } from './two-input-watermarks.ts';
import { UserFunction } from './user-function.ts';

/** A process function over two streams that are not keyed. */
export function coProcessOperator<A, B, O>(
  fn: CoProcessFunction<A, B, O>,
): TwoInputFactory<A, B, O> {
  return (ctx, output) => new CoProcessOperator<unknown, A, B, O>(fn, undefined, ctx, output);
}

/** A process function over two streams keyed alike, with shared keyed state and timers. */
export function keyedCoProcessOperator<K, A, B, O>(
  fn: KeyedCoProcessFunction<K, A, B, O>,
  keys: CoKeySelectors<A, B, K>,
): TwoInputFactory<A, B, O> {
  return (ctx, output) => new CoProcessOperator(fn, keys, ctx, output);
}

class CoProcessOperator<K, A, B, O> extends FunctionOperator implements TwoInputOperator<A, B> {
  readonly first: Input<A>;
  readonly second: Input<B>;
  readonly #user: UserFunction;
  readonly #keyed: KeyedContext | undefined;
  readonly #runtime: ProcessRuntime<K, O>;

  constructor(
    fn: KeyedCoProcessFunction<K, A, B, O>,
    keys: CoKeySelectors<A, B, unknown> | undefined,
    ctx: OperatorContext,
    output: Output<O>,
  ) {
    const user = new UserFunction(fn, 'coProcess function', ctx);
    super(user);
    this.#user = user;
    this.#keyed = keys === undefined ? undefined : new KeyedContext(ctx);
    const onTimer = fn.onTimer?.bind(fn);
    this.#runtime = new ProcessRuntime(ctx, output, this.#user, this.#keyed?.backend, onTimer);
    const watermarks = new TwoInputWatermarks(output, (ms) => this.#runtime.advanceWatermark(ms));
    const process1 = fn.processElement1.bind(fn);
    const process2 = fn.processElement2.bind(fn);
    this.first = watermarks.input(0, this.#side(process1, keys?.first));
    this.second = watermarks.input(1, this.#side(process2, keys?.second));
  }

  open(): void | Promise<void> {
    return this.#runtime.open(this.#user.open(this.#keyed?.backend));
  }

  facts(): OperatorFacts {
    return this.#runtime.facts();
  }

  close(): void | Promise<void> {
    this.#runtime.close();
    return this.#user.close();
  }

  #side<T>(
    process: (value: T, ctx: KeyedProcessContext<K>, out: Collector<O>) => unknown,
    keySelector: KeySelector<T, unknown> | undefined,
  ): (value: T, timestampMs: number) => void {
    const runtime = this.#runtime;
    return (value, timestampMs) => {
      if (keySelector !== undefined) this.#keyed?.setCurrentKeyOf(value, keySelector);
      runtime.prepare(timestampMs);
      try {
        const returned = process(value, runtime.context, runtime.collector);
        if (returned instanceof Promise) throw this.#user.asynchronous();
      } catch (thrown) {
        throw runtime.failure(thrown, value);
      }
    };
  }
}
