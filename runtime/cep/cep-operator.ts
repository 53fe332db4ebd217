/**
 * Runs the automaton for each key.
 *
 * Owns nothing but keyed state: partial matches, the nodes and events they hold, and the events of
 * event time that wait for the watermark.
 *
 * I1  In event time an event is looked at when the watermark reaches it, in order of time; equal
 *     times in the order of the comparator, or of arrival. Later ones are late.
 * I2  A timer waits for each time at which an event waits or a partial match runs out of time: what
 *     happens to a key at a time happens in the timer of that time.
 * I3  At one time, partial matches end before events come.
 *
 * @see Flink `CepOperator`
 */

import type { KeySelector } from '../core/index.ts';
import { NO_TIMESTAMP_MS, StreamError } from '../core/index.ts';
import {
  type CounterMetric,
  FunctionOperator,
  KeyedContext,
  type OneInputFactory,
  type OneInputOperator,
  type OperatorContext,
  type Output,
  type OutputTag,
  TimestampedCollector,
  UserFunction,
  userFailure,
} from '../operators/index.ts';
import type { OperatorFacts } from '../protocol/index.ts';
import {
  type MapState,
  MapStateDescriptor,
  type ValueState,
  ValueStateDescriptor,
} from '../state/index.ts';
import { InternalTimerService, type Timer } from '../time/index.ts';
import type { CompiledPattern } from './compiled-pattern.ts';
import { patternChanged } from './errors.ts';
import { Nfa, type PatternMatch, type TimedOutMatch } from './nfa.ts';
import { OpenConditions } from './open-conditions.ts';
import {
  type BufferedEvent,
  type BufferNode,
  type MatchesRecord,
  NO_MATCHES,
  PartialMatches,
} from './partial-matches.ts';
import type { PatternProcessContext, PatternProcessFunction } from './pattern-functions.ts';

/** Orders events of the same time: negative when the first comes before the second. */
export type EventComparator<T> = (left: T, right: T) => number;

export interface CepOperatorOptions<T, O> {
  readonly pattern: CompiledPattern<T>;
  readonly keySelector: KeySelector<T, unknown>;
  readonly fn: PatternProcessFunction<T, O>;
  readonly isEventTime: boolean;
  readonly comparator: EventComparator<T> | undefined;
  readonly lateTag: OutputTag<T> | undefined;
}

export function cepOperator<T, O>(options: CepOperatorOptions<T, O>): OneInputFactory<T, O> {
  return (ctx, output) => new CepOperator(options, ctx, output);
}

class CepOperator<T, O> extends FunctionOperator implements OneInputOperator<T> {
  readonly #options: CepOperatorOptions<T, O>;
  readonly #ctx: OperatorContext;
  readonly #output: Output<O>;
  readonly #user: UserFunction;
  readonly #conditions: OpenConditions;
  readonly #keyed: KeyedContext;
  readonly #nfa: Nfa<T>;
  readonly #timers: InternalTimerService;
  readonly #collector: TimestampedCollector<O>;
  readonly #context: ReusedContext;
  readonly #lateDropped: CounterMetric;
  readonly #record: ValueState<MatchesRecord>;
  readonly #nodes: MapState<number, BufferNode>;
  readonly #events: MapState<number, BufferedEvent<T>>;
  readonly #waiting: MapState<number, T[]>;

