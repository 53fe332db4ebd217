/**
 * Reads {@link IndexSplit}s; of several, as after a restore, a piece of each in turn: a split
 * without an end would starve the others.
 *
 * I1  Between polls a split's `next` is the first index that was not emitted.
 */
import { NO_TIMESTAMP_MS } from '../../core/index.ts';
import type { SourceEvent } from '../../operators/index.ts';
import { Availability } from '../availability.ts';
import type { ReaderContext, ReaderOutput, SourceReader } from '../source.ts';
import { type IndexSplit, lengthOf } from './index-split.ts';
import { RateLimiter } from './rate-limiter.ts';

export interface IndexReaderInit<T> {
  readonly valueAt: (index: number) => T;
  /** Of the whole source; undefined: unlimited. */
  readonly ratePerSecond?: number | undefined;
}

export class IndexReader<T> implements SourceReader<T, IndexSplit> {
  readonly #ctx: ReaderContext;
  readonly #valueAt: (index: number) => T;
  readonly #limiter: RateLimiter | undefined;
  readonly #available = new Availability();
  readonly #paused = new Set<string>();
  /** The one whose turn it is first. */
  #splits: IndexSplit[] = [];
  /** The split that the output takes records for. */
  #currentId: string | undefined;
  #noMoreSplits = false;
  #finishedProgress = 0;
  #cancelTimer: (() => void) | undefined;

  constructor(ctx: ReaderContext, { valueAt, ratePerSecond }: IndexReaderInit<T>) {
    this.#ctx = ctx;
    this.#valueAt = valueAt;
    if (ratePerSecond !== undefined) {
      this.#limiter = new RateLimiter(ctx.clock, ratePerSecond / ctx.parallelism);
    }
  }

  start(): void {
    if (this.#splits.length === 0) this.#ctx.sendToEnumerator({ type: 'request-split' });
  }

  pollNext(output: ReaderOutput<T>, maxRecords: number): 'more' | 'nothing' | 'end' {
    const split = this.#next();
    if (split === undefined) {
      return this.#noMoreSplits && this.#splits.length === 0 ? 'end' : 'nothing';
    }
    const count = this.#limiter?.take(maxRecords) ?? maxRecords;
    if (count === 0) return 'nothing';
    if (split.id !== this.#currentId) output.beginSplit(split.id);
    this.#currentId = split.id;
    const { end, step } = split;
    let next = split.next;
    for (let left = count; left > 0 && next < end; left -= 1) {
      output.collect(this.#valueAt(next), NO_TIMESTAMP_MS);
      next += step;
    }
    this.#splits = this.#splits.filter((other) => other !== split);
    if (next < end) this.#splits.push({ ...split, next });
    else this.#endSplit(output, split);
    return 'more';
  }

  available(): Promise<void> {
    if (this.#next() !== undefined) {
      const delayMs = this.#limiter?.delayMs() ?? 0;
      if (delayMs === 0) return Promise.resolve();
      this.#cancelTimer ??= this.#ctx.timers.schedule(delayMs, () => {
        this.#cancelTimer = undefined;
        this.#available.notify();
      });
    } else if (this.#noMoreSplits && this.#splits.length === 0) {
      return Promise.resolve();
    }
    return this.#available.wait();
  }

  handleEvent(event: SourceEvent): void {
    if (event.type === 'add-splits') this.#splits.push(...(event.splits as IndexSplit[]));
    else if (event.type === 'no-more-splits') this.#noMoreSplits = true;
    this.#available.notify();
  }

  pauseOrResumeSplits(pause: readonly string[], resume: readonly string[]): void {
    for (const id of resume) this.#paused.delete(id);
    for (const id of pause) this.#paused.add(id);
    this.#available.notify();
  }

  snapshotState(): readonly IndexSplit[] {
    return [...this.#splits];
  }

  progress(): number {
    let progress = this.#finishedProgress;
    for (const { start, next, step } of this.#splits) progress += (next - start) / step;
    return progress;
  }

  idleUntilEpochMs(): number | undefined {
    if (this.#splits.length === 0 || this.#limiter === undefined) return undefined;
    return this.#ctx.clock.nowEpochMs() + this.#limiter.delayMs();
  }

  close(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#available.notify();
  }

  #next(): IndexSplit | undefined {
    if (this.#paused.size === 0) return this.#splits[0];
    return this.#splits.find(({ id }) => !this.#paused.has(id));
  }

  #endSplit(output: ReaderOutput<T>, split: IndexSplit): void {
    output.endSplit(split.id);
    this.#currentId = undefined;
    this.#finishedProgress += lengthOf(split);
    const wantsSplit = this.#splits.length === 0 && !this.#noMoreSplits;
    if (wantsSplit) this.#ctx.sendToEnumerator({ type: 'request-split' });
  }
}
