/**
 * Jobs whose output does not depend on how they run: on the parallelism, on failures, on being
 * stopped and resumed. Their sources have a rate, so that checkpoints find them at work in virtual
 * time.
 */
import type { DataStream, StreamExecutionEnvironment } from '../api/index.ts';
import {
  csv,
  fileSource,
  generatorSource,
  HybridSource,
  jsonLines,
  type Sink,
  sequenceSource,
  textLines,
} from '../connectors/index.ts';
import { defined } from '../core/index.ts';
import { OutputTag } from '../operators/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import {
  EventTimeSessionWindows,
  SlidingEventTimeWindows,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
  type WindowAssigner,
} from '../windowing/index.ts';
import {
  BucketSums,
  type Count,
  CountedRecords,
  type Event,
  FlushedCounts,
  Lane,
  RATES,
  RatedSums,
  SideSums,
} from './golden-functions.ts';
import { WINDOWS_OF_A_KEY } from './golden-windows.ts';

/** What a golden job is given besides its environment. */
export interface GoldenParts {
  /** At every place that may fail. */
  readonly pass: <T>(value: T) => T;
  readonly sink: <T>(name: string) => Sink<T, unknown>;
  /** Takes its time: what is sent to it waits in the channels. */
  readonly slowSink: <T>(name: string) => Sink<T, unknown>;
  /** Told by subtasks that close. */
  readonly closed: (subtaskIndex: number, count: number) => void;
}

export interface GoldenJob {
  readonly name: string;
  readonly build: (env: StreamExecutionEnvironment, parts: GoldenParts) => void;
  /** Makes outputs comparable where the job's are equal only as a whole. */
  readonly fold?: (values: readonly unknown[]) => readonly unknown[];
}

/** Records of a generator, and how many it makes a second. */
const COUNT = 240;
const RATE = 4000;
const KEYS = 7;
const WORDS = ['to', 'be', 'or', 'not', 'that', 'is', 'the', 'question'];

function eventAt(index: number): Event {
  const timeMs = Math.floor(index / 12) * 400 + (index % 12) * 15;
  return { id: index, key: index % KEYS, timeMs, value: (index * 31) % 100 };
}

/** @param splits more than subtasks, so that a rescale moves some. */
function events(
  env: StreamExecutionEnvironment,
  { pass }: GoldenParts,
  name = 'events',
  count = COUNT,
  splits = 4,
): DataStream<Event> {
  const source = generatorSource({ count, generate: eventAt, ratePerSecond: RATE, splits });
  const strategy = WatermarkStrategy.forMonotonousTimestamps<Event>().withTimestampAssigner(
    ({ timeMs }) => timeMs,
  );
  return env
    .fromSource(source, strategy, name)
    .uid(name)
    .map((event) => pass(event))
    .uid(`${name}-pass`);
}

function windowed(name: string, assigner: WindowAssigner): GoldenJob {
  return {
    name,
    build: (env, parts) => {
      events(env, parts)
        .keyBy('key')
        .window(assigner)
        .aggregate(
          {
            createAccumulator: (): Count => ({ sum: 0, count: 0 }),
            add: ({ value }, { sum, count }) => ({ sum: sum + value, count: count + 1 }),
            getResult: (count) => count,
            merge: (a, b) => ({ sum: a.sum + b.sum, count: a.count + b.count }),
          },
          {
            process: (key, ctx, [count], out) =>
              out.collect({ key, start: ctx.window.start, end: ctx.window.end, ...count }),
          },
        )
        .uid('windows')
        .map(parts.pass)
        .sinkTo(parts.sink('windows'))
        .uid('sink');
    },
  };
}

const WORD_COUNT: GoldenJob = {
  name: 'word count',
  build: (env, parts) => {
    events(env, parts)
      .flatMap(({ id }) => [WORDS[id % 8] ?? '', WORDS[(id * 5) % 8] ?? ''])
      .map((word) => ({ word, count: 1 }))
      .keyBy('word')
      .sum('count')
      .uid('counts')
      .map(parts.pass)
      .sinkTo(parts.sink('words'))
      .uid('sink');
  },
};

