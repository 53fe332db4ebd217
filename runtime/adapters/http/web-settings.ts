import { ConfigOptions, type Configuration } from '../../core/index.ts';
import type { WebSettings } from './cluster-api.ts';

/** Of a cluster's own options. */
export function webSettings(configuration: Configuration): WebSettings {
  return {
    refreshIntervalMs: configuration.get(ConfigOptions.WEB_REFRESH_INTERVAL_MS),
    submits: configuration.get(ConfigOptions.WEB_SUBMIT_ENABLE),
    cancels: configuration.get(ConfigOptions.WEB_CANCEL_ENABLE),
    rescales: configuration.get(ConfigOptions.WEB_RESCALE_ENABLE),
  };
}
