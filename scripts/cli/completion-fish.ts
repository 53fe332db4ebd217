import type { CompletedAction } from './completion.ts';
import { briefOf, settingNames, writtenNames } from './completion.ts';
import type { OptionSpec } from './parse-options.ts';

/** For fish from 3.0 on. */
export function fishCompletion(actions: readonly CompletedAction[]): string {
  return [
    '# Completion of sluice for fish: sluice completion fish | source',
    'function __sluice_jobs',
    "  sluice list 2>/dev/null | string match -ra '[0-9a-f]{32}'",
    'end',
    'complete -c sluice -f',
    "complete -c sluice -n __fish_use_subcommand -s h -l help -d 'Show the help'",
    "complete -c sluice -n __fish_use_subcommand -s v -l version -d 'Show the version'",
    ...actions.flatMap((action) => linesOf(action, actions)),
    '',
  ].join('\n');
}

function linesOf(action: CompletedAction, all: readonly CompletedAction[]): readonly string[] {
  const { name, what, options, completes } = action;
  const [first = '', second] = name.split(' ');
  const seen = `__fish_seen_subcommand_from ${first}`;
  const further = all
    .map((other) => other.name.split(' '))
    .find(([one, two]) => {
      return second === undefined && one === first && two !== undefined;
    })?.[1];
  // Options of an action are not those of the longer one that begins with it.
  const only = further === undefined ? '' : `; and not __fish_seen_subcommand_from ${further}`;
  const condition =
    second === undefined ? `${seen}${only}` : `${seen}; and __fish_seen_subcommand_from ${second}`;
  const when = quoted(condition);
  const offered = second === undefined ? '__fish_use_subcommand' : quoted(seen);
  const positional = completesText(completes);
  return [
    `complete -c sluice -n ${offered} -a ${second ?? first} -d ${quoted(what)}`,
    ...options.map((option) => `complete -c sluice -n ${when} ${optionOf(option)}`),
    ...options
      .filter(({ optionalArgument }) => optionalArgument === true)
      .map(behindLine(condition)),
    ...(positional === '' ? [] : [`complete -c sluice -n ${when} ${positional}`]),
  ];
}

/** `-s p -l parallelism -x -d '…'`; `-o cm` is a short name of several letters. */
function optionOf(option: OptionSpec): string {
  const { short, long, argument, optionalArgument, completes } = option;
  const shortName = short === undefined ? '' : `${short.length === 1 ? '-s' : '-o'} ${short} `;
  const longName = short === long ? '' : `-l ${long} `;
  const takesValue = argument !== undefined && optionalArgument !== true;
  const value = takesValue
    ? `${completes === undefined ? '-x' : `-r ${completesText(completes)}`} `
    : '';
  return `${shortName}${longName}${value}-d ${quoted(briefOf(option))}`;
}

/** A value that may be left out: offered right behind its option. */
function behindLine(condition: string) {
  return (option: OptionSpec): string => {
    const names = writtenNames(option).join(' ');
    const behind = `contains -- (commandline -opc)[-1] ${names}`;
    const when = quoted(`${condition}; and ${behind}`);
    return `complete -c sluice -n ${when} ${completesText(option.completes)}`;
  };
}

function completesText(completes: OptionSpec['completes']): string {
  if (completes === undefined) return '';
  if (typeof completes !== 'string') return `-f -a ${quoted(completes.join(' '))}`;
  if (completes === 'job') return "-f -a '(__sluice_jobs)'";
  if (completes === 'setting') return `-f -a ${quoted(settingWords())}`;
  return completes === 'file' ? '-F' : "-f -a '(__fish_complete_directories)'";
}

/** With the equals sign that stands behind a name. */
function settingWords(): string {
  return settingNames()
    .map((name) => `${name}=`)
    .join(' ');
}

function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, (sign) => `\\${sign}`)}'`;
}
