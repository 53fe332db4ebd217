/**
 * Takes turns for jobs in one process: claims the job, lets its master work, writes its record and
 * has its effects sent. What it keeps of a job saves reading, and nothing else.
 *
 * I1  What an earlier turn has decided is sent before the next one begins, unless this process
 *     knows that it was.
 * I2  After any failure the job is forgotten here and claimed anew: nothing of a turn that has
 *     failed, and may still be under way in this process, counts for the job any more.
 * I3  What is kept of a job is used again only by the claim that follows its own.
 */
import { type Clock, isStreamError, type StreamErrorRecord, type Timers } from '../core/index.ts';
import type { JobMaster } from './job-master.ts';
import { JobTurn, NEW_TURN_RECORD, type TurnMasterParts, type TurnRecord } from './job-turn.ts';
import { TurnJournal, type TurnJournalParts } from './turn-journal.ts';
import type { TurnEffect, TurnMessage } from './turn-messages.ts';

/** A turn that is written. */
export interface TakenTurn {
  readonly before: TurnRecord;
  readonly record: TurnRecord;
  /** Undefined: it needed none, for the job was over. */
  readonly master: JobMaster | undefined;
}

/**
 * What a process has for one job, for as long as no other takes the job over (I3). The journal is
 * that of the turn, and no other's.
 */
export interface TurnHost<Message> {
  /**
   * The messages as the master hears them; those that it does not are answered.
   *
   * @throws {StreamError} what keeps the turn from its end.
   */
  hear(
    journal: TurnJournal,
    before: TurnRecord,
    messages: readonly Message[],
  ): Promise<readonly TurnMessage[]>;
  createMaster(journal: TurnJournal, parts: TurnMasterParts): Promise<JobMaster>;
  /** Before anything is sent. It may be done again, or never. */
  written(journal: TurnJournal, turn: TakenTurn): Promise<void>;
  /** In their order; settles when all have happened. */
  send(journal: TurnJournal, effects: readonly TurnEffect[]): Promise<void>;
}

export interface TurnTakerParts<Message> extends Omit<TurnJournalParts, 'jobId'> {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Attempts that one execution runs. */
  readonly maxRounds: number;
  /** Jobs kept between turns. */
  readonly maxJobs: number;
  readonly hostOf: (jobId: string) => TurnHost<Message>;
}

interface KeptJob<Message> {
  readonly journal: TurnJournal;
  readonly host: TurnHost<Message>;
}

/** Who is fenced claims the job again, once: its messages are the newest. */
const MAX_TRIES = 2;

export class TurnTaker<Message> {
  readonly #parts: TurnTakerParts<Message>;
  readonly #jobs = new Map<string, KeptJob<Message>>();

  constructor(parts: TurnTakerParts<Message>) {
    this.#parts = parts;
  }

  /**
   * Takes a turn. Turns of one job are taken one after the other.
   *
   * @throws {StreamError} `JOB_NOT_FOUND`; what kept the turn from its end: its messages have to
   * come again.
   */
  async turn(jobId: string, messages: readonly Message[]): Promise<TakenTurn> {
    return await this.#tried(jobId, async ({ journal, host }) => {
      const before = journal.record;
      await this.#resend(host, journal, before);
      const heard = await host.hear(journal, before, messages);
      return await this.#run(host, journal, before, heard);
    });
  }

  /**
   * Ends a job whose turns do not come to their end, and never will.
   *
   * @throws {StreamError} as {@link turn}.
   */
  async fail(jobId: string, error: StreamErrorRecord): Promise<TakenTurn> {
    return await this.#tried(jobId, async ({ journal, host }) => {
      const before = readable(journal);
      return await this.#run(host, journal, before, [{ type: 'not-planned', error }]);
    });
  }

  async #tried(
    jobId: string,
    act: (job: KeptJob<Message>) => Promise<TakenTurn>,
  ): Promise<TakenTurn> {
    for (let tries = 1; ; tries++) {
      try {
        const job = await this.#claim(jobId);
        const turn = await act(job);
        this.#keep(jobId, job);
        return turn;
      } catch (thrown) {
        const isFenced = isStreamError(thrown) && thrown.kind === 'fenced';
        if (!isFenced || tries === MAX_TRIES) throw thrown;
      }
    }
  }

  async #claim(jobId: string): Promise<KeptJob<Message>> {
    const { rows, jobs, objects, hostOf } = this.#parts;
    const kept = this.#jobs.get(jobId);
    // I2.
    this.#jobs.delete(jobId);
    const journal = await TurnJournal.claim({ rows, jobs, objects, jobId }, kept?.journal);
    // I3.
    const host = kept !== undefined && journal.isContinued ? kept.host : hostOf(jobId);
    return { journal, host };
  }

  #keep(jobId: string, job: KeptJob<Message>): void {
    this.#jobs.set(jobId, job);
    const [oldest] = this.#jobs.keys();
    if (this.#jobs.size > this.#parts.maxJobs && oldest !== undefined) this.#jobs.delete(oldest);
  }

  /** I1. */
  async #resend(
    host: TurnHost<Message>,
    journal: TurnJournal,
    { effects }: TurnRecord,
  ): Promise<void> {
    if (!journal.areEffectsSent && effects.length > 0) await host.send(journal, effects);
  }

  async #run(
    host: TurnHost<Message>,
    journal: TurnJournal,
    before: TurnRecord,
    messages: readonly TurnMessage[],
  ): Promise<TakenTurn> {
    const { clock, timers, maxRounds } = this.#parts;
    const { ended, isRecovered } = journal;
    const clearing = journal.clear();
    let master: JobMaster | undefined;
    const turn = new JobTurn(
      {
        ...{ clock, timers, maxRounds, isRecovered },
        ...(ended === undefined ? {} : { ended }),
        createMaster: async (parts) => {
          master = await host.createMaster(journal, parts);
          return master;
        },
        write: (record) => journal.write(record),
        recordEnd: (end) => journal.recordEnd(end),
      },
      before,
    );
    try {
      const record = await turn.run(messages);
      const taken = { before, record, master };
      await host.written(journal, taken);
      await host.send(journal, record.effects);
      journal.effectsSent();
      return taken;
    } finally {
      await clearing;
    }
  }
}

/** What does not read is nothing: the job ends. */
function readable(journal: TurnJournal): TurnRecord {
  try {
    return journal.record;
  } catch {
    return NEW_TURN_RECORD;
  }
}
