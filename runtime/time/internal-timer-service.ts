/**
 * The timers of a keyed operator: one queue for event time, one for processing time.
 *
 * Owns both queues. The operator advances the watermark; the task's scheduler calls back for
 * processing time; both fire through the target, which sets the key.
 *
 * I1  A (timestamp, key, namespace) is registered once however often it is asked for.
 * I2  Timers fire in order of timestamp, equal ones in order of registration; those registered
 *     while firing take part.
 * I3  At most one call of the scheduler is pending: for the earliest processing-time timer; none
 *     before `open` unless a timer is registered.
 * I4  Both queues are tables of the operator's keyed state: a restore brings timers back, by key.
 * I5  Where keys come one by one, all timers fire at the end of their key, those of event time
 *     first, and none before; the watermark is then the last one, and the first one while records
 *     of a key come. Users may register no timer while a key ends.
 *
 * @see Flink `InternalTimerServiceImpl`, `BatchExecutionInternalTimeService`
 */
import type { EncodedKey } from '../core/index.ts';
import { MAX_WATERMARK_MS, MIN_TIMESTAMP_MS } from '../core/index.ts';
import type { HeapKeyedStateBackend } from '../state/index.ts';
import { EVENT_TIME_TIMERS, PROCESSING_TIME_TIMERS } from './stored-timers.ts';
import { type Timer, TimerQueue } from './timer-queue.ts';

export interface TimerTarget {
  onEventTime(timer: Timer): void;
  onProcessingTime(timer: Timer): void;
}

/** What the service needs of a task's processing time. */
export interface TimerScheduler {
  nowEpochMs(): number;
  schedule(atEpochMs: number, callback: () => void): () => void;
}

export class InternalTimerService {
  readonly #target: TimerTarget;
  readonly #scheduler: TimerScheduler;
  readonly #eventTime: TimerQueue;
  readonly #processingTime: TimerQueue;
  /** I5. */
  readonly #keyByKey: boolean;
  #endsKey = false;
  #watermarkMs = MIN_TIMESTAMP_MS;
  #scheduledMs = Number.POSITIVE_INFINITY;
  #cancelScheduled: (() => void) | undefined;

  /** @param backend takes the queues as tables and restores them; undefined in tests. */
  constructor(target: TimerTarget, scheduler: TimerScheduler, backend?: HeapKeyedStateBackend) {
    this.#target = target;
    this.#scheduler = scheduler;
    this.#eventTime = new TimerQueue(EVENT_TIME_TIMERS, backend?.tracksChanges);
    this.#processingTime = new TimerQueue(PROCESSING_TIME_TIMERS, backend?.tracksChanges);
    backend?.registerTable(this.#eventTime);
    backend?.registerTable(this.#processingTime);
    this.#keyByKey = backend?.keyByKey ?? false;
    backend?.onKeyEnd(() => this.#endKey());
  }

  /** When the operator opens: restored processing-time timers are scheduled. */
  open(): void {
    this.#scheduleNext();
  }

  currentWatermarkMs(): number {
    return this.#watermarkMs;
  }

  currentProcessingTimeMs(): number {
    return this.#scheduler.nowEpochMs();
  }

  /** I5: a timer that a user registers now would never fire; operators know what they do. */
  get endsKey(): boolean {
    return this.#endsKey;
  }

  registerEventTimeTimer(timestampMs: number, key: EncodedKey, namespace?: string): void {
    this.#eventTime.add(timestampMs, key, namespace);
  }

  deleteEventTimeTimer(timestampMs: number, key: EncodedKey, namespace?: string): void {
    this.#eventTime.delete(timestampMs, key, namespace);
  }

  registerProcessingTimeTimer(timestampMs: number, key: EncodedKey, namespace?: string): void {
    this.#processingTime.add(timestampMs, key, namespace);
    this.#scheduleNext();
  }

  deleteProcessingTimeTimer(timestampMs: number, key: EncodedKey, namespace?: string): void {
    this.#processingTime.delete(timestampMs, key, namespace);
  }

  numEventTimeTimers(): number {
    return this.#eventTime.size;
  }

  numProcessingTimeTimers(): number {
    return this.#processingTime.size;
  }

  /** Undefined: there is none. */
  nextEventTimeMs(): number | undefined {
    return this.#eventTime.nextTimestampMs();
  }

  /** Undefined: there is none. */
  nextProcessingTimeMs(): number | undefined {
    return this.#processingTime.nextTimestampMs();
  }

  /** Fires every event-time timer up to the watermark, which must not decrease. */
  advanceWatermark(watermarkMs: number): void {
    if (this.#keyByKey) return;
    this.#watermarkMs = watermarkMs;
    this.#eventTime.fireUpTo(watermarkMs, (timer) => this.#target.onEventTime(timer));
  }

  /** Drops the pending call of the scheduler. */
  close(): void {
    this.#cancelScheduled?.();
    this.#cancelScheduled = undefined;
    this.#scheduledMs = Number.POSITIVE_INFINITY;
  }

  /** I5. */
  #endKey(): void {
    this.#endsKey = true;
    this.#watermarkMs = MAX_WATERMARK_MS;
    const never = Number.POSITIVE_INFINITY;
    this.#eventTime.fireUpTo(never, (timer) => this.#target.onEventTime(timer));
    this.#processingTime.fireUpTo(never, (timer) => this.#target.onProcessingTime(timer));
    this.#watermarkMs = MIN_TIMESTAMP_MS;
    this.#endsKey = false;
  }

  #onProcessingTime(): void {
    this.#cancelScheduled = undefined;
    this.#scheduledMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#scheduler.nowEpochMs();
    this.#processingTime.fireUpTo(nowMs, (timer) => this.#target.onProcessingTime(timer));
    this.#scheduleNext();
  }

  #scheduleNext(): void {
    if (this.#keyByKey) return;
    const nextMs = this.#processingTime.nextTimestampMs();
    if (nextMs === undefined || nextMs >= this.#scheduledMs) return;
    this.#cancelScheduled?.();
    this.#scheduledMs = nextMs;
    this.#cancelScheduled = this.#scheduler.schedule(nextMs, () => this.#onProcessingTime());
  }
}
