import { join } from 'node:path';
import type { Configuration, Logger } from '../../core/index.ts';
import type { Dispatcher } from '../../jobmaster/index.ts';
import type { ClusterProcesses } from '../http/index.ts';
import type { DataDirectory } from './data-directory.ts';
import { flameGraphSettings, profilingSettings } from './inspection-settings.ts';
import { LocalFlameGraphs } from './local-flame-graphs.ts';
import { localProcesses } from './local-processes.ts';
import { LocalTaskManagers } from './local-task-managers.ts';
import { loggerToProcess, ownProcess } from './own-process.ts';
import { ProcessLogs } from './process-logs.ts';
import type { SystemClock } from './system-world.ts';

export interface SeenProcesses {
  readonly logger: Logger;
  readonly taskManagers: LocalTaskManagers;
  readonly of: (jobs: Pick<Dispatcher, 'get'>) => ClusterProcesses;
  readonly close: () => void;
}

/** The logs of all processes, and what can be seen of them. */
export function openProcesses(
  { path }: DataDirectory,
  clock: SystemClock,
  { configuration, logger }: { readonly configuration: Configuration; readonly logger: Logger },
  newId: () => string,
): SeenProcesses {
  const logs = new ProcessLogs(join(path, 'log'));
  const profiling = profilingSettings(configuration);
  const own = ownProcess({ logs, clock, profiling, configuration });
  const taskManagers = new LocalTaskManagers({
    ...{ logs, clock, profiling, newId },
    onOutput: (stream, bytes) => void process[stream].write(bytes),
  });
  const flameGraphs = new LocalFlameGraphs(clock, flameGraphSettings(configuration));
  return {
    logger: loggerToProcess(logger, own.log, clock),
    taskManagers,
    of: (jobs) => localProcesses({ taskManagers, logs, own, clock, jobs, flameGraphs }),
    close: () => own.log.close(),
  };
}
