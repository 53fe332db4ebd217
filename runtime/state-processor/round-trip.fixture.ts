/** A job with state of every kind, and what its state must be after its first n records. */
import type { SingleOutputStreamOperator, StreamExecutionEnvironment } from '../api/index.ts';
import { generatorSource } from '../connectors/index.ts';
import type {
  CheckpointedFunction,
  Collector,
  FunctionInitializationContext,
  KeyedProcessContext,
  KeyedProcessFunction,
  MapFunction,
  RuntimeContext,
  TimerService,
} from '../operators/index.ts';
import {
  AggregatingStateDescriptor,
  type KeyedStateStore,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from '../state/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import {
  CountTrigger,
  EventTimeSessionWindows,
  TumblingEventTimeWindows,
} from '../windowing/index.ts';

export interface Tick {
  readonly index: number;
  readonly key: string;
}

export const KEYS = 7;
export const WINDOW_MS = 1000;
export const GAP_MS = 75;
/** Later than any record. */
export const LAST_MS = 1_000_000;

export const keyOf = (index: number): string => `key ${index % KEYS}`;
export const tick = (index: number): Tick => ({ index, key: keyOf(index) });
/** Event time: pauses make sessions. */
export const timeOf = ({ index }: Tick): number => index * 10 + Math.floor(index / 40) * 200;

export const COUNT = new ValueStateDescriptor<number>('count', 0);
export const INDEXES = new ListStateDescriptor<number>('indexes');
export const BY_DIGIT = new MapStateDescriptor<number, number>('by digit');
export const SUM = new ReducingStateDescriptor<number>('sum', (a, b) => a + b);
export const MEAN = new AggregatingStateDescriptor<number, [number, number], number>('mean', {
  createAccumulator: () => [0, 0],
  add: (value, [sum, count]) => [sum + value, count + 1],
  getResult: ([sum, count]) => sum / count,
});
export const RECENT = new ValueStateDescriptor<number>('recent', undefined, {
  ttl: { ttlMs: 3_600_000 },
});
export const SEEN = new ListStateDescriptor<number>('seen');
export const NAMES = new ListStateDescriptor<string>('names');
export const RULES = new MapStateDescriptor<string, number>('rules');

/** Holds everything of a key, and says how many it has seen. */
class Everything implements KeyedProcessFunction<string, Tick, string> {
  #states: ReturnType<typeof statesOf> | undefined;

  open(ctx: RuntimeContext): void {
    this.#states = statesOf(ctx);
  }

  processElement({ index, key }: Tick, ctx: KeyedProcessContext<string>, out: Collector<string>) {
    const states = this.#states as ReturnType<typeof statesOf>;
    const count = take(states, index, ctx.timerService);
    out.collect(`${key} ${count} ${states.sum.get()} ${states.mean.get()}`);
  }

  onTimer(timestampMs: number, ctx: KeyedProcessContext<string>, out: Collector<string>): void {
    const { count } = this.#states as ReturnType<typeof statesOf>;
    out.collect(`timer ${timestampMs} ${ctx.getCurrentKey()} ${count.value()}`);
  }
}

/** Puts a record into all of them. */
export function take(
  states: ReturnType<typeof statesOf>,
  index: number,
  timers: TimerService,
): number {
  const count = states.count.value() + 1;
  states.count.update(count);
  states.indexes.add(index);
  states.byDigit.put(index % 10, (states.byDigit.get(index % 10) ?? 0) + 1);
  states.sum.add(index);
  states.mean.add(index);
  states.recent.update(index);
  timers.registerEventTimeTimer(LAST_MS + (index % 3));
  timers.registerProcessingTimeTimer(Number.MAX_SAFE_INTEGER - count);
  return count;
}

export function statesOf(ctx: KeyedStateStore) {
  return {
    count: ctx.getState(COUNT),
    indexes: ctx.getListState(INDEXES),
    byDigit: ctx.getMapState(BY_DIGIT),
    sum: ctx.getReducingState(SUM),
    mean: ctx.getAggregatingState(MEAN),
    recent: ctx.getState(RECENT),
  };
}

