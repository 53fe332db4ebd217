/** User functions of the golden jobs, with state of every kind. */
import { defined } from '../core/index.ts';
import type {
  BroadcastContext,
  CheckpointedFunction,
  Collector,
  FunctionInitializationContext,
  KeyedBroadcastProcessFunction,
  KeyedCoProcessFunction,
  KeyedProcessContext,
  KeyedProcessFunction,
  MapFunction,
  OnTimerContext,
  ReadOnlyBroadcastContext,
  RuntimeContext,
} from '../operators/index.ts';
import {
  type ListState,
  ListStateDescriptor,
  type MapState,
  MapStateDescriptor,
  type ValueState,
  ValueStateDescriptor,
} from '../state/index.ts';

export interface Event {
  readonly id: number;
  readonly key: number;
  readonly timeMs: number;
  readonly value: number;
}

export interface Count {
  readonly sum: number;
  readonly count: number;
}

export interface BucketCount {
  readonly kind: string;
  readonly key: number;
  readonly bucket: number;
  readonly count: number;
}

/** Sums by bucket in a map state, sent by an event-time timer at the bucket's end. */
class Buckets {
  readonly #name: string;
  readonly #lengthMs: number;
  #sums: MapState<number, number> | undefined;

  constructor(name: string, lengthMs: number) {
    this.#name = name;
    this.#lengthMs = lengthMs;
  }

  open(ctx: RuntimeContext): void {
    this.#sums = ctx.getMapState(new MapStateDescriptor<number, number>(this.#name));
  }

