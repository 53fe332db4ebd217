/**
 * Records whose results are awaited, and the watermarks between them.
 *
 * A list of segments: only the first one gives its completed records away, and its mark, which
 * ends it, once all of them have left. In order, every record is a segment of its own.
 *
 * I1  No record overtakes a mark, no mark a record.
 * I2  `pending` is in the order of arrival, whatever has completed.
 */
import { assert } from '../core/index.ts';
import type { AsyncOutputMode } from './async-function.ts';

/** What ends a segment. */
export type AsyncMark =
  | { readonly type: 'watermark'; readonly watermarkMs: number }
  | { readonly type: 'idle'; readonly idle: boolean };

export type AsyncElement<E> = { readonly type: 'record'; readonly entry: E } | AsyncMark;

interface Segment<E> {
  /** Not given away, in the order of arrival. */
  readonly pending: Set<E>;
  readonly completed: E[];
  mark: AsyncMark | undefined;
  next: Segment<E> | undefined;
}

export class AsyncQueue<E extends object> {
  readonly #isOrdered: boolean;
  readonly #segmentOf = new Map<E, Segment<E>>();
  #head: Segment<E> = newSegment();
  #tail: Segment<E> = this.#head;

  constructor(mode: AsyncOutputMode) {
    this.#isOrdered = mode === 'ordered';
  }

  /** Records, completed or not. */
  get recordCount(): number {
    return this.#segmentOf.size;
  }

  add(entry: E): void {
    const { mark, pending } = this.#tail;
    if (mark !== undefined || (this.#isOrdered && pending.size > 0)) this.#append();
    this.#tail.pending.add(entry);
    this.#segmentOf.set(entry, this.#tail);
  }

  addMark(mark: AsyncMark): void {
    if (this.#tail.mark !== undefined) this.#append();
    this.#tail.mark = mark;
  }

  complete(entry: E): void {
    const segment = this.#segmentOf.get(entry);
    assert(segment !== undefined, 'a record completes once, while it is in the queue');
    segment.completed.push(entry);
  }

  /** Takes what may leave next; undefined: it has to wait, or there is nothing. */
  next(): AsyncElement<E> | undefined {
    for (;;) {
      const { completed, pending, mark, next } = this.#head;
      const entry = completed.shift();
      if (entry !== undefined) {
        pending.delete(entry);
        this.#segmentOf.delete(entry);
        return { type: 'record', entry };
      }
      if (pending.size > 0) return undefined;
      if (next === undefined) {
        this.#head.mark = undefined;
        return mark;
      }
      this.#head = next;
      if (mark !== undefined) return mark;
    }
  }

  /** I2. */
  *pending(): Generator<AsyncElement<E>> {
    for (let at: Segment<E> | undefined = this.#head; at !== undefined; at = at.next) {
      for (const entry of at.pending) yield { type: 'record', entry };
      if (at.mark !== undefined) yield at.mark;
    }
  }

  #append(): void {
    const segment = newSegment<E>();
    this.#tail.next = segment;
    this.#tail = segment;
  }
}

function newSegment<E>(): Segment<E> {
  return { pending: new Set(), completed: [], mark: undefined, next: undefined };
}
