/**
 * Tumbling and sliding windows with Flink's default triggers: one pane a window, one table a pane.
 *
 * Owns the panes. A pane is live from its first record to its cleanup time.
 *
 * I1  A pane fires as a whole once, when time passes its last millisecond: panes by end, keys by
 *     first insertion. After that each record added within the lateness fires its key alone.
 * I2  At cleanup time = last millisecond + allowed lateness the pane is gone, and a record for it
 *     is late.
 * I3  `#nextMs` is not after the time of the next pane to fire or to go.
 *
 * @see Flink `WindowOperator`, `EventTimeTrigger`, `ProcessingTimeTrigger`
 */
import { type EncodedKey, encodeKey, MIN_TIMESTAMP_MS } from '../core/index.ts';
import {
  type OneInputOperator,
  type OperatorContext,
  type Output,
  UserFunction,
} from '../operators/index.ts';
import { KeyTable } from '../state/index.ts';
import type { AlignedWindowAssigner } from './assigners.ts';
import { LateRecords } from './late-records.ts';
import { windowStartMs } from './time-window.ts';
import type { WindowAggregation } from './window-aggregation.ts';
import { WindowEmitter } from './window-emitter.ts';
import type { WindowOperatorOptions } from './window-operator-options.ts';
import { noTimestamp, WindowTime } from './window-time.ts';

const NEVER_MS = Number.POSITIVE_INFINITY;

export class AlignedWindowOperator<T, A, R, O> implements OneInputOperator<T> {
  readonly #assigner: AlignedWindowAssigner;
  readonly #keySelector: (value: T) => unknown;
  readonly #aggregation: WindowAggregation<T, A, R>;
  readonly #allowedLatenessMs: number;
  readonly #ctx: OperatorContext;
  readonly #output: Output<O>;
  readonly #time: WindowTime;
  readonly #emitter: WindowEmitter<T, A, R, O>;
  readonly #late: LateRecords<T, O>;
  readonly #panes = new Map<number, Pane<A>>();
  #nextMs = NEVER_MS;
  /** The panes of the last record, newest first: the next record is likely for the same. */
  #bucket: readonly Pane<A>[] = [];
  #bucketStartMs = NEVER_MS;
  #bucketEndMs = NEVER_MS;

  constructor(
    assigner: AlignedWindowAssigner,
    options: WindowOperatorOptions<T, A, R, O>,
    ctx: OperatorContext,
    output: Output<O>,
  ) {
    this.#assigner = assigner;
    this.#keySelector = options.keySelector;
    this.#aggregation = options.aggregation;
    this.#allowedLatenessMs = assigner.isEventTime ? (options.allowedLatenessMs ?? 0) : 0;
    this.#ctx = ctx;
    this.#output = output;
    const { isEventTime } = assigner;
    this.#time = new WindowTime(isEventTime, ctx.processingTime, () => this.#advance());
    const { aggregation, windowFunction } = options;
    const watermarkMs = (): number => this.#time.watermarkMs;
    this.#emitter = new WindowEmitter(aggregation, windowFunction, ctx, output, watermarkMs);
    this.#late = new LateRecords(options, ctx, output, this.#time);
  }

  open(): void | Promise<void> {
    return this.#emitter.open();
  }

  processElement(value: T, recordTimestampMs: number): void {
    const key = this.#keyOf(value);
    const timestampMs = this.#time.timeOf(recordTimestampMs);
    if (timestampMs < this.#bucketStartMs || timestampMs >= this.#bucketEndMs) {
      this.#openBucket(timestampMs);
    }
    const panes = this.#bucket;
    const passedMs = this.#time.passedMs;
    let taken = false;
    for (let i = 0; i < panes.length; i++) {
      const pane = panes[i];
      // Of windows that are no multiple of the slide, the oldest covers a part of the bucket.
      if (pane === undefined || timestampMs >= pane.endMs || pane.cleanupMs <= passedMs) continue;
      taken = true;
      this.#add(pane, key, value);
      if (pane.endMs - 1 <= passedMs) this.#fireKey(pane, key);
    }
    if (!taken) this.#late.take(value, timestampMs);
  }

