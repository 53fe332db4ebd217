/**
 * Records on their way from a job's collect sinks to the program that iterates over them.
 *
 * I1  At most `CAPACITY` batches wait: a batch beyond is held by its unsettled promise, which
 *     holds back the sink.
 * I2  Records come in the order taken; a failure comes after every record before it.
 * I3  The job starts with the first `next`, and is canceled by `return`.
 */

/** Batches that may wait before the job is held back. */
const CAPACITY = 16;

export interface CollectedJob {
  /** Runs the job to its end. */
  run(signal: AbortSignal): Promise<unknown>;
}

interface Batch {
  readonly values: readonly unknown[];
  readonly taken: () => void;
}

export class CollectedRecords<T> implements AsyncIterableIterator<T> {
  readonly #job: CollectedJob;
  readonly #abort = new AbortController();
  readonly #batches: Batch[] = [];
  #current: Iterator<unknown> | undefined;
  #running: Promise<void> | undefined;
  #ended: { readonly error?: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(job: CollectedJob) {
    this.#job = job;
  }

  /** Takes a batch; the promise settles when there is room for more. */
  take(values: readonly unknown[]): Promise<void> | undefined {
    if (this.#abort.signal.aborted) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#batches.push({ values, taken: resolve });
    this.#wake?.();
    return this.#batches.length <= CAPACITY ? undefined : promise;
  }

  async next(): Promise<IteratorResult<T>> {
    this.#running ??= this.#run();
    for (;;) {
      const step = this.#current?.next();
      if (step !== undefined && step.done !== true) return { done: false, value: step.value as T };
      const batch = this.#batches.shift();
      if (batch !== undefined) {
        this.#current = batch.values[Symbol.iterator]();
        batch.taken();
      } else if (this.#ended !== undefined) {
        return this.#finish(this.#ended);
      } else {
        await this.#more();
      }
    }
  }

  /** Cancels the job and waits until it has ended. Called by `break` out of a `for await`. */
  async return(): Promise<IteratorResult<T>> {
    this.#abort.abort();
    for (const batch of this.#batches.splice(0)) batch.taken();
    this.#current = undefined;
    await this.#running;
    this.#ended = {};
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #finish(ended: { readonly error?: unknown }): IteratorResult<T> {
    this.#ended = {};
    if ('error' in ended) throw ended.error;
    return { done: true, value: undefined };
  }

  /** Never rejects: the outcome is kept for `next` (I2). */
  async #run(): Promise<void> {
    try {
      await this.#job.run(this.#abort.signal);
      this.#ended = {};
    } catch (error) {
      this.#ended = { error };
    }
    this.#wake?.();
  }

  async #more(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
    this.#wake = undefined;
  }
}
