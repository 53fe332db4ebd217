/**
 * One turn of a job's master: it wakes from the job's record, hears its messages, does what
 * follows and falls asleep again. Whoever drives turns writes the new record, conditional on the
 * one the turn began with, and then carries out its effects; see docs/adr/0012.
 *
 * I1  A turn whose record is not written has said nothing: it can be repeated from the old record.
 *     What it did to stores before can be done again: checkpoints are stored only after the record
 *     says what is stored ({@link JobTurnParts.write}).
 * I2  Effects are in the record until the next turn has ended: that turn sends them again when it
 *     cannot know that they were sent.
 * I3  A message that comes again changes nothing.
 * I4  A job whose master cannot be made, and never will be, has failed and says why; its slots are
 *     told to end. What may pass keeps the turn from its end instead, and so does what user code
 *     throws in a job that ran before.
 * I5  While the job hibernates nobody runs attempts for it and no tick is on its way but one that
 *     was asked for before: who asked for the next attempt has ended, and is followed by an
 *     execution of the next number when the job wakes, or ends. One of a lower number is told to
 *     end, whatever it asks.
 * I6  Wake-ups are armed by the time the turn after begins.
 */
import type { StopProgress } from '../checkpoint/index.ts';
import {
  assert,
  type Clock,
  defined,
  StreamError,
  type StreamErrorRecord,
  type Timers,
  toStreamError,
} from '../core/index.ts';
import { type AskedTicks, decideTick, type TickDecision } from './asked-ticks.ts';
import { jobEnded } from './job-errors.ts';
import type { JobMaster } from './job-master.ts';
import type { JobMasterParts, JobResult } from './job-master-parts.ts';
import type { SleepingJob } from './sleeping-job.ts';
import type { ClientAnswer, NextStep, TurnEffect, TurnMessage } from './turn-messages.ts';
import { TurnRunner, type TurnRunnerRecord, type WaitingRunner } from './turn-runner.ts';
import { TurnSlots, type TurnSlotsRecord } from './turn-slots.ts';
import { TurnTimers } from './turn-timers.ts';

/** How the job has ended. */
export interface TurnEnd {
  readonly status: string;
  readonly error?: StreamErrorRecord;
}

/** A job between turns. Persisted: fields are only ever added. */
export interface TurnRecord extends AskedTicks {
  /** Absent before the first turn, and after the end. */
  readonly asleep?: SleepingJob;
  readonly slots?: TurnSlotsRecord;
  /** Who waits to be told what to run. */
  readonly runner?: WaitingRunner;
  readonly runners?: TurnRunnerRecord;
  /** Task tokens of requests without an answer, by request. */
  readonly requestTokens: Readonly<Record<string, string>>;
  /** The last requests of clients, oldest first: they are not carried out again. */
  readonly heard: readonly string[];
  readonly end?: TurnEnd;
  /** I2. */
  readonly effects: readonly TurnEffect[];
}

export const NEW_TURN_RECORD: TurnRecord = { requestTokens: {}, heard: [], effects: [] };

/** What a master is made of that the turn knows. */
export type TurnMasterParts = Pick<JobMasterParts, 'launcher' | 'timers' | 'asleep'> &
  Required<Pick<JobMasterParts, 'onAnswer' | 'turn' | 'arming'>>;

export interface JobTurnParts {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Attempts that one execution runs before it is continued. */
  readonly maxRounds: number;
  /** @throws {StreamError} what keeps the job from it (I4). */
  readonly createMaster: (parts: TurnMasterParts) => Promise<JobMaster>;
  /**
   * Writes the record, conditional on the one before. Called in the turn and at its end; the last
   * one that was written counts.
   */
  readonly write: (record: TurnRecord) => Promise<void>;
  /** The job was begun, in this turn's past. */
  readonly isRecovered: boolean;
  /** The job's row says so: the turn that has found out was not written. */
  readonly ended?: TurnEnd;
  /** Makes the end of a job durable that no master has run to its end. */
  readonly recordEnd: (end: TurnEnd) => Promise<void>;
}

const HEARD_COUNT = 100;
/**
 * How far ahead a job that may hibernate asks for a tick. One that is on its way when it falls
 * asleep is the last thing that it costs.
 */
export const MAX_TICK_AHEAD_MS = 60_000;

export class JobTurn {
  readonly #parts: JobTurnParts;
  readonly #before: TurnRecord;
  readonly #slots: TurnSlots;
  readonly #timers: TurnTimers;
  readonly #effects: TurnEffect[] = [];
  readonly #heard: string[];
  readonly #tokens: Map<string, string>;
  readonly #runner: TurnRunner;
  #end: TurnRecord['end'];
  #isHibernated = false;
  readonly #abandoned = Promise.withResolvers<never>();
  #isOver = false;
  /** Times of the ticks that have come. */
  #ticked: readonly number[] = [];
  /** When to look after who runs attempts. */
  #watchAtEpochMs: number | undefined;

