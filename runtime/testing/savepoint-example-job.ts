/**
 * The job of `docs/formats/examples/savepoint-1`: state of every kind, so that a later version that
 * cannot read one of them is found out. It must not change; a new format gets another example.
 */
import type { StreamExecutionEnvironment } from '../api/index.ts';
import { generatorSource, type Sink } from '../connectors/index.ts';
import { defined } from '../core/index.ts';
import type {
  CheckpointedFunction,
  Collector,
  FunctionInitializationContext,
  KeyedProcessContext,
  KeyedProcessFunction,
  MapFunction,
  OnTimerContext,
  RuntimeContext,
} from '../operators/index.ts';
import {
  type AggregatingState,
  AggregatingStateDescriptor,
  type ListState,
  ListStateDescriptor,
  type MapState,
  MapStateDescriptor,
  type ReducingState,
  ReducingStateDescriptor,
  type ValueState,
  ValueStateDescriptor,
} from '../state/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { EventTimeSessionWindows, TumblingEventTimeWindows } from '../windowing/index.ts';

/** Records of the source, and how many it makes a second of virtual time. */
export const EXAMPLE_COUNT = 400;
export const EXAMPLE_RATE = 1000;
/** After every record. */
const THE_END_MS = 1_000_000;

interface Reading {
  readonly id: number;
  readonly sensor: string;
  readonly timeMs: number;
  readonly value: number;
}

function readingAt(index: number): Reading {
  const sensor = `sensor-${(index * 7) % 11}`;
  const timeMs = index * 50 + Math.floor(index / 40) * 1500;
  return { id: index, sensor, timeMs, value: (index * 37) % 101 };
}

/** Counts its records in operator state of all three modes. */
class Numbered implements MapFunction<Reading, Reading>, CheckpointedFunction {
  #counts: ListState<number> | undefined;
  #seen: ListState<number> | undefined;
  #names: MapState<string, number> | undefined;
  #count = 0;

  initializeState({ operatorState }: FunctionInitializationContext): void {
    this.#counts = operatorState.getListState(new ListStateDescriptor<number>('counts'));
    this.#seen = operatorState.getUnionListState(new ListStateDescriptor<number>('seen'));
    this.#names = operatorState.getBroadcastState(new MapStateDescriptor('names'));
    this.#count = this.#counts.get().reduce((sum, n) => sum + n, 0);
  }

  snapshotState(): void {
    this.#counts?.update([this.#count]);
    this.#seen?.update([this.#count]);
    this.#names?.put('example', 1);
  }

  map(reading: Reading): Reading {
    this.#count += 1;
    return reading;
  }
}

/** Keeps every kind of keyed state; tells of each record, of a timer for each, and of all at the end. */
class Everything implements KeyedProcessFunction<string, Reading, string> {
  #last: ValueState<Reading> | undefined;
  #recent: ListState<number> | undefined;
  #byTens: MapState<number, number> | undefined;
  #sum: ReducingState<number> | undefined;
  #mean: AggregatingState<number, number> | undefined;

  open(ctx: RuntimeContext): void {
    this.#last = ctx.getState(new ValueStateDescriptor<Reading>('last'));
    this.#recent = ctx.getListState(
      new ListStateDescriptor<number>('recent', {
        ttl: { ttlMs: 3_600_000 },
      }),
    );
    this.#byTens = ctx.getMapState(new MapStateDescriptor<number, number>('byTens'));
    this.#sum = ctx.getReducingState(new ReducingStateDescriptor<number>('sum', (a, b) => a + b));
    this.#mean = ctx.getAggregatingState(
      new AggregatingStateDescriptor('mean', {
        createAccumulator: () => ({ sum: 0, count: 0 }),
        add: (value: number, held: { sum: number; count: number }) => {
          held.sum += value;
          held.count += 1;
          return held;
        },
        getResult: ({ sum, count }) => sum / count,
      }),
    );
  }

  processElement(reading: Reading, ctx: KeyedProcessContext<string>, out: Collector<string>): void {
    const last = defined(this.#last, 'open comes first');
    if ((last.value()?.id ?? -1) < reading.id) last.update(reading);
    this.#recent?.add(reading.id);
    const tens = Math.floor(reading.value / 10);
    this.#byTens?.put(tens, (this.#byTens.get(tens) ?? 0) + 1);
    this.#sum?.add(reading.value);
    this.#mean?.add(reading.value);
    ctx.timerService.registerEventTimeTimer(reading.timeMs + 2_000);
    ctx.timerService.registerEventTimeTimer(THE_END_MS);
    out.collect(`${reading.sensor} ${reading.id}`);
  }

  onTimer(timestampMs: number, ctx: OnTimerContext<string>, out: Collector<string>): void {
    if (timestampMs < THE_END_MS) {
      out.collect(`${ctx.getCurrentKey()} at ${timestampMs}`);
      return;
    }
    const tens = [...defined(this.#byTens, 'open comes first').entries()].sort(([a], [b]) => a - b);
    const recent = this.#recent?.get().length;
    out.collect(
      `${ctx.getCurrentKey()} until ${this.#last?.value()?.id}: sum ${this.#sum?.get()} mean ` +
        `${this.#mean?.get()?.toFixed(3)} of ${recent}, tens ${JSON.stringify(tens)}`,
    );
  }
}

/** Builds the job. */
export function savepointExampleJob(
  env: StreamExecutionEnvironment,
  sink: <T>(name: string) => Sink<T, unknown>,
): void {
  const readings = env
    .fromSource(
      generatorSource({
        count: EXAMPLE_COUNT,
        ratePerSecond: EXAMPLE_RATE,
        splits: 4,
        generate: readingAt,
      }),
      WatermarkStrategy.forMonotonousTimestamps<Reading>().withTimestampAssigner(
        (reading) => reading.timeMs,
      ),
      'readings',
    )
    .uid('readings')
    .map(new Numbered())
    .uid('numbered');
  const keyed = readings.keyBy('sensor');
  keyed.process(new Everything()).uid('everything').sinkTo(sink('events')).uid('events');
  keyed
    .window(TumblingEventTimeWindows.of(1_000))
    .sum('value')
    .uid('tumbling')
    .map(({ sensor, value }) => `tumbling ${sensor} ${value}`)
    .sinkTo(sink('tumbling'))
    .uid('tumbling sink');
  keyed
    .window(EventTimeSessionWindows.withGap(600))
    .max('value')
    .uid('session')
    .map(({ sensor, value }) => `session ${sensor} ${value}`)
    .sinkTo(sink('session'))
    .uid('session sink');
}
