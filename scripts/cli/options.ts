import type { OptionSpec } from './parse-options.ts';

const NOT_YET = 'is known to Flink, not supported yet in this version';
const NO_MEANING = 'belongs to Java or Python programs and has no meaning here';

const HELP: OptionSpec = {
  short: 'h',
  long: 'help',
  description: 'Show the help message for the action.',
};
const PARALLELISM: OptionSpec = {
  short: 'p',
  long: 'parallelism',
  argument: 'parallelism',
  description:
    'The parallelism with which to run the program. Optional flag to override the default value ' +
    'specified in the configuration.',
};
const PROPERTY: OptionSpec = {
  short: 'D',
  long: 'define',
  argument: 'property=value',
  repeatable: true,
  description: 'Sets an option, for example -D pipeline.name=flights. May be repeated.',
};
const CONFIG_DIR: OptionSpec = {
  long: 'config-dir',
  argument: 'directory',
  description:
    'Where sluice.config.yaml is; otherwise SLUICE_CONF_DIR, otherwise the current directory.',
};
const VERBOSE: OptionSpec = {
  short: 'v',
  long: 'verbose',
  description: 'Show whole stack traces, the engine’s part too.',
};

const refused = (refusal: string, long: string, short?: string, argument?: string): OptionSpec => ({
  long,
  ...(short === undefined ? {} : { short }),
  ...(argument === undefined ? {} : { argument }),
  description: '',
  refusal,
});

const PROGRAM_REFUSALS: readonly OptionSpec[] = [
  refused(NO_MEANING, 'class', 'c', 'classname'),
  refused(NO_MEANING, 'classpath', 'C', 'url'),
  refused(NO_MEANING, 'jarfile', 'j', 'jar'),
  refused('is not needed: write the arguments after the job file', 'arguments', 'a', 'args'),
];

/** `run [OPTIONS] <job-file> <arguments>`. */
export const RUN_OPTIONS: readonly OptionSpec[] = [
  PARALLELISM,
  PROPERTY,
  CONFIG_DIR,
  {
    short: 'q',
    long: 'quiet',
    description: 'Print nothing but what the job prints, and errors.',
  },
  VERBOSE,
  HELP,
  ...PROGRAM_REFUSALS,
  refused(NOT_YET, 'detached', 'd'),
  refused(NOT_YET, 'shutdownOnAttachedExit', 'sae'),
  refused(NOT_YET, 'fromSavepoint', 's', 'savepointPath'),
  refused(NOT_YET, 'allowNonRestoredState', 'n'),
  refused(NOT_YET, 'claimMode', 'cm', 'mode'),
  refused(NOT_YET, 'restoreMode', 'rm', 'mode'),
  refused(NOT_YET, 'jobmanager', 'm', 'host:port'),
  refused(NOT_YET, 'target', 't', 'target'),
  refused(NOT_YET, 'executor', 'e', 'target'),
  refused(NOT_YET, 'zookeeperNamespace', 'z', 'namespace'),
  ...['py', 'pym', 'pyfs', 'pyreq', 'pyarch', 'pyexec', 'pyclientexec', 'pypath'].map((name) =>
    refused(NO_MEANING, name),
  ),
];

/** `info [OPTIONS] <job-file> <arguments>`. */
export const INFO_OPTIONS: readonly OptionSpec[] = [
  PARALLELISM,
  PROPERTY,
  CONFIG_DIR,
  VERBOSE,
  HELP,
  ...PROGRAM_REFUSALS,
];
