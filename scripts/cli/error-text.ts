import { isAbsolute, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isStreamError } from '../../runtime/core/index.ts';

/** How an error is shown. */
export interface ErrorTextOptions {
  readonly cwd: string;
  /** Folder of the package: frames from in there are the engine's, but for its examples. */
  readonly engineRoot: string;
  /** Show whole stacks. */
  readonly verbose: boolean;
}

export type PlaceOptions = Pick<ErrorTextOptions, 'cwd' | 'engineRoot'>;

const MAX_CAUSES = 5;
/** As Flink's command line announces a failure. */
const HEADER = `
${'-'.repeat(60)}
 The program finished with the following exception:
`;

/** What a command that failed writes: Flink's header, and the error for people. */
export function failureText(error: unknown, options: ErrorTextOptions): string {
  return `${HEADER}\n${errorText(error, options)}`;
}

/**
 * An error for people: its message, its code, the user's own line, and a short chain of causes.
 * The engine's stack is shown only when asked for.
 */
export function errorText(error: unknown, options: ErrorTextOptions): string {
  const lines = [`error: ${messageOf(error)}`];
  if (isStreamError(error)) lines.push(`  code: ${error.code}`);
  const place = userPlace(error, options);
  if (place !== undefined) lines.push(`  at: ${place}`);
  let said = messageOf(error);
  for (const cause of causesOf(error)) {
    const message = messageOf(cause);
    if (said.includes(message)) continue;
    said = message;
    lines.push(`  caused by: ${nameOf(cause)}${message}`);
  }
  if (options.verbose) {
    for (const item of [error, ...causesOf(error)]) {
      if (item instanceof Error && item.stack !== undefined) lines.push('', item.stack);
    }
  }
  return lines.join('\n');
}

/** The user's line nearest to the throw, as `path:line:column` relative to `cwd`. */
export function userPlace(error: unknown, options: PlaceOptions): string | undefined {
  // The innermost cause was thrown first: it is nearest to what went wrong.
  for (const item of [error, ...causesOf(error)].reverse()) {
    const place = item instanceof Error ? placeInStack(item.stack ?? '', options) : undefined;
    if (place !== undefined) return place;
  }
  return undefined;
}

/** As {@link userPlace}, of a trace as the cluster shows it, with its causes. */
export function placeInTrace(trace: string, options: PlaceOptions): string | undefined {
  const stacks = trace.split(/^Caused by: /m).reverse();
  return stacks.map((stack) => placeInStack(stack, options)).find(Boolean);
}

function placeInStack(stack: string, options: PlaceOptions): string | undefined {
  const places = stack.split('\n').map((line) => userFrame(line, options));
  return places.find(Boolean);
}

function userFrame(line: string, { cwd, engineRoot }: PlaceOptions): string | undefined {
  const match = /^\s+at (?:.*\()?((?:file:\/\/)?[^()\s][^()]*?):(\d+):(\d+)\)?$/.exec(line);
  if (match === null) return undefined;
  const [, location = '', row, column] = match;
  const path = location.startsWith('file://') ? fileURLToPath(location) : location;
  if (!isAbsolute(path) || /[\\/]node_modules[\\/]/.test(path)) return undefined;
  // A bundle's own path shows up where its source map does not reach.
  if (/[\\/]sluice-jobs-[^\\/]*[\\/]/.test(path)) return undefined;
  const inEngine = relative(engineRoot, path).split(/[\\/]/)[0] ?? '';
  if (['runtime', 'scripts', 'dist'].includes(inEngine)) return undefined;
  const shown = relative(cwd, path);
  return `${shown.startsWith('..') ? path : shown}:${row}:${column}`;
}

function causesOf(error: unknown): unknown[] {
  const causes: unknown[] = [];
  let current: unknown = error;
  while (current instanceof Error && current.cause !== undefined && causes.length < MAX_CAUSES) {
    current = current.cause;
    causes.push(current);
  }
  return causes;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** `TypeError: `; nothing for the plain names, which say no more than the message. */
function nameOf(error: unknown): string {
  const plain = !(error instanceof Error) || ['Error', 'StreamError'].includes(error.name);
  return plain ? '' : `${error.name}: `;
}
