/** The processes of a cluster on this machine, as the REST interface sees them. */
import type { Clock } from '../../core/index.ts';
import type { Dispatcher } from '../../jobmaster/index.ts';
import {
  type AskedFlameGraph,
  type ClusterJobManager,
  type ClusterProcess,
  type ClusterProcesses,
  type ClusterTaskManager,
  HttpRefusal,
  type ProcessStatistics,
} from '../http/index.ts';
import { type Inspect, threadDump } from '../inspect/index.ts';
import type { LocalFlameGraphs } from './local-flame-graphs.ts';
import type { LocalTaskManager, LocalTaskManagers } from './local-task-managers.ts';
import type { ProcessLog, ProcessLogs } from './process-logs.ts';
import type { ProcessProfiles } from './process-profiles.ts';
import { slotAccount } from './slot-account.ts';

export interface LocalProcessesParts {
  readonly taskManagers: LocalTaskManagers;
  readonly flameGraphs: LocalFlameGraphs;
  readonly logs: ProcessLogs;
  readonly jobs: Pick<Dispatcher, 'get'>;
  /** Of this very process. */
  readonly own: InspectableProcess & Pick<ClusterJobManager, 'configuration' | 'environment'>;
  readonly clock: Clock;
}

interface InspectableProcess {
  readonly log: ProcessLog;
  readonly profiles: ProcessProfiles;
  readonly inspect: Inspect;
}

/** How a thread is watched for a dump of what it does. */
const DUMP = { type: 'stacks', durationMs: 100, intervalMs: 2, isExact: false } as const;
/** What was measured longer ago is measured anew. */
const FRESH_MS = 1000;

export function localProcesses(parts: LocalProcessesParts): ClusterProcesses {
  const { taskManagers, flameGraphs, own } = parts;
  const { configuration, environment } = own;
  return {
    jobManager: {
      ...processOf(own),
      ...{ configuration, environment },
      // What it prints is in the terminal that it was started in.
      stdoutName: undefined,
    },
    countTaskManagers: async () => taskManagers.all.length,
    taskManagers: async () => taskManagers.all.map(({ view }) => view),
    taskManager: async (id) => {
      const known = taskManagers.find(id);
      if (known !== undefined) return taskManagerOf(parts, known);
      const log = parts.logs.find(id);
      return log === undefined ? undefined : earlierTaskManager(id, log);
    },
    flameGraph: async (asked) => {
      const [first = -1] = asked.slotIndexes;
      const taskManager = taskManagers.of(asked.jobId, first);
      if (taskManager === undefined || taskManager.isGone) return { why: 'terminated' };
      return flameGraphs.get(asked satisfies AskedFlameGraph, taskManager.inspect);
    },
  };
}

/** @param account what is known of a thread besides. */
function processOf(
  { log, profiles, inspect }: InspectableProcess,
  account: (threadName: string) => readonly string[] = () => [],
): ClusterProcess {
  return {
    statistics: () => inspect({ type: 'statistics' }),
    ...logsOf(log),
    threadDump: async () => {
      const threads = await inspect(DUMP);
      return threads.map((thread) => threadDump(thread, account(thread.name)));
    },
    profile: async (mode, durationS) => profiles.start(mode, durationS),
    profilings: async () => profiles.list(),
    readProfile: async (name) => profiles.read(name),
  };
}

function logsOf(
  log: ProcessLog,
): Pick<ClusterProcess, 'logName' | 'stdoutName' | 'logFiles' | 'readLog'> {
  return {
    logName: log.logName,
    stdoutName: log.stdoutName,
    logFiles: async () => log.files(),
    readLog: async (name) => log.read(name),
  };
}

function taskManagerOf(
  { jobs, clock }: LocalProcessesParts,
  taskManager: LocalTaskManager,
): ClusterTaskManager {
  const { view, jobId } = taskManager;
  if (taskManager.isGone)
    return { ...earlierTaskManager(view.taskManagerId, taskManager.log), view };
  const account = (threadName: string): readonly string[] => {
    return slotAccount(jobs.get(jobId), threadName);
  };
  const statistics = async (): Promise<ProcessStatistics | undefined> => {
    const { statistics: known } = taskManager.view;
    const ageMs = clock.nowEpochMs() - (known?.measuredAtEpochMs ?? 0);
    if (known !== undefined && ageMs < FRESH_MS) return known;
    return await taskManager.inspect({ type: 'statistics' }).catch(() => known);
  };
  return { ...processOf(taskManager, account), statistics, view };
}

/** One that is gone: its logs are left. */
function earlierTaskManager(taskManagerId: string, log: ProcessLog): ClusterTaskManager {
  const gone = (): never => {
    throw new HttpRefusal(404, `TaskExecutor ${taskManagerId} is gone; its logs are kept`);
  };
  return {
    ...logsOf(log),
    statistics: async () => undefined,
    threadDump: async () => gone(),
    profile: async () => gone(),
    profilings: async () => gone(),
    readProfile: async () => gone(),
    view: {
      ...{ taskManagerId, endpoint: 'localhost', slotCount: 0, jobIdsOfSlots: [] },
      heartbeatAtEpochMs: undefined,
      statistics: undefined,
    },
  };
}
