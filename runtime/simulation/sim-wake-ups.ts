/**
 * What wakes jobs that hibernate: what comes to their sources from outside, told to whoever is
 * armed for it, and to nobody else.
 */
import type { TurnMessage, WakeUps } from '../jobmaster/index.ts';
import type { BugSwitch } from './planted-bugs.ts';
import type { SimWorld } from './sim-world.ts';

export interface SimWakeUpsParts {
  readonly world: SimWorld;
  readonly bugs: BugSwitch;
  /** How long the sources of a job have nothing, again and again. */
  readonly lullsMs: (jobId: string) => readonly number[];
}

export class SimWakeUps {
  readonly #parts: SimWakeUpsParts;
  readonly #send: (jobId: string, message: TurnMessage) => void;
  /** Armings by job. */
  readonly #armed = new Map<string, Set<number>>();

  constructor(parts: SimWakeUpsParts, send: (jobId: string, message: TurnMessage) => void) {
    this.#parts = parts;
    this.#send = send;
  }

  /** Every arrival, until the job has ended. */
  watch(jobId: string, hasEnded: () => boolean): void {
    const { world, lullsMs } = this.#parts;
    for (const lengthMs of lullsMs(jobId)) {
      const wait = (): void => {
        const delayMs = lengthMs - (world.nowMs % lengthMs);
        world.schedule(delayMs, `arrival ${jobId.slice(-2)}`, () => {
          if (hasEnded()) return;
          this.#arrived(jobId);
          wait();
        });
      };
      wait();
    }
  }

  arm(jobId: string, { arming }: WakeUps): void {
    const { bugs } = this.#parts;
    if (bugs.is('never-arm')) return;
    this.#of(jobId).add(arming);
  }

  disarm(jobId: string, arming: number): void {
    this.#of(jobId).delete(arming);
  }

  #arrived(jobId: string): void {
    for (const arming of this.#of(jobId)) this.#send(jobId, { type: 'wake', arming });
  }

  #of(jobId: string): Set<number> {
    const armed = this.#armed.get(jobId) ?? new Set();
    this.#armed.set(jobId, armed);
    return armed;
  }
}
