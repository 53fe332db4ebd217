/**
 * Takes turns for jobs: one job, some messages, one turn.
 *
 * I1  What an earlier turn has decided is sent before the next one begins, unless this process
 *     knows that it was (docs/adr/0012).
 * I2  After any failure the job is forgotten here and taken over anew: nothing of a turn that has
 *     failed, and may still be under way in this process, can write for the job any more.
 * I3  A job that cannot begin has failed, and says why; one that ran is not given up for what may
 *     pass.
 * I4  The end of a job is in its row, and shown, before the state machine hears of it.
 */
import { type Clock, isStreamError, type StreamError, type Timers } from '../../../core/index.ts';
import {
  type JobMaster,
  JobTurn,
  type JobTurnParts,
  type TurnMessage,
  type TurnRecord,
} from '../../../jobmaster/index.ts';
import type { CoordinatorMessage } from '../messages.ts';
import { attemptRecordOf } from './attempt-of-turn.ts';
import type { Inboxes, MetricSink } from './effect-ports.ts';
import { JobInCharge, type JobInChargeParts } from './job-in-charge.ts';
import type { JobViews } from './job-views.ts';
import { writePlan } from './plan-record.ts';
import { refuseRescales } from './refuse-rescales.ts';
import { showJob } from './show-job.ts';
import type { TaskManagerReservations } from './task-manager-reservations.ts';
import type { EffectJob, TurnEffects } from './turn-effects.ts';
import { heardBefore, turnMessagesOf } from './turn-input.ts';
import { reportTurn } from './turn-metrics.ts';
import type { TurnStore } from './turn-store.ts';

export interface JobTurnsParts extends JobInChargeParts {
  readonly turns: TurnStore;
  readonly effects: TurnEffects;
  readonly views: JobViews;
  readonly inboxes: Inboxes;
  readonly reservations: TaskManagerReservations;
  readonly metrics: MetricSink;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Of a TaskManager. */
  readonly taskSlots: number;
  /** Attempts that one execution runs. */
  readonly maxRounds: number;
  /** Jobs kept between turns. */
  readonly maxJobs: number;
}

const MAX_TRIES = 2;

const ENDED: readonly string[] = ['FINISHED', 'CANCELED', 'FAILED'];

export class JobTurns {
  readonly #parts: JobTurnsParts;
  readonly #jobs = new Map<string, JobInCharge>();

  constructor(parts: JobTurnsParts) {
    this.#parts = parts;
  }

  /**
   * Takes a turn. Turns of one job are taken one after the other.
   *
   * @throws {StreamError} `JOB_NOT_FOUND`; what kept the turn from its end: its messages have to
   * come again.
   */
  async turn(jobId: string, messages: readonly CoordinatorMessage[]): Promise<void> {
    const { clock, metrics } = this.#parts;
    const startMs = clock.monotonicMs();
    for (let tries = 1; ; tries++) {
      try {
        await this.#turn(await this.#inCharge(jobId), messages);
        metrics.add('CoordinatorTurnMs', clock.monotonicMs() - startMs);
        return;
      } catch (thrown) {
        // I2.
        this.#jobs.delete(jobId);
        const isFenced = isStreamError(thrown) && thrown.kind === 'fenced';
        if (!isFenced || tries === MAX_TRIES) throw thrown;
      }
    }
  }

