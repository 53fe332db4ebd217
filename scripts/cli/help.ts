import { nearestName } from '../../runtime/core/index.ts';
import { ACTION_SPECS, ACTIONS, type Action } from './actions.ts';
import type { OptionSpec } from './parse-options.ts';

const WIDTH_CHARS = 80;
const LEFT_PAD = ' '.repeat(5);

/** The whole help, as Flink lays it out. */
export function fullHelp(): string {
  const head = 'sluice <ACTION> [OPTIONS] [ARGUMENTS]\n\nThe following actions are available:\n';
  return `${head}\n${ACTIONS.map(actionOptions).join('\n')}`;
}

/** The help of one action, with examples. */
export function actionHelp(action: Action): string {
  const { examples } = ACTION_SPECS[action];
  const lines = examples.flatMap(([command, what]) => [
    `${LEFT_PAD}sluice ${command}`,
    `${LEFT_PAD}    ${what}`,
  ]);
  return [actionOptions(action), '  Examples:', ...lines, ''].join('\n');
}

function actionOptions(action: Action): string {
  const { sentence, options, arguments: args } = ACTION_SPECS[action];
  const shown = options.filter(
    ({ refusal, isHidden }) => refusal === undefined && isHidden !== true,
  );
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
  // The second word alone: `check` for `savepoint check`.
  const whole = ACTIONS.find((action) => action.endsWith(` ${name.toLowerCase()}`));
  const nearest = whole ?? nearestName(name, actions);
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
