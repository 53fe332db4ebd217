import { ConfigOptions, type Configuration } from '../../core/index.ts';

export interface SlotSettings {
  readonly bufferTimeoutMs: number;
  readonly autoWatermarkIntervalMs: number;
  readonly allowUnalignedSplits: boolean;
}

/** The options a slot itself obeys. */
export function slotSettings(configuration: Configuration): SlotSettings {
  return {
    bufferTimeoutMs: configuration.get(ConfigOptions.BUFFER_TIMEOUT_ENABLED)
      ? configuration.get(ConfigOptions.BUFFER_TIMEOUT_INTERVAL_MS)
      : -1,
    autoWatermarkIntervalMs: configuration.get(ConfigOptions.AUTO_WATERMARK_INTERVAL_MS),
    allowUnalignedSplits: configuration.get(ConfigOptions.ALLOW_UNALIGNED_SOURCE_SPLITS),
  };
}
