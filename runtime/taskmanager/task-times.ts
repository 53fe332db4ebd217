/**
 * How a task spent its time. Between two steps it waits: for input, for room, or for the thread,
 * which another task of its slot has.
 *
 * I1  The three add up to the time since the task was opened.
 * I2  A wait is `idle` only where there was nothing to do: of a task that went on where it had
 *     stopped it is `busy`, for Flink calls a task so that could run and does not; of one that
 *     finds no room then, `blocked`.
 * I3  What another task's calls took of a wait is `idle` here: who reads the times moves it.
 */
import type { Clock } from '../core/index.ts';
import { StepPace } from './step-pace.ts';
import type { StepResult } from './task.ts';

/** How long calls of other tasks of the slot have taken so far. */
type Gates = readonly { readonly calledMs: number }[];

/** In milliseconds. */
export class TaskTimes {
  readonly #clock: Clock;
  readonly #gates: Gates;
  readonly pace = new StepPace();
  #lastResult: StepResult = 'idle';
  #lastStepEndMs = 0;
  /** Of the last step that was `progress`. */
  #calledAtEndMs = 0;
  busy = 0;
  blocked = 0;
  /** Of the last step. */
  stepMs = 0;
  idle = 0;

  constructor(clock: Clock, gates: Gates) {
    this.#clock = clock;
    this.#gates = gates;
  }

  start(): void {
    this.#lastStepEndMs = this.#clock.monotonicMs();
  }

  measure(step: () => StepResult): StepResult {
    const startMs = this.#clock.monotonicMs();
    const waitedMs = startMs - this.#lastStepEndMs;
    const calledBeforeMs = this.#lastResult === 'progress' ? this.#callsMs() : 0;
    const result = step();
    this.#waited(waitedMs, calledBeforeMs - this.#calledAtEndMs, result);
    this.#lastStepEndMs = this.#clock.monotonicMs();
    this.stepMs = this.#lastStepEndMs - startMs;
    if (result === 'progress') {
      this.busy += this.stepMs;
      this.#calledAtEndMs = this.#callsMs();
    } else if (result === 'blocked') this.blocked += this.stepMs;
    else this.idle += this.stepMs;
    this.#lastResult = result;
    this.pace.stepped(this.stepMs);
    return result;
  }

  #callsMs(): number {
    return this.#gates.reduce((sum, { calledMs }) => sum + calledMs, 0);
  }

  /** I2, I3. */
  #waited(waitedMs: number, calledMs: number, result: StepResult): void {
    if (this.#lastResult === 'idle') this.idle += waitedMs;
    else if (this.#lastResult === 'blocked') this.blocked += waitedMs;
    else {
      const ofCallsMs = Math.min(waitedMs, Math.max(0, calledMs));
      this.idle += ofCallsMs;
      const leftMs = waitedMs - ofCallsMs;
      if (result === 'progress') this.busy += leftMs;
      else if (result === 'blocked') this.blocked += leftMs;
      else this.idle += leftMs;
    }
  }
}