  processWatermark(watermarkMs: number): void {
    if (this.#time.advanceWatermark(watermarkMs) && watermarkMs >= this.#nextMs) this.#advance();
    this.#output.emitWatermark(watermarkMs);
  }

  processIdle(idle: boolean): void {
    this.#output.emitIdle(idle);
  }

  endInput(): void {
    this.#time.close();
  }

  close(): void | Promise<void> {
    this.#time.close();
    return this.#emitter.close();
  }

  #keyOf(value: T): EncodedKey {
    try {
      return encodeKey(this.#keySelector(value));
    } catch (thrown) {
      throw new UserFunction(undefined, 'key selector', this.#ctx).failure(thrown, value);
    }
  }

  #add(pane: Pane<A>, key: EncodedKey, value: T): void {
    const held = pane.table.get(key);
    try {
      if (held !== undefined) {
        const next = this.#aggregation.add(value, held);
        if (next !== held) pane.table.set(key, next);
      } else {
        if (!pane.live) this.#register(pane);
        pane.table.set(key, this.#aggregation.first(value));
      }
    } catch (thrown) {
      throw new UserFunction(undefined, this.#aggregation.what, this.#ctx).failure(thrown, value);
    }
  }

  #openBucket(timestampMs: number): void {
    if (timestampMs === MIN_TIMESTAMP_MS) throw noTimestamp(this.#ctx.operatorName);
    const { sizeMs, slideMs, offsetMs } = this.#assigner;
    const lastStartMs = windowStartMs(timestampMs, offsetMs, slideMs);
    const bucket: Pane<A>[] = [];
    for (let startMs = lastStartMs; startMs + sizeMs > lastStartMs; startMs -= slideMs) {
      const endMs = startMs + sizeMs;
      const known = this.#panes.get(startMs);
      bucket.push(known ?? new Pane<A>(startMs, endMs, endMs - 1 + this.#allowedLatenessMs));
    }
    this.#bucket = bucket;
    this.#bucketStartMs = lastStartMs;
    this.#bucketEndMs = lastStartMs + slideMs;
  }

  #register(pane: Pane<A>): void {
    pane.live = true;
    // A pane made late fires key by key, see I1.
    pane.fired = pane.endMs - 1 <= this.#time.passedMs;
    this.#panes.set(pane.startMs, pane);
    const nextMs = pane.fired ? pane.cleanupMs : pane.endMs - 1;
    if (nextMs < this.#nextMs) this.#nextMs = nextMs;
    this.#time.request(nextMs);
  }

  #fireKey(pane: Pane<A>, key: EncodedKey): void {
    const accumulator = pane.table.get(key);
    if (accumulator === undefined) return;
    this.#emitter.startWindow(pane.startMs, pane.endMs);
    this.#emitter.emit(key, accumulator);
  }

  #advance(): void {
    const passedMs = this.#time.passedMs;
    const due = [...this.#panes.values()].filter((p) => !p.fired && p.endMs - 1 <= passedMs);
    due.sort((left, right) => left.endMs - right.endMs);
    for (const pane of due) {
      pane.fired = true;
      this.#emitter.startWindow(pane.startMs, pane.endMs);
      pane.table.forEach((accumulator, key) => {
        this.#emitter.emit(key, accumulator);
      });
    }
    this.#nextMs = NEVER_MS;
    for (const pane of this.#panes.values()) {
      if (pane.cleanupMs <= passedMs) this.#remove(pane);
      else this.#nextMs = Math.min(this.#nextMs, pane.fired ? pane.cleanupMs : pane.endMs - 1);
    }
    if (this.#nextMs !== NEVER_MS) this.#time.request(this.#nextMs);
  }

  #remove(pane: Pane<A>): void {
    this.#panes.delete(pane.startMs);
    // The bucket may hold the pane, which must not be kept alive nor be found again.
    this.#bucketStartMs = NEVER_MS;
    this.#bucketEndMs = NEVER_MS;
    this.#bucket = [];
  }
}

class Pane<A> {
  readonly startMs: number;
  readonly endMs: number;
  readonly cleanupMs: number;
  readonly table = new KeyTable<A>();
  live = false;
  fired = false;

  constructor(startMs: number, endMs: number, cleanupMs: number) {
    this.startMs = startMs;
    this.endMs = endMs;
    this.cleanupMs = cleanupMs;
  }
}
