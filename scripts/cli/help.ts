import { INFO_OPTIONS, RUN_OPTIONS } from './options.ts';
import type { OptionSpec } from './parse-options.ts';

/** The actions there are, in the order of the help. */
export const ACTIONS = ['run', 'info'] as const;
export type Action = (typeof ACTIONS)[number];

const WIDTH_CHARS = 80;
const LEFT_PAD = ' '.repeat(5);

const ACTION_HELP: Readonly<Record<Action, { sentence: string; options: readonly OptionSpec[] }>> =
  {
    run: { sentence: 'compiles and runs a program.', options: RUN_OPTIONS },
    info: {
      sentence: 'shows the optimized execution plan of the program (JSON).',
      options: INFO_OPTIONS,
    },
  };

/** The whole help, as Flink lays it out. */
export function fullHelp(): string {
  const head = 'sluice <ACTION> [OPTIONS] [ARGUMENTS]\n\nThe following actions are available:\n';
  return `${head}\n${ACTIONS.map(actionHelp).join('\n')}`;
}

/** The help of one action. */
export function actionHelp(action: Action): string {
  const { sentence, options } = ACTION_HELP[action];
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
    `  Syntax: ${action} [OPTIONS] <job-file> <arguments>`,
    `  "${action}" action options:`,
    ...table.flat(),
    '',
  ].join('\n');
}

/** What is printed when the action is none of {@link ACTIONS}. */
const FLINK_ACTIONS = ['list', 'cancel', 'stop', 'savepoint', 'checkpoint', 'run-application'];

export function unknownAction(name: string): string {
  const names = ACTIONS.map((action) => `"${action}"`);
  const list = `${names.slice(0, -1).join(', ')}${names.length > 2 ? ',' : ''} or ${names.at(-1)}`;
  return [
    `"${name}" is not a valid action.`,
    ...(FLINK_ACTIONS.includes(name)
      ? ['', `"${name}" is known to Flink, not supported yet in this version.`]
      : []),
    '',
    `Valid actions are ${list}.`,
    '',
    'Specify the version option (-v or --version) to print Sluice version.',
    '',
    'Specify the help option (-h or --help) to get help on the command.',
  ].join('\n');
}

function labelOf({ short, long, argument }: OptionSpec): string {
  const names = short === undefined ? `   --${long}` : `-${short},--${long}`;
  return argument === undefined ? names : `${names} <${argument}>`;
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
