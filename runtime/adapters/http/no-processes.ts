/** Processes that nobody can look into. */
import { HttpRefusal } from './http-records.ts';
import type { ClusterProcess, ClusterProcesses } from './process-records.ts';

/** A process of which only its existence is known. @param reason why, for people. */
export function closedProcess(reason: string): ClusterProcess {
  const refused = async (): Promise<never> => {
    throw new HttpRefusal(404, reason);
  };
  return {
    statistics: async () => undefined,
    logFiles: async () => [],
    readLog: async () => undefined,
    ...{ logName: undefined, stdoutName: undefined },
    ...{ threadDump: refused, profile: refused, profilings: refused, readProfile: refused },
  };
}

/** A cluster without TaskManagers. */
export function noProcesses(reason: string): ClusterProcesses {
  const environment = { version: '', arch: '', options: [], modules: [] };
  return {
    jobManager: { ...closedProcess(reason), configuration: {}, environment },
    countTaskManagers: async () => 0,
    taskManagers: async () => [],
    taskManager: async () => undefined,
    flameGraph: async () => ({ why: 'disabled' }),
  };
}
