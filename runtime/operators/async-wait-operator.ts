/**
 * Asynchronous I/O: asks about many records at once and emits their results when they have come.
 *
 * Owns the records under way and their deadlines. What settles outside of the task's turn is only
 * noted there; it is acted on in the task's mailbox, or, once the input has ended, at once: the
 * task waits in `finish` then and calls nothing else of this operator.
 *
 * I1  At most `capacity` records have been asked about and not left. Those of one step that come
 *     beyond wait here unasked, and the task takes no more.
 * I2  A snapshot waits for no result: it holds every record that has not left. A restored operator
 *     asks about them again before anything new, each for the first time.
 * I3  The first answer of a record counts: a result, a failure, or what `timeout` says.
 * I4  Once the input has ended and all of it was asked about, nobody waits for a back-off: what
 *     would wait is asked once more, now, and what comes of it is final.
 *
 * @see Flink AsyncWaitOperator
 */

import { type ListState, ListStateDescriptor } from '../state/index.ts';
import type { AsyncFunction, AsyncLike, AsyncResults, AsyncWaitOptions } from './async-function.ts';
import { type AsyncMark, AsyncQueue } from './async-queue.ts';
import { FunctionOperator } from './function-operator.ts';
import type { OneInputFactory, OneInputOperator, OperatorContext, Output } from './operator.ts';
import { UserFunction } from './user-function.ts';

export function asyncWaitOperator<I, O>(
  fn: AsyncLike<I, O>,
  options: AsyncWaitOptions<O>,
): OneInputFactory<I, O> {
  return (ctx, output) => new AsyncWaitOperator(fn, options, ctx, output);
}

/** A record under way. */
interface Entry<I, O> {
  readonly value: I;
  readonly timestampMs: number;
  attempts: number;
  /** On the monotonic clock; set when it is first asked about. */
  deadlineMs: number;
  timedOut: boolean;
  /** While it waits to be asked again. */
  cancelRetry: (() => void) | undefined;
  results: readonly O[] | undefined;
}

type Outcome<O> =
  | { readonly results: AsyncResults<O> }
  | { readonly thrown: unknown; readonly results?: undefined };

/** Persisted, in the order of arrival. */
type AsyncElementRecord =
  | { readonly type: 'record'; readonly value: unknown; readonly timestampMs: number }
  | {
      readonly type: 'watermark';
      readonly watermarkMs: number;
      /** Whose it was: to another subtask, or beside others, it says nothing. */
      readonly subtaskIndex: number;
      readonly parallelism: number;
    };

/** Flink's name. */
const STATE = new ListStateDescriptor<AsyncElementRecord>('_async_wait_operator_state_');

class AsyncWaitOperator<I, O> extends FunctionOperator implements OneInputOperator<I> {
  readonly #fn: AsyncFunction<I, O>;
  readonly #options: AsyncWaitOptions<O>;
  readonly #user: UserFunction;
  readonly #ctx: OperatorContext;
  readonly #output: Output<O>;
  readonly #queue: AsyncQueue<Entry<I, O>>;
  readonly #state: ListState<AsyncElementRecord>;
  /** I1: in the queue, not asked about. */
  readonly #unasked: Entry<I, O>[] = [];
  /** Asked about and not left. */
  #askedCount = 0;
  readonly #retrying = new Set<Entry<I, O>>();
  /** Without an answer, by deadline, which is the order they were first asked in. */
  readonly #timed = new Set<Entry<I, O>>();
  #cancelTimeout: (() => void) | undefined;
  /** What happened outside of the task's turn, to be acted on in it. */
  readonly #noted: (() => void)[] = [];
  #mailIsDue = false;
  #watermarkMs = Number.NEGATIVE_INFINITY;
  #finishing: PromiseWithResolvers<void> | undefined;
  /** I4. */
  #isFinal = false;
  #closed = false;

  constructor(
    fn: AsyncLike<I, O>,
    options: AsyncWaitOptions<O>,
    ctx: OperatorContext,
    output: Output<O>,
  ) {
    const user = new UserFunction(fn, 'async function', ctx);
    super(user);
    this.#fn = typeof fn === 'function' ? { asyncInvoke: fn } : fn;
    this.#options = options;
    this.#user = user;
    this.#ctx = ctx;
    this.#output = output;
    this.#queue = new AsyncQueue(options.mode);
    this.#state = ctx.operatorState.getListState(STATE);
  }

