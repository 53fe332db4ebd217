/**
 * Tumbling and sliding windows with Flink's default triggers: one pane a window, one table a pane.
 *
 * Owns the panes, which are its snapshot. The watermark is no part of it: after a restore it starts
 * anew, as in Flink, so a record is late only once a watermark has come again. In processing time
 * restored panes fire when their time comes, at once if it has passed.
 *
 * I1  A pane fires as a whole once, when time passes its last millisecond: panes by end, keys by
 *     first insertion. After that each record added within the lateness fires its key alone.
 * I2  At cleanup time = last millisecond + allowed lateness the pane is gone, and a record for it
 *     is late.
 * I3  `#nextMs` is not after the time of the next pane to fire or to go.
 * I4  A pane that fired before a restore fires only for keys that got a record since, see
 *     {@link RestoredFirings}.
 *
 * @see Flink `WindowOperator`, `EventTimeTrigger`, `ProcessingTimeTrigger`
 */
import { type EncodedKey, encodeKey, MIN_TIMESTAMP_MS, type StreamError } from '../core/index.ts';
import {
  type OneInputOperator,
  type OperatorContext,
  type Output,
  UserFunction,
} from '../operators/index.ts';
import type { OperatorFacts } from '../protocol/index.ts';
import type { KeyTable, LargeMap } from '../state/index.ts';
import type { AlignedWindowAssigner } from './assigners.ts';
import { LateRecords } from './late-records.ts';
import { type Pane, PaneTable } from './pane-table.ts';
import { RestoredFirings } from './restored-firings.ts';
import { windowStartMs } from './time-window.ts';
import { contentsMeta, type WindowAggregation } from './window-aggregation.ts';
import { WindowEmitter } from './window-emitter.ts';
import { windowFacts } from './window-facts.ts';
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
  readonly #panes: PaneTable<A>;
  /** Where a window may outlive its firing. */
  readonly #firings: RestoredFirings | undefined;
  /** They are active. */
  #hasFirings = false;
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
    this.#time = new WindowTime(isEventTime, ctx, () => this.#advance());
    const { aggregation, windowFunction } = options;
    const watermarkMs = (): number => this.#time.watermarkMs;
    this.#emitter = new WindowEmitter(aggregation, windowFunction, ctx, output, watermarkMs);
    this.#late = new LateRecords(options, ctx, output, this.#time);
    this.#panes = new PaneTable(
      contentsMeta('window', aggregation),
      assigner.sizeMs,
      this.#allowedLatenessMs,
      ctx.keyedState().tracksChanges,
    );
    ctx.keyedState().registerTable(this.#panes);
    ctx.keyedState().onKeyEnd(() => this.#closeBucket());
    for (const pane of this.#panes.values()) this.#nextMs = Math.min(this.#nextMs, pane.endMs - 1);
    const restored = ctx.restoredCheckpointId !== undefined && isEventTime;
    const mayOutlive = restored || this.#allowedLatenessMs > 0;
    this.#firings = mayOutlive ? new RestoredFirings(ctx) : undefined;
    this.#hasFirings = this.#firings?.active ?? false;
  }

  open(): void | Promise<void> {
    if (this.#nextMs !== NEVER_MS) this.#time.request(this.#nextMs);
    return this.#emitter.open();
  }

  snapshotState(checkpointId: number): void {
    // What comes next opens its panes again: records need no check whether a snapshot was taken.
    this.#closeBucket();
    this.#firings?.snapshot(this.#time.passedMs);
    this.#emitter.user.snapshotState(checkpointId);
  }

  notifyCheckpointComplete(checkpointId: number): void | Promise<void> {
    return this.#emitter.user.notifyCheckpointComplete(checkpointId);
  }

  notifyCheckpointAborted(checkpointId: number): void {
    this.#emitter.user.notifyCheckpointAborted(checkpointId);
  }

  /** Rare paths are methods of their own: what comes each time then fits V8's inlining budget. */
  processElement(value: T, recordTimestampMs: number, keyGroup: number): void {
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
      else if (this.#hasFirings) this.#firings?.recordAdded(pane, key, keyGroup);
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

  facts(): OperatorFacts {
    let count = 0;
    let untilMs = NEVER_MS;
    for (const pane of this.#panes.values()) {
      if (pane.fired) continue;
      count += 1;
      untilMs = Math.min(untilMs, pane.endMs - 1);
    }
    return windowFacts(this.#time, { count, untilMs }, this.#late);
  }

  #keyOf(value: T): EncodedKey {
    try {
      return encodeKey(this.#keySelector(value));
    } catch (thrown) {
      throw this.#failure('key selector', thrown, value);
    }
  }

  #add(pane: Pane<A>, key: EncodedKey, value: T): void {
    const { fresh } = pane;
    try {
      if (fresh === undefined) {
        this.#addStored(pane.track(), key, value);
        return;
      }
      const held = fresh.get(key);
      if (held !== undefined) {
        const next = this.#aggregation.add(value, held);
        if (next !== held) fresh.set(key, next);
      } else this.#addFirst(pane, fresh, key, value);
    } catch (thrown) {
      throw this.#failure(this.#aggregation.what, thrown, value);
    }
  }

  #addFirst(pane: Pane<A>, fresh: LargeMap<A>, key: EncodedKey, value: T): void {
    if (!pane.live) this.#register(pane);
    fresh.set(key, this.#aggregation.first(value));
  }

  #addStored(table: KeyTable<A>, key: EncodedKey, value: T): void {
    const entry = table.find(key);
    if (entry === undefined) {
      table.insert(key, this.#aggregation.first(value));
      return;
    }
    const held = entry.value;
    const next = this.#aggregation.add(value, held);
    if (next === held) table.touch(entry);
    else table.write(entry, next);
  }

  #failure(what: string, thrown: unknown, value: T): StreamError {
    return new UserFunction(undefined, what, this.#ctx).failure(thrown, value);
  }

  #openBucket(timestampMs: number): void {
    if (timestampMs === MIN_TIMESTAMP_MS) throw noTimestamp(this.#ctx.operatorName);
    const { sizeMs, slideMs, offsetMs } = this.#assigner;
    const lastStartMs = windowStartMs(timestampMs, offsetMs, slideMs);
    const bucket: Pane<A>[] = [];
    for (let startMs = lastStartMs; startMs + sizeMs > lastStartMs; startMs -= slideMs) {
      bucket.push(this.#panes.at(startMs));
    }
    this.#bucket = bucket;
    this.#bucketStartMs = lastStartMs;
    this.#bucketEndMs = lastStartMs + slideMs;
  }

  #register(pane: Pane<A>): void {
    // A pane made late fires key by key, see I1.
    pane.fired = pane.endMs - 1 <= this.#time.passedMs;
    this.#panes.add(pane);
    const nextMs = pane.fired ? pane.cleanupMs : pane.endMs - 1;
    if (nextMs < this.#nextMs) this.#nextMs = nextMs;
    this.#time.request(nextMs);
  }

  #fireKey(pane: Pane<A>, key: EncodedKey): void {
    const accumulator = pane.get(key);
    if (accumulator === undefined) return;
    this.#emitter.startWindow(pane.startMs, pane.endMs);
    this.#emitter.emit(key, accumulator);
  }

  #advance(): void {
    const passedMs = this.#time.passedMs;
    const due = [...this.#panes.values()].filter((p) => !p.fired && p.endMs - 1 <= passedMs);
    due.sort((left, right) => left.endMs - right.endMs);
    for (const pane of due) this.#firePane(pane);
    this.#firings?.advance(passedMs);
    this.#hasFirings = this.#firings?.active ?? false;
    this.#nextMs = NEVER_MS;
    for (const pane of this.#panes.values()) {
      if (pane.cleanupMs <= passedMs) this.#remove(pane);
      else this.#nextMs = Math.min(this.#nextMs, pane.fired ? pane.cleanupMs : pane.endMs - 1);
    }
    if (this.#nextMs !== NEVER_MS) this.#time.request(this.#nextMs);
  }

  #firePane(pane: Pane<A>): void {
    const firings = this.#hasFirings ? this.#firings : undefined;
    pane.fired = true;
    this.#emitter.startWindow(pane.startMs, pane.endMs);
    if (firings === undefined) {
      pane.forEach((accumulator, key) => {
        this.#emitter.emit(key, accumulator);
      });
      return;
    }
    pane.forEach((accumulator, key) => {
      if (firings.takeFiring(pane, key)) this.#emitter.emit(key, accumulator);
    });
  }

  #remove(pane: Pane<A>): void {
    this.#panes.remove(pane);
    // The bucket may hold the pane, which must not be kept alive nor be found again.
    this.#closeBucket();
  }

  #closeBucket(): void {
    this.#bucketStartMs = NEVER_MS;
    this.#bucketEndMs = NEVER_MS;
    this.#bucket = [];
  }
}
