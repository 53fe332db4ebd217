import type { RecordSource } from './record-source.ts';

/** A binary heap of sources. */
export class SourceHeap {
  readonly #compare: (left: RecordSource, right: RecordSource) => number;
  readonly #heap: RecordSource[] = [];

  constructor(compare: (left: RecordSource, right: RecordSource) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** The least. */
  get top(): RecordSource | undefined {
    return this.#heap[0];
  }

  push(source: RecordSource): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(source);
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      const above = heap[parent];
      if (above === undefined || this.#compare(above, source) <= 0) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = source;
  }

  pop(): RecordSource | undefined {
    const top = this.#heap[0];
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return top;
    this.#sink(last);
    return top;
  }

  /** The least one has changed. */
  topChanged(): void {
    const top = this.#heap[0];
    if (top !== undefined && this.#heap.length > 1) this.#sink(top);
  }

  #sink(source: RecordSource): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      let below = heap[child];
      if (below === undefined) break;
      const right = heap[child + 1];
      if (right !== undefined && this.#compare(right, below) < 0) {
        child += 1;
        below = right;
      }
      if (this.#compare(below, source) >= 0) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = source;
  }
}
