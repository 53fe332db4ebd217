/** A job's settings as Flink's REST interface shows them. Pure. */
import { checkpointSettings } from '../../checkpoint/index.ts';
import { ConfigOptions, Configuration, type ConfigValue, maskSecrets } from '../../core/index.ts';
import {
  type DispatchedJob,
  type RestartSettings,
  restartSettings,
} from '../../jobmaster/index.ts';

// Of the platform, not yet in the language's declarations.
const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => unknown };

/** Java's longest: no periodic checkpoints. A double comes no nearer than one more, which no long is. */
const NEVER_MS = rawJSON('9223372036854775807');

function configurationOf({ configuration = {} }: DispatchedJob): Configuration {
  return Configuration.fromRecord(
    configuration as Readonly<Record<string, ConfigValue>>,
    'the job',
  );
}

/** `GET /jobs/:jobid/config`. Secrets are masked. */
export function jobConfigJson(job: DispatchedJob): object {
  const configuration = configurationOf(job);
  return {
    jid: job.jobId,
    name: job.name,
    'execution-config': {
      'restart-strategy': restartText(restartSettings(configuration)),
      'job-parallelism': configuration.get(ConfigOptions.DEFAULT_PARALLELISM),
      // Operators of one slot hand records on as they are.
      'object-reuse-mode': true,
      'user-config': maskSecrets(job.configuration ?? {}),
    },
  };
}

/** `GET /jobs/:jobid/checkpoints/config`. */
export function checkpointConfigJson(job: DispatchedJob): object {
  const settings = checkpointSettings(configurationOf(job));
  const { unalignedAfterMs, retention } = settings;
  return {
    mode: settings.mode.toLowerCase(),
    interval: settings.intervalMs ?? NEVER_MS,
    timeout: settings.timeoutMs,
    min_pause: settings.minPauseMs,
    max_concurrent: settings.maxConcurrentCheckpoints,
    externalization: {
      enabled: retention !== 'NO_EXTERNALIZED_CHECKPOINTS',
      delete_on_cancellation: retention !== 'RETAIN_ON_CANCELLATION',
    },
    state_backend: 'HashMapStateBackend',
    checkpoint_storage: 'FileSystemCheckpointStorage',
    unaligned_checkpoints: unalignedAfterMs >= 0,
    tolerable_failed_checkpoints: settings.tolerableFailedCheckpoints,
    aligned_checkpoint_timeout: Math.max(0, unalignedAfterMs),
    checkpoints_after_tasks_finish: settings.afterTasksFinish,
    state_changelog_enabled: false,
    changelog_periodic_materialization_interval: 0,
    changelog_storage: '',
  };
}

/** `fixed-delay (attempts: 3, delay: 1000 ms)`. */
function restartText({ type, ...rest }: RestartSettings): string {
  const settings = Object.entries(rest).map(([name, value]) => {
    const isTime = name.endsWith('Ms');
    return `${name.replace(/Ms$/, '')}: ${value}${isTime ? ' ms' : ''}`;
  });
  return settings.length === 0 ? type : `${type} (${settings.join(', ')})`;
}
