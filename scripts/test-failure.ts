import { inspect } from 'node:util';

/** What node:test says of a test that ended. */
export interface TestFailure {
  readonly name: string;
  readonly file?: string;
  readonly line?: number;
  readonly skip?: string | boolean;
  readonly details: {
    readonly type?: string;
    readonly error?: Error & { readonly failureType?: string };
  };
}

const NODE_INTERNAL_FRAME = /^\s+at .*\(?node:internal\//;

/**
 * A failed test in full: where it is, its error, its stack without Node's own frames. undefined
 * for a suite that failed only because a test inside it did, which is reported by itself.
 */
export function failureText(
  failure: TestFailure,
  relativePath: (file: string) => string,
): string | undefined {
  const { name, file, line, details } = failure;
  const { error } = details;
  if (error?.failureType === 'subtestsFailed') return undefined;
  const place = file === undefined ? '' : `  ${relativePath(file)}:${line ?? 1}\n`;
  const isFile = file !== undefined && name === file;
  // node:test wraps what a test threw; the file's own wrapper says only that its process failed.
  const thrown = isFile ? 'the process of this test file failed' : (error?.cause ?? error);
  return `FAILED ${isFile ? relativePath(name) : name}\n${place}${indented(stackText(thrown))}`;
}

function stackText(thrown: unknown): string {
  if (!(thrown instanceof Error)) return typeof thrown === 'string' ? thrown : inspect(thrown);
  const own = (thrown.stack ?? String(thrown))
    .split('\n')
    .filter((text) => !NODE_INTERNAL_FRAME.test(text))
    .join('\n');
  return thrown.cause === undefined ? own : `${own}\ncaused by: ${stackText(thrown.cause)}`;
}

function indented(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '    ');
}