  constructor(parts: JobTurnParts, before: TurnRecord) {
    this.#parts = parts;
    this.#before = before;
    this.#slots = new TurnSlots(before.slots);
    this.#timers = new TurnTimers(parts.clock, parts.timers);
    this.#heard = [...before.heard];
    this.#tokens = new Map(Object.entries(before.requestTokens));
    this.#runner = new TurnRunner(before.runner, before.runners);
    this.#end = before.end;
  }

  /**
   * @returns what was written last, with what is to be sent now.
   * @throws {StreamError} what kept the turn from its end: it has to be repeated.
   */
  async run(messages: readonly TurnMessage[]): Promise<TurnRecord> {
    try {
      const ended = this.#run(messages);
      // Rejected, it may be, when nobody waits for it any more.
      ended.catch(() => undefined);
      return await Promise.race([ended, this.#abandoned.promise]);
    } finally {
      this.#isOver = true;
      this.#timers.stop();
    }
  }

  async #run(messages: readonly TurnMessage[]): Promise<TurnRecord> {
    this.#ticked = messages.flatMap((one) => (one.type === 'tick' ? [one.atEpochMs] : []));
    const unplanned = messages.find((message) => message.type === 'not-planned');
    const { ended } = this.#parts;
    if (ended !== undefined) this.#hasEnded(ended);
    else if (unplanned !== undefined && this.#end === undefined) await this.#fail(unplanned.error);
    const asleep = this.#end === undefined ? await this.#wakeAndSleep(messages) : undefined;
    if (asleep === undefined) this.#hearWhenOver(messages);
    this.#tellRunner(asleep);
    this.#watchRunner();
    // What is due from now on is for the next turn.
    this.#timers.stop();
    const record = this.#record(asleep);
    await this.#write(record);
    return record;
  }

  async #write(record: TurnRecord): Promise<void> {
    // I1.
    if (this.#isOver) throw turnOver();
    await this.#parts.write(record);
  }

  /** What runs of it may not have been told. */
  #hasEnded(ended: TurnEnd): void {
    if (this.#end === undefined) this.#slots.cancelAll();
    this.#end ??= ended;
  }

  /** The job ends although no master has run it to its end. */
  async #fail(error: StreamErrorRecord): Promise<void> {
    await this.#parts.recordEnd({ status: 'FAILED', error });
    this.#end = { status: 'FAILED', error };
    this.#slots.cancelAll();
  }

  async #createMaster(): Promise<JobMaster | undefined> {
    const { asleep } = this.#before;
    let master: JobMaster | undefined;
    const parts: TurnMasterParts = {
      launcher: this.#slots,
      timers: this.#timers,
      onAnswer: (requestId, answer) => this.#answer(requestId, answer),
      turn: {
        beforeStore: () => this.#writeBetween(() => master?.sleep()),
        abandon: (error) => this.#abandoned.reject(error),
      },
      arming: {
        arm: (wakeUps) => this.#effects.push({ type: 'arm', wakeUps }),
        disarm: (arming, armed) => {
          this.#effects.push({
            ...{ type: 'disarm', arming },
            ...(armed === undefined ? {} : { armed }),
          });
        },
      },
      ...(asleep === undefined ? {} : { asleep }),
    };
    try {
      master = await this.#parts.createMaster(parts);
      return master;
    } catch (thrown) {
      // I4.
      const error = toStreamError(thrown).toJSON();
      const isNew = asleep === undefined && !this.#parts.isRecovered;
      const isForGood = error.kind === 'invalid' || error.kind === 'data';
      if (!isForGood && !(isNew && error.kind === 'user')) throw thrown;
      await this.#fail(error);
      return undefined;
    }
  }

  /** Undefined: it has ended. */
  async #wakeAndSleep(messages: readonly TurnMessage[]): Promise<SleepingJob | undefined> {
    const master = await this.#createMaster();
    if (master === undefined) return undefined;
    let result: JobResult | undefined;
    const ended = master.run().then((settled) => {
      result = settled;
    });
    await this.#quiet(master);
    for (const message of messages) {
      this.#hear(master, message);
      await this.#quiet(master);
    }
    master.hibernation.proceed();
    await this.#quiet(master);
    const asleep = master.sleep();
    if (asleep !== undefined) {
      this.#timers.stop();
      return asleep;
    }
    assert(master.isOver, 'a master that is quiet has its checkpoints');
    await ended;
    const { status, error } = defined(result, 'it has ended');
    if (error?.kind === 'fenced') throw StreamError.fromJSON(error);
    this.#end = { status, ...(error === undefined ? {} : { error }) };
    return undefined;
  }

  /** What is said so far is in it, and sent at the end. */
  async #writeBetween(sleep: () => SleepingJob | undefined): Promise<boolean> {
    // Not in the middle of a decision.
    await this.#breathe();
    const asleep = sleep();
    if (asleep !== undefined) await this.#write(this.#record(asleep));
    return asleep !== undefined;
  }

  /** Until it waits for others. */
  async #quiet(master: JobMaster): Promise<void> {
    for (;;) {
      await master.quiet();
      if (!this.#slots.tellLater() && !this.#timers.runDue()) return;
      await this.#breathe();
    }
  }

  /** Everything that can settle does. */
  #breathe(): Promise<void> {
    return new Promise((resolve) => void this.#parts.timers.schedule(0, resolve));
  }

  #hear(master: JobMaster, message: TurnMessage): void {
    switch (message.type) {
      case 'next':
        this.#hearRunner(message);
        break;
      case 'reports':
        if (this.#slots.report(message)) break;
        this.#lose(message.attempt, [message.slotIndex], missingReports(message));
        break;
      case 'lost':
        this.#lose(message.attempt, message.slotIndexes, StreamError.fromJSON(message.error));
        break;
      case 'request':
        this.#request(master, message);
        break;
      case 'wake':
        master.hibernation.wake(message.arming);
        break;
      case 'not-planned':
      case 'tick':
        break;
    }
  }

  /** After the end there is nothing to do but to say so. */
  #hearWhenOver(messages: readonly TurnMessage[]): void {
    const { asleep } = this.#before;
    const { stop } = asleep?.checkpoints.state ?? {};
    const answered = new Set(this.#effects.map((e) => (e.type === 'answer' ? e.requestId : '')));
    for (const { requestId } of asleep?.requests ?? []) {
      if (answered.has(requestId)) continue;
      const isStopped = stop?.requestId === requestId && stop.phase === 'STOPPING';
      this.#answer(requestId, isStopped ? this.#stopAnswer(stop) : this.#overAnswer());
    }
    for (const message of messages) {
      if (message.type === 'next') this.#hearRunner(message);
      if (message.type === 'wake' && message.arming !== undefined) {
        this.#effects.push({ type: 'disarm', arming: message.arming });
      }
      if (message.type !== 'request' || !this.#isNew(message.requestId)) continue;
      this.#keepToken(message);
      this.#answer(message.requestId, this.#overAnswer());
    }
  }

  #stopAnswer({ path = '', checkpointId = 0 }: StopProgress): ClientAnswer {
    return this.#end?.status === 'FINISHED' ? { path, checkpointId } : this.#overAnswer();
  }

  #overAnswer(): ClientAnswer {
    return { error: jobEnded(this.#end?.status ?? '').toJSON() };
  }

  #lose(attempt: number, slotIndexes: readonly number[], error: Error): void {
    for (const slotIndex of slotIndexes) this.#slots.lost(slotIndex, attempt, error);
  }

  #hearRunner(question: Extract<TurnMessage, { type: 'next' }>): void {
    const heard = this.#runner.hear(question);
    if (heard === 'OLD') {
      const { taskToken } = question;
      this.#effects.push({ type: 'next', taskToken, step: { action: 'HIBERNATE' } });
    }
    if (heard !== 'NEW') return;
    // Who is ready for more runs nothing any more.
    this.#slots.allLost((slotIndex, attempt) => slotEnded(slotIndex, attempt));
  }

  /** I3. */
  #isNew(id: string): boolean {
    if (this.#heard.includes(id)) return false;
    this.#heard.push(id);
    return true;
  }

  #keepToken({ requestId, taskToken }: Extract<TurnMessage, { type: 'request' }>): void {
    if (taskToken !== undefined) this.#tokens.set(requestId, taskToken);
  }

  #request(master: JobMaster, message: Extract<TurnMessage, { type: 'request' }>): void {
    const { requestId, request } = message;
    if (!this.#isNew(requestId)) return;
    this.#keepToken(message);
    try {
      master.request(requestId, request);
    } catch (thrown) {
      this.#answer(requestId, { error: toStreamError(thrown).toJSON() });
    }
  }

  #answer(requestId: string, answer: ClientAnswer): void {
    const taskToken = this.#tokens.get(requestId);
    this.#tokens.delete(requestId);
    const token = taskToken === undefined ? {} : { taskToken };
    this.#effects.push({ type: 'answer', requestId, ...token, answer });
  }

  #tellRunner(asleep: SleepingJob | undefined): void {
    this.#isHibernated = asleep?.state.status === 'HIBERNATED';
    const { waiting } = this.#runner;
    if (waiting === undefined) {
      const isNeeded = this.#end !== undefined || this.#slots.waiting !== undefined;
      if (isNeeded) this.#effects.push(...this.#runner.begin());
      return;
    }
    const { taskToken, rounds } = waiting;
    const step = this.#nextStep(rounds);
    if (step === undefined) return;
    this.#runner.waiting = undefined;
    this.#effects.push({ type: 'next', taskToken, step });
  }

  /** An attempt that waits does not wait for ever, nor does a job that has ended. */
  #watchRunner(): void {
    const { waiting, isBlocked } = this.#slots;
    if (this.#end !== undefined) {
      // What hangs would keep it until its invocation ends; the next one settles the job.
      if (isBlocked) this.#effects.push(...this.#runner.replace());
      return;
    }
    const isWaiting = waiting !== undefined;
    const nowEpochMs = this.#parts.clock.nowEpochMs();
    const { effects, atEpochMs } = this.#runner.watch(isWaiting, isBlocked, nowEpochMs);
    this.#effects.push(...effects);
    this.#watchAtEpochMs = atEpochMs;
  }

  #nextStep(rounds: number): NextStep | undefined {
    if (this.#end !== undefined) return { action: 'END', status: this.#end.status };
    const { waiting } = this.#slots;
    if (this.#isHibernated) {
      this.#runner.rest();
      return { action: 'HIBERNATE' };
    }
    if (waiting === undefined) return undefined;
    if (rounds >= this.#parts.maxRounds) return { action: 'CONTINUE' };
    this.#effects.push({ type: 'attempt', record: waiting });
    this.#slots.takeWaiting();
    return { action: 'RUN', attempt: waiting.attempt };
  }

  #record(asleep: SleepingJob | undefined): TurnRecord {
    const { asked, sendAtEpochMs } = this.#tick(asleep);
    const ticks: readonly TurnEffect[] =
      sendAtEpochMs === undefined ? [] : [{ type: 'tick', atEpochMs: sendAtEpochMs }];
    const { waiting: runner, record: runners } = this.#runner;
    return {
      ...(asleep === undefined ? {} : { asleep, slots: this.#slots.record }),
      ...(runner === undefined ? {} : { runner }),
      ...(runners === undefined ? {} : { runners }),
      requestTokens: Object.fromEntries(this.#tokens),
      heard: this.#heard.slice(-HEARD_COUNT),
      ...(this.#end === undefined ? {} : { end: this.#end }),
      effects: [...this.#slots.effects, ...this.#effects, ...ticks],
      ...asked,
    };
  }

  #tick(asleep: SleepingJob | undefined): TickDecision {
    const nowEpochMs = this.#parts.clock.nowEpochMs();
    const times = [this.#timers.nextAtEpochMs, this.#watchAtEpochMs];
    const next = Math.min(...times.map((time) => time ?? Number.POSITIVE_INFINITY));
    const due = tickTime(Number.isFinite(next) ? next : undefined, asleep, nowEpochMs);
    return decideTick({
      before: this.#before,
      arrivedAtEpochMs: this.#ticked,
      nowEpochMs,
      neededAtEpochMs: this.#end === undefined ? due : undefined,
    });
  }
}

/** Undefined: nothing is due, whatever comes. */
function tickTime(
  nextEpochMs: number | undefined,
  asleep: SleepingJob | undefined,
  nowEpochMs: number,
): number | undefined {
  const { hibernation, state } = asleep ?? {};
  // I5.
  if (state?.status === 'HIBERNATED') return undefined;
  // I6.
  if (hibernation?.phase === 'ARMED' && hibernation.isRoused !== true) return nowEpochMs;
  if (hibernation === undefined || nextEpochMs === undefined) return nextEpochMs;
  return Math.min(nextEpochMs, nowEpochMs + MAX_TICK_AHEAD_MS);
}

function missingReports(message: Extract<TurnMessage, { type: 'reports' }>): StreamError {
  const { slotIndex, attempt, sequence } = message;
  return new StreamError({
    kind: 'unavailable',
    code: 'SLOT_LOST',
    message: `reports of the slot are missing; slot=${slotIndex} attempt=${attempt} before=${sequence}`,
    details: { slotIndex, attempt },
  });
}

function slotEnded(slotIndex: number, attempt: number): StreamError {
  return new StreamError({
    kind: 'unavailable',
    code: 'SLOT_LOST',
    message: `the slot has ended and did not say so; slot=${slotIndex} attempt=${attempt}`,
    details: { slotIndex, attempt },
  });
}

function turnOver(): StreamError {
  return new StreamError({
    kind: 'conflict',
    code: 'TURN_OVER',
    message: 'the turn is over: what it would still write does not count',
  });
}