  constructor(options: CepOperatorOptions<T, O>, ctx: OperatorContext, output: Output<O>) {
    const user = new UserFunction(options.fn, 'pattern process function', ctx);
    super(user);
    this.#options = options;
    this.#ctx = ctx;
    this.#output = output;
    this.#user = user;
    this.#conditions = new OpenConditions(options.pattern, ctx);
    this.#keyed = new KeyedContext(ctx);
    const { backend } = this.#keyed;
    this.#record = backend.getState(new ValueStateDescriptor<MatchesRecord>('cep/matches'));
    this.#nodes = backend.getMapState(new MapStateDescriptor<number, BufferNode>('cep/nodes'));
    this.#events = backend.getMapState(
      new MapStateDescriptor<number, BufferedEvent<T>>('cep/events'),
    );
    this.#waiting = backend.getMapState(new MapStateDescriptor<number, T[]>('cep/waiting'));
    const onTimer = (timer: Timer): void => this.#onTimer(timer);
    const target = { onEventTime: onTimer, onProcessingTime: onTimer };
    this.#timers = new InternalTimerService(target, ctx.processingTime, backend);
    this.#collector = new TimestampedCollector(output);
    this.#context = new ReusedContext(this.#collector, () => ctx.processingTime.nowEpochMs());
    this.#lateDropped = ctx.metrics.counter('numLateRecordsDropped');
    this.#nfa = new Nfa(options.pattern, {
      handlesTimeouts: options.fn.processTimedOutMatch !== undefined,
      currentProcessingTime: () => ctx.processingTime.nowEpochMs(),
      conditionFailure: (name, event, thrown) =>
        userFailure(ctx, `condition of pattern "${name}"`, thrown, event),
      unknownPlace: (place) => patternChanged(place, ctx.operatorName),
    });
  }

  open(): void | Promise<void> {
    const opened = this.#user.open(undefined);
    if (opened instanceof Promise) return opened.then(() => this.#openConditions());
    return this.#openConditions();
  }

  processElement(value: T, timestampMs: number): void {
    this.#keyed.setCurrentKeyOf(value, this.#options.keySelector);
    if (this.#options.isEventTime) {
      if (timestampMs === NO_TIMESTAMP_MS) throw noTimestamp(this.#ctx.operatorName);
      if (timestampMs > this.#timers.currentWatermarkMs()) this.#wait(value, timestampMs);
      else this.#late(value, timestampMs);
      return;
    }
    const nowMs = this.#ctx.processingTime.nowEpochMs();
    if (this.#options.comparator === undefined) this.#happen(nowMs, [value]);
    else this.#wait(value, nowMs);
  }

  processWatermark(watermarkMs: number): void {
    this.#timers.advanceWatermark(watermarkMs);
    this.#output.emitWatermark(watermarkMs);
  }

  processIdle(idle: boolean): void {
    this.#output.emitIdle(idle);
  }

  endInput(): void {}

  /** Of the timers: events that wait for the watermark, and partial matches with an end. */
  facts(): OperatorFacts {
    const timers = this.#timers;
    if (this.#options.isEventTime) {
      const untilMs = timers.nextEventTimeMs();
      if (untilMs === undefined) return {};
      return {
        held: { what: 'timers', count: timers.numEventTimeTimers(), time: 'event', untilMs },
      };
    }
    const untilMs = timers.nextProcessingTimeMs();
    if (untilMs === undefined) return {};
    const count = timers.numProcessingTimeTimers();
    return { held: { what: 'timers', count, time: 'processing', untilMs } };
  }

  close(): void | Promise<void> {
    this.#timers.close();
    const closed = this.#conditions.close();
    return closed instanceof Promise ? closed.then(() => this.#user.close()) : this.#user.close();
  }

  #openConditions(): void | Promise<void> {
    const opened = this.#conditions.open();
    if (opened instanceof Promise) return opened.then(() => this.#timers.open());
    this.#timers.open();
  }

  #late(value: T, timestampMs: number): void {
    const { lateTag } = this.#options;
    if (lateTag === undefined) this.#lateDropped.inc();
    else this.#output.collectSide(lateTag.id, value, timestampMs);
  }

  #wait(value: T, atMs: number): void {
    const waiting = this.#waiting.get(atMs) ?? [];
    if (waiting.length === 0) this.#register(atMs);
    // In place: many events may have one time.
    waiting.push(value);
    this.#waiting.put(atMs, waiting);
  }

  /** I2. */
  #onTimer({ key, timestampMs }: Timer): void {
    this.#keyed.backend.setCurrentEncodedKey(key);
    const { comparator } = this.#options;
    const waiting = this.#waiting.get(timestampMs) ?? [];
    if (waiting.length > 0) this.#waiting.remove(timestampMs);
    this.#happen(timestampMs, comparator === undefined ? waiting : this.#ordered(waiting));
  }

  #ordered(events: readonly T[]): readonly T[] {
    try {
      return events.toSorted(this.#options.comparator);
    } catch (thrown) {
      throw userFailure(this.#ctx, 'event comparator', thrown, events[0]);
    }
  }

  /** I3. */
  #happen(atMs: number, events: readonly T[]): void {
    const before = this.#record.value();
    if (before === undefined && events.length === 0) return;
    let record = this.#step(before, (matches) => {
      const { found, timedOut } = this.#nfa.advanceTime(matches, atMs);
      this.#emit(found, atMs);
      for (const one of timedOut) this.#emitTimedOut(one);
    });
    for (const event of events) {
      record = this.#step(record, (matches) =>
        this.#emit(this.#nfa.process(matches, event, atMs), atMs),
      );
    }
    if (record === before) return;
    this.#record.update(record);
    const deadlineMs = this.#nfa.nextDeadlineMs(record?.partials ?? []);
    if (Number.isFinite(deadlineMs)) this.#register(deadlineMs);
  }

  #step(
    record: MatchesRecord | undefined,
    run: (matches: PartialMatches<T>) => void,
  ): MatchesRecord | undefined {
    const matches = new PartialMatches(record ?? NO_MATCHES, this.#nodes, this.#events);
    run(matches);
    return matches.record();
  }

  #register(atMs: number): void {
    const key = this.#keyed.backend.encoded();
    if (this.#options.isEventTime) this.#timers.registerEventTimeTimer(atMs, key);
    else this.#timers.registerProcessingTimeTimer(atMs, key);
  }

  #emit(found: readonly PatternMatch<T>[], atMs: number): void {
    const { fn } = this.#options;
    for (const match of found) {
      this.#call(match, atMs, () => fn.processMatch(match, this.#context, this.#collector));
    }
  }

  #emitTimedOut({ match, timestampMs }: TimedOutMatch<T>): void {
    const { fn } = this.#options;
    this.#call(match, timestampMs, () => fn.processTimedOutMatch?.(match, this.#context));
  }

  #call(match: PatternMatch<T>, atMs: number, call: () => unknown): void {
    const collector = this.#collector;
    this.#context.timestamp = atMs;
    collector.timestampMs = this.#options.isEventTime ? atMs : NO_TIMESTAMP_MS;
    collector.downstream = false;
    try {
      if (call() instanceof Promise) throw this.#user.asynchronous();
    } catch (thrown) {
      if (collector.downstream) throw thrown;
      throw this.#user.failure(thrown, Object.fromEntries(match));
    }
  }
}

class ReusedContext implements PatternProcessContext {
  timestamp = NO_TIMESTAMP_MS;
  readonly #collector: TimestampedCollector<never>;
  readonly currentProcessingTime: () => number;

  constructor(collector: TimestampedCollector<never>, currentProcessingTime: () => number) {
    this.#collector = collector;
    this.currentProcessingTime = currentProcessingTime;
  }

  output<X>(tag: OutputTag<X>, value: X): void {
    this.#collector.collectSide(tag, value);
  }
}

function noTimestamp(operator: string): StreamError {
  return new StreamError({
    kind: 'user',
    code: 'RECORD_WITHOUT_TIMESTAMP',
    message: `a record without timestamp reached a pattern in event time, call assignTimestampsAndWatermarks before it or say inProcessingTime: operator=${operator}`,
    details: { operator },
  });
}