const REDUCE: GoldenJob = {
  name: 'reduce',
  build: (env, parts) => {
    events(env, parts)
      .map(({ key }) => ({ key, count: 1, sum: key }))
      .keyBy('key')
      .reduce((a, b) => ({ key: a.key, count: a.count + b.count, sum: a.sum + b.sum }))
      .uid('reduced')
      .map(parts.pass)
      .sinkTo(parts.sink('reduced'))
      .uid('sink');
  },
};

const KEYED_PROCESS: GoldenJob = {
  name: 'keyed process with both kinds of timers',
  build: (env, parts) => {
    const stream = events(env, parts).keyBy('key');
    stream
      .process(new BucketSums(1000))
      .uid('buckets')
      .map(parts.pass)
      .sinkTo(parts.sink('buckets'))
      .uid('bucket-sink');
    stream.process(new FlushedCounts(7)).uid('flushed').sinkTo(parts.sink('flushed')).uid('sink');
  },
  fold: (values) => sumsBy(values, ['key', 'bucket', 'kind'], 'count'),
};

const CO_PROCESS: GoldenJob = {
  name: 'co-process',
  build: (env, parts) => {
    const left = events(env, parts, 'left');
    const right = events(env, parts, 'right', COUNT / 2, 2);
    left
      .keyBy('key')
      .connect(right.keyBy('key'))
      .process(new SideSums(900))
      .uid('sides')
      .map(parts.pass)
      .sinkTo(parts.sink('sides'))
      .uid('sink');
  },
};

const INTERVAL_JOIN: GoldenJob = {
  name: 'interval join',
  build: (env, parts) => {
    const left = events(env, parts, 'left');
    const right = events(env, parts, 'right', COUNT / 2, 2);
    left
      .keyBy('key')
      .intervalJoin(right.keyBy('key'))
      .between(-450, 400)
      .process<string>((a, b, ctx, out) => out.collect(`${a.id} ${b.id} ${ctx.getTimestamp()}`))
      .uid('pairs')
      .map(parts.pass)
      .sinkTo(parts.sink('pairs'))
      .uid('sink');
  },
};

const CO_GROUP: GoldenJob = {
  name: 'coGroup in windows',
  build: (env, parts) => {
    events(env, parts, 'left')
      .coGroup(events(env, parts, 'right', COUNT / 2, 2))
      .where('key')
      .equalTo('key')
      .window(TumblingEventTimeWindows.of(700))
      .apply<string>((first, second, out) => {
        const ids = [first, second].map((side) => side.map(({ id }) => id).sort((a, b) => a - b));
        out.collect(JSON.stringify(ids));
      })
      .uid('groups')
      .map(parts.pass)
      .sinkTo(parts.sink('groups'))
      .uid('sink');
  },
};

const UNION: GoldenJob = {
  name: 'union',
  build: (env, parts) => {
    const [a, b, c] = [
      events(env, parts, 'a'),
      events(env, parts, 'b', 60, 1),
      events(env, parts, 'c', 100, 3),
    ];
    a.union(b, c)
      .keyBy('key')
      .window(TumblingEventTimeWindows.of(2000))
      .sum('value')
      .uid('sums')
      .map(({ key, value }) => ({ key, value }))
      .sinkTo(parts.sink('union'))
      .uid('sink');
  },
};

const TWO_INPUTS: GoldenJob = {
  name: 'two inputs',
  build: (env, parts) => {
    events(env, parts, 'first')
      .rebalance()
      .connect(events(env, parts, 'second', 90, 2).rebalance())
      .map({ map1: ({ id }) => `first ${id}`, map2: ({ id }) => `second ${id}` })
      .uid('both')
      .map(parts.pass)
      .sinkTo(parts.sink('both'))
      .uid('sink');
  },
};

const DISJOINT: GoldenJob = {
  name: 'two disjoint pipelines',
  build: (env, parts) => {
    events(env, parts, 'one')
      .keyBy('key')
      .window(TumblingEventTimeWindows.of(800))
      .sum('value')
      .uid('windows')
      .map(({ key, value }) => ({ key, value }))
      .sinkTo(parts.sink('one'))
      .uid('one-sink');
    events(env, parts, 'two', 150, 2)
      .map(({ id }) => ({ two: id }))
      .uid('two-map')
      .sinkTo(parts.sink('two'))
      .uid('two-sink');
  },
};