  /** As kept, if nobody else has been in charge since. */
  async #inCharge(jobId: string): Promise<JobInCharge> {
    const { turns, maxJobs } = this.#parts;
    let job = this.#jobs.get(jobId);
    if (job !== undefined) {
      job.turn = await turns.read(jobId, job.turn);
      if (job.turn.version === 0 || job.turn.term === job.term) return job;
      this.#jobs.delete(jobId);
    }
    job = await JobInCharge.takeOver(this.#parts, jobId);
    job.turn = await turns.read(jobId, undefined);
    this.#jobs.set(jobId, job);
    const [oldest] = this.#jobs.keys();
    if (this.#jobs.size > maxJobs && oldest !== undefined) this.#jobs.delete(oldest);
    return job;
  }

  async #turn(job: JobInCharge, messages: readonly CoordinatorMessage[]): Promise<void> {
    const { effects, metrics, taskSlots } = this.#parts;
    const { record: before, version } = await this.#stored(job);
    // I1.
    if (version !== job.sentVersion && before.effects.length > 0) {
      await effects.send(this.#effectJob(job), before.effects);
    }
    job.sentVersion = version;
    const fresh = messages.filter((message) => !heardBefore(before, message));
    const refused = await refuseRescales(job, before, fresh, this.#parts);
    const accepted = messages.filter((message) => !refused.includes(message));
    const input = turnMessagesOf(before, accepted, taskSlots);
    const { record, master } = await this.#run(job, input.before, input.messages);
    if (record.end !== undefined) await this.#end(job, record.end.status);
    await showJob(job, { master, end: record.end }, this.#parts);
    await effects.send(this.#effectJob(job), record.effects);
    job.sentVersion = job.turn?.version ?? -1;
    reportTurn(metrics, before, record);
  }

  async #run(
    job: JobInCharge,
    before: TurnRecord,
    messages: readonly TurnMessage[],
  ): Promise<{ readonly record: TurnRecord; readonly master: JobMaster | undefined }> {
    const { turns, clock, timers, maxRounds } = this.#parts;
    let master: JobMaster | undefined;
    const parts: JobTurnParts = {
      ...{ clock, timers, maxRounds },
      ...endOf(job),
      recordEnd: async ({ status, error }) => {
        const coordinator = error === undefined ? {} : { coordinator: { error } };
        await job.journal.update({ status, ...coordinator });
      },
      createMaster: async (masterParts) => {
        master = await job.createMaster(masterParts);
        return master;
      },
      write: async (record) => {
        const { term, fence } = job;
        job.turn = await turns.write(job.jobId, record, await this.#stored(job), { term, fence });
      },
    };
    try {
      const record = await new JobTurn(parts, before).run(messages);
      return { record, master };
    } catch (thrown) {
      const hasBegun = before.asleep !== undefined || master !== undefined;
      if (hasBegun || !isPermanent(thrown)) throw thrown;
      // I3.
      const failure: TurnMessage = { type: 'not-planned', error: thrown.toJSON() };
      const record = await new JobTurn(parts, before).run([...messages, failure]);
      return { record, master };
    }
  }

  async #stored(job: JobInCharge): Promise<NonNullable<JobInCharge['turn']>> {
    job.turn ??= await this.#parts.turns.read(job.jobId, undefined);
    return job.turn;
  }

  /** I4. */
  async #end(job: JobInCharge, status: string): Promise<void> {
    if (job.journal.job.status !== status) await job.journal.update({ status });
    await this.#parts.reservations.release(job.jobId);
  }

  #effectJob(job: JobInCharge): EffectJob {
    const { taskSlots, world } = this.#parts;
    const { checkpointsDirectory } = world;
    return {
      jobId: job.jobId,
      launchOf: async (launch) => {
        const master = await job.master();
        const { configuration } = master;
        const plan = master.planOf(launch.overrides);
        const known = { plan, configuration, checkpointsDirectory, taskSlots };
        return attemptRecordOf(launch, job.journal.job, known);
      },
      prepareInboxes: (taskManagers) => this.#prepareInboxes(job, taskManagers),
    };
  }

  async #prepareInboxes(job: JobInCharge, taskManagers: number): Promise<void> {
    const { inboxes, rows } = this.#parts;
    const plan = await job.readPlan();
    const { inboxes: present = 0 } = plan ?? {};
    if (present >= taskManagers) return;
    await inboxes.create(job.jobId, present, taskManagers);
    if (plan === undefined) return;
    job.plan = { ...plan, inboxes: taskManagers };
    await writePlan(rows, job.jobId, job.plan);
  }
}

/** What the job's row says, when the turn that found out was not written. */
function endOf({ journal }: JobInCharge): Pick<JobTurnParts, 'ended'> {
  const { status } = journal.job;
  return ENDED.includes(status) ? { ended: { status } } : {};
}

function isPermanent(thrown: unknown): thrown is StreamError {
  return isStreamError(thrown) && ['invalid', 'user', 'data'].includes(thrown.kind);
}
