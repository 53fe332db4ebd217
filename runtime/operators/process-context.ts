/**
 * What process functions are given: one object an operator, changed before every call.
 */
import { MIN_TIMESTAMP_MS, NO_TIMESTAMP_MS, StreamError } from '../core/index.ts';
import type { OperatorFacts } from '../protocol/index.ts';
import type {
  HeapKeyedStateBackend,
  MapStateDescriptor,
  ReadOnlyBroadcastState,
} from '../state/index.ts';
import { InternalTimerService, type Timer } from '../time/index.ts';
import type { ReadOnlyBroadcastContext } from './broadcast-functions.ts';
import { BroadcastStates } from './broadcast-states.ts';
import type {
  Collector,
  KeyedProcessContext,
  OnTimerContext,
  TimeDomain,
  TimerService,
} from './functions.ts';
import { IgnoredTimers } from './ignored-timers.ts';
import type { OperatorContext, Output } from './operator.ts';
import type { OutputTag } from './output-tag.ts';
import { TimestampedCollector } from './timestamped-collector.ts';
import type { UserFunction } from './user-function.ts';

export type OnTimer<K, O> = (
  timestampMs: number,
  ctx: OnTimerContext<K> & ReadOnlyBroadcastContext,
  out: Collector<O>,
) => unknown;

/** The collector, context and timers of a process operator. Keyed when it has a backend. */
export class ProcessRuntime<K, O> {
  readonly collector: TimestampedCollector<O>;
  readonly context: ReusedContext<K>;
  readonly #timers: InternalTimerService | undefined;
  readonly #plainTimers: PlainTimerService | undefined;
  readonly #backend: HeapKeyedStateBackend | undefined;
  readonly #onTimer: OnTimer<K, O> | undefined;
  readonly #user: UserFunction;

