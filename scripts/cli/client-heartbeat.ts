/** A client that a job is not to outlive (`run -sae`) tells the cluster that it is there. */
import {
  ConfigOptions,
  type Configuration,
  isStreamError,
  type StreamError,
} from '../../runtime/core/index.ts';
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
 * Begins, if the job is to end with its client. What does not arrive does no harm: a cluster that
 * is away for a moment may be back. One that refuses it is not asked again.
 *
 * @param say what the user has to know.
 * @returns ends it.
 */
export function beatFor(
  jobId: string,
  client: Pick<ClusterClient, 'send'>,
  configuration: Configuration,
  say: (text: string) => void,
): () => void {
  const ends =
    configuration.get(ConfigOptions.EXECUTION_ATTACHED) &&
    configuration.get(ConfigOptions.SHUTDOWN_ON_ATTACHED_EXIT);
  if (!ends) return () => {};
  const timeoutMs = configuration.get(ConfigOptions.CLIENT_HEARTBEAT_TIMEOUT_MS);
  const beat = (): void => {
    const body = { expiredTimestamp: Date.now() + timeoutMs };
    client.send('PATCH', `/jobs/${jobId}/clientHeartbeat`, body).catch((thrown: unknown) => {
      if (isEnded || !isRefusal(thrown)) return;
      end();
      say(`Warning: ${thrown.message}`);
    });
  };
  const intervalMs = configuration.get(ConfigOptions.CLIENT_HEARTBEAT_INTERVAL_MS);
  const timer = setInterval(beat, intervalMs);
  timer.unref();
  let isEnded = false;
  const end = (): void => {
    isEnded = true;
    clearInterval(timer);
  };
  return end;
}

/** Of the cluster itself: what stands before it answers a status, and may answer another soon. */
function isRefusal(thrown: unknown): thrown is StreamError {
  const isRefused = isStreamError(thrown) && thrown.code === 'REQUEST_REFUSED';
  return isRefused && !/^\d{3} /.test(thrown.message);
}
