/** The command line: finds the action, parses its options, and answers with an exit code. */
import { isStreamError } from '../../runtime/core/index.ts';
import { type ConsoleWorld, processWorld } from './console-world.ts';
import { errorText } from './error-text.ts';
import { ACTIONS, type Action, actionHelp, fullHelp, unknownAction } from './help.ts';
import { INFO_OPTIONS, RUN_OPTIONS } from './options.ts';
import { badArguments, type ParsedOptions, parseOptions } from './parse-options.ts';
import { versionText } from './version.ts';

const HELP_HINT = 'Use the help option (-h or --help) to get help on the command.';

/**
 * Runs one command.
 *
 * @returns the exit code: 0 done, 1 failed or refused, 130 interrupted.
 */
export async function main(
  args: readonly string[],
  world: ConsoleWorld = processWorld(),
): Promise<number> {
  const print = (text: string): void => void world.stdout.write(`${text}\n`);
  const [first, ...rest] = args;
  if (first === undefined) {
    print(`${fullHelp()}\nPlease specify an action.`);
    return 1;
  }
  if (first === '-h' || first === '--help' || first === 'help') {
    print(fullHelp());
    return 0;
  }
  if (first === '-v' || first === '--version') {
    print(versionText());
    return 0;
  }
  const action = ACTIONS.find((name) => name === first);
  if (action === undefined) {
    print(unknownAction(first));
    return 1;
  }
  return await runAction(action, rest, world);
}

async function runAction(
  action: Action,
  args: readonly string[],
  world: ConsoleWorld,
): Promise<number> {
  let verbose = args.includes('-v') || args.includes('--verbose');
  try {
    const options = parseOptions(action === 'run' ? RUN_OPTIONS : INFO_OPTIONS, args);
    verbose = options.flags.has('verbose');
    if (options.flags.has('help')) {
      world.stdout.write(`\n${actionHelp(action)}`);
      return 0;
    }
    if (options.rest.length === 0) throw badArguments('The program file was not specified.');
    return await perform(action, options, world);
  } catch (error) {
    if (isStreamError(error) && error.code === 'BAD_ARGUMENTS') {
      world.stdout.write(`${error.message}\n\n${HELP_HINT}\n`);
    } else {
      const { cwd, engineRoot } = world;
      world.stderr.write(`${errorText(error, { cwd, engineRoot, verbose })}\n`);
    }
    return 1;
  }
}

async function perform(
  action: Action,
  options: ParsedOptions,
  world: ConsoleWorld,
): Promise<number> {
  // Loaded here, so that help, version and mistakes are answered without the engine.
  const { localJobRunner } = await import('./local-job-runner.ts');
  const runner = await localJobRunner();
  if (action === 'info') {
    const { info } = await import('./info.ts');
    return await info(options, runner, { world });
  }
  const { run } = await import('./run.ts');
  const exit = (code: number): void => process.exit(code);
  return await run(options, runner, {
    world,
    signals: process,
    exit,
    monotonicMs: () => performance.now(),
  });
}
