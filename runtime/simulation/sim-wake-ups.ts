/**
 * What wakes jobs that hibernate: what comes to their sources from outside, told to whoever is
 * armed for it, and to nobody else.
 *
 * I1  What is told comes once or twice, and the second time so late that the job may sleep again.
 * I2  Behind the last arrival nothing wakes a job: one that sleeps over it never ends.
 * I3  Once in a world all that is still to come comes at the worst moment: just before a job is
 *     armed, where only a second look finds it, or while it falls asleep.
 */
import type { TurnMessage, WakeUps } from '../jobmaster/index.ts';
import { arrivalAtMs, lastArrivalOf, type SourceSpec } from './job-spec.ts';
import type { BugSwitch } from './planted-bugs.ts';
import type { SimArrivals } from './sim-arrivals.ts';
import type { SimRng } from './sim-rng.ts';
import type { SimWorld } from './sim-world.ts';

export interface SimWakeUpsParts {
  readonly world: SimWorld;
  readonly bugs: BugSwitch;
  readonly arrivals: SimArrivals;
  readonly sourcesOf: (jobId: string) => readonly SourceSpec[];
}

/** I1. */
const TWICE_RATE = 0.3;
const MAX_LATE_MS = 400;
const ARM_LATE_MS = 60;
/** I3. Of the times at which it could. */
const RUSH_RATE = 0.3;
const RUSHING_WORLDS = 0.6;
/** As long as slots take to stop. */
const MAX_FALLING_MS = 30;

export class SimWakeUps {
  readonly #parts: SimWakeUpsParts;
  readonly #rng: SimRng;
  readonly #send: (jobId: string, message: TurnMessage) => void;
  /** Armings by job. */
  readonly #armed = new Map<string, Set<number>>();
  /** Those who watch. */
  readonly #jobs = new Map<string, () => boolean>();
  readonly #rushes: SimRng;
  /** I3. Which of the two moments. */
  readonly #rushesFalling: boolean;
  readonly #mayRush: boolean;

  constructor(parts: SimWakeUpsParts, send: (jobId: string, message: TurnMessage) => void) {
    this.#parts = parts;
    this.#rng = parts.world.rng.stream('wake-ups');
    this.#rushes = parts.world.rng.stream('rushes');
    this.#rushesFalling = this.#rushes.chance(0.5);
    // In the others jobs sleep more often.
    this.#mayRush = this.#rushes.stream('worlds').chance(RUSHING_WORLDS);
    this.#send = send;
  }

  /** Every arrival that is still to come, until the job has ended. */
  watch(jobId: string, hasEnded: () => boolean): void {
    const { world, arrivals, sourcesOf } = this.#parts;
    this.#jobs.set(jobId, hasEnded);
    for (const source of sourcesOf(jobId)) {
      const wait = (arrival: number): void => {
        // I2.
        if (hasEnded() || arrival > lastArrivalOf(source)) return;
        // It has come early: whoever was armed has been told.
        if (arrivals.hasCome(source, arrival)) {
          wait(arrival + 1);
          return;
        }
        const delayMs = arrivalAtMs(source, arrival) - world.nowMs;
        world.schedule(delayMs, `arrival ${jobId.slice(-2)}`, () => {
          if (!arrivals.isRushed(source)) this.#arrived(jobId);
          wait(arrival + 1);
        });
      };
      wait(1);
    }
  }

  arm(jobId: string, { arming }: WakeUps): void {
    const { world, bugs } = this.#parts;
    // I3.
    if (!this.#rushesFalling) this.#rush(jobId);
    if (bugs.is('never-arm')) return;
    const arm = (): void => void this.#of(jobId).add(arming);
    if (bugs.is('arm-late')) world.schedule(ARM_LATE_MS, 'arm late', arm);
    else arm();
  }

  disarm(jobId: string, arming: number): void {
    if (this.#parts.bugs.is('disarm-what-is-armed')) this.#of(jobId).clear();
    else this.#of(jobId).delete(arming);
  }

  /** Its tasks are told to stop. */
  falling(jobId: string): void {
    if (!this.#rushesFalling) return;
    const delayMs = this.#rushes.next() * MAX_FALLING_MS;
    this.#parts.world.schedule(delayMs, 'rush', () => this.#rush(jobId));
  }

  /** I3. */
  #rush(jobId: string): void {
    const { arrivals, sourcesOf } = this.#parts;
    if (!this.#mayRush || !this.#rushes.chance(RUSH_RATE) || !arrivals.rush(sourcesOf(jobId)))
      return;
    for (const [watching, hasEnded] of this.#jobs) if (!hasEnded()) this.#arrived(watching);
  }

  #arrived(jobId: string): void {
    for (const arming of this.#of(jobId)) {
      const tell = (): void => this.#send(jobId, { type: 'wake', arming });
      tell();
      if (!this.#rng.chance(TWICE_RATE)) continue;
      this.#parts.world.schedule(this.#rng.next() * MAX_LATE_MS, 'wake again', tell);
    }
  }

  #of(jobId: string): Set<number> {
    const armed = this.#armed.get(jobId) ?? new Set();
    this.#armed.set(jobId, armed);
    return armed;
  }
}
