/**
 * The time that windows are in: event time, which watermarks advance, or processing time, which
 * the task's scheduler does. A window fires once its last millisecond is not after `passedMs`.
 *
 * I1  `passedMs` never decreases, whatever the wall clock does.
 * I2  In processing time at most one call of the scheduler is pending, for the earliest request.
 * I3  Where keys come one by one, time stands still until the end of each key, when all of it
 *     passes: watermarks and requests do nothing.
 */
import { MAX_WATERMARK_MS, MIN_TIMESTAMP_MS, StreamError } from '../core/index.ts';
import type { OperatorContext, ProcessingTimeScheduler } from '../operators/index.ts';

type WindowTimeContext = Pick<OperatorContext, 'processingTime' | 'keyedState'>;

export class WindowTime {
  readonly isEventTime: boolean;
  readonly #scheduler: ProcessingTimeScheduler;
  readonly #onTime: () => void;
  readonly #keyByKey: boolean;
  #scheduledMs = Number.POSITIVE_INFINITY;
  #cancel: (() => void) | undefined;
  passedMs = MIN_TIMESTAMP_MS;
  watermarkMs = MIN_TIMESTAMP_MS;

  /** @param onTime runs when what was requested has passed, or all time at the end of a key. */
  constructor(isEventTime: boolean, ctx: WindowTimeContext, onTime: () => void) {
    this.isEventTime = isEventTime;
    this.#scheduler = ctx.processingTime;
    this.#onTime = onTime;
    const backend = ctx.keyedState();
    this.#keyByKey = backend.keyByKey;
    backend.onKeyEnd(() => this.#endKey());
  }

  /** The time that assigns a record to its windows. */
  timeOf(timestampMs: number): number {
    if (this.isEventTime) return timestampMs;
    return Math.max(this.#scheduler.nowEpochMs(), this.passedMs + 1);
  }

  /** @returns true when windows may have to fire. */
  advanceWatermark(watermarkMs: number): boolean {
    if (this.#keyByKey) return false;
    this.watermarkMs = watermarkMs;
    if (this.isEventTime) this.passedMs = watermarkMs;
    return this.isEventTime;
  }

  /** Asks for a call once this millisecond has passed; event time needs none. */
  request(lastMs: number): void {
    if (this.isEventTime || this.#keyByKey || lastMs >= this.#scheduledMs) return;
    this.#cancel?.();
    this.#scheduledMs = lastMs;
    // One later, so that a record of the window's last millisecond still finds it.
    this.#cancel = this.#scheduler.schedule(lastMs + 1, () => {
      this.#scheduledMs = Number.POSITIVE_INFINITY;
      this.passedMs = Math.max(this.passedMs, this.#scheduler.nowEpochMs() - 1);
      this.#onTime();
    });
  }

  /** I3. */
  #endKey(): void {
    this.watermarkMs = MAX_WATERMARK_MS;
    this.passedMs = MAX_WATERMARK_MS;
    this.#onTime();
    this.watermarkMs = MIN_TIMESTAMP_MS;
    this.passedMs = MIN_TIMESTAMP_MS;
  }

  /** What is pending never fires: processing-time windows end with their input. */
  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}

/** The error for a record without a timestamp in a window of event time. */
export function noTimestamp(operatorName: string): StreamError {
  return new StreamError({
    kind: 'user',
    code: 'RECORD_WITHOUT_TIMESTAMP',
    message: `a record without timestamp reached an event-time window, call assignTimestampsAndWatermarks before it or use processing time: operator=${operatorName}`,
    details: { operator: operatorName },
  });
}
