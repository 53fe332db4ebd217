/**
 * A job this process is in charge of, with what it keeps of it from turn to turn: its program, its
 * layout, what clients were shown.
 *
 * I1  Nothing is kept that another process could have changed without taking the job over.
 * I2  The end of a job is in its row, and shown, before the state machine hears of it.
 */
import type { JobRecord, RowStore } from '../../../checkpoint/index.ts';
import { type Clock, StreamError } from '../../../core/index.ts';
import {
  type DispatchedVertex,
  type JobMaster,
  planJobExecution,
  type TakenTurn,
  type TurnEffect,
  type TurnHost,
  type TurnJournal,
  type TurnMasterParts,
  type TurnMessage,
  type TurnRecord,
} from '../../../jobmaster/index.ts';
import { TurnMaster, type TurnMasterWorld } from '../../turn-master.ts';
import type { CoordinatorMessage } from '../messages.ts';
import { attemptRecordOf } from './attempt-of-turn.ts';
import { turnMessageOf } from './coordinator-message.ts';
import type { Inboxes, MetricSink } from './effect-ports.ts';
import type { EvaluatedProgram, JobPrograms } from './job-programs.ts';
import type { JobViews, TurnedJob } from './job-views.ts';
import { passing } from './outage.ts';
import { type PlanRecord, readPlan, writePlan } from './plan-record.ts';
import { refuseRescales } from './refuse-rescales.ts';
import { showJob } from './show-job.ts';
import type { TaskManagerReservations } from './task-manager-reservations.ts';
import type { EffectJob, TurnEffects } from './turn-effects.ts';
import { reportTurn } from './turn-metrics.ts';

export interface JobInChargeParts {
  readonly rows: RowStore;
  readonly programs: Pick<JobPrograms, 'get'>;
  readonly world: TurnMasterWorld;
  readonly effects: TurnEffects;
  readonly views: JobViews;
  readonly inboxes: Inboxes;
  readonly reservations: TaskManagerReservations;
  readonly metrics: MetricSink;
  readonly clock: Clock;
  /** Of a TaskManager. */
  readonly taskSlots: number;
}

export class JobInCharge implements TurnHost<CoordinatorMessage> {
  readonly jobId: string;
  /** What clients are shown, as it was written last. */
  shown = { view: '', summary: '', state: '', atEpochMs: 0 };
  readonly #parts: JobInChargeParts;
  #plan: PlanRecord | undefined;
  #program: EvaluatedProgram | undefined;
  #master: TurnMaster | undefined;
  #vertices: readonly DispatchedVertex[] | undefined;

  constructor(parts: JobInChargeParts, jobId: string) {
    this.#parts = parts;
    this.jobId = jobId;
  }

  async hear(
    { job }: TurnJournal,
    before: TurnRecord,
    messages: readonly CoordinatorMessage[],
  ): Promise<readonly TurnMessage[]> {
    const graphOf = async () => (await this.program(job)).graph;
    const rescaled = { job, graphOf, planOf: () => this.readPlan() };
    const refused = await refuseRescales(rescaled, before, messages, this.#parts);
    const { taskSlots } = this.#parts;
    return messages
      .filter((message) => !refused.includes(message))
      .map((message) => turnMessageOf(message, taskSlots));
  }

  async createMaster(journal: TurnJournal, parts: TurnMasterParts): Promise<JobMaster> {
    try {
      return await (await this.#turnMaster(journal.job)).create(parts, journal);
    } catch (thrown) {
      throw passing(thrown);
    }
  }

  /** I2. */
  async written(
    { job, turnNumber }: TurnJournal,
    { before, record, master }: TakenTurn,
  ): Promise<void> {
    const { metrics, reservations, world } = this.#parts;
    const { end } = record;
    if (end !== undefined) await reservations.release(this.jobId);
    await showJob(this, job, { master, end, turnNumber }, this.#parts);
    reportTurn({ metrics, logger: world.logger, jobId: this.jobId }, before, record);
  }

  async send({ job }: TurnJournal, effects: readonly TurnEffect[]): Promise<void> {
    await this.#parts.effects.send(this.#effectJob(job), effects);
  }

  /** @throws {StreamError} as `JobPrograms.get`; `GRAPH_HASH_MISMATCH`. */
  async program(job: JobRecord): Promise<EvaluatedProgram> {
    if (this.#program !== undefined) return this.#program;
    const plan = await this.readPlan();
    const program = await this.#parts.programs.get(job, plan?.digest);
    if (plan !== undefined && plan.graphHash !== program.graphHash) {
      throw hashMismatch(this.jobId, plan.graphHash, program.graphHash);
    }
    this.#program = program;
    return program;
  }

  /** Undefined: it is not planned yet. */
  async readPlan(): Promise<PlanRecord | undefined> {
    this.#plan ??= await readPlan(this.#parts.rows, this.jobId);
    return this.#plan;
  }

  /** What is known of it without a master. */
  async describe(job: JobRecord): Promise<Pick<TurnedJob, 'name' | 'vertices' | 'configuration'>> {
    const program = this.#program;
    if (program === undefined) {
      const { name = job.name, vertices = [], configuration } = (await this.readPlan()) ?? {};
      return { name, vertices, configuration };
    }
    this.#vertices ??= verticesOf(program);
    const configuration = program.configuration.toJSON();
    return { name: program.graph.jobName, vertices: this.#vertices, configuration };
  }

  async #turnMaster(job: JobRecord): Promise<TurnMaster> {
    const { world } = this.#parts;
    this.#master ??= new TurnMaster(world, await this.program(job), this.jobId);
    return this.#master;
  }

  #effectJob(job: JobRecord): EffectJob {
    const { taskSlots, world } = this.#parts;
    const { checkpointsDirectory } = world;
    return {
      jobId: this.jobId,
      launchOf: async (launch) => {
        const master = await this.#turnMaster(job);
        const { configuration } = master;
        const plan = master.planOf(launch.overrides);
        const { digest } = (await this.readPlan()) ?? {};
        return attemptRecordOf(launch, job, {
          ...{ plan, configuration, checkpointsDirectory, taskSlots, digest },
        });
      },
      prepareInboxes: (taskManagers) => this.#prepareInboxes(taskManagers),
    };
  }

  async #prepareInboxes(taskManagers: number): Promise<void> {
    const { inboxes, rows } = this.#parts;
    const plan = await this.readPlan();
    const { inboxes: present = 0 } = plan ?? {};
    if (present >= taskManagers) return;
    await inboxes.create(this.jobId, present, taskManagers);
    if (plan === undefined) return;
    this.#plan = { ...plan, inboxes: taskManagers };
    await writePlan(rows, this.jobId, this.#plan);
  }
}

/** Of the program, as it would run without anybody's wish. */
export function verticesOf({
  graph,
}: Pick<EvaluatedProgram, 'graph'>): readonly DispatchedVertex[] {
  const { vertices } = planJobExecution(graph, {}, undefined).executionGraph.jobGraph;
  return vertices.map(({ id, name, parallelism, maxParallelism }) => {
    return { id, name, parallelism, maxParallelism };
  });
}

/** The program builds another graph than it did before. */
export function hashMismatch(jobId: string, planned: string, found: string): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'GRAPH_HASH_MISMATCH',
    message:
      'the program builds another graph each time: let nothing in it depend on time, chance or ' +
      `environment; job=${jobId} planned=${planned} found=${found}`,
    details: { jobId, planned, found },
  });
}
