/** Turns a {@link JobSpec} into a program, through the public API. */
import type {
  DataStream,
  SingleOutputStreamOperator,
  StreamExecutionEnvironment,
} from '../api/index.ts';
import { defined } from '../core/index.ts';
import type {
  Collector,
  KeyedCoProcessFunction,
  KeyedProcessContext,
  KeyedProcessFunction,
  RuntimeContext,
} from '../operators/index.ts';
import { type MapState, MapStateDescriptor } from '../state/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import {
  EventTimeSessionWindows,
  SlidingEventTimeWindows,
  TumblingEventTimeWindows,
  type WindowAssigner,
} from '../windowing/index.ts';
import type { JobSpec, NodeSpec, SimRecord, WindowSpec } from './job-spec.ts';
import { PassCounts } from './pass-counts.ts';
import type { SimArrivals } from './sim-arrivals.ts';
import { simSource } from './sim-source.ts';
import { type SinkPorts, transactionalSink } from './transactional-sink.ts';

type Stream = DataStream<SimRecord>;
type Operator = SingleOutputStreamOperator<SimRecord>;

/** What a job finds in its world. */
export interface JobPorts extends SinkPorts {
  readonly arrivals: SimArrivals;
}

/** Writes the job into the environment; every operator has a uid. */
export function buildSimJob(env: StreamExecutionEnvironment, spec: JobSpec, ports: JobPorts): void {
  env.setMaxParallelism(spec.maxParallelism);
  const streams: Stream[] = [];
  const settle = (operator: Operator, uid: string): Operator => {
    const index = streams.length;
    operator.uid(uid).setParallelism(spec.parallelism[index] ?? 1);
    return spec.unchained.includes(index) ? operator.startNewChain() : operator;
  };
  const monotonous = WatermarkStrategy.forMonotonousTimestamps<SimRecord>();
  for (const source of spec.sources) {
    streams.push(
      settle(
        env.fromSource(simSource(source, ports.bugs, ports.arrivals), monotonous, source.name),
        source.name,
      ),
    );
  }
  for (const node of spec.nodes) {
    const [first, second] = node.inputs.map((input) =>
      defined(streams[input], 'an input is an earlier stream'),
    );
    const stream = defined(first, 'a node has an input');
    streams.push(addNode(node, stream, second ?? stream, `n${streams.length}`, settle, ports));
  }
  for (const index of spec.sinks) {
    defined(streams[index], 'a sink ends a stream')
      .sinkTo(transactionalSink(index, spec.sinkPauseMs, ports))
      .uid(`sink-${index}`)
      .setParallelism(spec.parallelism[index] ?? 1);
  }
}

function addNode(
  node: NodeSpec,
  first: Stream,
  second: Stream,
  uid: string,
  settle: (operator: Operator, uid: string) => Operator,
  ports: SinkPorts,
): Stream {
  switch (node.kind) {
    case 'pass':
      return passed(first, node, uid, settle, ports);
    case 'map':
      return settle(
        first.map((r) => ({ ...r, value: (r.value * node.factor) % 1000 })),
        uid,
      );
    case 'filter':
      return settle(
        first.filter((r) => r.value % node.modulus !== 0),
        uid,
      );
    case 'flatMap':
      return settle(
        first.flatMap((r) =>
          Array.from({ length: node.copies }, (_, i) => ({ ...r, id: `${r.id}.${i}` })),
        ),
        uid,
      );
    case 'union': {
      const left = settle(
        first.map((r) => ({ ...r, id: `${r.id}a` })),
        `${uid}-a`,
      );
      const right = settle(
        second.map((r) => ({ ...r, id: `${r.id}b` })),
        `${uid}-b`,
      );
      return left.union(right);
    }
    case 'count':
      return settle(counted(first, uid, settle), `${uid}-shown`);
    case 'buckets':
      return settle(first.keyBy('key').process(new BucketSums(node.lengthMs)), uid);
    case 'connect':
      return settle(
        first.keyBy('key').connect(second.keyBy('key')).process(new SideSums(node.lengthMs)),
        uid,
      );
    case 'window':
      return settle(windowed(first, node), uid);
  }
}

function passed(
  stream: Stream,
  { release, layers }: Extract<NodeSpec, { readonly kind: 'pass' }>,
  uid: string,
  settle: (operator: Operator, uid: string) => Operator,
  ports: SinkPorts,
): Stream {
  let last =
    release === 0
      ? settle(
          stream.map((r) => r),
          `${uid}-plain`,
        )
      : settle(stream.keyBy('key').process(new PassCounts(release, ports.violate)), uid);
  for (let layer = 0; layer < layers; layer += 1) {
    last = settle(
      last.map((r) => r),
      `${uid}-layer${layer}`,
    );
  }
  return last;
}

