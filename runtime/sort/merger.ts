/**
 * Goes through several sorted runs as if they were one: by key, then timestamp, then input, then
 * the order in which records came.
 *
 * Keys are compared once for each run that has one, not for each record: the runs that have the
 * key of the moment are in a heap of their own, by timestamp.
 */
import type { EncodedKey } from '../core/index.ts';
import { compareKeys } from './compare-keys.ts';
import type { RecordCodecs } from './record-codecs.ts';
import type { RecordSource } from './record-source.ts';
import { SourceHeap } from './source-heap.ts';

export class Merger {
  readonly #unstarted: RecordSource[];
  readonly #byKey = new SourceHeap(
    (left, right) => compareKeys(left.key, right.key) || left.index - right.index,
  );
  /** Of the key of the moment. */
  readonly #byTime: SourceHeap;
  /** It is at the record of the moment, and on top of those by time. */
  #current: RecordSource | undefined;
  #waitsFor: RecordSource | undefined;
  /** Of the record of the moment. */
  key: EncodedKey = 0;
  /** The record of the moment is the first of its key. */
  startsKey = false;

  constructor(sources: readonly RecordSource[], codecs: Pick<RecordCodecs, 'inputOf'>) {
    this.#unstarted = [...sources];
    this.#byTime = new SourceHeap(
      (left, right) =>
        left.timestampMs - right.timestampMs ||
        codecs.inputOf(left.codec) - codecs.inputOf(right.codec) ||
        left.index - right.index,
    );
  }

  /** To the next record, which the source answered is at. */
  next(): RecordSource | 'wait' | 'end' {
    if (!this.#start() || !this.#leaveRecord()) return 'wait';
    this.startsKey = this.#byTime.size === 0;
    if (this.startsKey && !this.#openKey()) return 'end';
    this.#current = this.#byTime.top;
    return this.#current ?? 'end';
  }

  /** After `wait`. */
  async available(): Promise<void> {
    await this.#waitsFor?.feed.available();
  }

  /** False: one of them has to wait for its first record. */
  #start(): boolean {
    for (let source = this.#unstarted.at(-1); source !== undefined; ) {
      const moved = source.advance();
      if (moved === 'wait') return this.#waitFor(source);
      if (moved === 'record') this.#byKey.push(source);
      this.#unstarted.pop();
      source = this.#unstarted.at(-1);
    }
    return true;
  }

  #leaveRecord(): boolean {
    const current = this.#current;
    if (current === undefined) return true;
    const moved = current.advance();
    if (moved === 'wait') return this.#waitFor(current);
    this.#current = undefined;
    if (moved === 'record' && (!current.startsGroup || current.key === this.key)) {
      this.#byTime.topChanged();
      return true;
    }
    this.#byTime.pop();
    if (moved === 'record') this.#byKey.push(current);
    return true;
  }

  #openKey(): boolean {
    const first = this.#byKey.pop();
    if (first === undefined) return false;
    this.key = first.key;
    this.#byTime.push(first);
    for (let next = this.#byKey.top; next !== undefined && next.key === this.key; ) {
      this.#byKey.pop();
      this.#byTime.push(next);
      next = this.#byKey.top;
    }
    return true;
  }

  #waitFor(source: RecordSource): false {
    this.#waitsFor = source;
    return false;
  }
}
