import type { Sink } from '../connectors/index.ts';
import type { KeySelector } from '../core/index.ts';
import {
  type FieldAggregationKind,
  type FilterLike,
  type FlatMapLike,
  fieldAggregation,
  filterOperator,
  flatMapOperator,
  type KeyedProcessLike,
  keyedProcessOperator,
  type MapLike,
  mapOperator,
  reduceOperator,
} from '../operators/index.ts';
import type { ReduceLike } from '../state/index.ts';
import { GlobalWindows, type WindowAssigner } from '../windowing/index.ts';
import {
  checkFunction,
  checkMethods,
  checkText,
  checkWindowAssigner,
  invalid,
} from './arguments.ts';
import { KeyedBroadcastConnectedStream } from './broadcast-connected-stream.ts';
import { BroadcastStream } from './broadcast-stream.ts';
import { asCountWindows } from './count-windows.ts';
import type { SingleOutputStreamOperator } from './data-stream.ts';
import type { DataStreamSink } from './data-stream-sink.ts';
import type { ComparableField, NumericField } from './field-types.ts';
import { IntervalJoin } from './interval-join.ts';
import { checkSameProgram, type Upstream } from './job-program.ts';
import type { KeyedConnectedStreams } from './keyed-connected-streams.ts';
import { nameRefusals } from './name-refusals.ts';
import { transform } from './transform.ts';
import type { WindowedStream } from './windowed-stream.ts';

/**
 * A stream partitioned by key: records with equal keys meet in one subtask, in order, and rich
 * functions and process functions hold state for each key.
 */
export class KeyedStream<T, K> {
  readonly #upstream: Upstream;
  readonly #keySelector: KeySelector<T, K>;

  /** @internal `upstream` is partitioned by the key already. */
  constructor(upstream: Upstream, keySelector: KeySelector<T, K>) {
    this.#upstream = upstream;
    this.#keySelector = keySelector;
    KeyedStream.#nameRefusals();
  }

  /** @internal */
  get upstream(): Upstream {
    return this.#upstream;
  }

  /** @internal */
  get keySelector(): KeySelector<T, K> {
    return this.#keySelector;
  }

  /** One result for each record; an object with `open` may hold keyed state. */
  map<O>(fn: MapLike<T, O>): SingleOutputStreamOperator<O> {
    checkFunction(fn, 'map', 'map');
    return this.#keyed('Map', mapOperator(fn, this.#keySelector));
  }

  /** Any number of results for each record; an object with `open` may hold keyed state. */
  flatMap<O>(fn: FlatMapLike<T, O>): SingleOutputStreamOperator<O> {
    checkFunction(fn, 'flatMap', 'flatMap');
    return this.#keyed('Flat Map', flatMapOperator(fn, this.#keySelector));
  }

  /** The records for which the function is true; an object with `open` may hold keyed state. */
  filter(fn: FilterLike<T>): SingleOutputStreamOperator<T> {
    checkFunction(fn, 'filter', 'filter');
    return this.#keyed('Filter', filterOperator(fn, this.#keySelector), true);
  }

  /**
   * Everything a function may do with keyed state, timers and side outputs.
   *
   * @example
   * ```ts
   * const count = new ValueStateDescriptor<number>('count', 0);
   * class CountPerKey implements KeyedProcessFunction<string, Order, number> {
   *   #count!: ValueState<number>;
   *   open(ctx: RuntimeContext) { this.#count = ctx.getState(count); }
   *   processElement(order: Order, ctx: KeyedProcessContext<string>, out: Collector<number>) {
   *     this.#count.update(this.#count.value() + 1);
   *     ctx.timerService.registerEventTimeTimer(order.timeMs + 60_000);
   *   }
   *   onTimer(timestampMs: number, ctx: OnTimerContext<string>, out: Collector<number>) {
   *     out.collect(this.#count.value());
   *   }
   * }
   * ```
   */
  process<O>(fn: KeyedProcessLike<K, T, O>): SingleOutputStreamOperator<O> {
    checkFunction(fn, 'process', 'processElement');
    return this.#keyed('KeyedProcess', keyedProcessOperator(fn, this.#keySelector));
  }

  /**
   * Combines every record with what the records of its key before it made; answers each
   * intermediate result.
   */
  reduce(fn: ReduceLike<T>): SingleOutputStreamOperator<T> {
    checkFunction(fn, 'reduce', 'reduce');
    return this.#keyed('Keyed Reduce', reduceOperator(fn, this.#keySelector), true);
  }

  /** The first record of the key with the running sum in this field. */
  sum(field: NumericField<T>): SingleOutputStreamOperator<T> {
    return this.#aggregated('sum', field);
  }

  /** The first record of the key with the smallest value so far in this field. */
  min(field: ComparableField<T>): SingleOutputStreamOperator<T> {
    return this.#aggregated('min', field);
  }

  /** The first record of the key with the largest value so far in this field. */
  max(field: ComparableField<T>): SingleOutputStreamOperator<T> {
    return this.#aggregated('max', field);
  }

