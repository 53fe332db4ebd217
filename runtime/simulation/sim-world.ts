/**
 * Virtual time: one thread, one queue of events, one seed.
 *
 * Owns time, the queue, the trace. Everything that happens is an event that was scheduled here;
 * between two events all promises that can settle do, so code under simulation may await what it
 * likes as long as nothing real is behind it.
 *
 * I1  Events run in order of time; those of one moment in an order drawn from the seed.
 * I2  What happens is a function of the seed: the trace's hash proves it.
 * I3  No event runs inside another, or inside the code under simulation.
 */
import { VirtualTime } from '../adapters/index.ts';
import { assert } from '../core/index.ts';
import { hashText, SimRng } from './sim-rng.ts';

/** How much of the end of the trace is kept. */
const KEPT_LINES = 4_000;

interface SimEvent {
  readonly atMs: number;
  /** I1. */
  readonly tie: number;
  readonly order: number;
  readonly label: string;
  run: (() => void) | undefined;
}

export interface SimLimits {
  readonly maxEvents: number;
  readonly maxTimeMs: number;
}

export class SimWorld {
  readonly rng: SimRng;
  readonly #ties: SimRng;
  readonly #heap: SimEvent[] = [];
  readonly #settle = new VirtualTime();
  readonly #lines: string[] = [];
  readonly #violations: string[] = [];
  #nowMs = 0;
  #nextOrder = 0;
  #events = 0;
  #hash = hashText('');

  constructor(seed: number) {
    this.rng = new SimRng(seed);
    this.#ties = this.rng.stream('ties');
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  get eventCount(): number {
    return this.#events;
  }

  /** Of everything traced so far; 8 hex digits. */
  get traceHash(): string {
    return this.#hash.toString(16).padStart(8, '0');
  }

  /** The newest lines of the trace. */
  get lines(): readonly string[] {
    return this.#lines.slice(-KEPT_LINES);
  }

  /** What auditors have found, in order. */
  get violations(): readonly string[] {
    return this.#violations;
  }

  /** @param label appears in the trace; returns the canceller. */
  schedule(delayMs: number, label: string, run: () => void): () => void {
    assert(delayMs >= 0, `time does not go back: delayMs=${delayMs}`);
    const event: SimEvent = {
      atMs: this.#nowMs + delayMs,
      tie: this.#ties.next(),
      order: this.#nextOrder++,
      label,
      run,
    };
    this.#push(event);
    return () => {
      event.run = undefined;
    };
  }

  /** Adds a line to the trace. */
  trace(line: string): void {
    const full = `${this.#nowMs.toFixed(1)} ${line}`;
    this.#hash = hashText(full, this.#hash);
    this.#lines.push(full);
    if (this.#lines.length > 2 * KEPT_LINES) this.#lines.splice(0, KEPT_LINES);
  }

  /** Notes that something happened that must never happen. */
  violate(what: string): void {
    this.trace(`VIOLATION ${what}`);
    this.#violations.push(what);
  }

  /** Runs until `isDone`, a violation, or a limit, which is one. */
  async run(isDone: () => boolean, limits: SimLimits): Promise<void> {
    await this.#settle.breathe();
    while (!isDone() && this.#violations.length === 0) {
      const event = this.#pop();
      if (event === undefined) {
        this.violate('nothing is left to happen and the schedule has not ended');
        return;
      }
      const { run } = event;
      if (run === undefined) continue;
      this.#nowMs = Math.max(this.#nowMs, event.atMs);
      this.#events += 1;
      if (this.#events > limits.maxEvents || this.#nowMs > limits.maxTimeMs) {
        this.violate(`no end in sight: events=${this.#events} timeMs=${this.#nowMs}`);
        return;
      }
      this.trace(event.label);
      try {
        run();
      } catch (thrown) {
        this.violate(`${event.label} threw ${String(thrown)}`);
      }
      await this.#settle.settle();
    }
  }

  #push(event: SimEvent): void {
    const heap = this.#heap;
    let index = heap.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(event, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = event;
  }

  #pop(): SimEvent | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || first === last) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      let below = heap[child];
      if (below === undefined) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, below)) {
        child += 1;
        below = right;
      }
      if (!isBefore(below, last)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function isBefore(a: SimEvent, b: SimEvent): boolean {
  if (a.atMs !== b.atMs) return a.atMs < b.atMs;
  if (a.tie !== b.tie) return a.tie < b.tie;
  return a.order < b.order;
}
