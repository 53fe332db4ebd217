/**
 * Goal: what contradicts itself is refused while the graph is built, with the operator's name and
 * what to do. Method: a table of programs; none of them runs.
 */
import { describe, it } from 'node:test';
import { CEP, Pattern } from '../cep/index.ts';
import {
  CountEvictor,
  CountTrigger,
  EventTimeSessionWindows,
  EventTimeTrigger,
  GlobalWindows,
  ProcessingTimeSessionWindows,
  PurgingTrigger,
  SlidingEventTimeWindows,
  type Trigger,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
} from '../windowing/index.ts';
import { itRefuses, nothing, type Order, Program, type Refusal } from './refused-program.ts';

/** Fires when it likes, and cannot tell what to do with two windows that become one. */
const notMerging: Trigger<Order> = {
  onElement: () => 'CONTINUE',
  onEventTime: () => 'FIRE',
  onProcessingTime: () => 'CONTINUE',
  clear: () => undefined,
};
const tumbling = 'Window(TumblingEventTimeWindows(1000))';
const sessions = EventTimeSessionWindows.withGap('1 s');
const averages = {
  createAccumulator: () => 0,
  add: (_: Order, n: number) => n + 1,
  getResult: (n: number) => n,
};
const joined = (a: Order, b: Order): Order => ({ shop: a.shop, cents: b.cents });

