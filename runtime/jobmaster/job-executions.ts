/** Keeps in which state a job and its tasks are, for people. Owns nothing that anybody acts on. */
import type { Clock } from '../core/index.ts';
import type { ExecutionGraph } from '../graph/index.ts';
import type { SubtaskRef, TaskMetricsRecord } from '../protocol/index.ts';
import {
  type ExecutionStates,
  executionKey,
  executionsOf,
  followJob,
  isEnd,
  NO_EXECUTIONS,
  type SlotExecution,
  type SlotExecutions,
  type TaskEnd,
  withTaskEnd,
} from './execution-states.ts';
import type { JobDeployment } from './job-deployment.ts';
import type { JobMasterParts } from './job-master-parts.ts';
import type { JobPast } from './job-past.ts';
import type { JobState, JobStatus, SlotFailure } from './job-state.ts';
import type { SleepingJob } from './sleeping-job.ts';
import type { SlotPlace } from './slot-launcher.ts';

/** When the job entered each state that it was in, last. Epoch milliseconds. */
export type JobTimes = Readonly<Partial<Record<JobStatus, number>>>;

/** A vertex, subtask by subtask. */
export interface VertexExecutions {
  readonly vertexId: string;
  /** Indexed by subtask. */
  readonly subtasks: readonly SubtaskExecution[];
}

export interface SubtaskExecution extends Omit<SlotExecution, 'attempt'> {
  readonly subtaskIndex: number;
  readonly slotIndex: number;
  /** Where the slot runs, or ran last. Absent: who lists the processes knows, or nobody does. */
  readonly place?: SlotPlace;
  /** Absent: nothing has been reported yet. */
  readonly metrics?: TaskMetricsRecord;
  /** Earlier attempts, newest first. */
  readonly prior: readonly Omit<SlotExecution, 'attempt'>[];
}

/** Between two turns: slots that are alike are written once. Plain JSON. */
export interface PackedExecutions extends Pick<ExecutionStates, 'ends'> {
  readonly slots: readonly (SlotExecutions & { readonly slotIndexes: readonly number[] })[];
  /** Absent: by a release that did not keep them. */
  readonly jobTimes?: JobTimes;
}

export type JobExecutionsParts = Pick<JobMasterParts, 'clock' | 'asleep' | 'journal'>;

/** Counters change all the time: many who ask at once are shown the same. */
const VIEW_AGE_MS = 250;

interface View {
  readonly of: ExecutionStates;
  readonly graph: ExecutionGraph;
  readonly atEpochMs: number;
  readonly vertices: readonly VertexExecutions[];
}

export class JobExecutions {
  readonly #clock: Clock;
  readonly #past: JobPast | undefined;
  #states: ExecutionStates;
  #view: View | undefined;
  #jobTimes: JobTimes;
  #jobStatus: JobStatus | undefined;

  constructor({ clock, asleep, journal }: JobExecutionsParts) {
    const packed = asleep?.executions;
    this.#clock = clock;
    this.#past = journal.past;
    this.#jobStatus = asleep?.state.status;
    this.#jobTimes = packed?.jobTimes ?? journal.past?.record.times ?? {};
    this.#states = packed === undefined ? NO_EXECUTIONS : unpack(packed);
  }

  get jobTimes(): JobTimes {
    return this.#jobTimes;
  }

