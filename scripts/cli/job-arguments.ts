import { type Configuration, MAX_BUNDLE_BYTES, StreamError } from '../../runtime/core/index.ts';
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

/**
 * @param apiExports what the module `sluice` exports.
 * @param isDeployed it goes to AWS; otherwise it is only said that it would not get there.
 * @throws {StreamError} as `bundleJob`; `BUNDLE_TOO_LARGE`.
 */
export async function bundleProgram(
  options: ParsedOptions,
  apiExports: readonly string[] | undefined,
  world: ConsoleWorld,
  isDeployed = false,
): Promise<BundledProgram> {
  const [jobFile, ...args] = options.rest;
  if (jobFile === undefined) throw badArguments('The program file was not specified.');
  const configuration = await configurationOf(options, world);
  const bundle = await bundleJob({
    jobFile,
    cwd: world.cwd,
    ...(apiExports === undefined ? {} : { apiExports }),
  });
  const tooLarge = sizeProblem(Buffer.byteLength(bundle.code), jobFile);
  if (tooLarge !== undefined && isDeployed) throw tooLarge;
  if (tooLarge !== undefined && !options.flags.has('quiet')) {
    world.stderr.write(`warning: it runs here, and will be refused on AWS: ${tooLarge.message}\n`);
  }
  return { bundle, args, configuration };
}

/** What a deployed cluster would say of a program of this size; undefined: nothing. */
export function sizeProblem(sizeBytes: number, jobFile: string): StreamError | undefined {
  if (sizeBytes <= MAX_BUNDLE_BYTES) return undefined;
  const [size, most] = [sizeBytes, MAX_BUNDLE_BYTES].map((bytes) => (bytes / 2 ** 20).toFixed(1));
  return new StreamError({
    kind: 'invalid',
    code: 'BUNDLE_TOO_LARGE',
    message:
      `the program with all it imports has ${size} MiB, of which AWS takes ${most}: leave data ` +
      `out of it, and read it from a store; file=${jobFile} sizeBytes=${sizeBytes} ` +
      `maxBytes=${MAX_BUNDLE_BYTES}`,
    details: { file: jobFile, sizeBytes, maxBytes: MAX_BUNDLE_BYTES },
  });
}
