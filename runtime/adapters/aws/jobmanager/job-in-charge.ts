/**
 * A job this process is in charge of, with what it keeps of it from turn to turn.
 *
 * I1  Nothing is kept that another process could have changed without taking the job over; what it
 *     has written of turns is read again.
 */
import {
  coordinatorKey,
  type JobStore,
  type RowStore,
  type RowWrite,
} from '../../../checkpoint/index.ts';
import { StreamError } from '../../../core/index.ts';
import {
  type DispatchedVertex,
  DispatcherJournal,
  type JobMaster,
  jobNotFound,
  planJobExecution,
  type TurnMasterParts,
} from '../../../jobmaster/index.ts';
import type { EvaluatedProgram, JobPrograms } from './job-programs.ts';
import { type PlanRecord, readPlan } from './plan-record.ts';
import { TurnMaster, type TurnMasterWorld } from './turn-master.ts';
import type { StoredTurn } from './turn-store.ts';

export interface JobInChargeParts {
  readonly jobs: JobStore;
  readonly rows: RowStore;
  readonly programs: JobPrograms;
  readonly world: TurnMasterWorld;
}

const MAX_TRIES = 5;

export class JobInCharge {
  readonly jobId: string;
  readonly journal: DispatcherJournal;
  /** Undefined: not read yet. */
  turn: StoredTurn | undefined;
  /** Version of the turn whose effects this process knows to be sent. */
  sentVersion = -1;
  /** What clients are shown, as it was written last. */
  shown = { view: '', summary: '' };
  plan: PlanRecord | undefined;
  readonly #parts: JobInChargeParts;
  #program: EvaluatedProgram | undefined;
  #master: TurnMaster | undefined;
  #vertices: readonly DispatchedVertex[] | undefined;

  private constructor(parts: JobInChargeParts, journal: DispatcherJournal) {
    this.#parts = parts;
    this.jobId = journal.job.jobId;
    this.journal = journal;
  }

  /** @throws {StreamError} `JOB_NOT_FOUND`; `JOB_FENCED`; of the store. */
  static async takeOver(parts: JobInChargeParts, jobId: string): Promise<JobInCharge> {
    const { jobs, rows } = parts;
    for (let tries = 1; ; tries++) {
      const stored = await jobs.get(jobId);
      if (stored === undefined) throw jobNotFound(jobId);
      const journal = await DispatcherJournal.takeOver(rows, jobs, stored);
      // Until then who was in charge before could write it.
      const isSame = (await jobs.get(jobId))?.version === stored.version;
      if (isSame || tries === MAX_TRIES) return new JobInCharge(parts, journal);
    }
  }

  /** Of this process; later ones are higher. */
  get term(): number {
    const { partitionKey, sortKey } = coordinatorKey(this.jobId);
    const [check] = this.fence.filter(
      (step) => step.partitionKey === partitionKey && step.sortKey === sortKey,
    );
    return check?.expectedVersion ?? 0;
  }

  get fence(): readonly RowWrite[] {
    return this.journal.fence();
  }

  /** @throws {StreamError} as `JobPrograms.get`; `GRAPH_HASH_MISMATCH`. */
  async program(): Promise<EvaluatedProgram> {
    if (this.#program !== undefined) return this.#program;
    const program = await this.#parts.programs.get(this.journal.job);
    const plan = await this.readPlan();
    if (plan !== undefined && plan.graphHash !== program.graphHash) {
      throw hashMismatch(this.jobId, plan.graphHash, program.graphHash);
    }
    this.#program = program;
    return program;
  }

  /** Undefined: it is not planned yet. */
  async readPlan(): Promise<PlanRecord | undefined> {
    this.plan ??= await readPlan(this.#parts.rows, this.jobId);
    return this.plan;
  }

  /** @throws {StreamError} what keeps the job from it. */
  async createMaster(parts: TurnMasterParts): Promise<JobMaster> {
    return await (await this.master()).create(parts);
  }

  async master(): Promise<TurnMaster> {
    this.#master ??= new TurnMaster(this.#parts.world, await this.program(), this.journal);
    return this.#master;
  }

  /** What is known of it without a master. */
  async describe(): Promise<{ name: string; vertices: readonly DispatchedVertex[] }> {
    const program = this.#program;
    if (program === undefined) {
      const plan = await this.readPlan();
      return { name: plan?.name ?? this.journal.job.name, vertices: plan?.vertices ?? [] };
    }
    this.#vertices ??= verticesOf(program);
    return { name: program.graph.jobName, vertices: this.#vertices };
  }
}

/** Of the program, as it would run without anybody's wish. */
export function verticesOf({ graph }: EvaluatedProgram): readonly DispatchedVertex[] {
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