  followJob(job: JobState): void {
    const nowEpochMs = this.#clock.nowEpochMs();
    this.#states = followJob(this.#states, job, nowEpochMs);
    if (job.status === this.#jobStatus) return;
    this.#jobStatus = job.status;
    this.#jobTimes = { ...this.#jobTimes, [job.status]: nowEpochMs };
    this.#past?.entered(this.#jobTimes);
  }

  /** @param attempt of its region. */
  taskEnded(task: SubtaskRef, attempt: number, state: TaskEnd['state']): void {
    const end = { state, atEpochMs: this.#clock.nowEpochMs(), attempt };
    this.#states = withTaskEnd(this.#states, task, end);
  }

  /** A slot that is lost takes all its tasks with it. @param task that failed by itself. */
  failed(failure: SlotFailure, task: SubtaskRef | undefined, { slots }: ExecutionGraph): void {
    const { type, slotIndex, attempt } = failure;
    const lost = type === 'slot-lost' ? (slots[slotIndex]?.subtasks ?? []) : [];
    for (const one of task === undefined ? lost : [task]) this.taskEnded(one, attempt, 'FAILED');
  }

  /**
   * In the JobGraph's order.
   *
   * @param metrics by `vertexId:subtaskIndex`; shown a quarter of a second later at most.
   */
  view(
    { executionGraph: graph, regions }: Pick<JobDeployment, 'executionGraph' | 'regions'>,
    metrics: ReadonlyMap<string, TaskMetricsRecord>,
  ): readonly VertexExecutions[] {
    const atEpochMs = this.#clock.nowEpochMs();
    const { of, graph: before, atEpochMs: since, vertices: known = [] } = this.#view ?? {};
    const isFresh = since !== undefined && atEpochMs - since < VIEW_AGE_MS;
    if (of === this.#states && before === graph && isFresh) return known;
    const vertices = verticesOf(this.#states, graph, metrics, regions.places());
    this.#view = { of: this.#states, graph, atEpochMs, vertices };
    return vertices;
  }

  pack(): PackedExecutions {
    const { slots, ends } = this.#states;
    const alike = Map.groupBy(slots.keys(), (slotIndex) => JSON.stringify(slots[slotIndex]));
    const packed = [...alike].map(([text, slotIndexes]) => {
      return { ...(JSON.parse(text) as SlotExecutions), slotIndexes };
    });
    return { slots: packed, ends, jobTimes: this.#jobTimes };
  }
}

/** When the job began to run, in whichever process. */
export function startOf({ clock, asleep, journal: { past } }: JobExecutionsParts): number {
  const before = asleep?.startedAtEpochMs ?? past?.record.startedAtEpochMs;
  const startedAtEpochMs = before ?? clock.nowEpochMs();
  past?.started(startedAtEpochMs);
  return startedAtEpochMs;
}

/** When the job or a task of it changed its state last. Undefined: nobody knows. Pure. */
export function lastChangeEpochMs(
  jobTimes: JobTimes,
  executions: readonly VertexExecutions[],
): number | undefined {
  const subtasks = executions.flatMap((vertex) => vertex.subtasks);
  const changes = [jobTimes, ...subtasks.map(({ times }) => times)];
  const last = changes.flatMap((times) => Object.values(times)).reduce((a, b) => Math.max(a, b), 0);
  return last === 0 ? undefined : last;
}

/** Of a job between two turns of its master, on the layout that is deployed. Pure. */
export function sleepingExecutions(
  { executions, metrics }: Pick<SleepingJob, 'executions' | 'metrics'>,
  graph: ExecutionGraph,
): readonly VertexExecutions[] {
  if (executions === undefined) return [];
  const byTask = new Map(metrics.map((task) => [executionKey(task), task]));
  return verticesOf(unpack(executions), graph, byTask);
}

function verticesOf(
  states: ExecutionStates,
  { vertices }: ExecutionGraph,
  byTask: ReadonlyMap<string, TaskMetricsRecord>,
  places?: ReadonlyMap<number, SlotPlace>,
): readonly VertexExecutions[] {
  return vertices.map(({ vertexId, subtasks }) => ({
    vertexId,
    subtasks: subtasks.flatMap(({ subtaskIndex, slotIndex }) => {
      const ref = { vertexId, subtaskIndex };
      const [current, ...prior] = executionsOf(states, slotIndex, ref).map(shown);
      if (current === undefined) return [];
      const record = byTask.get(executionKey(ref));
      const ended = isEnd(current.state) && record !== undefined;
      const metrics = ended ? withoutRates(record) : record;
      const place = places?.get(slotIndex);
      const known = {
        ...(place === undefined ? {} : { place }),
        ...(metrics === undefined ? {} : { metrics }),
      };
      return [{ subtaskIndex, slotIndex, ...current, ...known, prior }];
    }),
  }));
}

/** What was so in its last seconds is not so now. */
export function withoutRates({ rates, recent, ...lasting }: TaskMetricsRecord): TaskMetricsRecord {
  return lasting;
}

function shown({ attempt: _, ...execution }: SlotExecution): Omit<SlotExecution, 'attempt'> {
  return execution;
}

function unpack({ slots, ends }: PackedExecutions): ExecutionStates {
  const unpacked: SlotExecutions[] = [];
  for (const { slotIndexes, current, prior } of slots) {
    for (const slotIndex of slotIndexes) unpacked[slotIndex] = { current, prior };
  }
  return { slots: unpacked, ends };
}
