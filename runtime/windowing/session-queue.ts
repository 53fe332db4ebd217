/** A binary heap of sessions by the time they must be looked at, then by age. */
import type { Session } from './session.ts';

interface Entry<A> {
  readonly atMs: number;
  readonly session: Session<A>;
}

export class SessionQueue<A> {
  readonly #heap: Entry<A>[] = [];

  get nextMs(): number {
    return this.#heap[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  /** An entry the session had before is stale from now on. */
  add(session: Session<A>, atMs: number): void {
    session.queuedMs = atMs;
    const entry = { atMs, session };
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      const above = heap[parent];
      if (above === undefined || !before(entry, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  /** Removes the first session due by `limitMs`; undefined when there is none. */
  takeDue(limitMs: number): Session<A> | undefined {
    for (;;) {
      const top = this.#heap[0];
      if (top === undefined || top.atMs > limitMs) return undefined;
      this.#pop();
      const { session } = top;
      if (!session.dead && session.queuedMs === top.atMs) return session;
    }
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      let below = heap[child];
      if (below === undefined) break;
      const right = heap[child + 1];
      if (right !== undefined && before(right, below)) {
        child += 1;
        below = right;
      }
      if (!before(below, last)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }
}

function before<A>(left: Entry<A>, right: Entry<A>): boolean {
  if (left.atMs !== right.atMs) return left.atMs < right.atMs;
  return left.session.order < right.session.order;
}
