import type { SourceOperator, SourcePoll } from '../operators/index.ts';
import type { SourceEvent } from '../protocol/index.ts';
import type { TaskParts } from './task-parts.ts';
import { named } from './task-place.ts';

/** A source, or what is polled like one. */
type Polled = Pick<SourceOperator, 'poll' | 'available' | 'idleUntilEpochMs'> &
  Partial<Pick<SourceOperator, 'handleEvent'>>;

/** Polls the source at the head of a task and waits for it when it has nothing. */
export class SourcePoller {
  readonly #source: Polled;
  readonly #named: (thrown: unknown) => Error;
  readonly #wake: () => void;
  readonly #onFailure: (thrown: unknown) => void;
  #waiting = false;

  /** @param named names operator and subtask in what a reader threw. */
  constructor(
    source: Polled,
    named: (thrown: unknown) => Error,
    wake: () => void,
    onFailure: (thrown: unknown) => void,
  ) {
    this.#source = source;
    this.#named = named;
    this.#wake = wake;
    this.#onFailure = onFailure;
  }

  poll(maxRecords: number): SourcePoll {
    if (this.#waiting) return 'nothing';
    const polled = this.#guarded(() => this.#source.poll(maxRecords));
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
    this.#guarded(() => this.#source.handleEvent?.(event));
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

/** Of inputs that were sorted, all of which has come; undefined: there are none. */
export function sortedPoller(
  parts: TaskParts,
  onFailure: (thrown: unknown) => void,
): SourcePoller | undefined {
  const { sorted, chain, wake } = parts;
  if (sorted === undefined) return undefined;
  const wrap = (thrown: unknown): Error => named(parts, chain.links[0], 'sorted input', thrown);
  return new SourcePoller(sorted, wrap, wake, onFailure);
}

/** Whatever else fails: nothing is to stay on disk. */
export async function closeStored(
  parts: TaskParts,
  onFailure: (thrown: unknown) => void,
): Promise<void> {
  try {
    await parts.results.close();
    await parts.sorted?.close();
  } catch (thrown) {
    onFailure(named(parts, parts.chain.links[0], 'close', thrown));
  }
}
