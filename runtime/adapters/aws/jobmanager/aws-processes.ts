/**
 * TaskManagers of a deployed cluster: invocations of a function, lease after lease. Which there are
 * the records of turns say, since when the rows of leases, what they log is in CloudWatch. Nobody
 * can look into them while they run: that is refused with a reason.
 *
 * I1  An id from outside names a job and a number, and nothing else is made of it.
 */
import { leaseKey, type RowStore } from '../../../checkpoint/index.ts';
import type { Clock } from '../../../core/index.ts';
import type { DispatchedJob } from '../../../jobmaster/index.ts';
import type { LeaseRow } from '../../../taskmanager/index.ts';
import {
  type ClusterJobManager,
  type ClusterProcesses,
  type ClusterTaskManager,
  closedProcess,
  type GivenHardware,
  HttpContent,
  type TaskManagerView,
} from '../../http/index.ts';
import type { FunctionLog } from './function-log.ts';
import { isEnded, type JobViews } from './job-views.ts';
import type { ShownExecutions } from './shown-executions.ts';
import type { TaskManagerReservations } from './task-manager-reservations.ts';

export interface AwsProcessesParts {
  readonly rows: RowStore;
  readonly views: Pick<JobViews, 'list' | 'get'>;
  readonly executions: Pick<ShownExecutions, 'slotsOf'>;
  readonly reservations: Pick<TaskManagerReservations, 'used'>;
  readonly log: FunctionLog;
  readonly clock: Clock;
  /** Of a TaskManager. */
  readonly taskSlots: number;
  /** Of the function that TaskManagers are. */
  readonly taskManagerMemoryMb: number;
  /** What is known of the cluster, under Flink's names. */
  readonly configuration: ClusterJobManager['configuration'];
  readonly environment: ClusterJobManager['environment'];
}

const NOT_HERE =
  'A deployed cluster runs as functions, which nobody can look into while they run: run the job ' +
  'with `sluice cluster` for thread dumps, flame graphs and profiles.';
const TASK_MANAGER = /^([0-9a-f]{32})-(\d{1,5})$/;
/** Memory that brings one vCPU with it. */
const WHOLE_VCPU_MB = 1_769;
const TEXT = 'text/plain; charset=UTF-8';
const [LOG, OUT, MANAGER_LOG] = ['taskmanager.log', 'taskmanager.out', 'jobmanager.log'] as const;

/** As vertices name it. */
export function taskManagerId(jobId: string, index: number): string {
  return `${jobId}-${index}`;
}

export function awsProcesses(parts: AwsProcessesParts): ClusterProcesses {
  const { views, reservations, log, configuration, environment } = parts;
  return {
    jobManager: {
      ...closedProcess(NOT_HERE),
      ...{ configuration, environment, logName: MANAGER_LOG },
      logFiles: async () => [await fileOf(MANAGER_LOG, parts, log.ofCoordinator())],
      readLog: async (name) =>
        name === MANAGER_LOG ? new HttpContent(TEXT, await log.ofCoordinator()) : undefined,
    },
    countTaskManagers: () => reservations.used(),
    taskManagers: async () => {
      const running = (await views.list()).filter((job) => !isEnded(job));
      return (await Promise.all(running.map((job) => taskManagersOf(parts, job)))).flat();
    },
    taskManager: (id) => findTaskManager(parts, id),
    flameGraph: async () => ({ why: 'disabled' }),
  };
}

async function taskManagersOf(
  parts: AwsProcessesParts,
  { jobId }: Pick<DispatchedJob, 'jobId'>,
): Promise<readonly TaskManagerView[]> {
  const { executions, taskSlots } = parts;
  const slots = [...(await executions.slotsOf(jobId))];
  const byIndex = Map.groupBy(slots, ([slotIndex]) => Math.floor(slotIndex / taskSlots));
  const views = [...byIndex].map(([index, of]) => viewOf(parts, jobId, index, of));
  return await Promise.all(views);
}

/** @param slots that it runs, with their attempts. */
async function viewOf(
  { rows, taskSlots, taskManagerMemoryMb }: AwsProcessesParts,
  jobId: string,
  index: number,
  slots: readonly (readonly [slotIndex: number, attempt: number])[],
): Promise<TaskManagerView> {
  const { partitionKey, sortKey } = leaseKey(jobId, index);
  const lease = (await rows.get(partitionKey, sortKey))?.value as LeaseRow | undefined;
  // That of an attempt before says nothing of this one.
  const isOfNow = slots.some(([, attempt]) => attempt === lease?.attempt);
  return {
    taskManagerId: taskManagerId(jobId, index),
    endpoint: 'lambda',
    slotCount: taskSlots,
    jobIdsOfSlots: slots.map(() => jobId),
    heartbeatAtEpochMs: isOfNow ? lease?.claimedAtEpochMs : undefined,
    statistics: undefined,
    given: functionHardware(taskManagerMemoryMb),
  };
}

/** What Lambda says that a function of this size gets. */
function functionHardware(memoryMb: number): GivenHardware {
  const cpuCount = Math.round((100 * memoryMb) / WHOLE_VCPU_MB) / 100;
  return { cpuCount, memoryBytes: memoryMb * 1024 * 1024 };
}

/** I1. */
async function findTaskManager(
  parts: AwsProcessesParts,
  id: string,
): Promise<ClusterTaskManager | undefined> {
  const [, jobId, text] = TASK_MANAGER.exec(id) ?? [];
  if (jobId === undefined || String(Number(text)) !== text) return undefined;
  const job = await parts.views.get(jobId);
  const index = Number(text);
  const widest = Math.max(0, ...(job?.vertices ?? []).map(({ parallelism }) => parallelism));
  // Of a job at its widest, in slots of its own for each vertex.
  const most = widest * (job?.vertices.length ?? 0);
  if (job === undefined || index * parts.taskSlots >= most) return undefined;
  const live = isEnded(job) ? [] : await taskManagersOf(parts, job);
  const view = live.find(({ taskManagerId: of }) => of === id) ?? goneView(id, parts);
  const { log } = parts;
  const linesOf = (name: string): Promise<string> =>
    log.ofTaskManager({ jobId, index, isOutput: name === OUT });
  return {
    ...closedProcess(NOT_HERE),
    ...{ view, logName: LOG, stdoutName: OUT },
    logFiles: () => Promise.all([LOG, OUT].map((name) => fileOf(name, parts, linesOf(name)))),
    readLog: async (name) =>
      name === LOG || name === OUT ? new HttpContent(TEXT, await linesOf(name)) : undefined,
  };
}

function goneView(id: string, { taskManagerMemoryMb }: AwsProcessesParts): TaskManagerView {
  return {
    ...{ taskManagerId: id, endpoint: 'lambda', slotCount: 0, jobIdsOfSlots: [] },
    heartbeatAtEpochMs: undefined,
    statistics: undefined,
    given: functionHardware(taskManagerMemoryMb),
  };
}

/** As it would be read now. */
async function fileOf(name: string, { clock }: AwsProcessesParts, lines: Promise<string>) {
  const sizeBytes = Buffer.byteLength(await lines);
  return { name, sizeBytes, changedAtEpochMs: clock.nowEpochMs() };
}
