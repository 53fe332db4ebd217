import type { CounterMetric, OperatorContext, Output, OutputTag } from '../operators/index.ts';
import type { WindowTime } from './window-time.ts';

/** Who gets late records, and when they are late. */
export interface LateOptions<T> {
  readonly allowedLatenessMs?: number;
  readonly lateOutputTag?: OutputTag<T>;
}

type LateTime = Pick<WindowTime, 'isEventTime' | 'watermarkMs'>;

/** Takes the records that no window takes any more. */
export class LateRecords<T, O> {
  readonly #output: Output<O>;
  readonly #tagId: string | undefined;
  readonly #allowedLatenessMs: number;
  readonly #time: LateTime;
  readonly #dropped: CounterMetric;

  constructor(options: LateOptions<T>, ctx: OperatorContext, output: Output<O>, time: LateTime) {
    this.#output = output;
    this.#tagId = options.lateOutputTag?.id;
    this.#allowedLatenessMs = options.allowedLatenessMs ?? 0;
    this.#time = time;
    this.#dropped = ctx.metrics.counter('numLateRecordsDropped');
  }

  get droppedCount(): number {
    return this.#dropped.count();
  }

  /** Side output with the record's own timestamp, or the counter; nothing if it is not late. */
  take(value: T, timestampMs: number): void {
    const late = timestampMs + this.#allowedLatenessMs <= this.#time.watermarkMs;
    if (!this.#time.isEventTime || !late) return;
    if (this.#tagId === undefined) this.#dropped.inc();
    else this.#output.collectSide(this.#tagId, value, timestampMs);
  }
}
