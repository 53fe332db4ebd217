import type { Configuration } from '../../runtime/core/index.ts';
import { bundleJob, type JobBundle } from './bundle-job.ts';
import type { ConsoleWorld } from './console-world.ts';
import { configurationOf } from './effective-configuration.ts';
import type { JobRunner, SubmittableJob } from './job-runner.ts';
import { badArguments, type ParsedOptions } from './parse-options.ts';

/** Bundles and prepares the job that an action's arguments name. */
export async function prepareJob(
  options: ParsedOptions,
  runner: JobRunner,
  world: ConsoleWorld,
): Promise<SubmittableJob> {
  const { bundle, args, configuration } = await bundleProgram(options, runner.apiExports, world);
  return await runner.prepare({ bundlePath: bundle.path, args, configuration });
}

/** A program and what was given with it. */
export interface BundledProgram {
  readonly bundle: JobBundle;
  readonly args: readonly string[];
  readonly configuration: Configuration;
}

/** @param apiExports what the module `sluice` exports. */
export async function bundleProgram(
  options: ParsedOptions,
  apiExports: readonly string[] | undefined,
  world: ConsoleWorld,
): Promise<BundledProgram> {
  const [jobFile, ...args] = options.rest;
  if (jobFile === undefined) throw badArguments('The program file was not specified.');
  const configuration = await configurationOf(options, world);
  const bundle = await bundleJob({
    jobFile,
    cwd: world.cwd,
    ...(apiExports === undefined ? {} : { apiExports }),
  });
  return { bundle, args, configuration };
}
