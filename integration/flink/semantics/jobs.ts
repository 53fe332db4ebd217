/** Jobs after Flink's examples, as `java/Jobs.java` has them for Flink. */
import {
  AsyncDataStream,
  type Collector,
  type DataStream,
  type KeyedBroadcastContext,
  type KeyedBroadcastProcessFunction,
  type KeyedProcessContext,
  type KeyedProcessFunction,
  type ListState,
  ListStateDescriptor,
  MapStateDescriptor,
  type OnTimerContext,
  OutputTag,
  type ReadOnlyBroadcastContext,
  type RuntimeContext,
  SlidingEventTimeWindows,
  TumblingEventTimeWindows,
  type ValueState,
  ValueStateDescriptor,
} from 'sluice';
import { AfterMatchSkipStrategy, CEP, Pattern, type PatternMatch } from 'sluice/cep';
import type { Event } from './events.ts';
import { type SemanticsJob, shownWatermark, wordsOf } from './semantics-job.ts';
import { average, idsOf, WINDOW_JOBS } from './window-jobs.ts';

const side = new OutputTag<string>('side');
const STATES = ['idle', 'open', 'paid', 'sent'];

/**
 * The jobs by name. Those of `UNORDERED` have two inputs, or threads: the order of what they
 * answer is not set.
 */
export const JOBS: Readonly<Record<string, SemanticsJob>> = {
  'word-count': (_events, text) =>
    wordsOf(text)
      .keyBy('word')
      .sum('count')
      .map(({ word, count }) => `${word} ${count}`),
  'window-join': windowJoin,
  'co-group': coGroup,
  'interval-join': intervalJoin,
  'side-outputs': sideOutputs,
  'broadcast-rules': (events) =>
    ofSide(events, 'left')
      .keyBy('key')
      .connect(
        ofSide(events, 'right')
          .filter(({ value }) => value > 40)
          .broadcast(RULES),
      )
      .process(new Rules()),
  'async-ordered': (events) => AsyncDataStream.orderedWait(events, ask, '10 s', 7),
  'async-unordered': (events) => AsyncDataStream.unorderedWait(events, ask, '10 s', 7),
  'state-machine': (events) => events.keyBy('key').process(new StateMachine()),
  timers: (events) => events.keyBy('key').process(new Timers()),
  union: (events) => average(ofSide(prompt(events), 'left').union(ofSide(prompt(events), 'right'))),
  cep,
  ...WINDOW_JOBS,
};

export const UNORDERED: ReadonlySet<string> = new Set([
  'window-join',
  'co-group',
  'interval-join',
  'broadcast-rules',
  'async-unordered',
  'union',
]);

function ofSide(events: DataStream<Event>, one: Event['side']): DataStream<Event> {
  return events.filter((event) => event.side === one);
}

/** Nothing is late: what comes first of two inputs does not matter. */
function prompt(events: DataStream<Event>): DataStream<Event> {
  return events.filter(({ sign }) => sign !== 'late');
}

function windowJoin(events: DataStream<Event>): DataStream<string> {
  return ofSide(prompt(events), 'left')
    .join(ofSide(prompt(events), 'right'))
    .where('key')
    .equalTo('key')
    .window(TumblingEventTimeWindows.of(40))
    .apply((left, right) => `${left.key} ${left.id} ${right.id}`);
}

function coGroup(events: DataStream<Event>): DataStream<string> {
  return ofSide(prompt(events), 'left')
    .coGroup(ofSide(prompt(events), 'right'))
    .where('key')
    .equalTo('key')
    .window(SlidingEventTimeWindows.of(60, 30))
    .apply<string>((left, right, out) => {
      const [first] = [...left, ...right];
      out.collect(`${first?.key} ${idsOf(left)} ${idsOf(right)}`);
    });
}

function intervalJoin(events: DataStream<Event>): DataStream<string> {
  return ofSide(prompt(events), 'left')
    .keyBy('key')
    .intervalJoin(ofSide(prompt(events), 'right').keyBy('key'))
    .between(-10, 20)
    .upperBoundExclusive()
    .process((left, right, ctx, out: Collector<string>) =>
      out.collect(`${left.key} ${left.id} ${right.id} at ${ctx.getTimestamp()}`),
    );
}

function sideOutputs(events: DataStream<Event>): DataStream<string> {
  const even = events.process<string>({
    processElement({ id, value }, ctx, out) {
      if (value % 2 === 0) out.collect(`even ${id}`);
      else {
        const watermark = shownWatermark(ctx.timerService.currentWatermark());
        ctx.output(side, `odd ${id} at ${ctx.timestamp} wm ${watermark}`);
      }
    },
  });
  return even.union(even.getSideOutput(side));
}