  add({ timeMs, value }: Event, ctx: KeyedProcessContext<number>): void {
    const sums = defined(this.#sums, 'open comes first');
    const endMs = (Math.floor(timeMs / this.#lengthMs) + 1) * this.#lengthMs - 1;
    sums.put(endMs, (sums.get(endMs) ?? 0) + value);
    ctx.timerService.registerEventTimeTimer(endMs);
  }

  send(endMs: number, key: number, out: Collector<BucketCount>): void {
    const sums = defined(this.#sums, 'open comes first');
    const count = sums.get(endMs);
    if (count === undefined) return;
    sums.remove(endMs);
    out.collect({ kind: this.#name, key, bucket: endMs, count });
  }
}

export class BucketSums implements KeyedProcessFunction<number, Event, BucketCount> {
  readonly #buckets: Buckets;

  constructor(lengthMs: number) {
    this.#buckets = new Buckets('sums', lengthMs);
  }

  open(ctx: RuntimeContext): void {
    this.#buckets.open(ctx);
  }

  processElement(event: Event, ctx: KeyedProcessContext<number>): void {
    this.#buckets.add(event, ctx);
  }

  onTimer(timeMs: number, ctx: OnTimerContext<number>, out: Collector<BucketCount>): void {
    this.#buckets.send(timeMs, ctx.getCurrentKey(), out);
  }
}

export class SideSums implements KeyedCoProcessFunction<number, Event, Event, BucketCount> {
  readonly #left: Buckets;
  readonly #right: Buckets;

  constructor(lengthMs: number) {
    this.#left = new Buckets('left', lengthMs);
    this.#right = new Buckets('right', lengthMs);
  }

  open(ctx: RuntimeContext): void {
    this.#left.open(ctx);
    this.#right.open(ctx);
  }

  processElement1(event: Event, ctx: KeyedProcessContext<number>): void {
    this.#left.add(event, ctx);
  }

  processElement2(event: Event, ctx: KeyedProcessContext<number>): void {
    this.#right.add(event, ctx);
  }

  onTimer(timeMs: number, ctx: OnTimerContext<number>, out: Collector<BucketCount>): void {
    this.#left.send(timeMs, ctx.getCurrentKey(), out);
    this.#right.send(timeMs, ctx.getCurrentKey(), out);
  }
}

export const RATES = new MapStateDescriptor<number, number>('rates');

/** Multiplies what a key has summed up by all rates, at the end: when every rate is known. */
export class RatedSums implements KeyedBroadcastProcessFunction<number, Event, Event, BucketCount> {
  #sum: ValueState<number> | undefined;

  open(ctx: RuntimeContext): void {
    this.#sum = ctx.getState(new ValueStateDescriptor<number>('sum'));
  }

  processElement({ value }: Event, { timerService }: KeyedProcessContext<number>): void {
    const sum = defined(this.#sum, 'open comes first');
    sum.update((sum.value() ?? 0) + value);
    timerService.registerEventTimeTimer(AT_END_MS);
  }

  processBroadcastElement({ id, value }: Event, ctx: BroadcastContext): void {
    ctx.getBroadcastState(RATES).put(id, value);
  }

  onTimer(
    _timeMs: number,
    ctx: OnTimerContext<number> & ReadOnlyBroadcastContext,
    out: Collector<BucketCount>,
  ): void {
    let rates = 0;
    let bucket = 0;
    for (const [id, rate] of ctx.getBroadcastState(RATES).entries()) {
      rates += rate;
      bucket += id;
    }
    const count = (this.#sum?.value() ?? 0) * rates;
    out.collect({ kind: 'rated', key: ctx.getCurrentKey(), bucket, count });
  }
}

/** The end of all event time, when the input is over. */
const AT_END_MS = Number.MAX_SAFE_INTEGER - 1;

/** Sends what was counted some time after the first of it, and the rest at the end. */
export class FlushedCounts implements KeyedProcessFunction<number, Event, BucketCount> {
  readonly #delayMs: number;
  #count: ValueState<number> | undefined;

  constructor(delayMs: number) {
    this.#delayMs = delayMs;
  }

  open(ctx: RuntimeContext): void {
    this.#count = ctx.getState(new ValueStateDescriptor<number>('count'));
  }

  processElement(_event: Event, { timerService }: KeyedProcessContext<number>): void {
    const state = defined(this.#count, 'open comes first');
    const count = state.value() ?? 0;
    if (count === 0) {
      timerService.registerProcessingTimeTimer(
        timerService.currentProcessingTime() + this.#delayMs,
      );
      timerService.registerEventTimeTimer(AT_END_MS);
    }
    state.update(count + 1);
  }

  onTimer(_timeMs: number, ctx: OnTimerContext<number>, out: Collector<BucketCount>): void {
    const state = defined(this.#count, 'open comes first');
    const count = state.value() ?? 0;
    if (count === 0) return;
    state.update(0);
    out.collect({ kind: 'flushed', key: ctx.getCurrentKey(), bucket: 0, count });
  }
}

/** Names its subtask. */
export class Lane implements MapFunction<Event, string> {
  #index = 0;

  open({ taskInfo }: RuntimeContext): void {
    this.#index = taskInfo.index;
  }

  map({ id }: Event): string {
    return `lane ${this.#index}: ${id}`;
  }
}

/** Counts the records of its subtask in a field, kept by list state. */
export class CountedRecords implements MapFunction<string, string>, CheckpointedFunction {
  readonly #closed: (subtaskIndex: number, count: number) => void;
  #state: ListState<number> | undefined;
  #index = 0;
  #count = 0;

  constructor(closed: (subtaskIndex: number, count: number) => void) {
    this.#closed = closed;
  }

  initializeState({ operatorState }: FunctionInitializationContext): void {
    this.#state = operatorState.getListState(new ListStateDescriptor<number>('counts'));
    for (const count of this.#state.get()) this.#count += count;
  }

  snapshotState(): void {
    this.#state?.update([this.#count]);
  }

  open({ taskInfo }: RuntimeContext): void {
    this.#index = taskInfo.index;
  }

  map(text: string): string {
    this.#count += 1;
    return text;
  }

  close(): void {
    this.#closed(this.#index, this.#count);
  }
}
