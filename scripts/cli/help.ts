import { nearestName } from '../../runtime/core/index.ts';
import {
  CANCEL_OPTIONS,
  CHECK_OPTIONS,
  CHECKPOINT_OPTIONS,
  CLUSTER_OPTIONS,
  LIST_OPTIONS,
  SAVEPOINT_OPTIONS,
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
  'estimate',
  'list',
  'status',
  'why',
  'stop',
  'cancel',
  'savepoint',
  'savepoint check',
  'checkpoint',
  'wake',
  'logs',
  'cluster',
] as const;
export type Action = (typeof ACTIONS)[number];

interface ActionSpec {
  readonly sentence: string;
  readonly arguments: string;
  readonly options: readonly OptionSpec[];
  /** Where options may stand; before the job file they end at it. */
  readonly optionsAt: 'before' | 'anywhere';
}

/** What each action takes. */
export const ACTION_SPECS: Readonly<Record<Action, ActionSpec>> = {
  run: {
    sentence: 'compiles and runs a program.',
    arguments: '<job-file> <arguments>',
    options: RUN_OPTIONS,
    optionsAt: 'before',
  },
  info: {
    sentence: 'shows the optimized execution plan of the program (JSON).',
    arguments: '<job-file> <arguments>',
    options: INFO_OPTIONS,
    optionsAt: 'before',
  },
  estimate: {
    sentence: 'tells what a program would cost on AWS; nothing is started or called.',
    arguments: '<job-file> [-- <arguments>]',
    options: ESTIMATE_OPTIONS,
    optionsAt: 'anywhere',
  },
  list: {
    sentence: 'lists running and scheduled programs.',
    arguments: '',
    options: LIST_OPTIONS,
    optionsAt: 'anywhere',
  },
  status: {
    sentence: 'shows how a job is: state, restarts, checkpoints, hibernation, last failure.',
    arguments: '<Job ID>',
    options: STATUS_OPTIONS,
    optionsAt: 'anywhere',
  },
  why: {
    sentence: 'tells why a job puts nothing out, and what to do about it.',
    arguments: '<Job ID>',
    options: WHY_OPTIONS,
    optionsAt: 'anywhere',
  },
  stop: {
    sentence: 'stops a running program with a savepoint (streaming jobs only).',
    arguments: '<Job ID>',
    options: STOP_OPTIONS,
    optionsAt: 'anywhere',
  },
  cancel: {
    sentence: 'cancels a running program.',
    arguments: '<Job ID>',
    options: CANCEL_OPTIONS,
    optionsAt: 'anywhere',
  },
  savepoint: {
    sentence: 'triggers savepoints for a running job or disposes existing ones.',
    arguments: '<Job ID> [<target directory>]',
    options: SAVEPOINT_OPTIONS,
    optionsAt: 'anywhere',
  },
  'savepoint check': {
    sentence: 'tells what a program would take over.',
    arguments: '<savepoint path> <job-file> <arguments>',
    options: CHECK_OPTIONS,
    optionsAt: 'before',
  },
  checkpoint: {
    sentence: 'triggers checkpoints for a running job.',
    arguments: '<Job ID>',
    options: CHECKPOINT_OPTIONS,
    optionsAt: 'anywhere',
  },
  wake: {
    sentence: 'wakes a job that hibernates; one that runs stays awake for a while.',
    arguments: '<Job ID>',
    options: WAKE_OPTIONS,
    optionsAt: 'anywhere',
  },
  logs: {
    sentence: 'shows the log of a job, of this machine or of a deployed cluster.',
    arguments: '<Job ID>',
    options: LOGS_OPTIONS,
    optionsAt: 'anywhere',
  },
  cluster: {
    sentence: 'runs a cluster on this machine.',
    arguments: '',
    options: CLUSTER_OPTIONS,
    optionsAt: 'anywhere',
  },
};

const WIDTH_CHARS = 80;
const LEFT_PAD = ' '.repeat(5);

/** The whole help, as Flink lays it out. */
export function fullHelp(): string {
  const head = 'sluice <ACTION> [OPTIONS] [ARGUMENTS]\n\nThe following actions are available:\n';
  return `${head}\n${ACTIONS.map(actionHelp).join('\n')}`;
}

/** The help of one action. */
export function actionHelp(action: Action): string {
  const { sentence, options, arguments: args } = ACTION_SPECS[action];
  const shown = options.filter(({ refusal }) => refusal === undefined);
  const labels = shown.map(labelOf);
  const column = Math.max(...labels.map((label) => label.length)) + 3;
  const table = shown.map((option, index) => {
    const lines = wrap(option.description, WIDTH_CHARS - LEFT_PAD.length - column);
    const label = (labels[index] ?? '').padEnd(column);
    return lines.map((line, row) => LEFT_PAD + (row === 0 ? label : ' '.repeat(column)) + line);
  });
  return [
    `Action "${action}" ${sentence}`,
    '',
    `  Syntax: ${action} [OPTIONS]${args === '' ? '' : ` ${args}`}`,
    `  "${action}" action options:`,
    ...table.flat(),
    '',
  ].join('\n');
}

/** What is printed when the action is none of {@link ACTIONS}. */
export function unknownAction(name: string): string {
  const actions = ACTIONS.filter((action) => !action.includes(' '));
  const names = actions.map((action) => `"${action}"`);
  const list = `${names.slice(0, -1).join(', ')}, or ${names.at(-1)}`;
  const nearest = nearestName(name, actions);
  return [
    `"${name}" is not a valid action.`,
    ...(name === 'run-application'
      ? ['', `"${name}" is known to Flink, not supported yet in this version.`]
      : []),
    ...(nearest === undefined ? [] : ['', `Did you mean "${nearest}"?`]),
    '',
    `Valid actions are ${list}.`,
    '',
    'Specify the version option (-v or --version) to print Sluice version.',
    '',
    'Specify the help option (-h or --help) to get help on the command.',
  ].join('\n');
}

function labelOf({ short, long, argument, optionalArgument }: OptionSpec): string {
  const names =
    short === undefined ? `   --${long}` : short === long ? `-${long}` : `-${short},--${long}`;
  if (argument === undefined) return names;
  return optionalArgument === true ? `${names} [${argument}]` : `${names} <${argument}>`;
}

function wrap(text: string, widthChars: number): string[] {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + 1 + word.length > widthChars) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}
