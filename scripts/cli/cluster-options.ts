import {
  ALLOW_NON_RESTORED,
  CLUSTER_REFUSALS,
  CONFIG_DIR,
  HELP,
  JOB_MANAGER,
  PARALLELISM,
  PROPERTY,
  refused,
  VERBOSE,
} from './options.ts';
import type { OptionSpec } from './parse-options.ts';

const COMMON: readonly OptionSpec[] = [JOB_MANAGER, VERBOSE, HELP, ...CLUSTER_REFUSALS];
const TYPE: OptionSpec = {
  short: 'type',
  long: 'type',
  argument: 'type',
  description:
    'Format of the savepoint: canonical (default). There is one format: native is the same.',
};
const DETACHED: OptionSpec = {
  long: 'detached',
  description: 'Does not wait for the result.',
};

/** `list [OPTIONS]`. */
export const LIST_OPTIONS: readonly OptionSpec[] = [
  { short: 'a', long: 'all', description: 'Show all programs and their JobIDs.' },
  { short: 'r', long: 'running', description: 'Show only running programs and their JobIDs.' },
  { short: 's', long: 'scheduled', description: 'Show only scheduled programs and their JobIDs.' },
  ...COMMON,
];

/** `status [OPTIONS] <Job ID>`. */
export const STATUS_OPTIONS: readonly OptionSpec[] = [
  { long: 'json', description: 'Prints it as JSON; times are milliseconds since 1970.' },
  ...COMMON,
];

/** `why [OPTIONS] <Job ID>`. */
export const WHY_OPTIONS: readonly OptionSpec[] = [
  { long: 'json', description: 'Prints it as JSON, as the REST interface answers it.' },
  ...COMMON,
];

/** `stop [OPTIONS] <Job ID>`. */
export const STOP_OPTIONS: readonly OptionSpec[] = [
  {
    short: 'd',
    long: 'drain',
    description: 'Send MAX_WATERMARK before taking the savepoint and stopping the pipeline.',
  },
  {
    short: 'p',
    long: 'savepointPath',
    argument: 'savepointPath',
    optionalArgument: true,
    description:
      'Path to the savepoint (for example ./savepoints). If no directory is specified, the ' +
      'configured default will be used, otherwise the data directory of the cluster.',
  },
  TYPE,
  DETACHED,
  ...COMMON,
];

/** `cancel [OPTIONS] <Job ID>`. */
export const CANCEL_OPTIONS: readonly OptionSpec[] = [
  {
    short: 's',
    long: 'withSavepoint',
    argument: 'targetDirectory',
    optionalArgument: true,
    description:
      'DEPRECATION WARNING: Cancelling a job with savepoint is deprecated. Use "stop" instead. ' +
      'Trigger savepoint and cancel job.',
  },
  TYPE,
  ...COMMON,
];

/** `savepoint [OPTIONS] <Job ID> [<target directory>]`. */
export const SAVEPOINT_OPTIONS: readonly OptionSpec[] = [
  { short: 'd', long: 'dispose', argument: 'arg', description: 'Path of savepoint to dispose.' },
  TYPE,
  DETACHED,
  refused('is not needed to dispose of a savepoint', 'jarfile', 'j', 'jar'),
  ...COMMON,
];

/** `savepoint check [OPTIONS] <path> <job-file> <arguments>`. */
export const CHECK_OPTIONS: readonly OptionSpec[] = [
  { long: 'json', description: 'Prints the report as JSON.' },
  ALLOW_NON_RESTORED,
  PARALLELISM,
  PROPERTY,
  CONFIG_DIR,
  VERBOSE,
  HELP,
];

/** `checkpoint [OPTIONS] <Job ID>`. */
export const CHECKPOINT_OPTIONS: readonly OptionSpec[] = [
  {
    short: 'full',
    long: 'full',
    description: 'Take a checkpoint that holds all state and refers to no earlier one.',
  },
  ...COMMON,
];

/** `wake [OPTIONS] <Job ID>`. */
export const WAKE_OPTIONS: readonly OptionSpec[] = COMMON;

/** `cluster [OPTIONS]`. */
export const CLUSTER_OPTIONS: readonly OptionSpec[] = [
  { long: 'port', argument: 'port', description: 'Port to listen on; 8081 if it is not given.' },
  {
    long: 'data-dir',
    argument: 'directory',
    description: 'Where jobs, checkpoints and savepoints are kept; ./sluice-data if not given.',
  },
  {
    long: 'slots',
    argument: 'slots',
    description: 'How many slots jobs may use together; the processors, but 4 at least.',
  },
  {
    ...PROPERTY,
    description:
      'Sets an option of the cluster, for example -D jobstore.expiration-time=600. May be repeated.',
  },
  CONFIG_DIR,
  VERBOSE,
  HELP,
];
