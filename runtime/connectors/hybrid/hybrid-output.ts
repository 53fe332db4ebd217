import type { ReaderOutput } from '../source.ts';
import { NO_SPLIT } from '../source-output.ts';
import { idOfAll } from './hybrid-split.ts';

/**
 * What the reader of one source emits into: its splits have ids of all sources, and none of them
 * outlives the source, which would hold the watermark of the next ones back.
 */
export class HybridOutput<T> implements ReaderOutput<T> {
  readonly target: ReaderOutput<T>;
  readonly #sourceIndex: number;
  /** Of all sources: they were assigned or begun, and have not ended. */
  readonly #openIds: Set<string>;
  /** Records belong to this split; undefined: to none. */
  #currentId: string | undefined;
  #emitsOutside = false;

  constructor(target: ReaderOutput<T>, sourceIndex: number, openIds: Set<string>) {
    this.target = target;
    this.#sourceIndex = sourceIndex;
    this.#openIds = openIds;
  }

  collect(value: T, timestampMs: number): void {
    if (this.#currentId === undefined) this.#emitsOutside = true;
    this.target.collect(value, timestampMs);
  }

  beginSplit(splitId: string): void {
    const id = idOfAll(this.#sourceIndex, splitId);
    this.#openIds.add(id);
    this.#currentId = id;
    this.target.beginSplit(id);
  }

  endSplit(splitId: string): void {
    const id = idOfAll(this.#sourceIndex, splitId);
    this.#openIds.delete(id);
    if (this.#currentId === id) this.#currentId = undefined;
    this.target.endSplit(id);
  }

  collectSide(tagId: string, value: unknown): void {
    this.target.collectSide(tagId, value);
  }

  /** All of the source is read. */
  end(): void {
    for (const id of this.#openIds) this.target.endSplit(id);
    this.#openIds.clear();
    if (this.#emitsOutside) this.target.endSplit(NO_SPLIT);
  }
}
