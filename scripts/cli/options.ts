import type { OptionSpec } from './parse-options.ts';

const NO_MEANING = 'belongs to Java or Python programs and has no meaning here';

export const HELP: OptionSpec = {
  short: 'h',
  long: 'help',
  description: 'Show the help message for the action.',
};
export const PARALLELISM: OptionSpec = {
  short: 'p',
  long: 'parallelism',
  argument: 'parallelism',
  description:
    'The parallelism with which to run the program. Optional flag to override the default value ' +
    'specified in the configuration.',
};
export const PROPERTY: OptionSpec = {
  short: 'D',
  long: 'define',
  argument: 'property=value',
  completes: 'setting',
  repeatable: true,
  description: 'Sets an option, for example -D pipeline.name=flights. May be repeated.',
};
export const CONFIG_DIR: OptionSpec = {
  long: 'config-dir',
  argument: 'directory',
  completes: 'directory',
  description:
    'Where sluice.config.yaml is; otherwise SLUICE_CONF_DIR, otherwise the current directory.',
};
export const VERBOSE: OptionSpec = {
  short: 'v',
  long: 'verbose',
  description: 'Show whole stack traces, the engine’s part too.',
};

export const ALLOW_NON_RESTORED: OptionSpec = {
  short: 'n',
  long: 'allowNonRestoredState',
  description:
    'Allow to skip savepoint state that cannot be restored, because the operator it belonged ' +
    'to was removed from the program.',
};
/** Where the cluster is. */
export const JOB_MANAGER: OptionSpec = {
  short: 'm',
  long: 'jobmanager',
  argument: 'host:port',
  description:
    'Address of the cluster to use; 127.0.0.1:8081 if it is not given. https://… is a deployed ' +
    'one: requests are signed with the AWS credentials of the environment or the profile, or ' +
    'bring the token in SLUICE_TOKEN.',
};

/** An option of Flink that is refused, with the reason. */
export const refused = (
  refusal: string,
  long: string,
  short?: string,
  argument?: string,
): OptionSpec => ({
  long,
  ...(short === undefined ? {} : { short }),
  ...(argument === undefined ? {} : { argument }),
  description: '',
  refusal,
});

/** One document instead of texts. */
export const JSON_OUTPUT: OptionSpec = {
  long: 'json',
  description: 'Prints one JSON document and nothing else, errors too.',
};

/** Flink's other ways to find a cluster. */
export const TARGETS: readonly OptionSpec[] = [
  {
    short: 't',
    long: 'target',
    argument: 'target',
    completes: ['remote', 'local'],
    description: 'remote: the cluster that -m or rest.address names; run takes local, too.',
  },
  { short: 'e', long: 'executor', argument: 'target', isHidden: true, description: '' },
  refused('has no meaning here: no cluster uses ZooKeeper', 'zookeeperNamespace', 'z', 'namespace'),
];

const PROGRAM_REFUSALS: readonly OptionSpec[] = [
  refused(NO_MEANING, 'class', 'c', 'classname'),
  refused(NO_MEANING, 'classpath', 'C', 'url'),
  // Flink's other ways to say what follows the options.
  {
    ...{ short: 'j', long: 'jarfile', argument: 'job-file', completes: 'file' },
    ...{ isHidden: true, description: '' },
  },
  {
    ...{ short: 'a', long: 'arguments', argument: 'args', repeatable: true },
    ...{ isHidden: true, description: '' },
  },
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
  {
    long: 'report',
    argument: 'file',
    completes: 'file',
    description:
      'Writes what the run has counted, as JSON: sluice estimate --from-run <file> takes it. Not ' +
      'with -m: there it takes the job id.',
  },
  {
    short: 's',
    long: 'fromSavepoint',
    argument: 'savepointPath',
    completes: 'directory',
    description:
      'Path to a savepoint, or to a retained checkpoint, to restore the job from ' +
      '(for example savepoints/savepoint-1f2a3b-…).',
  },
  ALLOW_NON_RESTORED,
  {
    short: 'cm',
    long: 'claimMode',
    argument: 'claimMode',
    completes: ['claim', 'no_claim'],
    description:
      'How to restore from the given savepoint: no_claim (default; it stays the user’s) or claim ' +
      '(the job owns it, and deletes it when it is subsumed or with its checkpoints at the end).',
  },
  {
    ...JOB_MANAGER,
    description:
      'Runs the job on the cluster at this address; without, it runs in this process, and ends ' +
      'with it.',
  },
  {
    short: 'd',
    long: 'detached',
    description: 'With -m: does not wait for the job to end.',
  },
  {
    short: 'sae',
    long: 'shutdownOnAttachedExit',
    description: 'With -m: the job is cancelled when this command is interrupted, with Ctrl-C.',
  },
  JSON_OUTPUT,
  VERBOSE,
  HELP,
  ...PROGRAM_REFUSALS,
  {
    ...{ short: 'rm', long: 'restoreMode', argument: 'mode', completes: ['claim', 'no_claim'] },
    ...{ isHidden: true, description: '' },
  },
  ...TARGETS,
  ...['py', 'pym', 'pyfs', 'pyreq', 'pyarch', 'pyexec', 'pyclientexec', 'pypath'].map((name) =>
    refused(NO_MEANING, name),
  ),
];

/** `info [OPTIONS] <job-file> <arguments>`. */
export const INFO_OPTIONS: readonly OptionSpec[] = [
  PARALLELISM,
  PROPERTY,
  CONFIG_DIR,
  JSON_OUTPUT,
  VERBOSE,
  HELP,
  ...PROGRAM_REFUSALS,
];
