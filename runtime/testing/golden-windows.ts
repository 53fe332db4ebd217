/** Windows with triggers, evictors and states of their own, for a golden job. */
import type { KeyedStream } from '../api/index.ts';
import type { Collector } from '../operators/index.ts';
import { type AggregateFunction, ValueStateDescriptor } from '../state/index.ts';
import {
  CountTrigger,
  EventTimeSessionWindows,
  EventTimeTrigger,
  type ProcessWindowContext,
  type ProcessWindowFunction,
  PurgingTrigger,
  TimeEvictor,
  TumblingEventTimeWindows,
} from '../windowing/index.ts';
import type { Count, Event } from './golden-functions.ts';

const total: AggregateFunction<Event, Count, Count> = {
  createAccumulator: () => ({ sum: 0, count: 0 }),
  add: ({ value }, { sum, count }) => ({ sum: sum + value, count: count + 1 }),
  getResult: (count) => count,
  merge: (a, b) => ({ sum: a.sum + b.sum, count: a.count + b.count }),
};

const firings = new ValueStateDescriptor<number>('firings', 0);

/** How many records were left, and how often the window and the key fired. */
class Firings implements ProcessWindowFunction<Event, object, unknown> {
  process(
    key: unknown,
    ctx: ProcessWindowContext,
    elements: Iterable<Event>,
    out: Collector<object>,
  ): void {
    const [ofWindow, ofKey] = [ctx.windowState(), ctx.globalState()].map((store) => {
      const state = store.getState(firings);
      state.update(state.value() + 1);
      return state.value();
    });
    out.collect({ key, start: ctx.window.start, ofWindow, ofKey, left: [...elements].length });
  }

  clear(ctx: ProcessWindowContext): void {
    ctx.windowState().getState(firings).clear();
  }
}

/** By what they are for; which records a count window has depends on who came first. */
export const WINDOWS_OF_A_KEY = {
  counts: (keyed: KeyedStream<Event, unknown>) =>
    keyed
      .countWindow(5)
      .aggregate(total, (key, _ctx, [one], out: Collector<object>) =>
        out.collect({ key, count: one?.count }),
      ),
  sessions: (keyed: KeyedStream<Event, unknown>) =>
    keyed
      .window(EventTimeSessionWindows.withDynamicGap(({ key }) => 60 + 20 * key))
      .trigger(PurgingTrigger.of(EventTimeTrigger.create()))
      .aggregate(total, (key, { window }, [one], out: Collector<object>) =>
        out.collect({ key, start: window.start, end: window.end, ...one }),
      ),
  firings: (keyed: KeyedStream<Event, unknown>) =>
    keyed
      .window(TumblingEventTimeWindows.of(600))
      .evictor(TimeEvictor.of(300))
      .process(new Firings()),
  early: (keyed: KeyedStream<Event, unknown>) =>
    keyed
      .window(TumblingEventTimeWindows.of(1200))
      .trigger(CountTrigger.of(3))
      .aggregate(total, (key, { window }, [one], out: Collector<object>) =>
        out.collect({ key, start: window.start, count: one?.count }),
      ),
} as const;
