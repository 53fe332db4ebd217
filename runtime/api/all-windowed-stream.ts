import type { Duration } from '../core/index.ts';
import type { OutputTag } from '../operators/index.ts';
import type { AggregateFunction, ReduceLike } from '../state/index.ts';
import {
  aggregateAggregation,
  type Evictor,
  listAggregation,
  reduceAggregation,
  type Trigger,
  type WindowAssigner,
} from '../windowing/index.ts';
import {
  type AllWindowFunction,
  type AllWindowLike,
  type ProcessAllWindowLike,
  withoutKey,
} from './all-window-functions.ts';
import { checkFunction, checkMethods, checkOutputTag, durationMs } from './arguments.ts';
import type { SingleOutputStreamOperator } from './data-stream.ts';
import type { ComparableField, NotCallable, NumericField } from './field-types.ts';
import type { Upstream } from './job-program.ts';
import { nameRefusals } from './name-refusals.ts';
import {
  checkLateness,
  newWindowSettings,
  setEvictor,
  setTrigger,
  type WindowSettings,
  windowFieldAggregation,
  windowName,
  windowTransform,
} from './window-transform.ts';

type AfterAggregation<I, O> = ProcessAllWindowLike<I, O> | NotCallable<AllWindowFunction<I, O>>;

/** Windows over a whole stream, computed by one subtask. */
export class AllWindowedStream<T> {
  readonly #settings: WindowSettings<T>;
  /** Never present at run time. */
  declare readonly _t?: T;

  /** @internal */
  constructor(upstream: Upstream, assigner: WindowAssigner<T>) {
    this.#settings = newWindowSettings(upstream, assigner, undefined);
    AllWindowedStream.#nameRefusals();
  }

  /** See `WindowedStream.allowedLateness`. */
  allowedLateness(lateness: Duration): this {
    checkLateness(this.#settings.assigner, 'allowedLateness');
    const limits = { positive: false };
    this.#settings.allowedLatenessMs = durationMs(lateness, 'the allowed lateness', limits);
    return this;
  }

  /** See `WindowedStream.sideOutputLateData`. */
  sideOutputLateData(tag: OutputTag<T>): this {
    checkLateness(this.#settings.assigner, 'sideOutputLateData');
    checkOutputTag(tag, 'sideOutputLateData');
    this.#settings.lateTag = tag;
    return this;
  }

  /**
   * When windows fire, in place of the assigner's own trigger.
   *
   * @throws {StreamError} code `WINDOW_INVALID` for windows that merge and a trigger that cannot.
   */
  trigger(trigger: Trigger<T>): this {
    setTrigger(this.#settings, trigger);
    return this;
  }

  /** What is taken out of windows when they fire: they keep every record until then. */
  evictor(evictor: Evictor<T>): this {
    setEvictor(this.#settings, evictor);
    return this;
  }

  /** Combines the records of a window as they come. */
  reduce(fn: ReduceLike<T>): SingleOutputStreamOperator<T>;
  /** Combines them as they come; the window function gets the one result. */
  reduce<O>(fn: ReduceLike<T>, windowFn: AfterAggregation<T, O>): SingleOutputStreamOperator<O>;
  reduce<O>(fn: ReduceLike<T>, windowFn?: AfterAggregation<T, O>): unknown {
    checkFunction(fn, 'reduce of windows', 'reduce');
    const aggregation = reduceAggregation(fn);
    if (windowFn === undefined) return windowTransform(this.#settings, aggregation);
    const process = checkedWithoutKey(windowFn, 'reduce of windows');
    return windowTransform(this.#settings, aggregation, { fn: process, single: true });
  }

  /** Folds the records of a window into an accumulator as they come. */
  aggregate<A, R>(fn: AggregateFunction<T, A, R>): SingleOutputStreamOperator<R>;
  /** Folds them as they come; the window function gets the one result. */
  aggregate<A, R, O>(
    fn: AggregateFunction<T, A, R>,
    windowFn: AfterAggregation<NoInfer<R>, O>,
  ): SingleOutputStreamOperator<O>;
  aggregate<A, R, O>(fn: AggregateFunction<T, A, R>, windowFn?: AfterAggregation<R, O>): unknown {
    checkMethods(fn, 'aggregate of windows', ['createAccumulator', 'add', 'getResult']);
    const aggregation = aggregateAggregation(fn);
    if (windowFn === undefined) return windowTransform(this.#settings, aggregation);
    const process = checkedWithoutKey(windowFn, 'aggregate of windows');
    return windowTransform(this.#settings, aggregation, { fn: process, single: true });
  }

  /** Keeps the records of a window and gives them all to the function when it fires. */
  apply<O>(fn: AllWindowLike<T, O>): SingleOutputStreamOperator<O> {
    checkFunction(fn, 'apply of windows', 'apply');
    const process = typeof fn === 'function' ? { apply: fn } : fn;
    const keyed = withoutKey(process);
    return windowTransform(this.#settings, listAggregation<T>(), { fn: keyed, single: false });
  }

  /** As `apply`, with a context: side outputs, the watermark. */
  process<O>(fn: ProcessAllWindowLike<T, O>): SingleOutputStreamOperator<O> {
    checkFunction(fn, 'process of windows', 'process');
    const keyed = withoutKey(fn);
    return windowTransform(this.#settings, listAggregation<T>(), { fn: keyed, single: false });
  }

  /** The first record of the window with the sum in this field. */
  sum(field: NumericField<T>): SingleOutputStreamOperator<T> {
    return windowFieldAggregation(this.#settings, 'sum', field);
  }

  /** The first record of the window with the smallest value in this field. */
  min(field: ComparableField<T>): SingleOutputStreamOperator<T> {
    return windowFieldAggregation(this.#settings, 'min', field);
  }

  /** The first record of the window with the largest value in this field. */
  max(field: ComparableField<T>): SingleOutputStreamOperator<T> {
    return windowFieldAggregation(this.#settings, 'max', field);
  }

  /** The whole record with the smallest value in this field, the first of equals. */
  minBy(field: ComparableField<T>): SingleOutputStreamOperator<T> {
    return windowFieldAggregation(this.#settings, 'minBy', field);
  }

  /** The whole record with the largest value in this field, the first of equals. */
  maxBy(field: ComparableField<T>): SingleOutputStreamOperator<T> {
    return windowFieldAggregation(this.#settings, 'maxBy', field);
  }

  static #nameRefusals(): void {
    const name = (windows: AllWindowedStream<unknown>): string => windowName(windows.#settings);
    nameRefusals(AllWindowedStream.prototype, (windows) => [windows.#settings.upstream], {
      allowedLateness: name,
      sideOutputLateData: name,
      trigger: name,
      evictor: name,
      reduce: name,
      aggregate: name,
      apply: name,
      process: name,
      sum: name,
      min: name,
      max: name,
      minBy: name,
      maxBy: name,
    });
  }
}

function checkedWithoutKey<I, O>(fn: AfterAggregation<I, O>, where: string) {
  const isObject = typeof fn === 'object' && fn !== null;
  const method = isObject && 'apply' in fn ? 'apply' : 'process';
  checkFunction(fn, where, method);
  return withoutKey(fn);
}
