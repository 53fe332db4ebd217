/**
 * Streams that are not keyed. `SingleOutputStreamOperator` extends `DataStream`, as in Flink: the
 * one case of inheritance here, because programs rely on the one being the other.
 *
 * The other kinds of stream are made through `program.streams`, so that their files may use these
 * classes without a circle of imports.
 */
import type { Sink } from '../connectors/index.ts';
import type { KeySelector, TypeInformation } from '../core/index.ts';
import type { MutableStreamNode, PartitionerSpec } from '../graph/index.ts';
import {
  type FilterLike,
  type FlatMapLike,
  filterOperator,
  flatMapOperator,
  type MapLike,
  mapOperator,
  type OutputTag,
  type ProcessLike,
  processOperator,
  timestampsAndWatermarksOperator,
} from '../operators/index.ts';
import type { MapStateDescriptor } from '../state/index.ts';
import type { WatermarkStrategy } from '../time/index.ts';
import { GlobalWindows, type WindowAssigner } from '../windowing/index.ts';
import type { AllWindowedStream } from './all-windowed-stream.ts';
import {
  checkFunction,
  checkMethods,
  checkOutputTag,
  checkWatermarkStrategy,
  checkWindowAssigner,
  invalid,
} from './arguments.ts';
import { BroadcastConnectedStream } from './broadcast-connected-stream.ts';
import { BroadcastStream } from './broadcast-stream.ts';
import { CoGroupedStreams } from './co-grouped-streams.ts';
import type { ConnectedStreams } from './connected-streams.ts';
import { asCountWindows } from './count-windows.ts';
import type { DataStreamSink } from './data-stream-sink.ts';
import type { KeyField, KeyValue } from './field-types.ts';
import { checkSameProgram, outputOf, partitioned, type Upstream } from './job-program.ts';
import { JoinedStreams } from './joined-streams.ts';
import { type KeyBy, keySelectorOf } from './key-by.ts';
import type { KeyedStream } from './keyed-stream.ts';
import { nameRefusals } from './name-refusals.ts';
import { OperatorSettings } from './operator-settings.ts';
import { transform } from './transform.ts';

/**
 * A stream of records of one type. Methods add operators; nothing runs before `execute`.
 *
 * Records pass by reference inside a slot: functions return new records, they do not change those
 * they were given or have emitted.
 */
export class DataStream<T> {
  readonly #upstream: Upstream;
  /** Never present at run time. */
  declare readonly _t?: T;

  /** @internal */
  constructor(upstream: Upstream) {
    this.#upstream = upstream;
    DataStream.#nameRefusals();
  }

  /** @internal */
  get upstream(): Upstream {
    return this.#upstream;
  }