const BROADCAST: GoldenJob = {
  name: 'broadcast edges',
  build: (env, parts) => {
    const lanes = 2;
    events(env, parts, 'events', 120)
      .broadcast()
      .map(new Lane())
      .uid('lanes')
      .setParallelism(lanes)
      .map(parts.pass)
      .setParallelism(lanes)
      .sinkTo(parts.sink('lanes'))
      .uid('sink')
      .setParallelism(lanes);
  },
};

const BROADCAST_STATE: GoldenJob = {
  name: 'keyed stream with broadcast state',
  build: (env, parts) => {
    const rates = events(env, parts, 'rates', 40, 2);
    events(env, parts)
      .keyBy('key')
      .connect(rates.broadcast(RATES))
      .process(new RatedSums())
      .uid('rated')
      .map(parts.pass)
      .sinkTo(parts.sink('rated'))
      .uid('sink');
  },
};

const SINKS: GoldenJob = {
  name: 'several sinks',
  build: (env, parts) => {
    const odd = new OutputTag<number>('odd');
    const split = events(env, parts)
      .process<number>({
        processElement: ({ id }, ctx, out) => {
          if (id % 2 === 0) out.collect(id);
          else ctx.output(odd, -id);
        },
      })
      .uid('split');
    split.sinkTo(parts.sink('even')).uid('even-sink');
    split.getSideOutput(odd).rebalance().map(parts.pass).sinkTo(parts.sink('odd')).uid('odd-sink');
    split
      .windowAll(TumblingEventTimeWindows.of(1500))
      .reduce((a, b) => a + b)
      .uid('all')
      .sinkTo(parts.sink('all'))
      .uid('all-sink');
  },
};

const SOURCES: GoldenJob = {
  name: 'sources of every kind, most of them at an end soon',
  build: (env, parts) => {
    const none = WatermarkStrategy.noWatermarks;
    const texts = [
      env.fromSource(sequenceSource(1, 50), none(), 'sequence').uid('sequence').map(String),
      env.fromData('x', 'y', 'z').uid('data').map(String),
      env
        .fromSource(fileSource({ paths: '/in/*.txt', format: textLines() }), none(), 'lines')
        .uid('lines')
        .map(String),
      env
        .fromSource(fileSource({ paths: '/in/rows.csv', format: csv() }), none(), 'csv')
        .uid('csv')
        .map((row) => JSON.stringify(row)),
      events(env, parts).map(({ id }) => `event ${id}`),
    ] as const;
    const [first, ...others] = texts;
    first
      .union(...others)
      .map(parts.pass)
      .rebalance()
      .map(new CountedRecords(parts.closed))
      .uid('counted')
      .sinkTo(parts.sink('texts'))
      .uid('sink');
  },
};

/** Files, then events; then such that begin where those before have ended. */
const HYBRID: GoldenJob = {
  name: 'hybrid source',
  build: (env, parts) => {
    const generated = (from: number, splits: number) =>
      generatorSource({
        ...{ count: COUNT / 4, ratePerSecond: RATE, splits },
        generate: (n): Event => eventAt(from + n),
      });
    const source = HybridSource.builder(
      fileSource({ paths: '/in/events.jsonl', format: jsonLines<Event>() }),
    )
      .addSource(generated(COUNT / 4, 4))
      .addSource((context) => {
        const { totalProgress } = context.getPreviousEnumerator().snapshotState();
        return generated(COUNT / 4 + (totalProgress ?? 0), 3);
      }, 'BOUNDED')
      .build();
    const strategy = WatermarkStrategy.forMonotonousTimestamps<Event>();
    const stream = env
      .fromSource(
        source,
        strategy.withTimestampAssigner(({ timeMs }) => timeMs),
        'hybrid',
      )
      .uid('hybrid')
      .map((event) => parts.pass(event))
      .uid('hybrid-pass');
    stream
      .keyBy('key')
      .window(TumblingEventTimeWindows.of(600))
      .sum('value')
      .uid('windows')
      .map(({ key, value }) => ({ key, value }))
      .sinkTo(parts.sink('windows'))
      .uid('sink');
    stream
      .map(({ id }) => id)
      .sinkTo(parts.sink('ids'))
      .uid('ids');
  },
};

