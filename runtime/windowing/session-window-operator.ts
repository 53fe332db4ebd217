/**
 * Session windows: per key a few sessions, which join when a record closes the gap between them.
 *
 * Owns the sessions, which are its snapshot, and the queue of those to look at, which is made anew
 * from them. A session that grows keeps its place in the queue; when its turn comes and it has
 * grown, it is queued again at its new end. After a restore the watermark starts anew, as in Flink:
 * a session that had fired fires again when a record has come and its end has passed once more.
 *
 * I1  Two sessions of a key never touch: `[a, b)` and `[b, c)` are one.
 * I2  Every live session has one entry in the queue, not after its next time to fire or to go.
 * I3  Sessions fire by end, those of equal ends in order of creation; a joined session is as old
 *     as the earliest of its parts in time.
 * I4  A session that fired stays for the allowed lateness and fires again with each record.
 *
 * @see Flink `WindowOperator`, `MergingWindowSet`, `EventTimeTrigger`
 */
import { type EncodedKey, encodeKey, MIN_TIMESTAMP_MS } from '../core/index.ts';
import {
  type OneInputOperator,
  type OperatorContext,
  type Output,
  UserFunction,
} from '../operators/index.ts';
import type { OperatorFacts } from '../protocol/index.ts';
import type { SessionWindowAssigner } from './assigners.ts';
import { LateRecords } from './late-records.ts';
import type { Session } from './session.ts';
import { SessionQueue } from './session-queue.ts';
import { SessionTable } from './session-table.ts';
import { assertMergeable, contentsMeta, type WindowAggregation } from './window-aggregation.ts';
import { WindowEmitter } from './window-emitter.ts';
import { windowFacts } from './window-facts.ts';
import type { WindowOperatorOptions } from './window-operator-options.ts';
import { noTimestamp, WindowTime } from './window-time.ts';

export class SessionWindowOperator<T, A, R, O> implements OneInputOperator<T> {
  readonly #gapMs: number;
  readonly #keySelector: (value: T) => unknown;
  readonly #aggregation: WindowAggregation<T, A, R>;
  readonly #merge: (left: A, right: A) => A;
  readonly #allowedLatenessMs: number;
  readonly #ctx: OperatorContext;
  readonly #output: Output<O>;
  readonly #time: WindowTime;
  readonly #emitter: WindowEmitter<T, A, R, O>;
  readonly #late: LateRecords<T, O>;
  readonly #sessions: SessionTable<A>;
  readonly #queue = new SessionQueue<A>();