  /** One result for each record. */
  map<O>(fn: MapLike<T, O>): SingleOutputStreamOperator<O> {
    checkFunction(fn, 'map', 'map');
    return transform(this.#upstream, 'Map', mapOperator(fn));
  }

  /**
   * Any number of results for each record.
   *
   * @param fn answers them, or hands them to the collector.
   * @example `lines.flatMap((line) => line.split(' '))`
   */
  flatMap<O>(fn: FlatMapLike<T, O>): SingleOutputStreamOperator<O> {
    checkFunction(fn, 'flatMap', 'flatMap');
    return transform(this.#upstream, 'Flat Map', flatMapOperator(fn));
  }

  /** The records for which the function is true. */
  filter<S extends T>(fn: (value: T) => value is S): SingleOutputStreamOperator<S>;
  filter(fn: FilterLike<T>): SingleOutputStreamOperator<T>;
  filter(fn: FilterLike<T>): SingleOutputStreamOperator<T> {
    checkFunction(fn, 'filter', 'filter');
    return transform(this.#upstream, 'Filter', filterOperator(fn), { keepsType: true });
  }

  /** Everything a function may do without keyed state: timestamps, side outputs. */
  process<O>(fn: ProcessLike<T, O>): SingleOutputStreamOperator<O> {
    checkFunction(fn, 'process', 'processElement');
    return transform(this.#upstream, 'Process', processOperator(fn));
  }

  /**
   * Records with equal keys meet in one subtask, which holds state for each key.
   *
   * @param key a field, or a function that is pure and never answers undefined.
   * @example `orders.keyBy('customer')` or `orders.keyBy((order) => [order.shop, order.item])`
   */
  keyBy<K extends KeyValue>(key: (value: T) => K): KeyedStream<T, K>;
  // The last: it is the one that the compiler speaks of when a field is mistyped.
  keyBy<F extends KeyField<T>>(key: F): KeyedStream<T, T[F]>;
  keyBy(key: KeyBy<T>): KeyedStream<T, unknown> {
    const selector = keySelectorOf(key, 'keyBy') as KeySelector<T, unknown>;
    return this.#upstream.program.streams.keyed(this.#upstream, selector);
  }

  /**
   * The records of all streams, each stream's in their order.
   *
   * @throws {StreamError} `FOREIGN_STREAM`.
   */
  union(...others: readonly DataStream<T>[]): DataStream<T> {
    const { program } = this.#upstream;
    const edges = others.flatMap((other) => {
      checkStream(other, 'union');
      checkSameProgram(program, other.upstream.program, 'union');
      return other.upstream.edges;
    });
    if (others.length === 0) throw invalid('INVALID_ARGUMENT', 'union expects another stream');
    return new DataStream({ program, edges: [...this.#upstream.edges, ...edges] });
  }

  /** Two streams of different types into one operator. */
  connect<O>(other: DataStream<O>): ConnectedStreams<T, O>;
  /** A stream whose operator keeps what a broadcast stream tells all its subtasks. */
  connect<O>(other: BroadcastStream<O>): BroadcastConnectedStream<T, O>;
  connect<O>(other: DataStream<O> | BroadcastStream<O>): unknown {
    const { program } = this.#upstream;
    if (other instanceof BroadcastStream) {
      return new BroadcastConnectedStream<T, O>(this.#upstream, other);
    }
    checkStream(other, 'connect');
    checkSameProgram(program, other.upstream.program, 'connect');
    return program.streams.connected<T, O>(this.#upstream, other.upstream);
  }

  /**
   * Pairs of records with one key that are in one window.
   *
   * @example
   * ```ts
   * clicks.join(views).where('ad').equalTo('ad').window(TumblingEventTimeWindows.of('1 min'))
   *   .apply((click, view) => ({ ...view, clickedAt: click.at }))
   * ```
   */
  join<O>(other: DataStream<O>): JoinedStreams<T, O> {
    checkStream(other, 'join');
    checkSameProgram(this.#upstream.program, other.upstream.program, 'join');
    return new JoinedStreams<T, O>(this.#upstream, other.upstream);
  }

  /** As `join`, but the function gets all records of a key and window, also those without partner. */
  coGroup<O>(other: DataStream<O>): CoGroupedStreams<T, O> {
    checkStream(other, 'coGroup');
    checkSameProgram(this.#upstream.program, other.upstream.program, 'coGroup');
    return new CoGroupedStreams<T, O>(this.#upstream, other.upstream);
  }

  /** Timestamps and watermarks for the stream, in place of those it had. */
  assignTimestampsAndWatermarks(strategy: WatermarkStrategy<T>): SingleOutputStreamOperator<T> {
    checkWatermarkStrategy(strategy, 'assignTimestampsAndWatermarks');
    if (strategy.alignment !== undefined) {
      throw invalid(
        'INVALID_ARGUMENT',
        'assignTimestampsAndWatermarks cannot hold a source back: give fromSource the strategy with watermark alignment',
        strategy.alignment.group,
      );
    }
    const factory = timestampsAndWatermarksOperator(strategy);
    return transform(this.#upstream, 'Timestamps/Watermarks', factory, { keepsType: true });
  }

  /**
   * Windows over the whole stream, computed by one subtask.
   *
   * @example `prices.windowAll(TumblingEventTimeWindows.of(60_000))`
   */
  windowAll(assigner: WindowAssigner<T>): AllWindowedStream<T> {
    checkWindowAssigner(assigner, 'windowAll');
    return this.#upstream.program.streams.allWindowed<T>(this.#upstream, assigner);
  }

  /**
   * Windows of so many records of the stream; with a slide, the last so many, every so many.
   *
   * @throws {StreamError} code `WINDOW_INVALID`, unless whole numbers over 0.
   */
  countWindowAll(size: number, slide?: number): AllWindowedStream<T> {
    return asCountWindows(this.windowAll(GlobalWindows.create()), 'countWindowAll', size, slide);
  }

  /** Records go round robin to all subtasks that follow. */
  rebalance(): DataStream<T> {
    return this.#partitioned({ kind: 'REBALANCE' });
  }

  /** Round robin, but only to neighbours: less traffic than `rebalance`. */
  rescale(): DataStream<T> {
    return this.#partitioned({ kind: 'RESCALE' });
  }

  /** Records go to a random subtask. */
  shuffle(): DataStream<T> {
    return this.#partitioned({ kind: 'SHUFFLE' });
  }

  /** Every record goes to every subtask. */
  broadcast(): DataStream<T>;
  /**
   * Every record goes to every subtask of an operator that keeps these broadcast states.
   *
   * @example `payments.keyBy('user').connect(rules.broadcast(RULES)).process(new Check())`
   */
  broadcast(
    ...descriptors: readonly [
      MapStateDescriptor<unknown, unknown>,
      ...MapStateDescriptor<unknown, unknown>[],
    ]
  ): BroadcastStream<T>;
  broadcast(...descriptors: readonly MapStateDescriptor<unknown, unknown>[]): unknown {
    const stream = this.#partitioned({ kind: 'BROADCAST' });
    return descriptors.length === 0 ? stream : new BroadcastStream(stream.upstream, descriptors);
  }

  /** All records go to the first subtask. */
  global(): DataStream<T> {
    return this.#partitioned({ kind: 'GLOBAL' });
  }

  /** Records stay in their subtask; the parallelism must be equal on both sides. */
  forward(): DataStream<T> {
    return this.#partitioned({ kind: 'FORWARD' });
  }

  /**
   * Records go where the function says.
   *
   * @param partition answers an integer from 0 to `numPartitions` - 1.
   * @param key a field or a function, as for `keyBy`.
   */
  partitionCustom<K extends KeyValue>(
    partition: (key: NoInfer<K>, numPartitions: number) => number,
    key: (value: T) => K,
  ): DataStream<T>;
  partitionCustom<F extends KeyField<T>>(
    partition: (key: T[F], numPartitions: number) => number,
    key: F,
  ): DataStream<T>;
  partitionCustom(
    partition: (key: never, numPartitions: number) => number,
    key: KeyBy<T>,
  ): DataStream<T> {
    checkFunction(partition, 'partitionCustom');
    return this.#partitioned({
      kind: 'CUSTOM',
      partition: partition as (key: unknown, numPartitions: number) => number,
      keySelector: keySelectorOf(key, 'partitionCustom') as (value: unknown) => unknown,
    });
  }

  /** Ends the stream in a sink. */
  sinkTo<CommittableT>(sink: Sink<T, CommittableT>): DataStreamSink<T> {
    checkMethods(sink, 'sinkTo', ['createWriter']);
    return this.#upstream.program.streams.sink(this.#upstream, sink);
  }

  /**
   * Prints every record on a line of its own, with the subtask's number before it where there are
   * several.
   *
   * @param identifier printed before each record.
   */
  print(identifier?: string): DataStreamSink<T> {
    return this.#upstream.program.streams.print(this.#upstream, identifier);
  }

  /**
   * Runs the job and hands its records to the program, in the order they come. Leaving the loop
   * cancels the job.
   *
   * @example `for await (const order of orders.executeAndCollect()) …`
   */
  executeAndCollect(jobName?: string): AsyncIterableIterator<T> {
    return this.#upstream.program.streams.collect<T>(this.#upstream, jobName);
  }

  #partitioned(partitioner: PartitionerSpec): DataStream<T> {
    return new DataStream(partitioned(this.#upstream, partitioner));
  }

  static #nameRefusals(): void {
    nameRefusals(DataStream.prototype, (stream) => [stream.upstream], {
      map: 'Map',
      flatMap: 'Flat Map',
      filter: 'Filter',
      process: 'Process',
      keyBy: 'KeyBy',
      union: 'Union',
      connect: 'Connect',
      join: 'Join',
      coGroup: 'CoGroup',
      assignTimestampsAndWatermarks: 'Timestamps/Watermarks',
      windowAll: 'AllWindow',
      countWindowAll: 'AllWindow',
      broadcast: 'Broadcast',
      partitionCustom: 'PartitionCustom',
      sinkTo: 'Sink',
      print: 'Sink: Print',
    });
  }
}

/** The output of one operator: a stream, and the operator's settings. */
export class SingleOutputStreamOperator<T> extends DataStream<T> {
  readonly #node: MutableStreamNode;
  readonly #settings: OperatorSettings;

  /** @internal */
  constructor(upstream: Upstream, node: MutableStreamNode) {
    super(upstream);
    this.#node = node;
    this.#settings = new OperatorSettings(upstream.program, node);
  }

  /** Shown in the plan, in metrics and in errors. */
  name(name: string): this {
    this.#settings.name(name);
    return this;
  }

  /** A stable identity across changes of the job, unique in it: state is found by it. */
  uid(uid: string): this {
    this.#settings.uid(uid);
    return this;
  }

  /** @throws {StreamError} `INVALID_PARALLELISM`, `NON_PARALLEL_OPERATOR`. */
  setParallelism(parallelism: number): this {
    this.#settings.parallelism(parallelism);
    return this;
  }

  /**
   * The number of key groups, the most subtasks this operator can ever have.
   *
   * @throws {StreamError} `INVALID_MAX_PARALLELISM`.
   */
  setMaxParallelism(maxParallelism: number): this {
    this.#settings.maxParallelism(maxParallelism);
    return this;
  }

  /** The operator becomes a task of its own. */
  disableChaining(): this {
    this.#settings.chaining('NEVER');
    return this;
  }

  /** The operator begins a task; what follows may join it. */
  startNewChain(): this {
    this.#settings.chaining('HEAD');
    return this;
  }

  /** Runs, with what follows, in slots of this group only. */
  slotSharingGroup(group: string): this {
    this.#settings.slotSharingGroup(group);
    return this;
  }

  /**
   * Declares the type of the records: a fixed wire format, checked record by record.
   *
   * @example `.returns(Types.row({ word: Types.string, count: Types.long }))`
   */
  returns(type: TypeInformation<T>): this {
    this.#settings.outputType(type);
    return this;
  }

  /** What the operator sent to this tag: late records of a window, or a process function's own. */
  getSideOutput<S>(tag: OutputTag<S>): DataStream<S> {
    checkOutputTag(tag, 'getSideOutput');
    const edge = { sideOutputTag: tag.id };
    return new DataStream(outputOf(this.upstream.program, this.#node, edge));
  }
}

function checkStream(stream: unknown, where: string): void {
  if (stream instanceof DataStream) return;
  throw invalid('INVALID_ARGUMENT', `${where} expects a stream that is not keyed`, stream);
}