const WINDOWS: readonly Refusal[] = [
  {
    what: 'lateness on processing time',
    program: ({ keyed }) =>
      keyed.window(TumblingProcessingTimeWindows.of(1000)).allowedLateness('1 s'),
    code: 'INVALID_ARGUMENT',
    names: 'Window(TumblingProcessingTimeWindows(1000))',
    remedy: /needs windows of event time/,
  },
  {
    what: 'a side output of late records on processing time',
    program: ({ keyed, late }) =>
      keyed.window(ProcessingTimeSessionWindows.withGap('1 s')).sideOutputLateData(late),
    code: 'INVALID_ARGUMENT',
    names: 'Window(ProcessingTimeSessionWindows(1000))',
    remedy: /needs windows of event time/,
  },
  {
    what: 'lateness of a window without end',
    program: ({ keyed }) => keyed.window(GlobalWindows.create()).allowedLateness('1 s'),
    code: 'INVALID_ARGUMENT',
    names: 'Window(GlobalWindows())',
    remedy: /remove it, or take such/,
  },
  {
    what: 'lateness of windows over all on processing time',
    program: ({ orders }) =>
      orders.windowAll(TumblingProcessingTimeWindows.of(1000)).allowedLateness('1 s'),
    code: 'INVALID_ARGUMENT',
    names: 'AllWindow(TumblingProcessingTimeWindows(1000))',
    remedy: /needs windows of event time/,
  },
  {
    what: 'negative lateness',
    program: ({ windows }) => windows.allowedLateness(-1),
    code: 'MALFORMED_DURATION',
    names: tumbling,
    remedy: /a duration such as .* or a number of milliseconds/,
  },
  {
    what: 'windows that merge and a trigger that does not',
    program: ({ keyed }) => keyed.window(sessions).trigger(notMerging),
    code: 'WINDOW_INVALID',
    names: 'Window(EventTimeSessionWindows(1000))',
    remedy: /use one whose canMerge answers true/,
  },
  {
    what: 'windows that merge and a purging trigger around one that does not',
    program: ({ keyed }) => keyed.window(sessions).trigger(PurgingTrigger.of(notMerging)),
    code: 'WINDOW_INVALID',
    names: 'Window(EventTimeSessionWindows(1000))',
    remedy: /use one whose canMerge answers true/,
  },
  {
    what: 'a join of windows that merge and a trigger that does not',
    program: ({ orders, other }) =>
      orders
        .join(other)
        .where('shop')
        .equalTo('shop')
        .window(EventTimeSessionWindows.withGap('1 s'))
        .trigger(notMerging as never)
        .apply(joined),
    code: 'WINDOW_INVALID',
    names: 'Window(EventTimeSessionWindows(1000))',
    remedy: /use one whose canMerge answers true/,
  },
  {
    what: 'windows that merge and an aggregate that cannot',
    program: ({ keyed }) => keyed.window(sessions).aggregate(averages),
    code: 'AGGREGATE_NEEDS_MERGE',
    names: 'Window(EventTimeSessionWindows(1000))',
    remedy: /give the aggregate function merge/,
  },
  {
    what: 'global windows that nothing fires',
    program: ({ keyed }) => keyed.window(GlobalWindows.create()).sum('cents'),
    code: 'WINDOW_INVALID',
    names: 'Window(GlobalWindows())',
    remedy: /call trigger, or use GlobalWindows\.createWithEndOfStreamTrigger/,
  },
  {
    what: 'a trigger that is none',
    program: ({ windows }) => windows.trigger({} as never),
    code: 'WINDOW_INVALID',
    names: tumbling,
    remedy: /such as CountTrigger\.of\(3\)/,
  },
  {
    what: 'an evictor with pre-aggregation',
    program: ({ windows }) => windows.evictor(CountEvictor.of(3)).aggregate(averages),
    code: 'WINDOW_INVALID',
    names: 'Window(TumblingEventTimeWindows(1000), CountEvictor(3))',
    remedy: /use process or apply, or remove the evictor/,
  },
  {
    what: 'an evictor with pre-aggregation and a window function, of windows over all',
    program: ({ orders }) =>
      orders
        .windowAll(TumblingEventTimeWindows.of(1000))
        .evictor(CountEvictor.of(3))
        .reduce((a) => a, { process: () => {} }),
    code: 'WINDOW_INVALID',
    names: 'AllWindow(TumblingEventTimeWindows(1000), CountEvictor(3))',
    remedy: /use process or apply, or remove the evictor/,
  },
  {
    what: 'an evictor that is none',
    program: ({ windows }) => windows.evictor({} as never),
    code: 'WINDOW_INVALID',
    names: tumbling,
    remedy: /such as CountEvictor\.of\(3\)/,
  },
  {
    what: 'an assigner that is none',
    program: ({ keyed }) => keyed.window({} as never),
    code: 'INVALID_ARGUMENT',
    names: 'Window',
    remedy: /such as TumblingEventTimeWindows\.of\(60_000\)/,
  },
  {
    what: 'a count window of nothing',
    program: ({ keyed }) => keyed.countWindow(0),
    code: 'WINDOW_INVALID',
    names: 'Window',
    remedy: /whole number over 0/,
  },
  {
    what: 'a count window that does not slide',
    program: ({ orders }) => orders.countWindowAll(3, 0),
    code: 'WINDOW_INVALID',
    names: 'AllWindow',
    remedy: /whole number over 0/,
  },
  {
    what: 'a window function that is none',
    program: ({ windows }) => windows.process(nothing),
    code: 'INVALID_FUNCTION',
    names: tumbling,
    remedy: /expects a function or an object with a method 'process'/,
  },
  {
    what: 'a count trigger of nothing',
    program: () => CountTrigger.of(0),
    code: 'WINDOW_INVALID',
    names: 'CountTrigger',
    remedy: /whole number over 0/,
  },
  {
    what: 'an evictor of fewer than none',
    program: () => CountEvictor.of(-1),
    code: 'WINDOW_INVALID',
    names: 'CountEvictor',
    remedy: /whole number/,
  },
  {
    what: 'windows of no time',
    program: () => TumblingEventTimeWindows.of(0),
    code: 'WINDOW_INVALID',
    names: 'TumblingEventTimeWindows',
    remedy: /size > 0/,
  },
  {
    what: 'an offset beyond the size',
    program: () => TumblingEventTimeWindows.of('1 s', '1 s'),
    code: 'WINDOW_INVALID',
    names: 'TumblingEventTimeWindows',
    remedy: /abs\(offset\) < size/,
  },
  {
    what: 'windows that do not slide',
    program: () => SlidingEventTimeWindows.of('1 s', 0),
    code: 'WINDOW_INVALID',
    names: 'SlidingEventTimeWindows',
    remedy: /slide > 0/,
  },
  {
    what: 'a gap of no time',
    program: () => EventTimeSessionWindows.withGap(0),
    code: 'WINDOW_INVALID',
    names: 'EventTimeSessionWindows',
    remedy: /> 0/,
  },
];

