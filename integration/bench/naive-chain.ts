/**
 * The baseline: an object per record, a context per operator, copied values, a state key and a
 * timer for every key and window, as a first version of a stream processor is written.
 */
import type { Bid } from './chain.bench.ts';

interface StreamRecord<T> {
  readonly value: T;
  readonly timestampMs: number;
}

interface Operator {
  processRecord(record: StreamRecord<unknown>): void;
  processWatermark(watermarkMs: number): void;
}

class FilterOperator implements Operator {
  readonly predicate: (bid: Bid) => boolean;
  readonly next: Operator;

  constructor(predicate: (bid: Bid) => boolean, next: Operator) {
    this.predicate = predicate;
    this.next = next;
  }

  processRecord(record: StreamRecord<unknown>): void {
    if (this.predicate(record.value as Bid)) this.next.processRecord(record);
  }

  processWatermark(watermarkMs: number): void {
    this.next.processWatermark(watermarkMs);
  }
}

class MapOperator implements Operator {
  readonly transform: (bid: Bid) => Bid;
  readonly next: Operator;

  constructor(transform: (bid: Bid) => Bid, next: Operator) {
    this.transform = transform;
    this.next = next;
  }

  processRecord({ value, timestampMs }: StreamRecord<unknown>): void {
    this.next.processRecord({ value: this.transform(value as Bid), timestampMs });
  }

  processWatermark(watermarkMs: number): void {
    this.next.processWatermark(watermarkMs);
  }
}

const WINDOW_MS = 10_000;

interface Timer {
  readonly timestampMs: number;
  readonly stateKey: string;
}

/** A binary heap by time. */
class TimerQueue {
  readonly #heap: Timer[] = [];

  get first(): Timer | undefined {
    return this.#heap[0];
  }

  add(timer: Timer): void {
    const heap = this.#heap;
    let index = heap.push(timer) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || above.timestampMs <= timer.timestampMs) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = timer;
  }

  removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      let below = heap[child];
      const right = heap[child + 1];
      if (below === undefined) break;
      if (right !== undefined && right.timestampMs < below.timestampMs) {
        child += 1;
        below = right;
      }
      if (last.timestampMs <= below.timestampMs) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
  }
}

class WindowOperator implements Operator {
  readonly state = new Map<string, { count: number; sum: number }>();
  readonly registered = new Set<string>();
  readonly timers = new TimerQueue();
  readonly next: Operator;

  constructor(next: Operator) {
    this.next = next;
  }

  processRecord({ value, timestampMs }: StreamRecord<unknown>): void {
    const { auction, price } = value as Bid;
    const start = timestampMs - (timestampMs % WINDOW_MS);
    const stateKey = `${auction}|${start}`;
    const total = this.state.get(stateKey) ?? { count: 0, sum: 0 };
    this.state.set(stateKey, { count: total.count + 1, sum: total.sum + price });
    if (this.registered.has(stateKey)) return;
    this.registered.add(stateKey);
    this.timers.add({ timestampMs: start + WINDOW_MS - 1, stateKey });
  }

  processWatermark(watermarkMs: number): void {
    for (;;) {
      const timer = this.timers.first;
      if (timer === undefined || timer.timestampMs > watermarkMs) break;
      this.timers.removeFirst();
      this.registered.delete(timer.stateKey);
      const value = this.state.get(timer.stateKey);
      this.state.delete(timer.stateKey);
      this.next.processRecord({ value, timestampMs: timer.timestampMs });
    }
    this.next.processWatermark(watermarkMs);
  }
}

/** Runs the chain over `records` bids; what its windows add up to. */
export function runNaiveChain(
  bids: readonly Bid[],
  records: number,
  timestampOf: (index: number) => number,
  watermarkEvery: number,
): { count: number; sum: number } {
  const total = { count: 0, sum: 0 };
  const sink: Operator = {
    processRecord({ value }) {
      const { count, sum } = value as { count: number; sum: number };
      total.count += count;
      total.sum += sum;
    },
    processWatermark: () => undefined,
  };
  const head = new FilterOperator(
    (bid) => bid.price % 10 !== 0,
    new MapOperator((bid) => ({ ...bid, price: bid.price * 2 }), new WindowOperator(sink)),
  );
  for (let i = 0; i < records; i += 1) {
    const timestampMs = timestampOf(i);
    head.processRecord({ value: bids[i % bids.length], timestampMs });
    if ((i + 1) % watermarkEvery === 0) head.processWatermark(timestampMs - 1);
  }
  head.processWatermark(Number.MAX_SAFE_INTEGER);
  return total;
}
