import type { Clock } from '../core/index.ts';
import { StepPace } from './step-pace.ts';
import type { StepResult } from './task.ts';

/** How a task spent its time; in milliseconds since it was opened, they add up. */
export class TaskTimes {
  readonly #clock: Clock;
  readonly pace = new StepPace();
  #lastResult: StepResult = 'idle';
  #lastStepEndMs = 0;
  busy = 0;
  blocked = 0;
  /** Of the last step. */
  stepMs = 0;
  idle = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(): void {
    this.#lastStepEndMs = this.#clock.monotonicMs();
  }

  /** Runs a step; what passed since the last one was spent as that one's result says. */
  measure(step: () => StepResult): StepResult {
    const startMs = this.#clock.monotonicMs();
    const waitedMs = startMs - this.#lastStepEndMs;
    if (this.#lastResult === 'blocked') this.blocked += waitedMs;
    else this.idle += waitedMs;
    const result = step();
    this.#lastStepEndMs = this.#clock.monotonicMs();
    this.stepMs = this.#lastStepEndMs - startMs;
    if (result === 'progress') this.busy += this.stepMs;
    this.#lastResult = result;
    this.pace.stepped(this.stepMs);
    return result;
  }
}
