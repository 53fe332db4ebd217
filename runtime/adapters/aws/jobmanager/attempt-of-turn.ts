import { checkpointSettings, type JobRecord } from '../../../checkpoint/index.ts';
import type { Configuration, ConfigValue } from '../../../core/index.ts';
import type { JobPlan } from '../../../jobmaster/index.ts';
import type { AttemptRecord } from '../taskmanager/index.ts';
import type { LaunchEffect } from './turn-effects.ts';

/** Completes what a turn says of an attempt: everything that its TaskManagers have to know. */
export function attemptRecordOf(
  launch: LaunchEffect['record'],
  job: JobRecord,
  known: {
    readonly plan: JobPlan;
    readonly configuration: Configuration;
    readonly checkpointsDirectory: string;
    readonly taskSlots: number;
    /** Of the program as it was planned, if that was written down. */
    readonly digest: string | undefined;
  },
): AttemptRecord {
  const { jobId, bundleLocation, args, configuration } = job;
  const { attempt, overrides, restoredFrom } = launch;
  const { intervalMs, directory = known.checkpointsDirectory } = checkpointSettings(
    known.configuration,
  );
  return {
    formatVersion: 1,
    ...{ jobId, attempt, overrides, bundleLocation, args },
    ...(known.digest === undefined ? {} : { bundleDigest: known.digest }),
    slotsPerTaskManager: known.taskSlots,
    jobGraph: known.plan.executionGraph.jobGraph,
    configuration: configuration as Readonly<Record<string, ConfigValue>>,
    checkpointing: intervalMs !== undefined,
    checkpointsDirectory: directory,
    ...(restoredFrom === undefined ? {} : { restore: restoredFrom }),
  };
}