const RULES = new MapStateDescriptor<number, Event>('rules');
const SEEN = new ListStateDescriptor<Event>('seen');

/** Each record meets each rule of its sign, whichever comes first. */
class Rules implements KeyedBroadcastProcessFunction<string, Event, Event, string> {
  #seen!: ListState<Event>;

  open(ctx: RuntimeContext): void {
    this.#seen = ctx.getListState(SEEN);
  }

  processElement(
    event: Event,
    ctx: KeyedProcessContext<string> & ReadOnlyBroadcastContext,
    out: Collector<string>,
  ): void {
    this.#seen.add(event);
    for (const rule of ctx.getBroadcastState(RULES).values()) apply(rule, event, out);
  }

  processBroadcastElement(
    rule: Event,
    ctx: KeyedBroadcastContext<string>,
    out: Collector<string>,
  ): void {
    ctx.getBroadcastState(RULES).put(rule.id, rule);
    ctx.applyToKeyedState(SEEN, (_key, seen) => {
      for (const event of seen.get()) apply(rule, event, out);
    });
  }
}

function apply(rule: Event, event: Event, out: Collector<string>): void {
  if (rule.sign === event.sign) out.collect(`${event.key} ${event.id} by ${rule.id}`);
}

/** Answers some turns later, but without a timer: the clock of the test is virtual. */
async function ask({ id, value }: Event): Promise<string[]> {
  for (let turn = 0; turn < value % 5; turn++) await Promise.resolve();
  return value % 7 === 0 ? [] : [`asked ${id}`];
}

function cep(events: DataStream<Event>): DataStream<string> {
  const pattern = Pattern.begin<Event>('a', AfterMatchSkipStrategy.skipToNext())
    .where(({ sign }) => sign === 'a')
    .followedBy('b')
    .where(({ sign }) => sign === 'b')
    .oneOrMore()
    .optional()
    .followedByAny('c')
    .where(({ sign }) => sign === 'c')
    .within(120);
  const shown = (match: PatternMatch<Event>): string =>
    ['a', 'b', 'c']
      .flatMap((name) => (match.has(name) ? name + idsOf(match.get(name) ?? []) : []))
      .join('');
  const matches = CEP.pattern(events.keyBy('key'), pattern).process<string>({
    processMatch: (match, _ctx, out) => out.collect(`${match.get('a')?.[0]?.key} ${shown(match)}`),
    processTimedOutMatch: (match, ctx) => {
      const key = match.get('a')?.[0]?.key;
      ctx.output(side, `timeout-${key} ${shown(match)} at ${ctx.timestamp}`);
    },
  });
  return matches.union(matches.getSideOutput(side));
}

/** a opens, b pays, c sends; what does not fit is told, and the key begins anew. */
class StateMachine implements KeyedProcessFunction<string, Event, string> {
  #state!: ValueState<number, number>;

  open(ctx: RuntimeContext): void {
    this.#state = ctx.getState(new ValueStateDescriptor('state', 0));
  }

  processElement(
    { key, sign, id }: Event,
    _ctx: KeyedProcessContext<string>,
    out: Collector<string>,
  ): void {
    const now = this.#state.value();
    if ('abc'.indexOf(sign) === now) {
      this.#state.update(now + 1);
      return;
    }
    if (now === 3 && sign === 'd') out.collect(`${key} done ${id}`);
    else out.collect(`${key} ${STATES[now]} met ${sign} of ${id}`);
    this.#state.clear();
  }
}

/** A timer 30 ms after each record, put off by some; those of every fourth ms fire again. */
class Timers implements KeyedProcessFunction<string, Event, string> {
  #pending!: ListState<number>;

  open(ctx: RuntimeContext): void {
    this.#pending = ctx.getListState(new ListStateDescriptor<number>('pending'));
  }

  processElement({ at, value }: Event, { timerService }: KeyedProcessContext<string>): void {
    if (value % 3 === 0) {
      for (const pendingMs of this.#pending.get()) timerService.deleteEventTimeTimer(pendingMs);
      this.#pending.clear();
    }
    this.#pending.add(at + 30);
    timerService.registerEventTimeTimer(at + 30);
  }

  onTimer(atMs: number, ctx: OnTimerContext<string>, out: Collector<string>): void {
    const watermark = shownWatermark(ctx.timerService.currentWatermark());
    out.collect(`${ctx.getCurrentKey()} at ${atMs} wm ${watermark}`);
    if (atMs % 4 === 0 && atMs < 100_000) ctx.timerService.registerEventTimeTimer(atMs + 6);
  }
}
