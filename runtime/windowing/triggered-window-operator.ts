/**
 * Windows of any assigner, trigger and evictor: each key's window has timers, trigger state and
 * contents of its own. Slower than the operators of aligned and session windows, which take what
 * has none of these.
 *
 * Owns no state outside of the keyed state backend: contents, merged windows, states of triggers
 * and window functions, timers. The watermark is not restored, as in Flink.
 *
 * I1  A window's cleanup timer is registered while it is live, but for windows without an end.
 *     After it nothing of the window is left that the trigger and the function clear.
 * I2  Where windows merge, timers and trigger state are under the window, contents under its state
 *     window.
 * I3  A timer of processing time is due once its millisecond has passed: a record of the same
 *     millisecond is still in the window it ends.
 *
 * @see Flink `WindowOperator`, `EvictingWindowOperator`
 */
import {
  type EncodedKey,
  encodeKey,
  MAX_TIMESTAMP_MS,
  NO_TIMESTAMP_MS,
  StreamError,
} from '../core/index.ts';
import {
  type OneInputOperator,
  type OperatorContext,
  type Output,
  UserFunction,
} from '../operators/index.ts';
import type { OperatorFacts } from '../protocol/index.ts';
import { NamespacedState } from '../state/index.ts';
import { InternalTimerService, type Timer } from '../time/index.ts';
import type { WindowAssigner } from './assigners.ts';
import type { CustomWindowAssigner, WindowAssignerContext } from './custom-assigner.ts';
import { generalAssigner } from './general-assigner.ts';
import { LateRecords } from './late-records.ts';
import { MergingWindowSet, type WindowMerge } from './merging-window-set.ts';
import { type TimeWindow, windowId, windowOfId } from './time-window.ts';
import { componentName, isFire, isPurge, type TriggerResult } from './trigger.ts';
import { TriggerRun } from './trigger-run.ts';
import {
  AccumulatedContents,
  EvictableContents,
  type TriggeredContents,
} from './triggered-contents.ts';
import { PER_WINDOW_STATE_PREFIX } from './window-contents.ts';
import { WindowEmitter } from './window-emitter.ts';
import type { WindowOperatorOptions } from './window-operator-options.ts';
import { noTimestamp } from './window-time.ts';

export class TriggeredWindowOperator<T, A, R, O> implements OneInputOperator<T> {
  readonly #assigner: CustomWindowAssigner<T>;
  readonly #assignerContext: WindowAssignerContext;
  readonly #assignerUser: UserFunction;
  readonly #keySelector: (value: T) => unknown;
  readonly #allowedLatenessMs: number;
  readonly #ctx: OperatorContext;
  readonly #output: Output<O>;
  readonly #timers: InternalTimerService;
  readonly #emitter: WindowEmitter<T, A, R, O>;
  readonly #late: LateRecords<T, O>;
  readonly #contents: TriggeredContents<T>;
  readonly #trigger: TriggerRun<T>;
  readonly #merging: MergingWindowSet<T> | undefined;

  constructor(
    assigner: WindowAssigner<T>,
    options: WindowOperatorOptions<T, A, R, O>,
    ctx: OperatorContext,
    output: Output<O>,
  ) {
    const backend = ctx.keyedState();
    this.#assigner = generalAssigner(assigner, () => ctx.rng.next());
    const nowMs = (): number => ctx.processingTime.nowEpochMs();
    this.#assignerContext = { getCurrentProcessingTime: nowMs };
    this.#assignerUser = new UserFunction(undefined, 'window assigner', ctx);
    this.#keySelector = options.keySelector;
    this.#allowedLatenessMs = assigner.isEventTime ? (options.allowedLatenessMs ?? 0) : 0;
    this.#ctx = ctx;
    this.#output = output;
    this.#timers = this.#createTimers();
    const watermarkMs = (): number => this.#timers.currentWatermarkMs();
    const { aggregation, windowFunction, evictor } = options;
    const { mergeWindows } = this.#assigner;
    const merges = mergeWindows !== undefined;
    const keepsState = !merges && hasClear(windowFunction?.fn);
    const states = keepsState ? new NamespacedState(backend, PER_WINDOW_STATE_PREFIX) : undefined;
    this.#emitter = new WindowEmitter(
      aggregation,
      windowFunction,
      ctx,
      output,
      watermarkMs,
      merges ? 'merging' : states,
    );
    this.#late = new LateRecords(options, ctx, output, this.#lateTime());
    const contents = { aggregation, emitter: this.#emitter, backend, ctx, merges };
    const evictorContext = {
      getCurrentProcessingTime: nowMs,
      getCurrentWatermark: watermarkMs,
      getMetricGroup: () => ctx.metrics,
    };
    this.#contents =
      evictor === undefined
        ? new AccumulatedContents(contents)
        : new EvictableContents(evictor, evictorContext, contents);
    const trigger = options.trigger ?? this.#assigner.getDefaultTrigger();
    this.#trigger = new TriggerRun(trigger, ctx, this.#timers);
    this.#merging = mergeWindows && new MergingWindowSet<T>(this.#assigner, mergeWindows, backend);
  }