  async open(): Promise<void> {
    await this.#user.open(undefined);
    const restored = [...this.#state.get()];
    if (restored.length === 0) return;
    const isOwn = restored.every((element) => element.type === 'record' || this.#owns(element));
    for (const element of restored) {
      if (element.type === 'record') {
        this.#add(element.value as I, element.timestampMs);
      } else if (isOwn) this.#addWatermark(element.watermarkMs);
    }
    this.#note(() => undefined);
  }

  #owns(of: { readonly subtaskIndex: number; readonly parallelism: number }): boolean {
    const { subtaskIndex, parallelism } = this.#ctx;
    return of.subtaskIndex === subtaskIndex && of.parallelism === parallelism;
  }

  /** I1. */
  hasRoom(): boolean {
    return this.#askedCount < this.#options.capacity;
  }

  isBusy(): boolean {
    return this.#queue.recordCount > 0;
  }

  processElement(value: I, timestampMs: number): void {
    this.#add(value, timestampMs);
  }

  processWatermark(watermarkMs: number): void {
    this.#addWatermark(watermarkMs);
    this.#emit();
  }

  processIdle(idle: boolean): void {
    this.#queue.addMark({ type: 'idle', idle });
    this.#emit();
  }

  endInput(): void {}

  /** I4. */
  finish(): Promise<void> {
    this.#finishing = Promise.withResolvers();
    this.#note(() => undefined);
    return this.#finishing.promise;
  }

  /** I2. */
  override snapshotState(checkpointId: number): void {
    const { subtaskIndex, parallelism } = this.#ctx;
    const elements: AsyncElementRecord[] = [];
    for (const element of this.#queue.pending()) {
      if (element.type === 'record') {
        const { value, timestampMs } = element.entry;
        elements.push({ type: 'record', value, timestampMs });
      } else if (element.type === 'watermark') {
        elements.push({ ...element, subtaskIndex, parallelism });
      }
    }
    this.#state.update(elements);
    super.snapshotState(checkpointId);
  }

  close(): void | Promise<void> {
    this.#closed = true;
    this.#cancelTimeout?.();
    for (const { cancelRetry } of this.#retrying) cancelRetry?.();
    return this.#user.close();
  }

  #add(value: I, timestampMs: number): void {
    const entry: Entry<I, O> = {
      ...{ value, timestampMs, attempts: 0, deadlineMs: Number.POSITIVE_INFINITY },
      ...{ timedOut: false, cancelRetry: undefined, results: undefined },
    };
    this.#queue.add(entry);
    if (this.hasRoom()) this.#ask(entry);
    else this.#unasked.push(entry);
  }

  /** Of a restored operator's input they begin anew, below what was restored. */
  #addWatermark(watermarkMs: number): void {
    if (watermarkMs <= this.#watermarkMs) return;
    this.#watermarkMs = watermarkMs;
    this.#queue.addMark({ type: 'watermark', watermarkMs });
  }

  #ask(entry: Entry<I, O>): void {
    this.#askedCount += 1;
    const { timeoutMs } = this.#options;
    if (timeoutMs > 0) {
      entry.deadlineMs = this.#ctx.clock.monotonicMs() + timeoutMs;
      this.#timed.add(entry);
      if (this.#cancelTimeout === undefined) this.#awaitTimeout(timeoutMs);
    }
    this.#attempt(entry);
  }

  #attempt(entry: Entry<I, O>): void {
    entry.attempts += 1;
    this.#follow(
      entry,
      () => this.#fn.asyncInvoke(entry.value),
      () => !entry.timedOut,
    );
  }

  /** @param counts asked when it settles: I3. */
  #follow(
    entry: Entry<I, O>,
    call: () => AsyncResults<O> | PromiseLike<AsyncResults<O>>,
    counts: () => boolean,
  ): void {
    const settled = (outcome: Outcome<O>): void => {
      if (counts()) this.#note(() => counts() && this.#settle(entry, outcome));
    };
    new Promise<AsyncResults<O>>((resolve) => resolve(call())).then(
      (results) => settled({ results }),
      (thrown: unknown) => settled({ thrown }),
    );
  }

  #settle(entry: Entry<I, O>, outcome: Outcome<O>): void {
    const results = listOf(outcome.results);
    if (!entry.timedOut && this.#isToRetry(entry, outcome, results)) {
      const backoffMs = this.#options.retry?.getBackoffTimeMillis(entry.attempts) ?? 0;
      this.#retrying.add(entry);
      entry.cancelRetry = this.#ctx.timers.schedule(backoffMs, () =>
        this.#note(() => this.#askAgain(entry)),
      );
    } else if ('thrown' in outcome) {
      throw this.#user.failure(outcome.thrown, entry.value);
    } else {
      entry.results = results;
      this.#timed.delete(entry);
      this.#queue.complete(entry);
    }
  }

  #isToRetry(entry: Entry<I, O>, outcome: Outcome<O>, results: readonly O[]): boolean {
    const { retry } = this.#options;
    if (retry === undefined || this.#isFinal) return false;
    try {
      const isBad =
        'thrown' in outcome
          ? retry.exceptionPredicate?.(outcome.thrown)
          : retry.resultPredicate?.(results);
      return isBad === true && retry.canRetry(entry.attempts);
    } catch (thrown) {
      throw this.#user.failure(thrown, entry.value);
    }
  }

  #askAgain(entry: Entry<I, O>): void {
    entry.cancelRetry?.();
    if (this.#retrying.delete(entry)) this.#attempt(entry);
  }

  #awaitTimeout(delayMs: number): void {
    this.#cancelTimeout = this.#ctx.timers.schedule(delayMs, () =>
      this.#note(() => this.#expire()),
    );
  }

  #expire(): void {
    this.#cancelTimeout = undefined;
    const nowMs = this.#ctx.clock.monotonicMs();
    for (const entry of this.#timed) {
      if (entry.deadlineMs > nowMs) {
        this.#awaitTimeout(entry.deadlineMs - nowMs);
        return;
      }
      this.#timeOut(entry);
    }
  }

  #timeOut(entry: Entry<I, O>): void {
    entry.timedOut = true;
    this.#timed.delete(entry);
    entry.cancelRetry?.();
    this.#retrying.delete(entry);
    const { timeoutMs } = this.#options;
    if (this.#fn.timeout === undefined) {
      const problem = `gave no result in time: timeout=${timeoutMs}ms attempts=${entry.attempts}`;
      throw this.#user.misuse('ASYNC_TIMEOUT', problem, entry.value);
    }
    this.#follow(
      entry,
      () => this.#fn.timeout?.(entry.value),
      () => true,
    );
  }

  /** Acts on something in the task's turn; emits what can leave then. */
  #note(act: () => void): void {
    if (this.#closed) return;
    this.#noted.push(act);
    if (this.#finishing !== undefined) this.#actAtEnd(this.#finishing);
    else if (!this.#mailIsDue) {
      this.#mailIsDue = true;
      this.#ctx.mailbox.execute(() => this.#act());
    }
  }

  #act(): void {
    this.#mailIsDue = false;
    for (const act of this.#noted.splice(0)) act();
    this.#emit();
  }

  #actAtEnd({ resolve, reject }: PromiseWithResolvers<void>): void {
    try {
      this.#act();
      if (!this.#isFinal && this.#unasked.length === 0) {
        this.#isFinal = true;
        for (const entry of this.#retrying) this.#askAgain(entry);
      }
      if (this.#queue.recordCount === 0) resolve();
    } catch (thrown) {
      reject(thrown);
    }
  }

  #emit(): void {
    for (let next = this.#queue.next(); next !== undefined; next = this.#queue.next()) {
      if (next.type === 'record') this.#leave(next.entry);
      else this.#emitMark(next);
    }
  }

  #emitMark(mark: AsyncMark): void {
    if (mark.type === 'watermark') this.#output.emitWatermark(mark.watermarkMs);
    else this.#output.emitIdle(mark.idle);
  }

  #leave({ results = [], timestampMs }: Entry<I, O>): void {
    this.#askedCount -= 1;
    const unasked = this.#unasked.shift();
    if (unasked !== undefined) this.#ask(unasked);
    for (const result of results) this.#output.collect(result, timestampMs);
  }
}

function listOf<O>(results: AsyncResults<O>): readonly O[] {
  if (results === undefined) return [];
  return Array.isArray(results) ? results : [results as O];
}
