import {
  checkFunction,
  checkMethods,
  DataStream,
  invalid,
  type KeyedStream,
  type KeyField,
  type KeyValue,
  transform,
} from '../api/index.ts';
import type { KeySelector } from '../core/index.ts';
import { checkMaxParallelism } from '../graph/index.ts';
import { type OneInputFactory, timestampsAndWatermarksOperator } from '../operators/index.ts';
import type { AggregateFunction, ReduceLike } from '../state/index.ts';
import { type TimestampAssigner, WatermarkStrategy } from '../time/index.ts';
import {
  aggregateAggregation,
  assertTriggerFits,
  checkEvictor,
  componentName,
  type Evictor,
  listAggregation,
  type ProcessWindowLike,
  processWindowFunction,
  reduceAggregation,
  type Trigger,
  type WindowAggregation,
  type WindowAssigner,
  type WindowFunctionOf,
  type WindowLike,
  windowOperator,
} from '../windowing/index.ts';
import {
  type BroadcastStateBootstrapFunction,
  type KeyedStateBootstrapFunction,
  keyedBootstrapOperator,
  type StateBootstrapFunction,
  stateBootstrapOperator,
} from './bootstrap-functions.ts';
import { checkAssigner } from './window-reader.ts';

/** State in the making, for `SavepointWriter.withOperator`. */
export class StateBootstrapTransformation<T> {
  /** @internal */
  readonly input: DataStream<T> | KeyedStream<T, unknown>;
  /** @internal */
  readonly factory: OneInputFactory<T, unknown>;
  /** @internal Undefined: that of the savepoint. */
  readonly maxParallelism: number | undefined;

  /** @internal */
  constructor(
    input: DataStream<T> | KeyedStream<T, unknown>,
    factory: OneInputFactory<T, unknown>,
    maxParallelism: number | undefined,
  ) {
    this.input = input;
    this.factory = factory;
    this.maxParallelism = maxParallelism;
  }
}

/** Where the state of an operator begins that a savepoint is to have. */
export const OperatorTransformation = {
  /** @param stream bounded: state is written when it ends. */
  bootstrapWith<T>(stream: DataStream<T>): OneInputOperatorTransformation<T> {
    if (stream instanceof DataStream) return new OneInputOperatorTransformation(stream);
    throw invalid('INVALID_ARGUMENT', 'bootstrapWith expects a stream that is not keyed', stream);
  },
} as const;

export class OneInputOperatorTransformation<T> {
  readonly #stream: DataStream<T>;
  readonly #maxParallelism: number | undefined;

  /** @internal */
  constructor(stream: DataStream<T>, maxParallelism?: number) {
    this.#stream = stream;
    this.#maxParallelism = maxParallelism;
  }

