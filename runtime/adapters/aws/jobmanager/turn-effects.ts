/**
 * Carries out what a turn has decided, after it is written.
 *
 * I1  What an attempt is started from is durable before anybody is told to run it.
 * I2  Commands to a TaskManager go in their order.
 * I3  All of it may be done again.
 * I4  Who asks for a savepoint and may not be answered does not hold the job up.
 * I5  What wakes a job is armed before anything else is said. Where that is refused, the job is
 *     told to stay awake: it would sleep for ever.
 * I6  What wakes a job and may not be deleted does not hold it up: later it says nothing to it.
 */
import { answerKey, isErrorWithCode, type RowStore } from '../../../checkpoint/index.ts';
import { type Clock, isStreamError, type Logger, toStreamError } from '../../../core/index.ts';
import type { ClientAnswer, TurnEffect } from '../../../jobmaster/index.ts';
import type { NextStep } from '../messages.ts';
import type { AttemptRecord } from '../taskmanager/index.ts';
import type {
  AddressedCommand,
  AttemptWriter,
  CommandSender,
  CoordinatorQueues,
  StateMachines,
  WakeUpSchedules,
} from './effect-ports.ts';

export interface TurnEffectsParts {
  readonly rows: RowStore;
  readonly commands: CommandSender;
  readonly attempts: AttemptWriter;
  readonly machines: StateMachines;
  readonly queues: CoordinatorQueues;
  readonly wakeUps: WakeUpSchedules;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of a TaskManager. */
  readonly taskSlots: number;
}

/** The job, as its effects see it. */
export interface EffectJob {
  readonly jobId: string;
  /** Completes what a turn says of an attempt. */
  launchOf(record: LaunchEffect['record']): Promise<AttemptRecord>;
  /** An attempt of so many TaskManagers is about to run. */
  prepareInboxes(taskManagers: number): Promise<void>;
}

export type LaunchEffect = Extract<TurnEffect, { readonly type: 'attempt' }>;

/** Row of an answer. Persisted. */
export interface AnswerRow {
  readonly answer: ClientAnswer;
  readonly answeredAtEpochMs: number;
}

/** A savepoint that is to cancel the job afterwards is asked for under an id that begins so. */
export const CANCEL_AFTER = 'cancel-after-';
/** What clients have asked, and were answered, is kept so long: Flink's five minutes and more. */
export const ANSWERS_KEPT_MS = 7 * 86_400_000;
/** Schedules are for minutes: what is due before one has passed waits in the queue. */
const SOON_MS = 60_000;
/** The longest that a queue delays a message. */
const MAX_DELAY_S = 900;

/** Of a message that is due then. Never too early. */
export function delayOf(atEpochMs: number, nowEpochMs: number): number {
  return Math.min(MAX_DELAY_S, Math.max(0, Math.ceil((atEpochMs - nowEpochMs) / 1000)));
}

/** How many TaskManagers have these slots. */
export function taskManagersOf(slotIndexes: readonly number[], taskSlots: number): number {
  const last = slotIndexes.reduce((a, b) => Math.max(a, b), -1);
  return Math.floor(last / taskSlots) + 1;
}

export class TurnEffects {
  readonly #parts: TurnEffectsParts;

  constructor(parts: TurnEffectsParts) {
    this.#parts = parts;
  }

  /** @throws {StreamError} what could not be sent; all has to be sent again then. */
  async send(job: EffectJob, effects: readonly TurnEffect[]): Promise<void> {
    const launches = effects.filter((effect) => effect.type === 'attempt');
    // I5.
    for (const effect of effects) if (effect.type === 'arm') await this.#arm(job.jobId, effect);
    // I1.
    for (const { record } of launches) await this.#launch(job, record);
    await Promise.all([
      this.#sendCommands(job.jobId, effects),
      ...effects.map((effect) => this.#sendOne(job, effect, launches)),
    ]);
  }

  async #launch(job: EffectJob, record: LaunchEffect['record']): Promise<void> {
    const { attempts, taskSlots } = this.#parts;
    await Promise.all([
      job.launchOf(record).then((launch) => attempts.writeAttempt(launch)),
      job.prepareInboxes(taskManagersOf(record.slotIndexes, taskSlots)),
    ]);
  }

