/** What of a cluster's own configuration is for the jobs that it runs. Pure. */
import type { Configuration, ConfigValue } from '../../core/index.ts';

/** A path of `execution.state-recovery` is missing: a state is of one job, not of each. */
const OF_JOBS = [
  'execution.buffer-timeout.',
  'execution.checkpointing.',
  'execution.runtime-mode',
  'execution.state-recovery.claim-mode',
  'execution.state-recovery.ignore-unclaimed-state',
  'parallelism.default',
  'pipeline.',
  'restart-strategy.',
  'sluice.hibernate-after',
  'sluice.wake-',
  'task.cancellation.timeout',
  'web.checkpoints.history',
  'web.exception-history-size',
] as const;

/**
 * The options that jobs have unless their client or their code says otherwise. What is the
 * cluster's alone, as its token and its monitoring are, is in no job's settings.
 */
export function jobDefaults(configuration: Configuration): Readonly<Record<string, ConfigValue>> {
  return Object.fromEntries(
    Object.entries(configuration.toJSON()).filter(([key]) =>
      OF_JOBS.some((name) =>
        name.endsWith('.') || name.endsWith('-') ? key.startsWith(name) : key === name,
      ),
    ),
  );
}