const cheap = (order: Order): boolean => order.cents < 10;
const begin = (): Pattern<Order> => Pattern.begin<Order>('first').where(cheap);
const PATTERNS: readonly Refusal[] = [
  {
    what: 'a pattern that ends in notFollowedBy and never ends',
    program: ({ keyed }) => CEP.pattern(keyed, begin().notFollowedBy('none').where(cheap)),
    code: 'MALFORMED_PATTERN',
    names: 'CepOperator',
    remedy: /add within, or a pattern after it/,
  },
  {
    what: 'a skip to a pattern that is not there, of a stream without keys',
    program: ({ orders }) => CEP.pattern(orders, begin().notFollowedBy('none')),
    code: 'MALFORMED_PATTERN',
    names: 'GlobalCepOperator',
    remedy: /add within, or a pattern after it/,
  },
  {
    what: 'negated and optional',
    program: () => begin().notFollowedBy('none').optional(),
    code: 'MALFORMED_PATTERN',
    names: 'none',
    remedy: /has no meaning for notNext and notFollowedBy/,
  },
  {
    what: 'negated and repeated',
    program: () => begin().notNext('none').oneOrMore(),
    code: 'MALFORMED_PATTERN',
    names: 'none',
    remedy: /has no meaning for notNext and notFollowedBy/,
  },
  {
    what: 'greedy without a loop',
    program: () => begin().greedy(),
    code: 'MALFORMED_PATTERN',
    names: 'first',
    remedy: /needs oneOrMore, timesOrMore or times before/,
  },
  {
    what: 'until without a loop',
    program: () => begin().times(2).until(cheap),
    code: 'MALFORMED_PATTERN',
    names: 'first',
    remedy: /say oneOrMore or timesOrMore before/,
  },
  {
    what: 'greedy with all combinations',
    program: () => begin().oneOrMore().greedy().allowCombinations(),
    code: 'MALFORMED_PATTERN',
    names: 'first',
    remedy: /say greedy or allowCombinations, not both/,
  },
  {
    what: 'two patterns of one name',
    program: () => begin().next('first'),
    code: 'MALFORMED_PATTERN',
    names: 'first',
    remedy: /name one anew/,
  },
  {
    what: 'late events in processing time',
    program: ({ keyed, late }) =>
      CEP.pattern(keyed, begin())
        .inProcessingTime()
        .sideOutputLateData(late)
        .select(() => 1),
    code: 'INVALID_ARGUMENT',
    names: 'CepOperator',
    remedy: /remove it, or inProcessingTime\(\)/,
  },
  {
    what: 'a function of matches that is none',
    program: ({ keyed }) => CEP.pattern(keyed, begin()).process(nothing),
    code: 'INVALID_FUNCTION',
    names: 'CepOperator',
    remedy: /expects a function or an object with a method 'processMatch'/,
  },
];

describe('windows that contradict themselves', () => {
  itRefuses(WINDOWS);
});

describe('patterns that contradict themselves', () => {
  itRefuses(PATTERNS);
});

describe('windows that do not', () => {
  it('are taken', () => {
    const of = new Program();
    of.keyed
      .window(sessions)
      .trigger(PurgingTrigger.of(EventTimeTrigger.create()))
      .sum('cents')
      .print();
    of.windows
      .allowedLateness(0)
      .sideOutputLateData(of.late)
      .evictor(CountEvictor.of(1))
      .sum('cents')
      .print();
    of.build();
  });
});
