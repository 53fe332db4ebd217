/**
 * Reads the splits of a {@link pieceSource}, one after the other.
 *
 * I1  One piece is loaded or in memory at a time: that of the first split.
 * I2  Between polls the first split says what of its piece was emitted.
 */
import {
  Availability,
  type ReaderContext,
  type ReaderOutput,
  type SourceReader,
} from '../connectors/index.ts';
import { NO_TIMESTAMP_MS } from '../core/index.ts';
import type { SourceEvent } from '../protocol/index.ts';
import type { Piece, PieceLoader, PieceSplit } from './piece-source.ts';

export class PieceReader<SplitT extends PieceSplit, T> implements SourceReader<T, SplitT> {
  readonly #ctx: ReaderContext;
  readonly #loader: PieceLoader<SplitT, T>;
  readonly #available = new Availability();
  #splits: SplitT[] = [];
  /** Of the first split. */
  #piece: Piece<T> | undefined;
  #loading: Promise<void> | undefined;
  #begun = false;
  #started = false;
  #closed = false;
  #noMoreSplits = false;

  constructor(ctx: ReaderContext, loader: PieceLoader<SplitT, T>) {
    this.#ctx = ctx;
    this.#loader = loader;
  }

  start(): void {
    this.#started = true;
    if (this.#splits.length === 0) this.#ctx.sendToEnumerator({ type: 'request-split' });
    else this.#load();
  }

  pollNext(output: ReaderOutput<T>, maxRecords: number): 'more' | 'nothing' | 'end' {
    const [split] = this.#splits;
    if (split === undefined) return this.#noMoreSplits ? 'end' : 'nothing';
    const piece = this.#piece;
    if (piece === undefined) return 'nothing';
    if (!this.#begun) output.beginSplit(split.id);
    this.#begun = true;
    const end = Math.min(piece.itemCount, split.done + maxRecords);
    const collect = (value: T): void => output.collect(value, NO_TIMESTAMP_MS);
    for (let item = split.done; item < end; item++) piece.emit(item, collect);
    if (end < piece.itemCount) this.#splits[0] = { ...split, done: end };
    else this.#pass(output, split, piece.nextAt);
    return 'more';
  }

  available(): Promise<void> {
    const isDone = this.#splits.length === 0 && this.#noMoreSplits;
    return isDone || this.#piece !== undefined ? Promise.resolve() : this.#available.wait();
  }

  handleEvent(event: SourceEvent): void {
    if (event.type === 'add-splits') this.#splits.push(...(event.splits as SplitT[]));
    else if (event.type === 'no-more-splits') this.#noMoreSplits = true;
    if (this.#started) this.#load();
    this.#available.notify();
  }

  snapshotState(): readonly SplitT[] {
    return [...this.#splits];
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#available.notify();
    await this.#loading;
    await this.#loader.close();
  }

  #pass(output: ReaderOutput<T>, split: SplitT, nextAt: number | undefined): void {
    this.#piece = undefined;
    if (nextAt !== undefined) this.#splits[0] = { ...split, at: nextAt, done: 0 };
    else {
      this.#splits.shift();
      this.#begun = false;
      output.endSplit(split.id);
      const wantsSplit = this.#splits.length === 0 && !this.#noMoreSplits;
      if (wantsSplit) this.#ctx.sendToEnumerator({ type: 'request-split' });
    }
    this.#load();
  }

  #load(): void {
    const [split] = this.#splits;
    if (split === undefined || this.#piece !== undefined || this.#loading !== undefined) return;
    this.#loading = this.#loader.load(split).then(
      (piece) => {
        this.#loading = undefined;
        this.#piece = piece;
        if (!this.#closed) this.#available.notify();
      },
      (thrown: unknown) => {
        this.#loading = undefined;
        this.#available.fail(thrown);
      },
    );
  }
}
