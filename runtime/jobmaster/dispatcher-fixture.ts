/** A world for tests of the Dispatcher: planned programs whose masters do as they are told. */
import type { CheckpointStatistics, JobRecord } from '../checkpoint/index.ts';
import { StreamError } from '../core/index.ts';
import { diagnoseJob } from './diagnose-job.ts';
import type {
  JobControl,
  JobPlanner,
  JobProgram,
  PlannedProgram,
  StartedMaster,
} from './dispatcher-records.ts';
import type { JobTimes, VertexExecutions } from './job-executions.ts';
import type { JobJournal } from './job-journal.ts';
import type { JobResult } from './job-master-parts.ts';
import type { VertexSnapshot } from './job-snapshot.ts';
import type { JobStatus } from './job-state.ts';
import type { StateQuestion } from './query-state.ts';
import type { ExceptionHistory } from './restart-exception-history.ts';
import type { RunningValue } from './state-queries.ts';

/** A master that ends when it is told to. */
export class FakeMaster implements JobControl {
  exceptions: ExceptionHistory = { size: 16, entries: [], truncated: false };
  checkpointStatistics: CheckpointStatistics | undefined;
  shownExecutions: readonly VertexExecutions[] = [];
  shownVertices: readonly VertexSnapshot[] = [];
  /** Undefined: no slot answers. */
  runningValue: RunningValue | undefined;
  readonly calls: string[] = [];
  readonly journal: JobJournal;
  readonly isRecovered: boolean;
  status: JobStatus = 'RUNNING';
  times: JobTimes = {};
  readonly #program: JobProgram;
  readonly #ended = Promise.withResolvers<JobResult>();

  constructor(program: JobProgram, journal: JobJournal, isRecovered: boolean) {
    this.#program = program;
    this.journal = journal;
    this.isRecovered = isRecovered;
  }

  get jobId(): string {
    return this.#program.jobId;
  }

  executions(): readonly VertexExecutions[] {
    return this.shownExecutions;
  }

  diagnosis() {
    const { status, exceptions } = this;
    return diagnoseJob({ nowEpochMs: 0, status, executions: [], exceptions });
  }

  async run(): Promise<JobResult> {
    const attempt = this.journal.lastAttempt + 1;
    await this.journal.record({ attempt, parallelism: this.#program.parallelism });
    return await this.#ended.promise;
  }

  end(status: JobResult['status'], error?: StreamError): void {
    this.status = status;
    this.#ended.resolve({
      jobId: this.jobId,
      jobName: 'job',
      status,
      netRuntimeMs: 5,
      ...(error === undefined ? {} : { error: error.toJSON() }),
      metrics: this.snapshot(),
      accumulators: {},
    });
  }

  cancel(): void {
    this.end('CANCELED');
  }

  suspend(): void {
    this.end('SUSPENDED');
  }

  async triggerSavepoint(target = '/savepoints'): Promise<string> {
    this.calls.push(`savepoint ${target}`);
    return `${target}/savepoint-1`;
  }

  async stopWithSavepoint(options: { drain: boolean; target?: string }): Promise<string> {
    this.calls.push(`stop ${options.drain} ${options.target}`);
    this.end('FINISHED');
    return '/savepoints/savepoint-2';
  }

  async triggerCheckpoint(kind: 'CONFIGURED' | 'FULL'): Promise<number> {
    this.calls.push(`checkpoint ${kind}`);
    return 7;
  }

  async rescale(parallelism: Readonly<Record<string, number>>): Promise<void> {
    this.calls.push(`rescale ${JSON.stringify(parallelism)}`);
  }

  async queryState(question: StateQuestion): Promise<RunningValue | undefined> {
    this.calls.push(`query ${question.operator} ${question.query.name}`);
    return this.runningValue;
  }

  snapshot(): JobResult['metrics'] {
    return { status: this.status, elapsedMs: 5, vertices: this.shownVertices };
  }
}

/** Programs take the number of slots that their first argument says. */
export class FakePlanner implements JobPlanner {
  readonly masters: FakeMaster[] = [];
  readonly closed: string[] = [];
  /** Thrown by the next plan, check or start of this name. */
  failing: 'plan' | 'check' | 'start' | undefined;
  /** Where storage does not answer, if for one job only. */
  unavailable: { readonly where: 'plan' | 'start'; readonly jobId?: string } | undefined;

  async plan(program: JobProgram): Promise<PlannedProgram> {
    this.#fail('plan');
    this.#ask('plan', program);
    const own = Number(program.args[0] ?? 1);
    return {
      name: `job ${program.jobId.slice(0, 2)}`,
      vertices: [{ id: 'v1', name: 'Source', parallelism: own, maxParallelism: 128 }],
      scalableVertexIds: ['v1'],
      configuration: program.configuration,
      planJson: { jid: program.jobId, name: 'job', type: 'STREAMING', nodes: [] },
      requiredSlots: (parallelism) => parallelism.v1 ?? own,
      check: async () => this.#fail('check'),
      start: async (journal, isRecovered): Promise<StartedMaster> => {
        this.#fail('start');
        this.#ask('start', program);
        const master = new FakeMaster(program, journal, isRecovered);
        this.masters.push(master);
        return {
          master,
          close: async () => void this.closed.push(program.jobId),
        };
      },
    };
  }

  /** The newest master of a job. */
  masterOf(jobId: string): FakeMaster {
    const master = this.masters.findLast((one) => one.jobId === jobId);
    if (master === undefined) throw new Error(`no master of ${jobId}`);
    return master;
  }

  #ask(where: 'plan' | 'start', { jobId }: JobProgram): void {
    if (this.unavailable?.where !== where) return;
    if ((this.unavailable.jobId ?? jobId) !== jobId) return;
    throw new StreamError({ kind: 'unavailable', code: 'NO_ANSWER', message: 'no answer' });
  }

  #fail(where: FakePlanner['failing']): void {
    if (this.failing !== where) return;
    throw new StreamError({ kind: 'invalid', code: 'PLANNED', message: `${where} failed` });
  }
}

/** Ids that sort as their numbers do. */
export function jobIdOf(number: number): string {
  return number.toString(16).padStart(2, '0').padEnd(32, 'a');
}

/** What a row holds that a test compares. */
export function rowText({ jobId, status, attempt }: JobRecord): string {
  return `${jobId.slice(0, 2)} ${status} ${attempt}`;
}
