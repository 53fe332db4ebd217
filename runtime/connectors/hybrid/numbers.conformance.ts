/** A source of one's own, whose enumerator can say where it ends. */

import { type IndexSource, sequenceSource } from '../sequence/index.ts';
import type { IndexSplit } from '../sequence/index-split.ts';
import type {
  EnumeratorContext,
  ReaderContext,
  Source,
  SourceReader,
  SplitEnumerator,
} from '../source.ts';
import type { SplitQueueState } from '../split-queue-enumerator.ts';

type Inner = SplitEnumerator<IndexSplit, SplitQueueState<IndexSplit>>;

export interface NumbersState {
  readonly queue: SplitQueueState<IndexSplit>;
  readonly last: number | null;
}

/** Numbers from and to. */
export class Numbers implements Source<number, IndexSplit, NumbersState> {
  readonly name: string;
  readonly boundedness = 'BOUNDED';
  readonly #to: number;
  readonly #sequence: IndexSource<number>;

  constructor(from: number, to: number) {
    this.name = `numbers(${from}, ${to})`;
    this.#to = to;
    this.#sequence = sequenceSource(from, to);
  }

  createEnumerator(ctx: EnumeratorContext<IndexSplit>, state?: NumbersState): NumbersEnumerator {
    const queue = this.#sequence.createEnumerator(ctx, state?.queue);
    return new NumbersEnumerator(queue, this.#to, state?.last ?? null);
  }

  createReader(ctx: ReaderContext): SourceReader<number, IndexSplit> {
    return this.#sequence.createReader(ctx);
  }
}

export class NumbersEnumerator implements SplitEnumerator<IndexSplit, NumbersState> {
  readonly #queue: Inner;
  readonly #to: number;
  #last: number | null;

  constructor(queue: Inner, to: number, last: number | null) {
    this.#queue = queue;
    this.#to = to;
    this.#last = last;
  }

  /** Behind the last number; known when the source has started, and from its state. */
  get endPosition(): number {
    if (this.#last === null) throw new Error('it has not started');
    return this.#last + 1;
  }

  async start(): Promise<void> {
    await this.#queue.start();
    this.#last = this.#to;
  }

  addReader(subtaskIndex: number): void {
    this.#queue.addReader(subtaskIndex);
  }

  handleSplitRequest(subtaskIndex: number): void {
    this.#queue.handleSplitRequest(subtaskIndex);
  }

  addSplitsBack(splits: readonly IndexSplit[], subtaskIndex: number): void {
    this.#queue.addSplitsBack(splits, subtaskIndex);
  }

  snapshotState(): NumbersState {
    return { queue: this.#queue.snapshotState(), last: this.#last };
  }

  totalProgress(): number | undefined {
    return this.#queue.totalProgress?.();
  }

  async close(): Promise<void> {
    await this.#queue.close();
  }
}
