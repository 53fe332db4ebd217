/** Jobs with windows, as `java/WindowJobs.java` has them for Flink. */
import {
  ContinuousEventTimeTrigger,
  CountEvictor,
  CountTrigger,
  type DataStream,
  DeltaEvictor,
  DeltaTrigger,
  EventTimeSessionWindows,
  EventTimeTrigger,
  type Evictor,
  GlobalWindows,
  OutputTag,
  type ProcessWindowLike,
  PurgingTrigger,
  type SingleOutputStreamOperator,
  SlidingEventTimeWindows,
  TimeEvictor,
  type Trigger,
  TumblingEventTimeWindows,
} from 'sluice';
import type { Event } from './events.ts';
import { type SemanticsJob, shownWatermark, wordsOf } from './semantics-job.ts';

const lateTag = new OutputTag<Event>('late');

export const WINDOW_JOBS: Readonly<Record<string, SemanticsJob>> = {
  'window-word-count': (_events, text) =>
    wordsOf(text)
      .keyBy('word')
      .countWindow(5, 3)
      .sum('count')
      .map(({ word, count }) => `${word} ${count}`),
  'session-windowing': (events) =>
    events.keyBy('key').window(EventTimeSessionWindows.withGap(15)).process(showSorted),
  'top-speed-windowing': (events) =>
    events
      .keyBy('key')
      .window(GlobalWindows.create())
      .evictor(TimeEvictor.of(100))
      .trigger(DeltaTrigger.of<Event>(60, (before, now) => now.total - before.total))
      .maxBy('value')
      .map(({ key, value, at }) => `${key} ${value} at ${at}`),
  'tumbling-late': (events) => late(events, EventTimeTrigger.create()),
  'tumbling-late-purging': (events) => late(events, PurgingTrigger.of(EventTimeTrigger.create())),
  'sliding-late': (events) =>
    withLate(
      events
        .keyBy('key')
        .window(SlidingEventTimeWindows.of(60, 25))
        .allowedLateness(10)
        .sideOutputLateData(lateTag)
        .process(show),
    ),
  continuous: (events) =>
    events
      .keyBy('key')
      .window(TumblingEventTimeWindows.of(200))
      .trigger(ContinuousEventTimeTrigger.of(30))
      .process(show),
  ...evictorJobs(false),
  ...evictorJobs(true),
  'end-of-stream': (events) =>
    events
      .keyBy('key')
      .window(GlobalWindows.createWithEndOfStreamTrigger())
      .process((key, _ctx, all, out) => out.collect(`${key} ${sortedIds(all)}`)),
  'dynamic-sessions': (events) =>
    events
      .keyBy('key')
      .window(EventTimeSessionWindows.withDynamicGap(({ value }: Event) => 5 + value))
      .process(showSorted),
  'window-all': (events) =>
    events
      .windowAll(TumblingEventTimeWindows.of(70))
      .process<string>((ctx, all, out) => out.collect(`all ${ctx.window.start} ${idsOf(all)}`)),
  'window-average': average,
};

const show: ProcessWindowLike<Event, string, string> = (key, ctx, all, out) => {
  const { start, end } = ctx.window;
  out.collect(`${key} ${start}-${end} ${idsOf(all)} wm ${shownWatermark(ctx.currentWatermark())}`);
};

/** Flink keeps what windows held that merge in the order of a hash table. */
const showSorted: ProcessWindowLike<Event, string, string> = (key, ctx, all, out) =>
  out.collect(`${key} ${ctx.window.start}-${ctx.window.end} ${sortedIds(all)}`);

const showGlobal: ProcessWindowLike<Event, string, string> = (key, _ctx, all, out) =>
  out.collect(`${key} ${idsOf(all)}`);

export function idsOf(events: Iterable<Event>): string {
  return Array.from(events, ({ id }) => id).join(',');
}

function sortedIds(events: Iterable<Event>): string {
  return idsOf([...events].sort((left, right) => left.id - right.id));
}

export function average(events: DataStream<Event>): DataStream<string> {
  return events
    .keyBy('key')
    .window(TumblingEventTimeWindows.of(80, 30))
    .aggregate<{ sum: number; count: number }, number, string>(
      {
        createAccumulator: () => ({ sum: 0, count: 0 }),
        add: ({ value }, { sum, count }) => ({ sum: sum + value, count: count + 1 }),
        getResult: ({ sum, count }) => sum / count,
        merge: (left, right) => ({ sum: left.sum + right.sum, count: left.count + right.count }),
      },
      (key, ctx, [mean = 0], out) =>
        out.collect(`${key} ${ctx.window.start} ${Math.round(mean * 1000)}`),
    );
}

function late(events: DataStream<Event>, trigger: Trigger): DataStream<string> {
  return withLate(
    events
      .keyBy('key')
      .window(TumblingEventTimeWindows.of(50))
      .trigger(trigger)
      .allowedLateness(25)
      .sideOutputLateData(lateTag)
      .process(show),
  );
}

function withLate(results: SingleOutputStreamOperator<string>): DataStream<string> {
  return results.union(results.getSideOutput(lateTag).map(({ id }) => `late ${id}`));
}

function evictorJobs(after: boolean): Record<string, SemanticsJob> {
  const when = after ? 'after' : 'before';
  const evicting =
    (evictor: Evictor<Event>): SemanticsJob =>
    (events) =>
      events
        .keyBy('key')
        .window(GlobalWindows.create())
        .trigger(CountTrigger.of(5))
        .evictor(evictor)
        .process(showGlobal);
  const delta = (one: Event, last: Event): number => last.value - one.value;
  return {
    [`evict-count-${when}`]: evicting(CountEvictor.of(4, after)),
    [`evict-time-${when}`]: evicting(TimeEvictor.of(60, after)),
    [`evict-delta-${when}`]: evicting(DeltaEvictor.of(20, delta, after)),
  };
}
