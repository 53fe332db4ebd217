import type { Duration, KeySelector } from '../core/index.ts';
import type { Collector, OutputTag } from '../operators/index.ts';
import type { AggregateFunction, ReduceLike } from '../state/index.ts';
import {
  aggregateAggregation,
  type Evictor,
  listAggregation,
  type ProcessWindowLike,
  processWindowFunction,
  reduceAggregation,
  type TimeWindow,
  type Trigger,
  type WindowAssigner,
  type WindowFunction,
} from '../windowing/index.ts';
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
  toProcessWindow,
  type WindowSettings,
  windowFieldAggregation,
  windowName,
  windowTransform,
} from './window-transform.ts';

/** A window function after an aggregation: gets the window's one result. */
type AfterAggregation<I, O, K> = ProcessWindowLike<I, O, K> | NotCallable<WindowFunction<I, O, K>>;

/** Without a context. */
type WindowApply<I, O, K> =
  | NotCallable<WindowFunction<I, O, K>>
  | ((key: K, window: TimeWindow, elements: Iterable<I>, out: Collector<O>) => void);

/** The windows of each key of a stream. Results carry the last millisecond of their window. */
export class WindowedStream<T, K> {
  readonly #settings: WindowSettings<T>;
  /** Never present at run time. */
  declare readonly _t?: [T, K];

  /** @internal `upstream` is partitioned by the key already. */
  constructor(upstream: Upstream, keySelector: KeySelector<T, K>, assigner: WindowAssigner<T>) {
    this.#settings = newWindowSettings(upstream, assigner, keySelector);
    WindowedStream.#nameRefusals();
  }

  /**
   * How long after the watermark has passed a window its late records still count: each makes the
   * window fire again.
   *
   * @param lateness a number of ms, or a text like `5 s`.
   * @defaultValue 0
   */
  allowedLateness(lateness: Duration): this {
    checkLateness(this.#settings.assigner, 'allowedLateness');
    const limits = { positive: false };
    this.#settings.allowedLatenessMs = durationMs(lateness, 'the allowed lateness', limits);
    return this;
  }

  /** Sends records that come too late for all their windows to a side output: no record is lost. */
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
  reduce<O>(fn: ReduceLike<T>, windowFn: AfterAggregation<T, O, K>): SingleOutputStreamOperator<O>;
  reduce<O>(fn: ReduceLike<T>, windowFn?: AfterAggregation<T, O, K>): unknown {
    checkFunction(fn, 'reduce of windows', 'reduce');
    const aggregation = reduceAggregation(fn);
    if (windowFn === undefined) return windowTransform(this.#settings, aggregation);
    const process = toProcessWindow(windowFn, 'reduce of windows');
    return windowTransform(this.#settings, aggregation, { fn: process, single: true });
  }

  /** Folds the records of a window into an accumulator as they come. */
  aggregate<A, R>(fn: AggregateFunction<T, A, R>): SingleOutputStreamOperator<R>;
  /**
   * Folds them as they come; the window function gets the one result, to add the key and the
   * window to it.
   *
   * @example
   * ```ts
   * .aggregate(count, (word, { window }, [n = 0], out: Collector<Row>) =>
   *   out.collect({ word, from: window.start, n }))
   * ```
   */
  aggregate<A, R, O>(
    fn: AggregateFunction<T, A, R>,
    windowFn: AfterAggregation<NoInfer<R>, O, K>,
  ): SingleOutputStreamOperator<O>;
  aggregate<A, R, O>(
    fn: AggregateFunction<T, A, R>,
    windowFn?: AfterAggregation<R, O, K>,
  ): unknown {
    checkMethods(fn, 'aggregate of windows', ['createAccumulator', 'add', 'getResult']);
    const aggregation = aggregateAggregation(fn);
    if (windowFn === undefined) return windowTransform(this.#settings, aggregation);
    const process = toProcessWindow(windowFn, 'aggregate of windows');
    return windowTransform(this.#settings, aggregation, { fn: process, single: true });
  }

  /** Keeps the records of a window and gives them all to the function when it fires. */
  apply<O>(fn: WindowApply<T, O, K>): SingleOutputStreamOperator<O> {
    checkFunction(fn, 'apply of windows', 'apply');
    const process = processWindowFunction(fn);
    return windowTransform(this.#settings, listAggregation<T>(), { fn: process, single: false });
  }

  /** As `apply`, with a context: side outputs, the watermark. */
  process<O>(fn: ProcessWindowLike<T, O, K>): SingleOutputStreamOperator<O> {
    checkFunction(fn, 'process of windows', 'process');
    return windowTransform(this.#settings, listAggregation<T>(), { fn, single: false });
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
    const name = (windows: WindowedStream<unknown, unknown>): string =>
      windowName(windows.#settings);
    nameRefusals(WindowedStream.prototype, (windows) => [windows.#settings.upstream], {
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