  constructor(
    assigner: SessionWindowAssigner,
    options: WindowOperatorOptions<T, A, R, O>,
    ctx: OperatorContext,
    output: Output<O>,
  ) {
    this.#gapMs = assigner.gapMs;
    this.#keySelector = options.keySelector;
    this.#aggregation = options.aggregation;
    this.#merge = assertMergeable(options.aggregation);
    this.#allowedLatenessMs = assigner.isEventTime ? (options.allowedLatenessMs ?? 0) : 0;
    this.#ctx = ctx;
    this.#output = output;
    const { isEventTime } = assigner;
    this.#time = new WindowTime(isEventTime, ctx, () => this.#advance());
    const { aggregation, windowFunction } = options;
    const watermarkMs = (): number => this.#time.watermarkMs;
    this.#emitter = new WindowEmitter(
      aggregation,
      windowFunction,
      ctx,
      output,
      watermarkMs,
      'merging',
    );
    this.#late = new LateRecords(options, ctx, output, this.#time);
    this.#sessions = new SessionTable(
      contentsMeta('session-window', options.aggregation),
      ctx.keyedState().tracksChanges,
    );
    ctx.keyedState().registerTable(this.#sessions);
    this.#sessions.forEach((session) => {
      const fired = session.firedEndMs === session.endMs;
      this.#queue.add(session, session.endMs - 1 + (fired ? this.#allowedLatenessMs : 0));
    });
  }

  open(): void | Promise<void> {
    this.#requestNext();
    return this.#emitter.open();
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

  processElement(value: T, recordTimestampMs: number): void {
    const key = this.#keyOf(value);
    const timestampMs = this.#time.timeOf(recordTimestampMs);
    if (timestampMs === MIN_TIMESTAMP_MS) throw noTimestamp(this.#ctx.operatorName);
    const endMs = timestampMs + this.#gapMs;
    let session: Session<A> | undefined;
    try {
      session = this.#join(key, timestampMs, endMs);
      if (session !== undefined) {
        session.accumulator = this.#aggregation.add(value, session.accumulator);
        this.#sessions.touch(session);
      } else if (endMs - 1 + this.#allowedLatenessMs > this.#time.passedMs) {
        session = this.#create(key, timestampMs, endMs, this.#aggregation.first(value));
      }
    } catch (thrown) {
      throw new UserFunction(undefined, this.#aggregation.what, this.#ctx).failure(thrown, value);
    }
    if (session === undefined) this.#late.take(value, timestampMs);
    else if (session.endMs - 1 <= this.#time.passedMs) this.#fire(session);
    else {
      session.firedEndMs = undefined;
      if (session.endMs - 1 < session.queuedMs) this.#enqueue(session, session.endMs - 1);
    }
  }

  processWatermark(watermarkMs: number): void {
    if (this.#time.advanceWatermark(watermarkMs)) this.#advance();
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

  /** The first of those that grew is told of as it was before. */
  facts(): OperatorFacts {
    const held = { count: this.#sessions.size, untilMs: this.#queue.nextMs, gapMs: this.#gapMs };
    return windowFacts(this.#time, held, this.#late);
  }

  #keyOf(value: T): EncodedKey {
    try {
      return encodeKey(this.#keySelector(value));
    } catch (thrown) {
      throw new UserFunction(undefined, 'key selector', this.#ctx).failure(thrown, value);
    }
  }

  /** Grows the session that the window touches; joins all of them if it touches several. */
  #join(key: EncodedKey, startMs: number, endMs: number): Session<A> | undefined {
    const sessions = this.#sessions.get(key);
    if (sessions === undefined) return undefined;
    const only = sessions[0];
    if (sessions.length === 1 && only !== undefined) {
      if (only.startMs > endMs || only.endMs < startMs) return undefined;
      grow(only, startMs, endMs);
      return only;
    }
    const touched = sessions.filter((s) => s.startMs <= endMs && s.endMs >= startMs);
    touched.sort((left, right) => left.startMs - right.startMs);
    const [first, ...others] = touched;
    if (first === undefined) return undefined;
    for (const other of others) {
      first.accumulator = this.#merge(first.accumulator, other.accumulator);
      grow(first, other.startMs, other.endMs);
      this.#sessions.remove(other);
    }
    grow(first, startMs, endMs);
    return first;
  }

  #create(key: EncodedKey, startMs: number, endMs: number, accumulator: A): Session<A> {
    const session = this.#sessions.create(key, startMs, endMs, accumulator);
    const passed = endMs - 1 <= this.#time.passedMs;
    this.#enqueue(session, passed ? endMs - 1 + this.#allowedLatenessMs : endMs - 1);
    return session;
  }

  #enqueue(session: Session<A>, atMs: number): void {
    this.#queue.add(session, atMs);
    this.#time.request(atMs);
  }

  #fire(session: Session<A>): void {
    session.firedEndMs = session.endMs;
    this.#sessions.touch(session);
    this.#emitter.startWindow(session.startMs, session.endMs);
    this.#emitter.emit(session.key, session.accumulator);
  }

  #advance(): void {
    const passedMs = this.#time.passedMs;
    for (;;) {
      const session = this.#queue.takeDue(passedMs);
      if (session === undefined) break;
      const lastMs = session.endMs - 1;
      // A session that grew waits for its turn among the others, even when it is due as well.
      if (session.queuedMs < lastMs) this.#queue.add(session, lastMs);
      else {
        if (session.firedEndMs !== session.endMs) this.#fire(session);
        const cleanupMs = lastMs + this.#allowedLatenessMs;
        if (cleanupMs <= passedMs) this.#sessions.remove(session);
        else this.#queue.add(session, cleanupMs);
      }
    }
    this.#requestNext();
  }

  #requestNext(): void {
    if (this.#queue.nextMs !== Number.POSITIVE_INFINITY) this.#time.request(this.#queue.nextMs);
  }
}

function grow(session: { startMs: number; endMs: number }, startMs: number, endMs: number): void {
  if (startMs < session.startMs) session.startMs = startMs;
  if (endMs > session.endMs) session.endMs = endMs;
}
