/** A client that a job is not to outlive (`run -sae`) tells the cluster that it is there. */
import { ConfigOptions, type Configuration } from '../../runtime/core/index.ts';
import type { ClusterClient } from './cluster-client.ts';
import type { ParsedOptions } from './parse-options.ts';

/** The options of a job with `-sae`; they tell the cluster, too. */
export function watched(configuration: Configuration, { flags }: ParsedOptions): Configuration {
  const isAttached = !flags.has('detached');
  if (!isAttached || !flags.has('shutdownOnAttachedExit')) return configuration;
  return configuration
    .with(ConfigOptions.EXECUTION_ATTACHED, true)
    .with(ConfigOptions.SHUTDOWN_ON_ATTACHED_EXIT, true);
}

/**
 * Begins, if the job is to end with its client. What is not taken does no harm: a cluster that is
 * away for a moment may be back, and one that watches over nobody says so each time.
 *
 * @returns ends it.
 */
export function beatFor(
  jobId: string,
  client: Pick<ClusterClient, 'send'>,
  configuration: Configuration,
): () => void {
  const ends =
    configuration.get(ConfigOptions.EXECUTION_ATTACHED) &&
    configuration.get(ConfigOptions.SHUTDOWN_ON_ATTACHED_EXIT);
  if (!ends) return () => {};
  const timeoutMs = configuration.get(ConfigOptions.CLIENT_HEARTBEAT_TIMEOUT_MS);
  const beat = (): void => {
    const body = { expiredTimestamp: Date.now() + timeoutMs };
    client.send('PATCH', `/jobs/${jobId}/clientHeartbeat`, body).catch(() => {});
  };
  const intervalMs = configuration.get(ConfigOptions.CLIENT_HEARTBEAT_INTERVAL_MS);
  const timer = setInterval(beat, intervalMs);
  timer.unref();
  return () => clearInterval(timer);
}
