/** The command line: finds the action, parses its options, and answers with an exit code. */
import { isStreamError, maskText, maskValue } from '../../runtime/core/index.ts';
import { ACTION_SPECS, ACTIONS, type Action } from './actions.ts';
import { targetOf } from './cluster-target.ts';
import { type ConsoleWorld, processWorld } from './console-world.ts';
import { failureText } from './error-text.ts';
import { actionHelp, fullHelp, unknownAction } from './help.ts';
import { errorDocument, jsonText } from './output.ts';
import { asksForJson, badArguments, type ParsedOptions, parseOptions } from './parse-options.ts';
import { versionText } from './version.ts';

const NEED_PROGRAM: readonly Action[] = ['run', 'info', 'bundle', 'estimate'];
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
  // An action of two words goes before that of its first word.
  const [second = '', ...further] = rest;
  const long = ACTIONS.find((name) => name === `${first} ${second}`);
  if (long !== undefined) return await runAction(long, further, world);
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
  const { options: specs, optionsAt } = ACTION_SPECS[action];
  const at = { options: optionsAt };
  let verbose = args.includes('-v') || args.includes('--verbose');
  let isJson = asksForJson(specs, args, at);
  try {
    const parsed = parseOptions(specs, args, at);
    verbose = parsed.flags.has('verbose');
    isJson = parsed.flags.has('json');
    if (parsed.flags.has('help')) {
      world.stdout.write(`\n${actionHelp(action)}`);
      return 0;
    }
    checkArguments(action, parsed);
    const needsProgram = NEED_PROGRAM.includes(action);
    const options = needsProgram ? withProgram(parsed) : parsed;
    if (needsProgram && options.rest.length === 0) {
      throw badArguments('The program file was not specified.');
    }
    return await perform(action, options, world);
  } catch (error) {
    if (isJson) {
      world.stdout.write(jsonText(maskValue(errorDocument(error, world)) as object));
    } else if (isStreamError(error) && error.code === 'BAD_ARGUMENTS') {
      world.stdout.write(`${maskText(error.message)}\n\n${HELP_HINT}\n`);
    } else {
      const { cwd, engineRoot } = world;
      const text = failureText(error, { cwd, engineRoot, verbose });
      world.stderr.write(`${maskText(text)}\n`);
    }
    return 1;
  }
}

/** What an action does not take is no slip of the pen: another job may have been meant. */
function checkArguments(action: Action, { rest }: ParsedOptions): void {
  const { arguments: taken, maxArguments = Number.POSITIVE_INFINITY } = ACTION_SPECS[action];
  const surplus = rest.slice(maxArguments);
  if (surplus.length === 0) return;
  const syntax = `${action} [OPTIONS]${taken === '' ? '' : ` ${taken}`}`;
  throw badArguments(`More arguments than "${syntax}" takes: ${surplus.join(' ')}`);
}

/** Flink's `-j` and `-a` say the program and its arguments, too. */
function withProgram(options: ParsedOptions): ParsedOptions {
  const [file] = options.values.get('jarfile') ?? [];
  const args = options.values.get('arguments');
  if (file === undefined && args === undefined) return options;
  const [program, ...rest] = file === undefined ? options.rest : [file, ...options.rest];
  if (program === undefined) return { ...options, rest: args ?? [] };
  return { ...options, rest: [program, ...(args ?? rest)] };
}

async function perform(
  action: Action,
  options: ParsedOptions,
  world: ConsoleWorld,
): Promise<number> {
  // Loaded here, so that help, version and mistakes are answered without the engine.
  switch (action) {
    case 'info': {
      const { localJobRunner } = await import('./local-job-runner.ts');
      const { info } = await import('./info.ts');
      return await info(options, await localJobRunner(), { world });
    }
    case 'bundle': {
      const { bundle } = await import('./bundle.ts');
      const { engineExports } = await import('./engine-modules.ts');
      return await bundle(options, engineExports(), world);
    }
    case 'estimate': {
      const { estimate } = await import('./estimate.ts');
      return await estimate(options, world);
    }
    case 'run':
      return await performRun(options, world);
    case 'cluster': {
      const { cluster } = await import('./cluster.ts');
      return await cluster(options, processOf(world));
    }
    case 'console': {
      const { console } = await import('./console.ts');
      return await console(options, processOf(world));
    }
    case 'completion': {
      const { completion } = await import('./completion.ts');
      return completion(options, world);
    }
    case 'logs': {
      const { logs } = await import('./logs.ts');
      return await logs(options, world);
    }
    case 'status': {
      const { status } = await import('./status.ts');
      return await status(options, world);
    }
    case 'why': {
      const { why } = await import('./why.ts');
      return await why(options, world);
    }
    case 'state': {
      const { state } = await import('./state.ts');
      return await state(options, world);
    }
    case 'savepoint check': {
      const { savepointCheck } = await import('./savepoint-check.ts');
      return await savepointCheck(options, world);
    }
    case 'stop':
    case 'savepoint': {
      const commands = await import('./savepoint-commands.ts');
      return await commands[action](options, world);
    }
    default: {
      const commands = await import('./cluster-commands.ts');
      return await commands[action](options, world);
    }
  }
}

async function performRun(options: ParsedOptions, world: ConsoleWorld): Promise<number> {
  const isTold = !options.flags.has('quiet') && !options.flags.has('json');
  if (options.values.has('restoreMode') && isTold) {
    const text = "The option 'restoreMode' is deprecated. Please use 'claimMode' instead.";
    world.stdout.write(`${text}\n`);
  }
  const target = targetOf(options);
  if (target === 'remote' || (target === undefined && options.values.has('jobmanager'))) {
    if (options.values.has('report')) {
      throw badArguments('With -m, sluice estimate --from-run takes the job id: no --report.');
    }
    const { remoteRun } = await import('./remote-run.ts');
    const { engineExports } = await import('./engine-modules.ts');
    return await remoteRun(options, engineExports(), processOf(world));
  }
  for (const name of ['detached', 'shutdownOnAttachedExit']) {
    if (options.flags.has(name)) {
      throw badArguments(`The option '${name}' needs a cluster to run on: -m <host:port>.`);
    }
  }
  const { localJobRunner } = await import('./local-job-runner.ts');
  const { run } = await import('./run.ts');
  return await run(options, await localJobRunner(), processOf(world));
}

/** The process, for what runs until it is interrupted. */
function processOf(world: ConsoleWorld) {
  return {
    world,
    signals: process,
    exit: (code: number): void => process.exit(code),
    monotonicMs: () => performance.now(),
  };
}
