/** Takes turns for jobs of a deployed cluster: one job, some messages, one turn. */
import type { JobStore } from '../../../checkpoint/index.ts';
import type { StreamErrorRecord, Timers } from '../../../core/index.ts';
import { type TurnObjects, TurnTaker } from '../../../jobmaster/index.ts';
import type { CoordinatorMessage } from '../messages.ts';
import { JobInCharge, type JobInChargeParts } from './job-in-charge.ts';

export interface JobTurnsParts extends JobInChargeParts {
  readonly jobs: JobStore;
  readonly objects: TurnObjects;
  readonly timers: Timers;
  /** Attempts that one execution runs. */
  readonly maxRounds: number;
  /** Jobs kept between turns. */
  readonly maxJobs: number;
}

export class JobTurns {
  readonly #parts: JobTurnsParts;
  readonly #taker: TurnTaker<CoordinatorMessage>;

  constructor(parts: JobTurnsParts) {
    const { rows, jobs, objects, clock, timers, maxRounds, maxJobs } = parts;
    this.#parts = parts;
    this.#taker = new TurnTaker({
      ...{ rows, jobs, objects, clock, timers, maxRounds, maxJobs },
      hostOf: (jobId) => new JobInCharge(parts, jobId),
    });
  }

  /** @throws {StreamError} as `TurnTaker.turn`. */
  async turn(jobId: string, messages: readonly CoordinatorMessage[]): Promise<void> {
    await this.#measured(() => this.#taker.turn(jobId, messages));
  }

  /** Ends a job that no turn can be taken for. @throws {StreamError} as `TurnTaker.fail`. */
  async fail(jobId: string, error: StreamErrorRecord): Promise<void> {
    await this.#measured(() => this.#taker.fail(jobId, error));
  }

  async #measured(act: () => Promise<unknown>): Promise<void> {
    const { clock, metrics } = this.#parts;
    const startMs = clock.monotonicMs();
    await act();
    metrics.add('CoordinatorTurnMs', clock.monotonicMs() - startMs);
  }
}
