import { ConfigOptions, type Configuration } from '../../core/index.ts';
import type { SortedInputSettings } from '../../taskmanager/index.ts';

export interface SlotSettings {
  readonly bufferTimeoutMs: number;
  readonly autoWatermarkIntervalMs: number;
  readonly allowUnalignedSplits: boolean;
  readonly sortedInputs: SortedInputSettings;
}

/** The options a slot itself obeys. */
export function slotSettings(configuration: Configuration): SlotSettings {
  return {
    bufferTimeoutMs: configuration.get(ConfigOptions.BUFFER_TIMEOUT_ENABLED)
      ? configuration.get(ConfigOptions.BUFFER_TIMEOUT_INTERVAL_MS)
      : -1,
    autoWatermarkIntervalMs: configuration.get(ConfigOptions.AUTO_WATERMARK_INTERVAL_MS),
    allowUnalignedSplits: configuration.get(ConfigOptions.ALLOW_UNALIGNED_SOURCE_SPLITS),
    sortedInputs: sortedInputSettings(configuration),
  };
}

function sortedInputSettings(configuration: Configuration): SortedInputSettings {
  // Flink separates them so; a task uses one here.
  const [directory] = configuration.get(ConfigOptions.IO_TMP_DIRS)?.split(/[,:]/) ?? [];
  return {
    enabled: configuration.get(ConfigOptions.SORTED_INPUTS_ENABLED),
    keyByKey: configuration.get(ConfigOptions.BATCH_STATE_BACKEND_ENABLED),
    memoryBytes: configuration.get(ConfigOptions.SORTED_INPUTS_MEMORY_BYTES),
    maxFanIn: configuration.get(ConfigOptions.SPILLING_MAX_FAN),
    ...(directory === undefined ? {} : { directory }),
  };
}
