/**
 * Time that passes only when nothing else can happen: the clock, the timers and the threads of the
 * in-memory cluster.
 *
 * I1  The clock moves only while every thread sleeps, with nothing of it under way in the process,
 *     and then to the earliest moment somebody waits for.
 * I2  Calls that are due run in order of time, those of equal times in order of scheduling.
 */
import type { Clock, Rng, Timers } from '../../core/index.ts';
import type { SlotThread } from '../../taskmanager/index.ts';

/** Turns of the event loop that let settled promises run their callbacks. */
const SETTLE_TURNS = 2;

interface Pending {
  readonly atEpochMs: number;
  readonly callback: () => void;
}

export class VirtualTime implements Clock, Timers {
  #nowEpochMs: number;
  readonly #pending = new Set<Pending>();
  readonly #threads = new Set<VirtualThread>();
  #isPumping = false;
  /** Of all threads. */
  #turns = 0;
  #seenTurns = 0;

  constructor(startEpochMs = 0) {
    this.#nowEpochMs = startEpochMs;
  }

  nowEpochMs(): number {
    return this.#nowEpochMs;
  }

  monotonicMs(): number {
    return this.#nowEpochMs;
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const entry = { atEpochMs: this.#nowEpochMs + Math.max(0, delayMs), callback };
    this.#pending.add(entry);
    this.#pump();
    return () => this.#pending.delete(entry);
  }

  /**
   * A thread in this time; several may run side by side.
   *
   * @param isBusy whether it waits for work in the process, such as compression in Node's thread
   * pool, of which nothing else tells.
   */
  createThread(isBusy: () => boolean = () => false): SlotThread {
    return new VirtualThread(this.#threads, {
      isBusy,
      onTurn: () => {
        this.#turns += 1;
      },
      onSleep: () => this.#pump(),
    });
  }

  /** Lets what is under way go on; the clock stands still. */
  breathe(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  /**
   * Settles once every promise has run its callbacks that can: four times faster than
   * {@link breathe}, for worlds in which nothing real is under way.
   */
  settle(): Promise<void> {
    // Ticks come after the microtasks there are, and those that these bring about.
    return new Promise((resolve) => process.nextTick(resolve));
  }

  /** Moves the clock forward and runs what became due, in order of time. */
  advanceTo(epochMs: number): void {
    this.#nowEpochMs = Math.max(this.#nowEpochMs, epochMs);
    const due = [...this.#pending]
      .filter(({ atEpochMs }) => atEpochMs <= this.#nowEpochMs)
      .toSorted((a, b) => a.atEpochMs - b.atEpochMs);
    for (const entry of due) {
      if (this.#pending.delete(entry)) entry.callback();
    }
    for (const thread of this.#threads) thread.wakeIfDue(this.#nowEpochMs);
  }

  /** Waits for what is under way, then moves the clock; until nobody waits for time. */
  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    let quietTurns = 0;
    const turn = (): void => {
      quietTurns = this.#isQuiet() ? quietTurns + 1 : 0;
      if (quietTurns > SETTLE_TURNS) {
        quietTurns = 0;
        const next = this.#nextAtEpochMs();
        if (next === undefined) {
          this.#isPumping = false;
          return;
        }
        this.advanceTo(next);
      }
      setImmediate(turn);
    };
    setImmediate(turn);
  }

  #isQuiet(): boolean {
    const turned = this.#turns !== this.#seenTurns;
    this.#seenTurns = this.#turns;
    if (turned) return false;
    for (const thread of this.#threads) if (!thread.isAsleep || thread.isBusy) return false;
    return !process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq'));
  }

  #nextAtEpochMs(): number | undefined {
    let next: number | undefined;
    const consider = (atEpochMs: number | undefined): void => {
      if (atEpochMs !== undefined && (next === undefined || atEpochMs < next)) next = atEpochMs;
    };
    for (const { atEpochMs } of this.#pending) consider(atEpochMs);
    for (const thread of this.#threads) consider(thread.wakeAtEpochMs);
    return next;
  }
}

interface ThreadEvents {
  readonly isBusy: () => boolean;
  readonly onTurn: () => void;
  readonly onSleep: () => void;
}

/** In the set while it sleeps. */
class VirtualThread implements SlotThread {
  readonly #threads: Set<VirtualThread>;
  readonly #events: ThreadEvents;
  #woken = false;
  #resume: (() => void) | undefined;
  wakeAtEpochMs: number | undefined;

  constructor(threads: Set<VirtualThread>, events: ThreadEvents) {
    this.#threads = threads;
    this.#events = events;
  }

  get isBusy(): boolean {
    return this.#events.isBusy();
  }

  get isAsleep(): boolean {
    return this.#resume !== undefined;
  }

  arm(): void {
    this.#events.onTurn();
  }

  wake(): void {
    this.#woken = true;
    this.#resume?.();
  }

  wakeIfDue(nowEpochMs: number): void {
    if (this.wakeAtEpochMs !== undefined && this.wakeAtEpochMs <= nowEpochMs) this.#resume?.();
  }

  async sleep(wakeAtEpochMs: number | undefined): Promise<void> {
    if (!this.#woken) {
      this.wakeAtEpochMs = wakeAtEpochMs;
      this.#threads.add(this);
      await new Promise<void>((resolve) => {
        this.#resume = resolve;
        this.#events.onSleep();
      });
      this.#resume = undefined;
      this.wakeAtEpochMs = undefined;
      this.#threads.delete(this);
    }
    this.#woken = false;
  }

  breathe(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }
}

/** A small seeded generator (mulberry32); the same seed gives the same numbers. */
export class SeededRng implements Rng {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }
}
