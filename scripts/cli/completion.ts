/** `sluice completion <shell>`: what makes a shell complete commands, from the parser's own tables. */
import { ConfigOptions } from '../../runtime/core/index.ts';
import { ACTION_SPECS, ACTIONS, type Action, type ActionSpec } from './actions.ts';
import { bashCompletion } from './completion-bash.ts';
import { fishCompletion } from './completion-fish.ts';
import { zshCompletion } from './completion-zsh.ts';
import type { ConsoleWorld } from './console-world.ts';
import { badArguments, type OptionSpec, type ParsedOptions } from './parse-options.ts';

/** An action, as the scripts want it. */
export interface CompletedAction {
  readonly name: Action;
  /** The first sentence of what it does, without a full stop. */
  readonly what: string;
  /** Those that the help shows. */
  readonly options: readonly OptionSpec[];
  readonly completes: ActionSpec['completes'];
}

const SCRIPTS: Readonly<Record<string, (actions: readonly CompletedAction[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** @throws {StreamError} `BAD_ARGUMENTS` */
export function completion({ rest }: ParsedOptions, { stdout }: ConsoleWorld): number {
  const [shell = ''] = rest;
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
  if (script === undefined) {
    throw badArguments(`The shell must be one of bash, zsh and fish: ${shell}`);
  }
  stdout.write(script(completedActions()));
  return 0;
}

function completedActions(): readonly CompletedAction[] {
  return ACTIONS.map((name) => {
    const { sentence, options, completes } = ACTION_SPECS[name];
    const shown = options.filter(({ refusal, isHidden }) => {
      return refusal === undefined && isHidden !== true;
    });
    return { name, what: sentence.replace(/\.$/, ''), options: shown, completes };
  });
}

/** What `-D` takes, by name. */
export function settingNames(): readonly string[] {
  return Object.values(ConfigOptions)
    .map(({ key }) => key)
    .toSorted();
}

/** How an option is written: `-p`, `--parallelism`; one that is both is written once. */
export function writtenNames({ short, long }: OptionSpec): readonly string[] {
  if (short === undefined) return [`--${long}`];
  return short === long ? [`-${long}`] : [`-${short}`, `--${long}`];
}

/** The first clause of a description: lists have short lines. */
export function briefOf({ description }: OptionSpec): string {
  return (description.split(/[.:;](?:\s|$)/)[0] ?? '').trim();
}
