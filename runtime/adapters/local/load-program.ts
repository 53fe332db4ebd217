/** The module of a program that somebody has sent, and what is wrong with it. */
import { execFile } from 'node:child_process';
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isStreamError, StreamError } from '../../core/index.ts';

/** How long a module is read for its line alone. */
const CHECK_TIMEOUT_MS = 10_000;

/**
 * Evaluates a module.
 *
 * @throws {StreamError} kind `user`: `PROGRAM_NOT_LOADED`, with file and line.
 */
export async function loadProgram(path: string): Promise<unknown> {
  const { href } = pathToFileURL(path);
  try {
    return await import(href);
  } catch (thrown) {
    if (isStreamError(thrown)) throw thrown;
    const { message, stack = '' } = thrown instanceof Error ? thrown : new Error(String(thrown));
    // Of what does not parse, the error has no line that a program could read.
    const isSyntax = thrown instanceof SyntaxError && !stack.includes(href);
    const line = lineIn(isSyntax ? await checked(path) : stack, [href, path]);
    const at = line === undefined ? basename(path) : `${basename(path)}:${line}`;
    throw new StreamError({
      kind: 'user',
      code: 'PROGRAM_NOT_LOADED',
      message: `the program cannot be loaded: ${message}; at=${at}`,
      details: { at, reason: message },
      cause: thrown,
    });
  }
}

/** What Node says of a file that it only parses. */
function checked(path: string): Promise<string> {
  const options = { timeout: CHECK_TIMEOUT_MS };
  return new Promise((resolve) => {
    execFile(process.execPath, ['--check', path], options, (_error, _out, said) => resolve(said));
  });
}

function lineIn(text: string, names: readonly string[]): string | undefined {
  for (const name of names) {
    const line = /^:(\d+)/.exec(text.split(name)[1] ?? '')?.[1];
    if (line !== undefined) return line;
  }
  return undefined;
}
