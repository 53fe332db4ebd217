import { HELP, JSON_OUTPUT, VERBOSE } from './options.ts';
import type { OptionSpec } from './parse-options.ts';

/** `bundle [OPTIONS] <job-file>`. */
export const BUNDLE_OPTIONS: readonly OptionSpec[] = [
  {
    short: 'o',
    long: 'output',
    argument: 'file',
    completes: 'file',
    description:
      'Where the bundle is written: a .mjs or .js file, or a directory; otherwise <job>.mjs in ' +
      'this directory. A bundle that is there is replaced, any other file is left alone.',
  },
  JSON_OUTPUT,
  VERBOSE,
  HELP,
];
