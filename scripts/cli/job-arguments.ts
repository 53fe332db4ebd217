import { ConfigOptions, Configuration } from '../../runtime/core/index.ts';
import { bundleJob } from './bundle-job.ts';
import { loadConfigFile } from './config-file.ts';
import type { ConsoleWorld } from './console-world.ts';
import type { JobRunner, SubmittableJob } from './job-runner.ts';
import { badArguments, type ParsedOptions } from './parse-options.ts';

/** Bundles and prepares the job that an action's arguments name. */
export async function prepareJob(
  options: ParsedOptions,
  runner: JobRunner,
  world: ConsoleWorld,
): Promise<SubmittableJob> {
  const [jobFile, ...args] = options.rest;
  if (jobFile === undefined) throw badArguments('The program file was not specified.');
  const configuration = await configurationOf(options, world);
  const { apiExports } = runner;
  const { path } = await bundleJob({
    jobFile,
    cwd: world.cwd,
    ...(apiExports === undefined ? {} : { apiExports }),
  });
  return await runner.prepare({ bundlePath: path, args, configuration });
}

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
  const merged = file.merge(dynamic);
  const parallelism = options.values.get('parallelism')?.[0];
  if (parallelism === undefined) return merged;
  if (!/^\d+$/.test(parallelism) || Number(parallelism) < 1) {
    throw badArguments(`The parallelism must be a positive number: ${parallelism}`);
  }
  return merged.with(ConfigOptions.DEFAULT_PARALLELISM, Number(parallelism), '-p');
}