  /** Gives records the time by which windows are assigned. */
  assignTimestamps(assigner: TimestampAssigner<T>): OneInputOperatorTransformation<T> {
    checkFunction(assigner, 'assignTimestamps');
    const strategy = WatermarkStrategy.noWatermarks<T>().withTimestampAssigner(assigner);
    // In the subtasks of the input: records of a key stay in their order.
    const extras = { keepsType: true, followsInput: true };
    const factory = timestampsAndWatermarksOperator(strategy);
    const stamped = transform<T, T>(this.#stream.upstream, 'Timestamps', factory, extras);
    return new OneInputOperatorTransformation(stamped, this.#maxParallelism);
  }

  /** @param maxParallelism of the operator; at most that of the savepoint. */
  setMaxParallelism(maxParallelism: number): OneInputOperatorTransformation<T> {
    checkMaxParallelism(maxParallelism, 'the state of an operator');
    return new OneInputOperatorTransformation(this.#stream, maxParallelism);
  }

  /** @param key a field or a function, as for `DataStream.keyBy`. */
  keyBy<K extends KeyValue>(key: (value: T) => K): KeyedOperatorTransformation<T, K>;
  keyBy<F extends KeyField<T>>(key: F): KeyedOperatorTransformation<T, T[F]>;
  keyBy(key: KeySelector<T, KeyValue> | KeyField<T>): KeyedOperatorTransformation<T, unknown> {
    const keyed =
      typeof key === 'function' ? this.#stream.keyBy(key) : this.#stream.keyBy(key as KeyField<T>);
    return new KeyedOperatorTransformation<T, unknown>(keyed, this.#maxParallelism);
  }

  /** Operator state: lists, union lists, broadcast states. Runs in one subtask. */
  transform(
    fn: StateBootstrapFunction<T> | BroadcastStateBootstrapFunction<T>,
  ): StateBootstrapTransformation<T> {
    checkMethods(fn, 'transform', ['processElement']);
    const factory = stateBootstrapOperator(fn);
    return new StateBootstrapTransformation(this.#stream, factory, this.#maxParallelism);
  }
}

export class KeyedOperatorTransformation<T, K> {
  readonly #stream: KeyedStream<T, K>;
  readonly #maxParallelism: number | undefined;

  /** @internal */
  constructor(stream: KeyedStream<T, K>, maxParallelism: number | undefined) {
    this.#stream = stream;
    this.#maxParallelism = maxParallelism;
  }

  transform(fn: KeyedStateBootstrapFunction<K, T>): StateBootstrapTransformation<T> {
    checkMethods(fn, 'transform', ['processElement']);
    const factory = keyedBootstrapOperator(fn, this.#stream.keySelector);
    return new StateBootstrapTransformation(this.#stream, factory, this.#maxParallelism);
  }

  /** Windows as `keyBy(…).window(…)` of a job has them: they are left open. */
  window(assigner: WindowAssigner<T>): WindowedOperatorTransformation<T, K> {
    checkAssigner(assigner, 'window of an operator transformation');
    return new WindowedOperatorTransformation(this.#stream, assigner, this.#maxParallelism);
  }
}

export class WindowedOperatorTransformation<T, K> {
  readonly #stream: KeyedStream<T, K>;
  readonly #assigner: WindowAssigner<T>;
  readonly #maxParallelism: number | undefined;
  #trigger: Trigger<T> | undefined;
  #evictor: Evictor<T> | undefined;

  /** @internal */
  constructor(
    stream: KeyedStream<T, K>,
    assigner: WindowAssigner<T>,
    maxParallelism: number | undefined,
  ) {
    this.#stream = stream;
    this.#assigner = assigner;
    this.#maxParallelism = maxParallelism;
  }

  /** That of the job, if it has one: it sees every record, so that its state is written, too. */
  trigger(trigger: Trigger<T>): this {
    assertTriggerFits(this.#assigner, trigger, componentName(this.#assigner));
    this.#trigger = trigger;
    return this;
  }

  evictor(evictor: Evictor<T>): this {
    checkEvictor(evictor, `evictor of ${componentName(this.#assigner)}`);
    this.#evictor = evictor;
    return this;
  }

  /** @param windowFunction that of the job; only one with `clear` makes a difference. */
  reduce<O>(
    fn: ReduceLike<T>,
    windowFunction?: ProcessWindowLike<T, O, K>,
  ): StateBootstrapTransformation<T> {
    checkFunction(fn, 'reduce', 'reduce');
    return this.#transform(reduceAggregation(fn), windowFunction, true);
  }

  /** As {@link reduce}. */
  aggregate<A, R, O>(
    fn: AggregateFunction<T, A, R>,
    windowFunction?: ProcessWindowLike<R, O, K>,
  ): StateBootstrapTransformation<T> {
    checkMethods(fn, 'aggregate', ['createAccumulator', 'add', 'getResult']);
    return this.#transform(aggregateAggregation(fn), windowFunction, true);
  }

  process<O>(fn: ProcessWindowLike<T, O, K>): StateBootstrapTransformation<T> {
    checkFunction(fn, 'process', 'process');
    return this.#transform(listAggregation<T>(), fn, false);
  }

  apply<O>(fn: WindowLike<T, O, K>): StateBootstrapTransformation<T> {
    checkFunction(fn, 'apply', 'apply');
    return this.process(processWindowFunction(fn));
  }

  #transform<A, R>(
    aggregation: WindowAggregation<T, A, R>,
    fn: ProcessWindowLike<never, unknown, never> | undefined,
    single: boolean,
  ): StateBootstrapTransformation<T> {
    const windowFunction = { fn, single } as unknown as WindowFunctionOf<R, unknown>;
    const factory = windowOperator<T, A, R, unknown>(this.#assigner, {
      keySelector: this.#stream.keySelector,
      aggregation,
      ...(this.#trigger === undefined ? {} : { trigger: this.#trigger }),
      ...(this.#evictor === undefined ? {} : { evictor: this.#evictor }),
      ...(fn === undefined ? {} : { windowFunction }),
    });
    return new StateBootstrapTransformation(this.#stream, factory, this.#maxParallelism);
  }
}