/** Counts records in a list state; names in a union list who did. */
class Seen implements MapFunction<Tick, Tick>, CheckpointedFunction {
  #count = 0;
  #save: () => void = () => {};

  initializeState({ operatorState }: FunctionInitializationContext): void {
    const seen = operatorState.getListState(SEEN);
    const names = operatorState.getUnionListState(NAMES);
    this.#count = seen.get().reduce((sum, count) => sum + count, 0);
    this.#save = () => {
      seen.update([this.#count]);
      names.update(['somebody']);
    };
  }

  snapshotState(): void {
    this.#save();
  }

  map(value: Tick): Tick {
    this.#count += 1;
    return value;
  }
}

/** Other uids than the usual ones. */
export interface RoundTripUids {
  readonly everything: string;
  readonly tumbling: string;
}

export const UIDS: RoundTripUids = { everything: 'everything', tumbling: 'tumbling' };

/** @param count of records in all. */
export function roundTripJob(
  env: StreamExecutionEnvironment,
  count: number,
  uids: RoundTripUids = UIDS,
): void {
  const source = generatorSource({ generate: tick, ratePerSecond: 1000, splits: 1, count });
  const strategy = WatermarkStrategy.forMonotonousTimestamps<Tick>().withTimestampAssigner(timeOf);
  const ticks = env.fromSource(source, strategy, 'ticks').uid('ticks').setParallelism(1);
  // Not in turn: records of a key stay in their order.
  const dealt = ticks.partitionCustom((key, parts) => Number(key.slice(4)) % parts, 'key');
  const seen = dealt.map(new Seen()).uid('seen');
  const keyed = seen.keyBy('key');
  const outputs: SingleOutputStreamOperator<string>[] = [
    keyed.process(new Everything()).uid(uids.everything),
    keyed
      .window(TumblingEventTimeWindows.of(WINDOW_MS))
      .reduce((_, last) => last)
      .uid(uids.tumbling)
      .map(({ index }) => `tumbling ${index}`),
    keyed
      .window(EventTimeSessionWindows.withGap(GAP_MS))
      .process<string>((key, _ctx, all, out) => out.collect(`session ${key} ${[...all].length}`))
      .uid('sessions'),
    keyed
      .window(TumblingEventTimeWindows.of(WINDOW_MS))
      .trigger(CountTrigger.of(5))
      .process<string>((key, _ctx, all, out) => out.collect(`counted ${key} ${[...all].length}`))
      .uid('counted'),
  ];
  const rules = env.fromData(['a', 1] as const, ['b', 2] as const).uid('rules source');
  const known = seen
    .connect(rules.broadcast(RULES as unknown as MapStateDescriptor<unknown, unknown>))
    .process<string>({
      processElement: () => {},
      processBroadcastElement: ([name, value], ctx) => {
        ctx.getBroadcastState(RULES).put(String(name), Number(value));
      },
    })
    .uid('rules');
  const [first, ...others] = [...outputs, known] as [(typeof outputs)[number]];
  first
    .union(...others)
    .print()
    .uid('sink');
}

/** The indexes below n, by key. */
export function indexesByKey(n: number): ReadonlyMap<string, readonly number[]> {
  return Map.groupBy(
    Array.from({ length: n }, (_, index) => index),
    keyOf,
  );
}

/** What `Everything` has of a key. */
export function expectedKey(key: string, indexes: readonly number[]): unknown {
  const sum = indexes.reduce((a, b) => a + b, 0);
  const digits = Map.groupBy(indexes, (index) => index % 10);
  return {
    key,
    count: indexes.length,
    indexes,
    byDigit: [...digits]
      .map(([digit, all]) => [digit, all.length])
      .sort(([a = 0], [b = 0]) => a - b),
    sum,
    mean: sum / indexes.length,
    recent: indexes.at(-1),
    eventTimers: [...new Set(indexes.map((index) => LAST_MS + (index % 3)))].sort(),
    processingTimers: indexes.map((_, i) => Number.MAX_SAFE_INTEGER - indexes.length + i),
  };
}