  constructor(
    ctx: OperatorContext,
    output: Output<O>,
    user: UserFunction,
    backend: HeapKeyedStateBackend | undefined,
    onTimer: OnTimer<K, O> | undefined,
    broadcast = new BroadcastStates([], ctx),
  ) {
    this.collector = new TimestampedCollector(output);
    this.#user = user;
    this.#backend = backend;
    this.#onTimer = onTimer;
    if (backend === undefined) {
      this.#plainTimers = new PlainTimerService(ctx);
      this.context = new ReusedContext(this.collector, this.#plainTimers, undefined, broadcast);
    } else {
      const fireAs = (domain: TimeDomain) => (timer: Timer) => this.#fire(timer, domain);
      const target = {
        onEventTime: fireAs('EVENT_TIME'),
        onProcessingTime: fireAs('PROCESSING_TIME'),
      };
      this.#timers = new InternalTimerService(target, ctx.processingTime, backend);
      const timerService = new KeyedTimerService(this.#timers, backend, onTimer !== undefined, ctx);
      this.context = new ReusedContext(this.collector, timerService, backend, broadcast);
    }
  }

  /** Schedules restored timers; takes what the user's `open` answered, and waits for it. */
  open(opened: void | Promise<void>): void | Promise<void> {
    if (opened instanceof Promise) return opened.then(() => this.#timers?.open());
    this.#timers?.open();
  }

  /** Before every record. */
  prepare(timestampMs: number): void {
    this.collector.timestampMs = timestampMs;
    this.collector.downstream = false;
    this.context.timestampMs = timestampMs;
  }

  /** After every record: refuses promises, blames the right function for an exception. */
  failure(thrown: unknown, value: unknown): unknown {
    return this.collector.downstream ? thrown : this.#user.failure(thrown, value);
  }

  /** Fires what the watermark releases; the operator then forwards it. */
  advanceWatermark(watermarkMs: number): void {
    this.#timers?.advanceWatermark(watermarkMs);
    if (this.#plainTimers !== undefined) this.#plainTimers.watermarkMs = watermarkMs;
  }

  close(): void {
    this.#timers?.close();
  }

  /** Of the timers: those of event time, if there are any. */
  facts(): OperatorFacts {
    const timers = this.#timers;
    const eventMs = timers?.nextEventTimeMs();
    const processingMs = timers?.nextProcessingTimeMs();
    if (timers !== undefined && eventMs !== undefined) {
      const count = timers.numEventTimeTimers();
      return { held: { what: 'timers', count, time: 'event', untilMs: eventMs } };
    }
    if (timers === undefined || processingMs === undefined) return {};
    const count = timers.numProcessingTimeTimers();
    return { held: { what: 'timers', count, time: 'processing', untilMs: processingMs } };
  }

  #fire(timer: Timer, timeDomain: TimeDomain): void {
    this.#backend?.setCurrentEncodedKey(timer.key);
    this.context.timeDomain = timeDomain;
    this.prepare(timer.timestampMs);
    if (timeDomain === 'PROCESSING_TIME') this.collector.timestampMs = NO_TIMESTAMP_MS;
    try {
      const ctx = this.context as ReusedContext<K> & { readonly timestamp: number };
      const returned = this.#onTimer?.(timer.timestampMs, ctx, this.collector);
      if (returned instanceof Promise) throw this.#user.asynchronous();
    } catch (thrown) {
      throw this.failure(thrown, { timer: timer.timestampMs, key: this.#backend?.getCurrentKey() });
    }
  }
}

class ReusedContext<K> implements KeyedProcessContext<K>, ReadOnlyBroadcastContext {
  readonly timerService: TimerService;
  readonly #collector: TimestampedCollector<never>;
  readonly #backend: HeapKeyedStateBackend | undefined;
  readonly #broadcast: BroadcastStates;
  timestampMs = NO_TIMESTAMP_MS;
  timeDomain: TimeDomain = 'EVENT_TIME';

  constructor(
    collector: TimestampedCollector<never>,
    timerService: TimerService,
    backend: HeapKeyedStateBackend | undefined,
    broadcast: BroadcastStates,
  ) {
    this.#collector = collector;
    this.timerService = timerService;
    this.#backend = backend;
    this.#broadcast = broadcast;
  }

  get timestamp(): number | undefined {
    return this.timestampMs === NO_TIMESTAMP_MS ? undefined : this.timestampMs;
  }

  output<X>(tag: OutputTag<X>, value: X): void {
    this.#collector.collectSide(tag, value);
  }

  getBroadcastState<MK, MV>(
    descriptor: MapStateDescriptor<MK, MV>,
  ): ReadOnlyBroadcastState<MK, MV> {
    return this.#broadcast.readOnly(descriptor);
  }

  getCurrentKey(): K {
    // The key selector made it, and its type is K.
    return this.#backend?.getCurrentKey() as K;
  }
}

class KeyedTimerService implements TimerService {
  readonly #timers: InternalTimerService;
  readonly #backend: HeapKeyedStateBackend;
  readonly #hasOnTimer: boolean;
  readonly #ctx: OperatorContext;
  readonly #late: IgnoredTimers;

  constructor(
    timers: InternalTimerService,
    backend: HeapKeyedStateBackend,
    hasOnTimer: boolean,
    ctx: OperatorContext,
  ) {
    this.#timers = timers;
    this.#backend = backend;
    this.#hasOnTimer = hasOnTimer;
    this.#ctx = ctx;
    this.#late = new IgnoredTimers(ctx);
  }

  currentProcessingTime(): number {
    return this.#timers.currentProcessingTimeMs();
  }

  currentWatermark(): number {
    return this.#timers.currentWatermarkMs();
  }

  registerEventTimeTimer(timestampMs: number): void {
    if (!this.#mayRegister(timestampMs)) return;
    this.#timers.registerEventTimeTimer(timestampMs, this.#backend.encoded());
  }

  registerProcessingTimeTimer(epochMs: number): void {
    if (!this.#mayRegister(epochMs)) return;
    this.#timers.registerProcessingTimeTimer(epochMs, this.#backend.encoded());
  }

  deleteEventTimeTimer(timestampMs: number): void {
    this.#timers.deleteEventTimeTimer(timestampMs, this.#backend.encoded());
  }

  deleteProcessingTimeTimer(epochMs: number): void {
    this.#timers.deleteProcessingTimeTimer(epochMs, this.#backend.encoded());
  }

  #mayRegister(atMs: number): boolean {
    this.#check(atMs);
    if (!this.#timers.endsKey) return true;
    this.#late.ignored(atMs);
    return false;
  }

  #check(atMs: number): void {
    const operator = this.#ctx.operatorName;
    if (!Number.isFinite(atMs)) {
      throw new StreamError({
        kind: 'invalid',
        code: 'TIMER_TIME_INVALID',
        message: `a timer needs a time in milliseconds, MAX_TIMESTAMP_MS for the end of the input: atMs=${String(atMs)} operator=${operator}`,
        details: { operator },
      });
    }
    if (this.#hasOnTimer) return;
    throw new StreamError({
      kind: 'invalid',
      code: 'TIMERS_NEED_ON_TIMER',
      message: `a timer was registered by a function without onTimer, pass an object with processElement and onTimer: operator=${operator}`,
      details: { operator },
    });
  }
}

/** The times of a stream that is not keyed; its timers are refused. */
class PlainTimerService implements TimerService {
  readonly #ctx: OperatorContext;
  watermarkMs = MIN_TIMESTAMP_MS;

  constructor(ctx: OperatorContext) {
    this.#ctx = ctx;
  }

  currentProcessingTime(): number {
    return this.#ctx.processingTime.nowEpochMs();
  }

  currentWatermark(): number {
    return this.watermarkMs;
  }

  registerEventTimeTimer(): void {
    throw this.#refusal();
  }

  registerProcessingTimeTimer(): void {
    throw this.#refusal();
  }

  deleteEventTimeTimer(): void {
    throw this.#refusal();
  }

  deleteProcessingTimeTimer(): void {
    throw this.#refusal();
  }

  #refusal(): StreamError {
    const operator = this.#ctx.operatorName;
    return new StreamError({
      kind: 'invalid',
      code: 'TIMERS_NEED_KEYS',
      message: `timers need a keyed stream, call keyBy before this operator: operator=${operator}`,
      details: { operator },
    });
  }
}
