import { maskValue } from '../../runtime/core/index.ts';
import type { ConsoleWorld } from './console-world.ts';
import { prepareJob } from './job-arguments.ts';
import type { JobRunner } from './job-runner.ts';
import { jsonText } from './output.ts';
import type { ParsedOptions } from './parse-options.ts';

const TITLE = '----------------------- Execution Plan -----------------------';

/** `sluice info`: prints the plan as Flink does; with `--json` the plan alone. */
export async function info(
  options: ParsedOptions,
  runner: JobRunner,
  { world }: { readonly world: ConsoleWorld },
): Promise<number> {
  const job = await prepareJob(options, runner, world);
  const plan = jsonText(maskValue(job.plan()) as object);
  const rule = '-'.repeat(TITLE.length);
  const isJson = options.flags.has('json');
  const text = isJson ? plan : `${TITLE}\n${plan}${rule}\n\nNo description provided.\n`;
  world.stdout.write(text);
  return 0;
}
