/** The process of a cluster on this machine: its log, and what can be seen of it. */
import { argv, execArgv } from 'node:process';
import type { Clock, Configuration, Logger } from '../../core/index.ts';
import type { ClusterJobManager } from '../http/index.ts';
import { ProcessInspector, ThreadRegistry } from '../inspect/index.ts';
import { logText } from '../log-text.ts';
import type { LocalProcessesParts } from './local-processes.ts';
import type { ProcessLog, ProcessLogs } from './process-logs.ts';
import { ProcessProfiles, type ProfilingSettings } from './process-profiles.ts';

export interface OwnProcessParts {
  readonly logs: ProcessLogs;
  readonly clock: Clock;
  readonly profiling: ProfilingSettings;
  readonly configuration: Configuration;
}

export type OwnProcess = LocalProcessesParts['own'];

export function ownProcess({ logs, clock, profiling, configuration }: OwnProcessParts): OwnProcess {
  const log = logs.open('jobmanager', 'jobmanager');
  const { inspect } = new ProcessInspector(new ThreadRegistry(), clock);
  const profiles = new ProcessProfiles({ log, inspect, clock, settings: profiling });
  return {
    log,
    inspect,
    profiles,
    configuration: configuration.toJSON(),
    environment: ENVIRONMENT,
  };
}

const ENVIRONMENT: ClusterJobManager['environment'] = {
  version: `Node.js ${process.version} (V8 ${process.versions.v8})`,
  arch: process.arch,
  options: execArgv,
  modules: argv.slice(1, 2),
};

/** To the log of the cluster's process, too; but what slots say is in that of their TaskManager. */
export function loggerToProcess(logger: Logger, log: ProcessLog, clock: Clock): Logger {
  return {
    log: (level, message, fields = {}) => {
      logger.log(level, message, fields);
      const isOfSlot = 'slot' in fields && 'attempt' in fields;
      if (level === 'debug' || isOfSlot) return;
      log.line(clock.nowEpochMs(), level, logText(message, fields));
    },
  };
}
