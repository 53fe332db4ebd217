import type { SourceOperator, SourcePoll } from '../operators/index.ts';
import type { SourceEvent } from '../protocol/index.ts';

/** Records a source may emit in one step: what back-pressure can overshoot by. */
export const SOURCE_RECORDS_PER_STEP = 1024;
/** What a step is to take where user functions are slow: barriers and commands wait for it. */
const STEP_MS = 10;

/** Polls the source at the head of a task and waits for it when it has nothing. */
export class SourcePoller {
  readonly #source: SourceOperator;
  readonly #named: (thrown: unknown) => Error;
  readonly #wake: () => void;
  readonly #onFailure: (thrown: unknown) => void;
  #waiting = false;
  #maxRecords = SOURCE_RECORDS_PER_STEP;

  /** @param named names operator and subtask in what a reader threw. */
  constructor(
    source: SourceOperator,
    named: (thrown: unknown) => Error,
    wake: () => void,
    onFailure: (thrown: unknown) => void,
  ) {
    this.#source = source;
    this.#named = named;
    this.#wake = wake;
    this.#onFailure = onFailure;
  }

  /** @param stepMs that the step before this one took. */
  poll(stepMs: number): SourcePoll {
    if (this.#waiting) return 'nothing';
    this.#maxRecords = recordsPerStep(this.#maxRecords, stepMs);
    const polled = this.#guarded(() => this.#source.poll(this.#maxRecords));
    if (polled === 'nothing') this.#wait();
    return polled;
  }

  /** It had nothing when it was asked. */
  get isWaiting(): boolean {
    return this.#waiting;
  }

  idleUntilEpochMs(): number | undefined {
    return this.#source.idleUntilEpochMs?.();
  }

  handleEvent(event: SourceEvent): void {
    this.#guarded(() => this.#source.handleEvent(event));
  }

  #wait(): void {
    this.#waiting = true;
    this.#available().then(
      () => {
        this.#waiting = false;
        this.#wake();
      },
      (thrown: unknown) => this.#onFailure(this.#named(thrown)),
    );
  }

  async #available(): Promise<void> {
    await this.#source.available();
  }

  #guarded<R>(call: () => R): R {
    try {
      return call();
    } catch (thrown) {
      throw this.#named(thrown);
    }
  }
}

/** Fewer where a step took long, and twice as many where it did not. Pure. */
export function recordsPerStep(records: number, stepMs: number): number {
  if (stepMs > 2 * STEP_MS) return Math.max(1, Math.floor((records * STEP_MS) / stepMs));
  if (stepMs < STEP_MS / 2) return Math.min(SOURCE_RECORDS_PER_STEP, 2 * records);
  return records;
}
