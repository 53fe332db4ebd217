/** Command-line options of the examples' jobs. */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { StreamError } from 'sluice';

/**
 * `--name value` options by node's parseArgs; nothing else is taken.
 *
 * @throws {StreamError} `BAD_ARGUMENTS` with the usage, for what is not among the options.
 */
export function parseOptions<const T extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: T,
  usage: string,
) {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error), usage);
  }
}

/** @throws {StreamError} `BAD_ARGUMENTS`, always. */
export function refuse(problem: string, usage: string): never {
  throw new StreamError({
    kind: 'invalid',
    code: 'BAD_ARGUMENTS',
    message: `${problem}\n${usage}`,
  });
}