  /** I5. What is due soon need not be scheduled: it waits in the queue. */
  async #arm(jobId: string, { wakeUps }: Extract<TurnEffect, { type: 'arm' }>): Promise<void> {
    const { wakeUps: schedules, queues, clock, logger } = this.#parts;
    const { arming, atEpochMs = Number.POSITIVE_INFINITY, ...recurring } = wakeUps;
    const isSoon = atEpochMs - clock.nowEpochMs() < SOON_MS;
    const delayS = delayOf(atEpochMs, clock.nowEpochMs());
    try {
      if (isSoon) await queues.tick({ type: 'wake', jobId, arming }, delayS);
      await schedules.arm(jobId, isSoon ? { arming, ...recurring } : wakeUps);
    } catch (thrown) {
      if (!isStreamError(thrown) || thrown.kind !== 'invalid') throw thrown;
      const { code, message: reason } = thrown;
      logger.log('error', 'a job cannot hibernate: nothing would wake it', { jobId, code, reason });
      await queues.send({ type: 'wake', jobId }, `stay-awake-${jobId}-${arming}`);
    }
  }

  /** I2. */
  async #sendCommands(jobId: string, effects: readonly TurnEffect[]): Promise<void> {
    const byInbox = new Map<
      string,
      { attempt: number; taskManager: number; commands: AddressedCommand[] }
    >();
    for (const effect of effects) {
      if (effect.type !== 'command') continue;
      const { attempt, slotIndex, sequence, command } = effect;
      const taskManager = Math.floor(slotIndex / this.#parts.taskSlots);
      const key = `${attempt}/${taskManager}`;
      const inbox = byInbox.get(key) ?? { attempt, taskManager, commands: [] };
      byInbox.set(key, inbox);
      inbox.commands.push({ slotIndex, sequence, command });
    }
    const sent = [...byInbox.values()].map(({ commands, ...to }) =>
      this.#sendTo({ jobId, ...to }, commands),
    );
    await Promise.all(sent);
  }

  async #sendTo(
    to: Parameters<CommandSender['sendCommands']>[0],
    commands: readonly AddressedCommand[],
  ): Promise<void> {
    try {
      await this.#parts.commands.sendCommands(to, commands);
    } catch (thrown) {
      if (!isQueueGone(thrown)) throw thrown;
      // Nobody reads it: its TaskManager fails, or has ended, and says so.
      this.#parts.logger.log('error', 'the inbox of a TaskManager is gone', { ...to });
    }
  }

  async #sendOne(
    { jobId }: EffectJob,
    effect: TurnEffect,
    launches: readonly LaunchEffect[],
  ): Promise<void> {
    const { machines, queues, clock } = this.#parts;
    switch (effect.type) {
      case 'next':
        await machines.succeed(effect.taskToken, this.#stepOf(jobId, effect.step, launches));
        break;
      case 'answer':
        await this.answer(jobId, effect);
        break;
      case 'tick': {
        const { atEpochMs } = effect;
        const delayS = delayOf(atEpochMs, clock.nowEpochMs());
        await queues.tick({ type: 'tick', jobId, atEpochMs }, delayS);
        break;
      }
      case 'replace':
        await this.#replace(jobId, effect);
        break;
      case 'execute': {
        const { continuation } = effect;
        await machines.start(`${jobId}-${continuation}`, { jobId, continuation });
        break;
      }
      case 'disarm':
        await this.#disarm(jobId, effect);
        break;
      case 'attempt':
      case 'command':
      case 'arm':
        break;
    }
  }

  /** I6. */
  async #disarm(
    jobId: string,
    { arming, armed }: Extract<TurnEffect, { readonly type: 'disarm' }>,
  ): Promise<void> {
    const { wakeUps, logger } = this.#parts;
    try {
      await wakeUps.disarm(jobId, arming, armed);
    } catch (thrown) {
      if (!isStreamError(thrown) || thrown.kind !== 'invalid') throw thrown;
      const { code, message: reason } = thrown;
      logger.log('error', 'what woke a job may be left behind', { jobId, code, reason });
    }
  }

  /** The next one goes on before the one that stands still is ended: a job is never without. */
  async #replace(
    jobId: string,
    { continuation, isStuck }: Extract<TurnEffect, { readonly type: 'replace' }>,
  ): Promise<void> {
    const { machines, logger } = this.#parts;
    const name = `${jobId}-${continuation}`;
    const [code, what] = isStuck
      ? ['TASK_MANAGER_STUCK', 'a TaskManager did not end when told to']
      : ['EXECUTION_SILENT', 'nobody asked what to run next'];
    const reason = `${what}: the job goes on, or ends, without it as execution ${name}`;
    logger.log('warn', reason, { jobId, code, continuation });
    await machines.start(name, { jobId, continuation });
    await machines.stop(`${jobId}-${continuation - 1}`, code, reason);
  }

  #stepOf(
    jobId: string,
    step: Extract<TurnEffect, { readonly type: 'next' }>['step'],
    launches: readonly LaunchEffect[],
  ): NextStep {
    if (step.action !== 'RUN') return { ...step, jobId };
    const { attempt } = step;
    const launch = launches.find(({ record }) => record.attempt === attempt);
    const slotIndexes = launch?.record.slotIndexes ?? [];
    return {
      action: 'RUN',
      attempt,
      taskManagers: taskManagersOf(slotIndexes, this.#parts.taskSlots),
    };
  }

  /** As of `send`. */
  async answer(
    jobId: string,
    { requestId, taskToken, answer }: Extract<TurnEffect, { readonly type: 'answer' }>,
  ): Promise<void> {
    const { rows, queues, clock } = this.#parts;
    const answeredAtEpochMs = clock.nowEpochMs();
    const value: AnswerRow = { answer, answeredAtEpochMs };
    const expiresAtEpochMs = answeredAtEpochMs + ANSWERS_KEPT_MS;
    await rows.write([{ type: 'put', ...answerKey(jobId, requestId), value, expiresAtEpochMs }]);
    if (taskToken !== undefined) await this.#tell(jobId, taskToken, answer);
    if (!requestId.startsWith(CANCEL_AFTER) || 'error' in answer) return;
    const cancelId = `after-${requestId}`;
    const request = { type: 'cancel' } as const;
    await queues.send({ type: 'request', jobId, requestId: cancelId, request }, cancelId);
  }

  /**
   * Whoever triggered a savepoint from a state machine gets its path, as a text. I4: one that may
   * not be answered is left to its own time-out.
   */
  async #tell(jobId: string, taskToken: string, answer: ClientAnswer): Promise<void> {
    const { machines, logger } = this.#parts;
    try {
      if ('error' in answer) {
        await machines.fail(taskToken, answer.error.code, answer.error.message);
      } else await machines.succeed(taskToken, answer.path ?? answer);
    } catch (thrown) {
      const { kind, code, message: reason } = toStreamError(thrown);
      if (kind === 'unavailable') throw thrown;
      logger.log('error', 'who asked for a savepoint cannot be answered', { jobId, code, reason });
    }
  }
}

function isQueueGone(thrown: unknown): boolean {
  if (!isErrorWithCode(thrown, 'INBOX_NOT_WRITABLE')) return false;
  return thrown.details.reason === 'missing-resource';
}
