/**
 * A trigger with what it may use: one object an operator, pointed at a key and window before
 * every call.
 */
import type { EncodedKey } from '../core/index.ts';
import {
  IgnoredTimers,
  type OperatorContext,
  type OperatorMetrics,
  UserFunction,
} from '../operators/index.ts';
import {
  type AggregatingStateDescriptor,
  type HeapKeyedStateBackend,
  type KeyedStateStore,
  type ListStateDescriptor,
  type MapStateDescriptor,
  NamespacedState,
  type ReducingStateDescriptor,
  type ValueStateDescriptor,
} from '../state/index.ts';
import type { InternalTimerService } from '../time/index.ts';
import { type TimeWindow, windowId } from './time-window.ts';
import { type OnMergeContext, type Trigger, TriggerResult } from './trigger.ts';
import { TRIGGER_STATE_PREFIX } from './window-contents.ts';

type AnyDescriptor =
  | ValueStateDescriptor<unknown, unknown>
  | ListStateDescriptor<unknown>
  | MapStateDescriptor<unknown, unknown>
  | ReducingStateDescriptor<unknown>
  | AggregatingStateDescriptor<unknown, unknown, unknown>;

export class TriggerRun<T> {
  readonly #trigger: Trigger<T>;
  readonly #context: ReusedTriggerContext;
  readonly #user: UserFunction;

  constructor(trigger: Trigger<T>, ctx: OperatorContext, timers: InternalTimerService) {
    this.#trigger = trigger;
    this.#user = new UserFunction(undefined, 'trigger', ctx);
    this.#context = new ReusedTriggerContext(ctx, timers, ctx.keyedState());
  }

  onElement(key: EncodedKey, window: TimeWindow, value: T, timestampMs: number): TriggerResult {
    this.#context.point(key, window);
    try {
      return this.#checked(
        this.#trigger.onElement(value, timestampMs, window, this.#context.typed),
      );
    } catch (thrown) {
      throw this.#user.failure(thrown, value);
    }
  }

  /** A timer of the trigger, or of the window's end. */
  onTimer(
    key: EncodedKey,
    window: TimeWindow,
    method: 'onEventTime' | 'onProcessingTime',
    timestampMs: number,
  ): TriggerResult {
    this.#context.point(key, window);
    try {
      return this.#checked(this.#trigger[method](timestampMs, window, this.#context.typed));
    } catch (thrown) {
      throw this.#user.failure(thrown, { timer: timestampMs, window });
    }
  }

  onMerge(key: EncodedKey, window: TimeWindow, merged: readonly TimeWindow[]): void {
    this.#context.point(key, window);
    this.#context.merged = merged.map(windowId);
    try {
      this.#trigger.onMerge?.(window, this.#context.typed);
    } catch (thrown) {
      throw this.#user.failure(thrown, { window });
    }
  }

  clear(key: EncodedKey, window: TimeWindow): void {
    this.#context.point(key, window);
    try {
      this.#trigger.clear(window, this.#context.typed);
    } catch (thrown) {
      throw this.#user.failure(thrown, { window });
    }
  }

  #checked(result: TriggerResult): TriggerResult {
    if (Object.hasOwn(TriggerResult, String(result))) return result;
    throw this.#user.misuse('TRIGGER_RESULT_INVALID', NO_RESULT, String(result));
  }
}

const NO_RESULT =
  'answered no TriggerResult: answer TriggerResult.CONTINUE, FIRE, PURGE or FIRE_AND_PURGE';

class ReusedTriggerContext {
  readonly #ctx: OperatorContext;
  readonly #timers: InternalTimerService;
  readonly #states: NamespacedState;
  readonly #late: IgnoredTimers;
  #key: EncodedKey = 0;
  #namespace = '';
  merged: readonly string[] = [];

  constructor(ctx: OperatorContext, timers: InternalTimerService, backend: HeapKeyedStateBackend) {
    this.#ctx = ctx;
    this.#timers = timers;
    this.#late = new IgnoredTimers(ctx);
    this.#states = new NamespacedState(backend, TRIGGER_STATE_PREFIX);
  }

  /** Each kind of descriptor gives the handle of its kind, which one signature cannot say. */
  get typed(): OnMergeContext {
    return this as unknown as OnMergeContext;
  }

  point(key: EncodedKey, window: TimeWindow): void {
    this.#key = key;
    this.#namespace = windowId(window);
    this.merged = [];
  }

  getCurrentProcessingTime(): number {
    return this.#ctx.processingTime.nowEpochMs();
  }

  getCurrentWatermark(): number {
    return this.#timers.currentWatermarkMs();
  }

  getMetricGroup(): OperatorMetrics {
    return this.#ctx.metrics;
  }

  registerProcessingTimeTimer(epochMs: number): void {
    if (this.#endsKey(epochMs)) return;
    this.#timers.registerProcessingTimeTimer(epochMs, this.#key, this.#namespace);
  }

  registerEventTimeTimer(timestampMs: number): void {
    if (this.#endsKey(timestampMs)) return;
    this.#timers.registerEventTimeTimer(timestampMs, this.#key, this.#namespace);
  }

  deleteProcessingTimeTimer(epochMs: number): void {
    this.#timers.deleteProcessingTimeTimer(epochMs, this.#key, this.#namespace);
  }

  deleteEventTimeTimer(timestampMs: number): void {
    this.#timers.deleteEventTimeTimer(timestampMs, this.#key, this.#namespace);
  }

  #endsKey(atMs: number): boolean {
    if (this.#timers.endsKey) this.#late.ignored(atMs);
    return this.#timers.endsKey;
  }

  getPartitionedState(descriptor: AnyDescriptor): unknown {
    this.#states.setCurrent(this.#key, this.#namespace);
    return stateOf(this.#states.store, descriptor);
  }

  mergePartitionedState<I, A, O>(
    descriptor:
      | ListStateDescriptor<I>
      | ReducingStateDescriptor<I>
      | AggregatingStateDescriptor<I, A, O>,
  ): void {
    this.#states.merge(descriptor, this.#key, this.#namespace, this.merged);
  }
}

function stateOf(store: KeyedStateStore, descriptor: AnyDescriptor): unknown {
  switch (descriptor.kind) {
    case 'value':
      return store.getState(descriptor);
    case 'list':
      return store.getListState(descriptor);
    case 'map':
      return store.getMapState(descriptor);
    case 'reducing':
      return store.getReducingState(descriptor);
    case 'aggregating':
      return store.getAggregatingState(descriptor);
  }
}
