/**
 * The order in which partial matches meet an event, and in which complete ones are looked at. It
 * can be seen: the first of several matches that began with one event is emitted first, and a skip
 * strategy may drop the others.
 *
 * Flink keeps both in a priority queue by the first event and goes through its array; those that
 * began with the same event, or not at all, lie there as the heap has put them. So they do here:
 * equal matches in equal order need the same heap.
 *
 * I1  No match of a list began later than those at twice its index and one, or two, more.
 *
 * @see Flink `NFAState`; Java's `PriorityQueue`
 */

/** The start itself is behind all that began. */
interface Begun {
  readonly startEventId: number;
}

/** Adds to the heap. */
export function pushBegun<M extends Begun>(heap: M[], match: M): void {
  let at = heap.length;
  heap.push(match);
  while (at > 0) {
    const above = (at - 1) >>> 1;
    const parent = heap[above];
    if (parent === undefined || match.startEventId >= parent.startEventId) break;
    heap[at] = parent;
    at = above;
  }
  heap[at] = match;
}

/** Takes the one that began first; undefined: there is none. */
export function pollBegun<M extends Begun>(heap: M[]): M | undefined {
  const [first] = heap;
  const last = heap.pop();
  if (last !== undefined && heap.length > 0) sink(heap, 0, last);
  return first;
}

/** Puts what is left of a heap, some of it removed, in order again. */
export function repairBegun<M extends Begun>(heap: M[]): void {
  for (let at = (heap.length >>> 1) - 1; at >= 0; at--) {
    const match = heap[at];
    if (match !== undefined) sink(heap, at, match);
  }
}

function sink<M extends Begun>(heap: M[], from: number, match: M): void {
  let at = from;
  while (at < heap.length >>> 1) {
    const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]];
    const isRight = left && right && left.startEventId > right.startEventId;
    const child = isRight ? right : left;
    if (child === undefined || match.startEventId <= child.startEventId) break;
    heap[at] = child;
    at = 2 * at + (isRight ? 2 : 1);
  }
  heap[at] = match;
}
