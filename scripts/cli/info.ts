import type { ConsoleWorld } from './console-world.ts';
import { prepareJob } from './job-arguments.ts';
import type { JobRunner } from './job-runner.ts';
import type { ParsedOptions } from './parse-options.ts';

const TITLE = '----------------------- Execution Plan -----------------------';

/**
 * `sluice info`: prints the plan as Flink does. The JSON goes to stdout, where a program may read
 * it; the rules around it go to stderr.
 */
export async function info(
  options: ParsedOptions,
  runner: JobRunner,
  { world }: { readonly world: ConsoleWorld },
): Promise<number> {
  const job = await prepareJob(options, runner, world);
  const plan = JSON.stringify(job.plan(), undefined, 2);
  world.stderr.write(`${TITLE}\n`);
  world.stdout.write(`${plan}\n`);
  world.stderr.write(`${'-'.repeat(TITLE.length)}\n\nNo description provided.\n`);
  return 0;
}
