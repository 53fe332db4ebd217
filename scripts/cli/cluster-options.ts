import {
  ALLOW_NON_RESTORED,
  CONFIG_DIR,
  HELP,
  JOB_MANAGER,
  JSON_OUTPUT,
  PARALLELISM,
  PROPERTY,
  TARGETS,
  VERBOSE,
} from './options.ts';
import type { OptionSpec } from './parse-options.ts';

const COMMON: readonly OptionSpec[] = [
  JOB_MANAGER,
  {
    ...PROPERTY,
    description:
      'Sets an option of the command, for example -D client.timeout=5min or -D rest.address=host.',
  },
  CONFIG_DIR,
  ...TARGETS,
  JSON_OUTPUT,
  VERBOSE,
  HELP,
];
const TYPE: OptionSpec = {
  short: 'type',
  long: 'type',
  argument: 'type',
  completes: ['canonical', 'native'],
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
export const STATUS_OPTIONS: readonly OptionSpec[] = [...COMMON];

/** `why [OPTIONS] <Job ID>`. */
export const WHY_OPTIONS: readonly OptionSpec[] = [
  { long: 'json', description: 'Prints it as JSON, as the REST interface answers it.' },
  ...COMMON,
];

const KEY_TYPES = ['string', 'number', 'boolean', 'bigint', 'date', 'json'] as const;

/** `state [OPTIONS] <Job ID> <uid> <name> <key>`. */
export const STATE_OPTIONS: readonly OptionSpec[] = [
  {
    ...{ long: 'key-type', argument: 'type', completes: KEY_TYPES },
    description: `How the key is read: ${KEY_TYPES.join(', ')}. A text if it is not given.`,
  },
  { long: 'map-key', argument: 'key', description: 'Shows one entry of a map state.' },
  {
    ...{ long: 'map-key-type', argument: 'type', completes: KEY_TYPES },
    description: 'How the key of the entry is read.',
  },
  {
    ...{ long: 'window', argument: 'start,end' },
    description: 'Of a state per window: which one, in milliseconds since 1970.',
  },
  { long: 'accumulator', description: 'Shows what an aggregating state folds into, too.' },
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
    completes: 'directory',
    optionalArgument: true,
    description:
      'Path to the savepoint (for example ./savepoints). If no directory is specified, the ' +
      'configured default will be used, otherwise savepoints in the data directory of the ' +
      'cluster.',
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
    completes: 'directory',
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
  {
    short: 'd',
    long: 'dispose',
    argument: 'arg',
    completes: 'directory',
    description: 'Path of savepoint to dispose.',
  },
  TYPE,
  DETACHED,
  // Flink takes and ignores it, too.
  { short: 'j', long: 'jarfile', argument: 'jar', isHidden: true, description: '' },
  ...COMMON,
];

/** `savepoint check [OPTIONS] <path> <job-file> <arguments>`. */
export const CHECK_OPTIONS: readonly OptionSpec[] = [
  ALLOW_NON_RESTORED,
  PARALLELISM,
  PROPERTY,
  CONFIG_DIR,
  JSON_OUTPUT,
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
  {
    long: 'port',
    argument: 'port',
    description: 'Port to listen on; otherwise rest.port, which is 8081.',
  },
  {
    long: 'data-dir',
    argument: 'directory',
    completes: 'directory',
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
  JSON_OUTPUT,
  VERBOSE,
  HELP,
];

/** `console [OPTIONS]`. */
export const CONSOLE_OPTIONS: readonly OptionSpec[] = [
  {
    long: 'cluster',
    argument: 'url|stack',
    description:
      'The cluster: host:port, the URL of a deployed one, or the name of its stack, which is ' +
      'looked up in --outputs-file; 127.0.0.1:8081 if neither is given.',
  },
  {
    long: 'outputs-file',
    argument: 'file',
    completes: 'file',
    description:
      'What cdk deploy --outputs-file has written; ./cluster.json if it is not given. Without ' +
      '--cluster its only cluster is shown.',
  },
  { long: 'port', argument: 'port', description: 'Port to listen on; 8082 if it is not given.' },
  { long: 'open', description: 'Opens the browser.' },
  {
    long: 'web-dir',
    argument: 'directory',
    completes: 'directory',
    description: 'Serves the pages in this directory in the place of the console.',
  },
  ...COMMON,
];

/** `completion <shell>`. */
export const COMPLETION_OPTIONS: readonly OptionSpec[] = [HELP];
