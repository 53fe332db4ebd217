/**
 * A process of the simulated world: it may die or stall at any of its effects on the world. All
 * ports of the code that runs in it go through it.
 *
 * I1  A dead process has no effect and hears nothing: its promises never settle.
 * I2  A stalled process does nothing; what reaches it, and what it was about to do, happens when
 *     it wakes, late: it is a zombie if a successor has started by then.
 * I3  A fuse strikes before or after an effect, never within it.
 */
import type { Clock, Timers } from '../core/index.ts';
import type { SimRng } from './sim-rng.ts';
import type { SimWorld } from './sim-world.ts';

export type ProcessState = 'alive' | 'stalled' | 'dead';

/** What strikes a process at one of its next effects. */
export interface Fuse {
  /** Effects that still happen. */
  effectsLeft: number;
  readonly strike: () => void;
}

export class SimProcess {
  readonly name: string;
  readonly world: SimWorld;
  readonly rng: SimRng;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly #late: (() => void)[] = [];
  readonly #onDeath: (() => void)[] = [];
  #state: ProcessState = 'alive';
  #fuse: Fuse | undefined;
  #skewMs: number;

  constructor(world: SimWorld, name: string, skewMs: number) {
    this.world = world;
    this.name = name;
    this.rng = world.rng.stream(name);
    this.#skewMs = skewMs;
    const monotonicStartMs = this.rng.int(0, 1_000_000);
    this.clock = {
      nowEpochMs: () => EPOCH_MS + Math.floor(world.nowMs) + this.#skewMs,
      monotonicMs: () => monotonicStartMs + world.nowMs,
    };
    this.timers = { schedule: (delayMs, callback) => this.#schedule(delayMs, callback) };
  }

  get state(): ProcessState {
    return this.#state;
  }

  /** The wall clock jumps; the monotonic one does not. */
  jumpClock(byMs: number): void {
    this.#skewMs += byMs;
  }

  /** Lets it burn: the process is struck after this many effects. */
  light(fuse: Fuse): void {
    this.#fuse = fuse;
  }

  onDeath(callback: () => void): void {
    this.#onDeath.push(callback);
  }

  kill(): void {
    if (this.#state === 'dead') return;
    this.world.trace(`kill ${this.name}`);
    this.#state = 'dead';
    this.#late.length = 0;
    for (const callback of this.#onDeath.splice(0)) callback();
  }

  stall(): void {
    if (this.#state !== 'alive') return;
    this.world.trace(`stall ${this.name}`);
    this.#state = 'stalled';
  }

  /** I2. */
  wake(): void {
    if (this.#state !== 'stalled') return;
    this.world.trace(`wake ${this.name}`);
    this.#state = 'alive';
    for (const [index, callback] of this.#late.splice(0).entries()) {
      const delayMs = (index + 1) / 1000;
      this.world.schedule(delayMs, `late ${this.name}`, () => this.enter(callback));
    }
  }

  /** Something of the world reaches the code. */
  enter(callback: () => void): void {
    if (this.#state === 'alive') callback();
    else if (this.#state === 'stalled') this.#late.push(callback);
  }

  /** The code does something to the world. */
  effect(act: () => void): void {
    this.#burn();
    this.enter(act);
  }

  /**
   * The code asks something of the world: `operation` runs as an event of its own after
   * `requestMs`, its outcome comes back after another `responseMs`.
   */
  call<T>(
    label: string,
    delays: { readonly requestMs: number; readonly responseMs: number },
    operation: () => Promise<T>,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const back = (deliver: () => void): void => {
        this.world.schedule(delays.responseMs, `${this.name} < ${label}`, () => {
          this.enter(deliver);
        });
      };
      this.effect(() => {
        this.world.schedule(delays.requestMs, `${this.name} > ${label}`, () => {
          operation().then(
            (value) => back(() => resolve(value)),
            (thrown: unknown) => back(() => reject(thrown as Error)),
          );
        });
      });
    });
  }

  #burn(): void {
    const fuse = this.#fuse;
    if (fuse === undefined || this.#state !== 'alive') return;
    fuse.effectsLeft -= 1;
    if (fuse.effectsLeft >= 0) return;
    this.#fuse = undefined;
    fuse.strike();
  }

  #schedule(delayMs: number, callback: () => void): () => void {
    let cancelled = false;
    const cancel = this.world.schedule(Math.max(0, delayMs), `timer ${this.name}`, () => {
      this.enter(() => {
        if (!cancelled) callback();
      });
    });
    return () => {
      cancelled = true;
      cancel();
    };
  }
}

/** When simulated time begins: 2030-01-01. */
const EPOCH_MS = 1_893_456_000_000;