  /** The whole record with the smallest value so far in this field, the first of equals. */
  minBy(field: ComparableField<T>): SingleOutputStreamOperator<T> {
    return this.#aggregated('minBy', field);
  }

  /** The whole record with the largest value so far in this field, the first of equals. */
  maxBy(field: ComparableField<T>): SingleOutputStreamOperator<T> {
    return this.#aggregated('maxBy', field);
  }

  /**
   * Windows of each key.
   *
   * @example `orders.keyBy('shop').window(TumblingEventTimeWindows.of(60_000)).sum('price')`
   */
  window(assigner: WindowAssigner<T>): WindowedStream<T, K> {
    checkWindowAssigner(assigner, 'window');
    const { streams } = this.#upstream.program;
    return streams.windowed(this.#upstream, this.#keySelector, assigner);
  }

  /**
   * Windows of so many records of a key; with a slide, the last so many, every so many.
   *
   * @throws {StreamError} code `WINDOW_INVALID`, unless whole numbers over 0.
   */
  countWindow(size: number, slide?: number): WindowedStream<T, K> {
    return asCountWindows(this.window(GlobalWindows.create()), 'countWindow', size, slide);
  }

  /** Two streams with equal keys into one operator, which shares keyed state between them. */
  connect<O>(other: KeyedStream<O, NoInfer<K>>): KeyedConnectedStreams<T, O, K>;
  /** A keyed stream whose operator keeps what a broadcast stream tells all its subtasks. */
  connect<O>(other: BroadcastStream<O>): KeyedBroadcastConnectedStream<T, O, K>;
  connect<O>(other: KeyedStream<O, K> | BroadcastStream<O>): unknown {
    if (other instanceof BroadcastStream) {
      return new KeyedBroadcastConnectedStream(this.#upstream, this.#keySelector, other);
    }
    if (!(other instanceof KeyedStream)) {
      throw invalid(
        'INVALID_ARGUMENT',
        'connect of a keyed stream expects a keyed stream or a broadcast one: call keyBy, or broadcast with a MapStateDescriptor, on the other stream',
        other,
      );
    }
    const { program } = this.#upstream;
    checkSameProgram(program, other.upstream.program, 'connect');
    const keys = { first: this.#keySelector, second: other.keySelector };
    return program.streams.keyedConnected<T, O, K>([this.#upstream, other.upstream], keys);
  }

  /**
   * Pairs of records with one key whose event times are close.
   *
   * @example
   * ```ts
   * orders.keyBy('id').intervalJoin(payments.keyBy('order')).between('0 s', '15 min')
   *   .process((order, payment, _ctx, out: Collector<Paid>) => out.collect({ order, payment }))
   * ```
   */
  intervalJoin<O>(other: KeyedStream<O, NoInfer<K>>): IntervalJoin<T, O, K> {
    if (!(other instanceof KeyedStream)) {
      throw invalid(
        'INVALID_ARGUMENT',
        'intervalJoin expects a keyed stream: call keyBy on the other stream',
        other,
      );
    }
    checkSameProgram(this.#upstream.program, other.upstream.program, 'intervalJoin');
    const keys = { first: this.#keySelector, second: other.keySelector };
    return new IntervalJoin<T, O, K>([this.#upstream, other.upstream], keys);
  }

  /** Ends the stream in a sink; records with equal keys meet in one of its subtasks. */
  sinkTo<CommittableT>(sink: Sink<T, CommittableT>): DataStreamSink<T> {
    checkMethods(sink, 'sinkTo', ['createWriter']);
    return this.#upstream.program.streams.sink(this.#upstream, sink);
  }

  /** Prints every record on a line of its own. */
  print(identifier?: string): DataStreamSink<T> {
    return this.#upstream.program.streams.print(this.#upstream, identifier);
  }

  #aggregated(kind: FieldAggregationKind, field: string): SingleOutputStreamOperator<T> {
    checkText(field, `the field of ${kind}`);
    const reduce = fieldAggregation<T>(kind, field);
    return this.#keyed('Keyed Aggregation', reduceOperator(reduce, this.#keySelector), true);
  }

  #keyed<O>(
    operator: string,
    factory: Parameters<typeof transform<T, O>>[2],
    keepsType = false,
  ): SingleOutputStreamOperator<O> {
    return transform<T, O>(this.#upstream, operator, factory, { keyed: true, keepsType });
  }

  static #nameRefusals(): void {
    nameRefusals(KeyedStream.prototype, (stream) => [stream.#upstream], {
      map: 'Map',
      flatMap: 'Flat Map',
      filter: 'Filter',
      process: 'KeyedProcess',
      reduce: 'Keyed Reduce',
      sum: 'Keyed Aggregation',
      min: 'Keyed Aggregation',
      max: 'Keyed Aggregation',
      minBy: 'Keyed Aggregation',
      maxBy: 'Keyed Aggregation',
      window: 'Window',
      countWindow: 'Window',
      connect: 'Connect',
      intervalJoin: 'Interval Join',
      sinkTo: 'Sink',
      print: 'Sink: Print',
    });
  }
}