const TRIGGERED_WINDOWS: GoldenJob = {
  name: 'windows with triggers, evictors and states',
  build: (env, parts) => {
    const keyed = events(env, parts).keyBy('key');
    for (const [name, windowsOf] of Object.entries(WINDOWS_OF_A_KEY)) {
      const windows = windowsOf(keyed).uid(name);
      windows
        .map((value) => parts.pass({ name, ...value }))
        .sinkTo(parts.sink(name))
        .uid(`${name}-sink`);
    }
  },
};

const PROCESSING_TIME: GoldenJob = {
  name: 'windows of processing time',
  build: (env, parts) => {
    events(env, parts)
      .map(({ key }) => ({ key, count: 1 }))
      .keyBy('key')
      .window(TumblingProcessingTimeWindows.of(8))
      .sum('count')
      .uid('windows')
      .map(parts.pass)
      .sinkTo(parts.sink('windows'))
      .uid('sink');
  },
  // What is in the last window when the input ends is never emitted, as in Flink.
  fold: (values) => [values.length > 0],
};

/** More is under way than checkpoints have time to wait for. */
const BACK_PRESSURE: GoldenJob = {
  name: 'back-pressure',
  build: (env, parts) => {
    const source = generatorSource({ count: 3 * COUNT, generate: eventAt, splits: 4 });
    env
      .fromSource(source, WatermarkStrategy.noWatermarks(), 'fast')
      .uid('fast')
      .map((event) => parts.pass(event))
      .uid('fast-pass')
      .map(({ key, id }) => ({ key, count: 1, sum: id % 10 }))
      .keyBy('key')
      .reduce((a, b) => ({ key: a.key, count: a.count + b.count, sum: a.sum + b.sum }))
      .uid('reduced')
      .map(({ key, count }) => ({ key, count }))
      .rebalance()
      .sinkTo(parts.slowSink('slow'))
      .uid('sink');
  },
};

export const GOLDEN_JOBS: readonly GoldenJob[] = [
  WORD_COUNT,
  windowed('tumbling windows', TumblingEventTimeWindows.of(600)),
  windowed('sliding windows', SlidingEventTimeWindows.of(900, 300)),
  windowed('session windows', EventTimeSessionWindows.withGap(120)),
  KEYED_PROCESS,
  REDUCE,
  CO_PROCESS,
  INTERVAL_JOIN,
  CO_GROUP,
  UNION,
  TWO_INPUTS,
  DISJOINT,
  BROADCAST,
  BROADCAST_STATE,
  SINKS,
  SOURCES,
  HYBRID,
  TRIGGERED_WINDOWS,
  PROCESSING_TIME,
  BACK_PRESSURE,
];

/** The job whose name begins so. */
export function goldenJob(name: string): GoldenJob {
  return defined(
    GOLDEN_JOBS.find((job) => job.name.startsWith(name)),
    'there is such a job',
  );
}

/** What {@link GOLDEN_JOBS} read. */
export const GOLDEN_FILES: Readonly<Record<string, string>> = {
  '/in/a.txt': Array.from({ length: 30 }, (_, i) => `a${i}\n`).join(''),
  '/in/b.txt': Array.from({ length: 20 }, (_, i) => `b${i}\n`).join(''),
  '/in/events.jsonl': Array.from({ length: COUNT / 4 }, (_, i) => {
    return `${JSON.stringify(eventAt(i))}\n`;
  }).join(''),
  '/in/rows.csv': `id,name\n${Array.from({ length: 25 }, (_, i) => `${i},n${i}\n`).join('')}`,
};

/** Sums of one field over the records that agree in others. */
function sumsBy(
  values: readonly unknown[],
  keys: readonly string[],
  field: string,
): readonly unknown[] {
  const sums = new Map<string, number>();
  for (const value of values) {
    const record = value as Readonly<Record<string, unknown>>;
    const key = keys.map((name) => `${name}=${String(record[name])}`).join(' ');
    sums.set(key, (sums.get(key) ?? 0) + Number(record[field]));
  }
  return [...sums].map(([key, sum]) => `${key} ${field}=${sum}`);
}
