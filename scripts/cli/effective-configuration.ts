/** What an action is set to do: the configuration file, `-D`, and options that stand for settings. */
import { ConfigOptions, Configuration } from '../../runtime/core/index.ts';
import { loadConfigFile } from './config-file.ts';
import type { ConsoleWorld } from './console-world.ts';
import { badArguments, type ParsedOptions } from './parse-options.ts';

/** The file's settings < `-D` < `-p`. */
export async function configurationOf(
  options: ParsedOptions,
  { cwd, environment }: Pick<ConsoleWorld, 'cwd' | 'environment'>,
): Promise<Configuration> {
  const configDir = options.values.get('config-dir')?.[0] ?? environment.SLUICE_CONF_DIR;
  const file = await loadConfigFile(configDir === undefined ? { cwd } : { cwd, configDir });
  const dynamic = Configuration.fromEntries(
    (options.values.get('define') ?? []).map((property) => {
      const equals = property.indexOf('=');
      // As in Flink, a property without a value is switched on.
      if (equals < 0) return { key: property.trim(), value: 'true', origin: '-D' };
      const [key, value] = [property.slice(0, equals), property.slice(equals + 1)];
      return { key: key.trim(), value: value.trim(), origin: '-D' };
    }),
  );
  const merged = withRestore(file.merge(dynamic), options);
  const parallelism = options.values.get('parallelism')?.[0];
  if (parallelism === undefined) return merged;
  if (!/^\d+$/.test(parallelism) || Number(parallelism) < 1) {
    throw badArguments(`The parallelism must be a positive number: ${parallelism}`);
  }
  return merged.with(ConfigOptions.DEFAULT_PARALLELISM, Number(parallelism), '-p');
}

/** `-s`, `-n` and `-cm`. */
function withRestore(configuration: Configuration, options: ParsedOptions): Configuration {
  const path = options.values.get('fromSavepoint')?.[0];
  const mode = (options.values.get('claimMode') ?? options.values.get('restoreMode'))?.[0];
  let result = configuration;
  if (path !== undefined) result = result.with(ConfigOptions.STATE_RECOVERY_PATH, path, '-s');
  if (options.flags.has('allowNonRestoredState')) {
    result = result.with(ConfigOptions.STATE_RECOVERY_IGNORE_UNCLAIMED_STATE, true, '-n');
  }
  if (mode === undefined) return result;
  const claimMode = mode.toUpperCase();
  if (claimMode !== 'CLAIM' && claimMode !== 'NO_CLAIM') {
    const why = claimMode === 'LEGACY' ? ' is gone from Flink, too' : ' is not known';
    throw badArguments(`The claim mode '${mode}'${why}: use claim or no_claim.`);
  }
  return result.with(ConfigOptions.STATE_RECOVERY_CLAIM_MODE, claimMode, '-cm');
}
