/**
 * Lets a job fall asleep and wakes it: carries out what {@link decideHibernation} decides.
 *
 * Owns the state of it. Crosses: the JobMaster tells what slots and checkpoints say, and what has
 * become of the job.
 *
 * I1  Only a job whose master works in turns hibernates: elsewhere nothing would be released.
 */
import type { Clock, Logger } from '../core/index.ts';
import {
  AWAKE,
  decideHibernation,
  type HibernatingJob,
  type HibernationCommand,
  type HibernationEvent,
  type HibernationSettings,
  type HibernationState,
  type WakeUps,
} from './hibernation.ts';

/** Port: what wakes a job. Kept by whoever takes its turns; durable with the turn. */
export interface WakeUpArming {
  arm(wakeUps: WakeUps): void;
  /** @param armed what was; undefined: nobody knows any more. */
  disarm(arming: number, armed?: WakeUps): void;
}

export interface JobHibernationParts {
  readonly jobId: string;
  /** Undefined: it never hibernates. */
  readonly settings: HibernationSettings | undefined;
  /** I1. */
  readonly arming: WakeUpArming | undefined;
  readonly asleep: HibernationState | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  job(): Omit<HibernatingJob, 'nowEpochMs'>;
  suspend(): void;
  rouse(round: number): void;
  wake(): void;
  newestCheckpointId(): number;
}

/** What is shown of a job that is asleep. */
export interface HibernationView {
  readonly sinceEpochMs: number;
  /** Behind which it sleeps. */
  readonly checkpointId: number;
  readonly wakesAtEpochMs?: number;
  /** All of them, joined by commas. */
  readonly wakeSchedule?: string;
  /** An event pattern, as JSON. */
  readonly wakeEvents?: string;
}

export class JobHibernation {
  readonly #parts: JobHibernationParts;
  readonly #events: HibernationEvent[] = [];
  #state: HibernationState;
  #isDeciding = false;

  constructor(parts: JobHibernationParts) {
    this.#parts = parts;
    this.#state = parts.asleep ?? AWAKE;
  }

  get state(): HibernationState {
    return this.#state;
  }

  /** Nothing may be asked of its tasks now: they stop, or have stopped. */
  get holdsRequests(): boolean {
    const { phase } = this.#state;
    return phase === 'FALLING' || phase === 'ASLEEP';
  }

  /** Undefined: it is not asleep. */
  get view(): HibernationView | undefined {
    const { phase, sinceEpochMs = 0, wakeUps = { arming: 0 } } = this.#state;
    if (phase !== 'ASLEEP') return undefined;
    const { atEpochMs, schedule, schedules = [], events }: WakeUps = wakeUps;
    const wakeSchedules = [...(schedule === undefined ? [] : [schedule]), ...schedules];
    return {
      ...{ sinceEpochMs, checkpointId: this.#parts.newestCheckpointId() },
      ...(atEpochMs === undefined ? {} : { wakesAtEpochMs: atEpochMs }),
      ...(wakeSchedules.length === 0 ? {} : { wakeSchedule: wakeSchedules.join(', ') }),
      ...(events === undefined ? {} : { wakeEvents: events }),
    };
  }

  /**
   * Something has come for it, or somebody wants it to run.
   *
   * @param arming of the wake-up that says so; one that is not present says nothing, and goes.
   */
  wake(arming?: number): void {
    const { phase, wakeUps } = this.#state;
    const isPresent = phase !== 'AWAKE' && wakeUps?.arming === arming;
    if (arming === undefined || isPresent) this.apply({ type: 'wake' });
    else this.#parts.arming?.disarm(arming);
  }

  /** At the end of a turn, which has heard its messages: what was armed before it is armed. */
  proceed(): void {
    const { phase, wakeUps } = this.#state;
    const { asleep } = this.#parts;
    const wasArmed = asleep?.phase === 'ARMED' && asleep.wakeUps?.arming === wakeUps?.arming;
    if (phase === 'ARMED' && wasArmed) this.apply({ type: 'turn' });
  }

  /** What an event leads to is told while it is being carried out: one after the other. */
  apply(event: HibernationEvent): void {
    const { settings, arming, clock, job } = this.#parts;
    if (settings === undefined || arming === undefined) return;
    this.#events.push(event);
    if (this.#isDeciding) return;
    this.#isDeciding = true;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        const facts = { ...job(), nowEpochMs: clock.nowEpochMs() };
        const before = this.#state.phase;
        const { state, commands } = decideHibernation(settings, this.#state, next, facts);
        this.#state = state;
        this.#tell(before);
        for (const command of commands) this.#execute(command, arming);
      }
    } finally {
      this.#isDeciding = false;
    }
  }

  #tell(before: HibernationState['phase']): void {
    const { logger, jobId } = this.#parts;
    const { phase, wakeUps } = this.#state;
    if (phase === before) return;
    if (phase === 'ASLEEP') logger.log('info', 'a job hibernates', { jobId, ...wakeUps });
    if (before === 'ASLEEP') logger.log('info', 'a job wakes', { jobId });
  }

  #execute(command: HibernationCommand, arming: WakeUpArming): void {
    const { suspend, wake, rouse } = this.#parts;
    switch (command.type) {
      case 'arm':
        arming.arm(command.wakeUps);
        break;
      case 'disarm':
        arming.disarm(command.arming, this.#state.wakeUps);
        break;
      case 'suspend':
        suspend();
        break;
      case 'wake':
        wake();
        break;
      case 'rouse':
        rouse(command.round);
        break;
    }
  }
}