function counted(
  stream: Stream,
  uid: string,
  settle: (operator: Operator, uid: string) => Operator,
): Operator {
  const ones = settle(
    stream.map((r) => ({ ...r, value: 1 })),
    `${uid}-ones`,
  );
  const counts = ones.keyBy('key').reduce(addValues);
  return settle(counts, uid).map(({ key, value }) => ({
    id: `${key}#${value}`,
    key,
    value,
    timeMs: -1,
  }));
}

function addValues(left: SimRecord, right: SimRecord): SimRecord {
  return { ...left, value: left.value + right.value };
}

interface Sum {
  readonly sum: number;
  readonly count: number;
}

function windowed(
  stream: Stream,
  { window, latenessMs }: Extract<NodeSpec, { readonly kind: 'window' }>,
): Operator {
  return stream
    .keyBy('key')
    .window(assignerOf(window))
    .allowedLateness(latenessMs)
    .aggregate(
      {
        createAccumulator: (): Sum => ({ sum: 0, count: 0 }),
        add: (r: SimRecord, { sum, count }: Sum) => ({ sum: sum + r.value, count: count + 1 }),
        getResult: (sum: Sum) => sum,
        merge: (a: Sum, b: Sum) => ({ sum: a.sum + b.sum, count: a.count + b.count }),
      },
      {
        process: (key, ctx, [sum], out) => {
          if (sum !== undefined) out.collect(sumRecord('w', key, ctx.window.end - 1, sum));
        },
      },
    );
}

function assignerOf(window: WindowSpec): WindowAssigner {
  switch (window.type) {
    case 'tumbling':
      return TumblingEventTimeWindows.of(window.lengthMs);
    case 'sliding':
      return SlidingEventTimeWindows.of(window.lengthMs, window.slideMs);
    case 'session':
      return EventTimeSessionWindows.withGap(window.gapMs);
  }
}

function sumRecord(side: string, key: number, endMs: number, { sum, count }: Sum): SimRecord {
  return { id: `${side}${key}@${endMs}n${count}`, key, value: sum % 1000, timeMs: endMs };
}

/** Sums by bucket in a map state, emitted by an event-time timer at the bucket's end. */
class Buckets {
  readonly #name: string;
  readonly #side: string;
  readonly #lengthMs: number;
  #sums: MapState<number, Sum> | undefined;

  constructor(name: string, side: string, lengthMs: number) {
    this.#name = name;
    this.#side = side;
    this.#lengthMs = lengthMs;
  }

  open(ctx: RuntimeContext): void {
    this.#sums = ctx.getMapState(new MapStateDescriptor<number, Sum>(this.#name));
  }

  add(record: SimRecord, ctx: KeyedProcessContext<number>): void {
    const sums = defined(this.#sums, 'open comes first');
    const endMs = (Math.floor(record.timeMs / this.#lengthMs) + 1) * this.#lengthMs - 1;
    const { sum, count } = sums.get(endMs) ?? { sum: 0, count: 0 };
    sums.put(endMs, { sum: sum + record.value, count: count + 1 });
    ctx.timerService.registerEventTimeTimer(endMs);
  }

  emit(endMs: number, key: number, out: Collector<SimRecord>): void {
    const sums = defined(this.#sums, 'open comes first');
    const sum = sums.get(endMs);
    if (sum === undefined) return;
    sums.remove(endMs);
    out.collect(sumRecord(this.#side, key, endMs, sum));
  }
}

class BucketSums implements KeyedProcessFunction<number, SimRecord, SimRecord> {
  readonly #buckets: Buckets;

  constructor(lengthMs: number) {
    this.#buckets = new Buckets('sums', 'x', lengthMs);
  }

  open(ctx: RuntimeContext): void {
    this.#buckets.open(ctx);
  }

  processElement(record: SimRecord, ctx: KeyedProcessContext<number>): void {
    this.#buckets.add(record, ctx);
  }

  onTimer(timeMs: number, ctx: KeyedProcessContext<number>, out: Collector<SimRecord>): void {
    this.#buckets.emit(timeMs, ctx.getCurrentKey(), out);
  }
}

class SideSums implements KeyedCoProcessFunction<number, SimRecord, SimRecord, SimRecord> {
  readonly #left: Buckets;
  readonly #right: Buckets;

  constructor(lengthMs: number) {
    this.#left = new Buckets('left', 'l', lengthMs);
    this.#right = new Buckets('right', 'r', lengthMs);
  }

  open(ctx: RuntimeContext): void {
    this.#left.open(ctx);
    this.#right.open(ctx);
  }

  processElement1(record: SimRecord, ctx: KeyedProcessContext<number>): void {
    this.#left.add(record, ctx);
  }

  processElement2(record: SimRecord, ctx: KeyedProcessContext<number>): void {
    this.#right.add(record, ctx);
  }

  onTimer(timeMs: number, ctx: KeyedProcessContext<number>, out: Collector<SimRecord>): void {
    this.#left.emit(timeMs, ctx.getCurrentKey(), out);
    this.#right.emit(timeMs, ctx.getCurrentKey(), out);
  }
}
