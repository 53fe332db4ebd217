/** The actions, and what each takes: one table for the parser, the help and completion. */
import { BUNDLE_OPTIONS } from './bundle-options.ts';
import {
  CANCEL_OPTIONS,
  CHECK_OPTIONS,
  CHECKPOINT_OPTIONS,
  CLUSTER_OPTIONS,
  COMPLETION_OPTIONS,
  CONSOLE_OPTIONS,
  LIST_OPTIONS,
  SAVEPOINT_OPTIONS,
  STATE_OPTIONS,
  STATUS_OPTIONS,
  STOP_OPTIONS,
  WAKE_OPTIONS,
  WHY_OPTIONS,
} from './cluster-options.ts';
import { ESTIMATE_OPTIONS } from './estimate-options.ts';
import { LOGS_OPTIONS } from './logs-options.ts';
import { INFO_OPTIONS, RUN_OPTIONS } from './options.ts';
import type { OptionSpec } from './parse-options.ts';

/** The actions there are, in the order of the help. */
export const ACTIONS = [
  'run',
  'info',
  'bundle',
  'estimate',
  'list',
  'status',
  'why',
  'state',
  'stop',
  'cancel',
  'savepoint',
  'savepoint check',
  'checkpoint',
  'wake',
  'logs',
  'cluster',
  'console',
  'completion',
] as const;
export type Action = (typeof ACTIONS)[number];

export interface ActionSpec {
  readonly sentence: string;
  readonly arguments: string;
  /** How many arguments there are at most; undefined: those of the program. */
  readonly maxArguments?: number;
  readonly options: readonly OptionSpec[];
  /** Where options may stand; before the job file they end at it. */
  readonly optionsAt: 'before' | 'anywhere';
  /** What stands behind the options, for completion. */
  readonly completes?: OptionSpec['completes'];
  /** Command lines without `sluice`, and what each does. */
  readonly examples: readonly (readonly [command: string, what: string])[];
}

