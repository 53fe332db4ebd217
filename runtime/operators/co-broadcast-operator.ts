/**
 * A stream that meets a broadcast one.
 *
 * I1  The broadcast side has no current key: keyed state and timers are out of its reach, but for
 *     `applyToKeyedState`.
 *
 * @see Flink `CoBroadcastWithKeyedOperator`, `CoBroadcastWithNonKeyedOperator`
 */

import type { KeySelector } from '../core/index.ts';
import type { OperatorFacts } from '../protocol/index.ts';
import type {
  BroadcastState,
  HeapKeyedStateBackend,
  MapStateDescriptor,
  StateDescriptor,
} from '../state/index.ts';
import type {
  BroadcastProcessFunction,
  KeyedBroadcastContext,
  KeyedBroadcastProcessFunction,
  KeyedStateLike,
} from './broadcast-functions.ts';
import { BroadcastStates } from './broadcast-states.ts';
import { FunctionOperator } from './function-operator.ts';
import { KeyedContext } from './keyed-context.ts';
import type {
  Input,
  OperatorContext,
  Output,
  TwoInputFactory,
  TwoInputOperator,
} from './operator.ts';
import type { OutputTag } from './output-tag.ts';
import { ProcessRuntime } from './process-context.ts';
import { TwoInputWatermarks } from './two-input-watermarks.ts';
import { UserFunction } from './user-function.ts';

type Descriptors = readonly MapStateDescriptor<unknown, unknown>[];

/** The second input is the broadcast one; the first is not keyed. */
export function coBroadcastOperator<A, B, O>(
  fn: BroadcastProcessFunction<A, B, O>,
  descriptors: Descriptors,
): TwoInputFactory<A, B, O> {
  return (ctx, output) =>
    new CoBroadcastOperator<unknown, A, B, O>(fn, { descriptors }, ctx, output);
}

/** The second input is the broadcast one; the first has keyed state and timers. */
export function keyedCoBroadcastOperator<K, A, B, O>(
  fn: KeyedBroadcastProcessFunction<K, A, B, O>,
  keySelector: KeySelector<A, K>,
  descriptors: Descriptors,
): TwoInputFactory<A, B, O> {
  return (ctx, output) => new CoBroadcastOperator(fn, { descriptors, keySelector }, ctx, output);
}

class CoBroadcastOperator<K, A, B, O> extends FunctionOperator implements TwoInputOperator<A, B> {
  readonly first: Input<A>;
  readonly second: Input<B>;
  readonly #user: UserFunction;
  readonly #keyed: KeyedContext | undefined;
  readonly #keySelector: KeySelector<A, unknown> | undefined;
  readonly #runtime: ProcessRuntime<K, O>;
  readonly #broadcastContext: ReusedBroadcastContext<K>;

  constructor(
    fn: KeyedBroadcastProcessFunction<K, A, B, O>,
    options: {
      readonly descriptors: Descriptors;
      readonly keySelector?: KeySelector<A, unknown>;
    },
    ctx: OperatorContext,
    output: Output<O>,
  ) {
    const user = new UserFunction(fn, 'broadcast process function', ctx);
    super(user);
    const { descriptors, keySelector } = options;
    const states = new BroadcastStates(descriptors, ctx);
    this.#user = user;
    this.#keySelector = keySelector;
    this.#keyed = keySelector === undefined ? undefined : new KeyedContext(ctx);
    const backend = this.#keyed?.backend;
    const onTimer = fn.onTimer?.bind(fn);
    this.#runtime = new ProcessRuntime(ctx, output, this.#user, backend, onTimer, states);
    this.#broadcastContext = new ReusedBroadcastContext(this.#runtime, states, this.#user, backend);
    const watermarks = new TwoInputWatermarks(output, (ms) => this.#runtime.advanceWatermark(ms));
    this.first = watermarks.input(0, this.#elementSide(fn));
    this.second = watermarks.input(1, this.#broadcastSide(fn));
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

  #elementSide(
    fn: KeyedBroadcastProcessFunction<K, A, B, O>,
  ): (value: A, timestampMs: number) => void {
    const runtime = this.#runtime;
    const keySelector = this.#keySelector;
    return (value, timestampMs) => {
      if (keySelector !== undefined) this.#keyed?.setCurrentKeyOf(value, keySelector);
      runtime.prepare(timestampMs);
      try {
        const returned: unknown = fn.processElement(value, runtime.context, runtime.collector);
        if (returned instanceof Promise) throw this.#user.asynchronous();
      } catch (thrown) {
        throw runtime.failure(thrown, value);
      }
    };
  }

  #broadcastSide(
    fn: KeyedBroadcastProcessFunction<K, A, B, O>,
  ): (value: B, timestampMs: number) => void {
    const runtime = this.#runtime;
    const context = this.#broadcastContext;
    return (value, timestampMs) => {
      this.#keyed?.backend.clearCurrentKey();
      runtime.prepare(timestampMs);
      try {
        const returned: unknown = fn.processBroadcastElement(value, context, runtime.collector);
        if (returned instanceof Promise) throw this.#user.asynchronous();
      } catch (thrown) {
        throw runtime.failure(thrown, value);
      }
    };
  }
}

class ReusedBroadcastContext<K> implements KeyedBroadcastContext<K> {
  readonly #runtime: ProcessRuntime<K, never>;
  readonly #states: BroadcastStates;
  readonly #user: UserFunction;
  readonly #backend: HeapKeyedStateBackend | undefined;

  constructor(
    runtime: ProcessRuntime<K, never>,
    states: BroadcastStates,
    user: UserFunction,
    backend: HeapKeyedStateBackend | undefined,
  ) {
    this.#runtime = runtime;
    this.#states = states;
    this.#user = user;
    this.#backend = backend;
  }

  get timestamp(): number | undefined {
    return this.#runtime.context.timestamp;
  }

  /** Programs that nobody type-checked look for it here. */
  get timerService(): never {
    throw this.#user.misuse(
      'TIMERS_NEED_KEYS',
      'asked for timers in processBroadcastElement, which has no key: register them in processElement',
    );
  }

  currentProcessingTime(): number {
    return this.#runtime.context.timerService.currentProcessingTime();
  }

  currentWatermark(): number {
    return this.#runtime.context.timerService.currentWatermark();
  }

  output<X>(tag: OutputTag<X>, value: X): void {
    this.#runtime.context.output(tag, value);
  }

  getBroadcastState<MK, MV>(descriptor: MapStateDescriptor<MK, MV>): BroadcastState<MK, MV> {
    return this.#states.writable(descriptor);
  }

  applyToKeyedState(
    descriptor: Pick<StateDescriptor, 'kind' | 'name'>,
    fn: KeyedStateLike<K, never>,
  ): void {
    const backend = this.#backend;
    if (backend === undefined) {
      throw this.#user.misuse('NO_KEYED_CONTEXT', APPLY_NEEDS_KEYS);
    }
    const process = typeof fn === 'function' ? fn : fn.process.bind(fn);
    // Of the interface's signatures, each of which takes one kind.
    const state = backend.getStateOf(descriptor as StateDescriptor);
    backend.forEachKeyOf(descriptor.name, (key) => {
      // The descriptor's kind says what state it is; the key selector made the key.
      const returned: unknown = process(key as K, state as never);
      if (returned instanceof Promise) throw this.#user.asynchronous();
    });
  }
}

const APPLY_NEEDS_KEYS =
  'called applyToKeyedState where no side is keyed: call keyBy on the other stream before connect';
