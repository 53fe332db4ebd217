/**
 * What runs the attempts of one job: durable, never dies. It asks the job what to do, starts the
 * TaskManagers of the attempt it is told, lease after lease, and tells which of them are gone.
 *
 * I1  It asks again once every TaskManager of an attempt has ended, or once it is replaced.
 * I2  A question is answered once, and alike however often; an attempt number is run once.
 * I3  What every TaskManager of an attempt has to know is there before one of them starts.
 * I4  At most one execution of a job goes on: one is begun when its predecessor was told to end.
 */
import { isDeepStrictEqual } from 'node:util';
import { StreamError } from '../core/index.ts';
import type { AttemptRecord, NextStep, TurnMessage } from '../jobmaster/index.ts';
import type { SimRng } from './sim-rng.ts';
import type { SimWorld } from './sim-world.ts';

/** `left`: the next lease is to be started. */
export type LeaseOutcome = 'left' | 'done' | 'failed';

export interface LeaseRequest {
  readonly jobId: string;
  readonly attempt: number;
  readonly lease: number;
  readonly slotIndex: number;
}

export interface StateMachineParts {
  readonly world: SimWorld;
  readonly jobId: string;
  readonly send: (message: TurnMessage) => void;
  readonly attemptRecord: (attempt: number) => Promise<AttemptRecord | undefined>;
  /** Starts a lease somewhere; the outcome is told once, at the latest when time is over. */
  readonly invoke: (request: LeaseRequest, settled: (outcome: LeaseOutcome) => void) => void;
}

const MAX_HOP_MS = 4;

export class SimStateMachine {
  readonly #parts: StateMachineParts;
  readonly #rng: SimRng;
  readonly #answers = new Map<string, NextStep>();
  readonly #attempts = new Set<number>();
  /** Which execution it is: the job's first, and those that go on with it. */
  #continuation = 0;
  /** I4. */
  #isTold = false;
  #rounds = 0;
  #token = '';
  #nextToken = 1;
  /** How the job has ended. */
  ended: string | undefined;

  constructor(parts: StateMachineParts) {
    this.#parts = parts;
    this.#rng = parts.world.rng.stream(`state machine ${parts.jobId}`);
    this.#ask();
  }

  /** I2. Durable when it returns. */
  answer(taskToken: string, step: NextStep): void {
    const { world } = this.#parts;
    const before = this.#answers.get(taskToken);
    this.#answers.set(taskToken, before ?? step);
    if (before !== undefined && !isDeepStrictEqual(before, step)) {
      world.violate(`I2: ${taskToken} is told ${JSON.stringify([before, step])}`);
    }
    if (before !== undefined || taskToken !== this.#token) return;
    this.#isTold = step.action === 'HIBERNATE';
    world.trace(`told ${taskToken} ${JSON.stringify(step)}`);
    const continuation = this.#continuation;
    this.#hop('step', () => {
      if (continuation === this.#continuation) this.#take(step);
    });
  }

  /** Goes on as this execution; what the one before runs is not waited for any more. */
  replace(continuation: number): void {
    if (continuation <= this.#continuation || this.ended !== undefined) return;
    this.#continuation = continuation;
    this.#isTold = false;
    this.#rounds = 0;
    this.#ask();
  }

  /** Begins the execution of this number, once. Durable when it returns. */
  begin(continuation: number): void {
    if (continuation <= this.#continuation) return;
    if (!this.#isTold) this.#parts.world.violate(`I4: executions ${continuation} and before go on`);
    this.replace(continuation);
  }

  #take(step: NextStep): void {
    switch (step.action) {
      case 'RUN':
        void this.#run(step.attempt);
        break;
      case 'CONTINUE':
        this.replace(this.#continuation + 1);
        break;
      case 'HIBERNATE':
        break;
      case 'END':
        this.ended = step.status;
    }
  }

  async #run(attempt: number): Promise<void> {
    const { world, jobId, attemptRecord } = this.#parts;
    if (this.#attempts.has(attempt)) world.violate(`I2: attempt ${attempt} of ${jobId} runs twice`);
    this.#attempts.add(attempt);
    const record = await attemptRecord(attempt);
    if (record === undefined) {
      world.violate(`I3: attempt ${attempt} of ${jobId} is not known`);
      return;
    }
    const continuation = this.#continuation;
    let running = record.slotIndexes.length;
    for (const slotIndex of record.slotIndexes) {
      this.#lease({ jobId, attempt, lease: 0, slotIndex }, () => {
        running -= 1;
        // I1.
        if (running > 0 || continuation !== this.#continuation) return;
        this.#rounds += 1;
        this.#ask();
      });
    }
  }

  #lease(request: LeaseRequest, ended: () => void): void {
    this.#parts.invoke(request, (outcome) => {
      if (outcome === 'left') {
        const next = { ...request, lease: request.lease + 1 };
        this.#hop('next lease', () => this.#lease(next, ended));
        return;
      }
      if (outcome === 'failed') this.#lost(request);
      this.#hop('iteration ended', ended);
    });
  }

  #lost({ attempt, lease, slotIndex }: LeaseRequest): void {
    const error = new StreamError({
      kind: 'unavailable',
      code: 'TASK_MANAGER_LOST',
      message: `a TaskManager is gone; slot=${slotIndex} attempt=${attempt} lease=${lease}`,
      details: { slotIndex, attempt },
    });
    const slotIndexes = [slotIndex];
    this.#parts.send({ type: 'lost', attempt, slotIndexes, error: error.toJSON() });
  }

  #ask(): void {
    this.#token = `token-${this.#parts.jobId.slice(-2)}-${this.#nextToken++}`;
    const continuation = this.#continuation;
    const execution = `execution-${continuation}`;
    const rounds = this.#rounds;
    const taskToken = this.#token;
    this.#parts.send({ type: 'next', taskToken, execution, rounds, continuation });
  }

  #hop(label: string, act: () => void): void {
    this.#parts.world.schedule(this.#rng.next() * MAX_HOP_MS, label, act);
  }
}