  open(): void | Promise<void> {
    const opened = this.#emitter.open();
    if (opened instanceof Promise) return opened.then(() => this.#timers.open());
    this.#timers.open();
  }

  snapshotState(checkpointId: number): void {
    this.#emitter.user.snapshotState(checkpointId);
  }

  notifyCheckpointComplete(checkpointId: number): void | Promise<void> {
    return this.#emitter.user.notifyCheckpointComplete(checkpointId);
  }

  notifyCheckpointAborted(checkpointId: number): void {
    this.#emitter.user.notifyCheckpointAborted(checkpointId);
  }

  processElement(value: T, timestampMs: number): void {
    const key = this.#keyOf(value);
    if (this.#assigner.isEventTime && timestampMs === NO_TIMESTAMP_MS) {
      throw noTimestamp(this.#ctx.operatorName);
    }
    let taken = false;
    for (const window of this.#windowsOf(value, timestampMs)) {
      const id = this.#placeOf(key, window);
      if (id === undefined) continue;
      taken = true;
      this.#contents.add(key, id.contents, value, timestampMs);
      const result = this.#trigger.onElement(key, id.window, value, timestampMs);
      this.#act(result, key, id.window, id.contents);
      this.#registerCleanup(key, id.window);
    }
    if (!taken) this.#late.take(value, timestampMs);
  }

  processWatermark(watermarkMs: number): void {
    this.#timers.advanceWatermark(watermarkMs);
    this.#output.emitWatermark(watermarkMs);
  }

  processIdle(idle: boolean): void {
    this.#output.emitIdle(idle);
  }

  /** What is pending in processing time never fires: such windows end with their input. */
  endInput(): void {
    this.#timers.close();
  }

  close(): void | Promise<void> {
    this.#timers.close();
    return this.#emitter.close();
  }

  /** Of windows that wait for a time; those that wait for records are held by none. */
  facts(): OperatorFacts {
    const numLateRecordsDropped = this.#late.droppedCount;
    const count = this.#contents.size;
    const eventMs = this.#timers.nextEventTimeMs();
    const untilMs = eventMs ?? this.#timers.nextProcessingTimeMs();
    if (count === 0 || untilMs === undefined) return { numLateRecordsDropped };
    const time = eventMs === undefined ? 'processing' : 'event';
    return { held: { what: 'windows', time, count, untilMs }, numLateRecordsDropped };
  }

  #createTimers(): InternalTimerService {
    const { processingTime } = this.#ctx;
    const target = {
      onEventTime: (timer: Timer) => this.#onTimer(timer, 'onEventTime'),
      onProcessingTime: (timer: Timer) => this.#onTimer(timer, 'onProcessingTime'),
    };
    // I3.
    const scheduler = {
      nowEpochMs: () => processingTime.nowEpochMs() - 1,
      schedule: (atMs: number, callback: () => void) => processingTime.schedule(atMs + 1, callback),
    };
    return new InternalTimerService(target, scheduler, this.#ctx.keyedState());
  }

  #lateTime(): { readonly isEventTime: boolean; readonly watermarkMs: number } {
    const timers = this.#timers;
    return {
      isEventTime: this.#assigner.isEventTime,
      get watermarkMs() {
        return timers.currentWatermarkMs();
      },
    };
  }

  #keyOf(value: T): EncodedKey {
    try {
      return encodeKey(this.#keySelector(value));
    } catch (thrown) {
      throw new UserFunction(undefined, 'key selector', this.#ctx).failure(thrown, value);
    }
  }

  #windowsOf(value: T, timestampMs: number): Iterable<TimeWindow> {
    try {
      return this.#assigner.assignWindows(value, timestampMs, this.#assignerContext);
    } catch (thrown) {
      throw this.#assignerUser.failure(thrown, value);
    }
  }

  /** The window a record goes to, and where its contents are; undefined: it is late for it. */
  #placeOf(
    key: EncodedKey,
    window: TimeWindow,
  ): { readonly window: TimeWindow; readonly contents: string } | undefined {
    const merging = this.#merging;
    if (merging === undefined) {
      return this.#isLate(window) ? undefined : { window, contents: windowId(window) };
    }
    const merged: WindowMerge[] = [];
    let actual: TimeWindow;
    try {
      actual = merging.add(key, window, (merge) => merged.push(merge));
    } catch (thrown) {
      throw this.#assignerUser.failure(thrown, { window });
    }
    for (const merge of merged) this.#merge(key, merge);
    const id = windowId(actual);
    if (this.#isLate(actual)) {
      merging.retire(key, id);
      return undefined;
    }
    return { window: actual, contents: merging.stateWindow(key, id) ?? id };
  }