/** What each action takes. */
export const ACTION_SPECS: Readonly<Record<Action, ActionSpec>> = {
  run: {
    sentence: 'compiles and runs a program.',
    arguments: '<job-file> <arguments>',
    options: RUN_OPTIONS,
    optionsAt: 'before',
    completes: 'file',
    examples: [
      [
        'run -p 2 job.ts --input orders.jsonl',
        "here, with two subtasks; what follows the file is the job's",
      ],
      ['run -d -m localhost:8081 job.ts', 'on a cluster, and does not wait'],
      ['run -s savepoints/savepoint-1f2a3b-0123456789ab job.ts', 'goes on from a savepoint'],
      ['run -m "$SLUICE_CLUSTER" -D execution.checkpointing.interval=1min job.ts', 'on AWS'],
    ],
  },
  info: {
    sentence: 'shows the optimized execution plan of the program (JSON).',
    arguments: '<job-file> <arguments>',
    options: INFO_OPTIONS,
    optionsAt: 'before',
    completes: 'file',
    examples: [['info --json job.ts', 'the plan alone']],
  },
  bundle: {
    sentence: 'writes a program with all it imports into one file, for upload.',
    arguments: '<job-file>',
    options: BUNDLE_OPTIONS,
    optionsAt: 'anywhere',
    completes: 'file',
    examples: [
      ['bundle job.ts', "job.mjs, for the console's page Submit"],
      ['bundle -o dist/orders.mjs job.ts', 'under another name'],
    ],
  },
  estimate: {
    sentence: 'tells what a program would cost on AWS; nothing is started or called.',
    arguments: '<job-file> [-- <arguments>]',
    options: ESTIMATE_OPTIONS,
    optionsAt: 'anywhere',
    completes: 'file',
    examples: [
      ['estimate --rate 500/s job.ts', 'at 500 records a second'],
      ['estimate --from-run report.json job.ts', 'of a run that was counted'],
    ],
  },
  list: {
    sentence: 'lists running and scheduled programs.',
    arguments: '',
    maxArguments: 0,
    options: LIST_OPTIONS,
    optionsAt: 'anywhere',
    examples: [
      ['list', 'running and scheduled jobs of 127.0.0.1:8081'],
      ['list -a --json', 'all, for a program'],
    ],
  },
  status: {
    sentence: 'shows how a job is: state, restarts, checkpoints, hibernation, last failure.',
    arguments: '<Job ID>',
    maxArguments: 1,
    options: STATUS_OPTIONS,
    optionsAt: 'anywhere',
    completes: 'job',
    examples: [['status fd72014d4c864993a2e5a9287b4a9c5d', 'of one job']],
  },
  why: {
    sentence: 'tells why a job puts nothing out, and what to do about it.',
    arguments: '<Job ID>',
    maxArguments: 1,
    options: WHY_OPTIONS,
    optionsAt: 'anywhere',
    completes: 'job',
    examples: [['why fd72014d4c864993a2e5a9287b4a9c5d', 'the causes, the likeliest first']],
  },
  state: {
    sentence: 'shows what a queryable state holds for a key, and how old that is.',
    arguments: '<Job ID> <uid> <name> <key>',
    maxArguments: 4,
    options: STATE_OPTIONS,
    optionsAt: 'anywhere',
    completes: 'job',
    examples: [
      ['state fd72014d4c864993a2e5a9287b4a9c5d totals total Bern', 'of a key that is a text'],
      ['state fd72014d4c864993a2e5a9287b4a9c5d totals total 42 --key-type number', 'of a number'],
    ],
  },
  stop: {
    sentence: 'stops a running program with a savepoint (streaming jobs only).',
    arguments: '<Job ID>',
    maxArguments: 1,
    options: STOP_OPTIONS,
    optionsAt: 'anywhere',
    completes: 'job',
    examples: [
      ['stop fd72014d4c864993a2e5a9287b4a9c5d', 'to the default directory'],
      ['stop -d -p savepoints fd72014d4c864993a2e5a9287b4a9c5d', 'ends its windows first'],
    ],
  },
  cancel: {
    sentence: 'cancels a running program.',
    arguments: '<Job ID>',
    maxArguments: 1,
    options: CANCEL_OPTIONS,
    optionsAt: 'anywhere',
    completes: 'job',
    examples: [['cancel fd72014d4c864993a2e5a9287b4a9c5d', 'without a savepoint']],
  },
  savepoint: {
    sentence: 'triggers savepoints for a running job or disposes existing ones.',
    arguments: '<Job ID> [<target directory>]',
    maxArguments: 2,
    options: SAVEPOINT_OPTIONS,
    optionsAt: 'anywhere',
    completes: 'job',
    examples: [
      ['savepoint fd72014d4c864993a2e5a9287b4a9c5d savepoints', 'takes one'],
      ['savepoint -d savepoints/savepoint-fd7201-0123456789ab', 'disposes of one'],
    ],
  },
  'savepoint check': {
    sentence: 'tells what a program would take over.',
    arguments: '<savepoint path> <job-file> <arguments>',
    options: CHECK_OPTIONS,
    optionsAt: 'before',
    completes: 'file',
    examples: [
      ['savepoint check savepoints/savepoint-fd7201-0123456789ab job.ts', 'before it is used'],
    ],
  },
  checkpoint: {
    sentence: 'triggers checkpoints for a running job.',
    arguments: '<Job ID>',
    maxArguments: 1,
    options: CHECKPOINT_OPTIONS,
    optionsAt: 'anywhere',
    completes: 'job',
    examples: [['checkpoint -full fd72014d4c864993a2e5a9287b4a9c5d', 'that refers to no other']],
  },
  wake: {
    sentence: 'wakes a job that hibernates; one that runs stays awake for a while.',
    arguments: '<Job ID>',
    maxArguments: 1,
    options: WAKE_OPTIONS,
    optionsAt: 'anywhere',
    completes: 'job',
    examples: [['wake fd72014d4c864993a2e5a9287b4a9c5d', 'one that hibernates']],
  },
  logs: {
    sentence: 'shows the log of a job, of this machine or of a deployed cluster.',
    arguments: '<Job ID>',
    maxArguments: 1,
    options: LOGS_OPTIONS,
    optionsAt: 'anywhere',
    completes: 'job',
    examples: [
      ['logs -f fd72014d4c864993a2e5a9287b4a9c5d', 'of a job of this machine'],
      ['logs --prefix sluice --level warn fd72014d4c864993a2e5a9287b4a9c5d', 'on AWS'],
    ],
  },
  cluster: {
    sentence: 'runs a cluster on this machine.',
    arguments: '',
    maxArguments: 0,
    options: CLUSTER_OPTIONS,
    optionsAt: 'anywhere',
    examples: [
      ['cluster --slots 8 --data-dir data', 'at 127.0.0.1:8081, and its console'],
      ['cluster --port 0 --json', 'on any port, told as JSON'],
    ],
  },
  console: {
    sentence: 'serves the web console of a cluster, here or deployed, on this machine.',
    arguments: '',
    maxArguments: 0,
    options: CONSOLE_OPTIONS,
    optionsAt: 'anywhere',
    examples: [
      ['console --open', 'of the cluster at 127.0.0.1:8081, in the browser'],
      ['console --cluster https://….execute-api.eu-west-1.amazonaws.com', 'of one on AWS'],
      ['console --cluster Sluice', 'of the stack of that name, in ./cluster.json'],
    ],
  },
  completion: {
    sentence: 'prints what makes a shell complete commands: bash, zsh or fish.',
    arguments: '<shell>',
    maxArguments: 1,
    options: COMPLETION_OPTIONS,
    optionsAt: 'anywhere',
    completes: ['bash', 'zsh', 'fish'],
    examples: [
      ['completion bash', 'source <(sluice completion bash), in ~/.bashrc'],
      ['completion zsh', 'source <(sluice completion zsh), in ~/.zshrc'],
      ['completion fish', 'sluice completion fish | source, in config.fish'],
    ],
  },
};
