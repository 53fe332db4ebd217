import { ConfigOptions, type Configuration } from '../../core/index.ts';
import type { FlameGraphSettings } from './local-flame-graphs.ts';
import type { ProfilingSettings } from './process-profiles.ts';
import { checkHeartbeats, type HeartbeatSettings } from './process-watch.ts';

/** @throws {StreamError} as {@link checkHeartbeats}. */
export function heartbeatSettings(configuration: Configuration): HeartbeatSettings {
  return checkHeartbeats({
    intervalMs: configuration.get(ConfigOptions.HEARTBEAT_INTERVAL_MS),
    timeoutMs: configuration.get(ConfigOptions.HEARTBEAT_TIMEOUT_MS),
  });
}

export function flameGraphSettings(configuration: Configuration): FlameGraphSettings {
  return {
    isEnabled: configuration.get(ConfigOptions.FLAME_GRAPH_ENABLED),
    refreshIntervalMs: configuration.get(ConfigOptions.FLAME_GRAPH_REFRESH_INTERVAL_MS),
    cleanupIntervalMs: configuration.get(ConfigOptions.FLAME_GRAPH_CLEANUP_INTERVAL_MS),
    sampleCount: configuration.get(ConfigOptions.FLAME_GRAPH_SAMPLE_COUNT),
    delayBetweenSamplesMs: configuration.get(ConfigOptions.FLAME_GRAPH_DELAY_MS),
  };
}

export function profilingSettings(configuration: Configuration): ProfilingSettings {
  const maxDurationMs = configuration.get(ConfigOptions.PROFILING_MAX_DURATION_MS);
  return {
    isEnabled: configuration.get(ConfigOptions.PROFILING_ENABLED),
    maxDurationS: Math.floor(maxDurationMs / 1000),
    historyCount: configuration.get(ConfigOptions.PROFILING_HISTORY_SIZE),
  };
}