  #merge(key: EncodedKey, merge: WindowMerge): void {
    const { result, merged, stateWindow, mergedStateWindows } = merge;
    const passedMs = this.#assigner.isEventTime
      ? this.#timers.currentWatermarkMs()
      : this.#ctx.processingTime.nowEpochMs() - 1;
    if (this.#cleanupMs(result) <= passedMs) throw this.#mergedTooEarly(result, passedMs);
    this.#trigger.onMerge(key, result, merged);
    for (const window of merged) {
      this.#trigger.clear(key, window);
      this.#deleteCleanup(key, window);
    }
    this.#contents.merge(key, stateWindow, mergedStateWindows);
  }

  #onTimer(timer: Timer, method: 'onEventTime' | 'onProcessingTime'): void {
    const { key, timestampMs, namespace = '' } = timer;
    const contents =
      this.#merging === undefined ? namespace : this.#merging.stateWindow(key, namespace);
    // A window that was merged or is gone.
    if (contents === undefined) return;
    const window = windowOfId(namespace);
    this.#act(this.#trigger.onTimer(key, window, method, timestampMs), key, window, contents);
    const isOwnTime = this.#assigner.isEventTime === (method === 'onEventTime');
    if (isOwnTime && timestampMs === this.#cleanupMs(window)) this.#remove(key, window, contents);
  }

  #act(result: TriggerResult, key: EncodedKey, window: TimeWindow, contents: string): void {
    if (isFire(result)) this.#contents.fire(key, contents, window);
    if (isPurge(result)) this.#contents.clear(key, contents);
  }

  #remove(key: EncodedKey, window: TimeWindow, contents: string): void {
    this.#contents.clear(key, contents);
    this.#trigger.clear(key, window);
    this.#emitter.clear(key, window);
    this.#merging?.retire(key, windowId(window));
  }

  #isLate(window: TimeWindow): boolean {
    if (!this.#assigner.isEventTime) return false;
    return this.#cleanupMs(window) <= this.#timers.currentWatermarkMs();
  }

  #cleanupMs(window: TimeWindow): number {
    return Math.min(window.maxTimestamp() + this.#allowedLatenessMs, MAX_TIMESTAMP_MS);
  }

  #registerCleanup(key: EncodedKey, window: TimeWindow): void {
    const atMs = this.#cleanupMs(window);
    if (atMs === MAX_TIMESTAMP_MS) return;
    const id = windowId(window);
    if (this.#assigner.isEventTime) this.#timers.registerEventTimeTimer(atMs, key, id);
    else this.#timers.registerProcessingTimeTimer(atMs, key, id);
  }

  #deleteCleanup(key: EncodedKey, window: TimeWindow): void {
    const atMs = this.#cleanupMs(window);
    if (atMs === MAX_TIMESTAMP_MS) return;
    const id = windowId(window);
    if (this.#assigner.isEventTime) this.#timers.deleteEventTimeTimer(atMs, key, id);
    else this.#timers.deleteProcessingTimeTimer(atMs, key, id);
  }

  #mergedTooEarly(result: TimeWindow, passedMs: number): StreamError {
    const assigner = componentName(this.#assigner);
    const operator = this.#ctx.operatorName;
    return new StreamError({
      kind: 'user',
      code: 'WINDOW_MERGE_INVALID',
      message: `windows were merged into one that has ended already, make mergeWindows answer a window that ends no earlier: window=${windowId(result)} passedMs=${passedMs} assigner=${assigner} operator=${operator}`,
      details: { window: windowId(result), passedMs, assigner, operator },
    });
  }
}

/** A function that clears what it holds of a window may hold something. */
export function hasClear(fn: unknown): boolean {
  return typeof fn === 'object' && fn !== null && 'clear' in fn && typeof fn.clear === 'function';
}
