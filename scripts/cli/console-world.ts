import { packageRoot } from './version.ts';

/** A stream to write to: a part of `process.stdout`. */
export interface TextStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string, written?: () => void): unknown;
}

/** What the command line uses of its process; tests give their own. */
export interface ConsoleWorld {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly engineRoot: string;
}

/** This process. */
export function processWorld(): ConsoleWorld {
  const { stdout, stderr, env } = process;
  // `sluice run job.ts | head`: the reader has gone, nobody is left to tell.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(1);
    throw error;
  });
  return { cwd: process.cwd(), environment: env, stdout, stderr, engineRoot: packageRoot() };
}

/** Colours only where there is a terminal, and nobody asked for none (https://no-color.org). */
export function wantsColor({ environment, stderr }: ConsoleWorld): boolean {
  const { NO_COLOR, TERM } = environment;
  return stderr.isTTY === true && (NO_COLOR ?? '') === '' && TERM !== 'dumb';
}

/** Whether the terminal says that it shows UTF-8. */
export function wantsUnicode({ environment }: ConsoleWorld): boolean {
  const { LC_ALL, LC_CTYPE, LANG, TERM } = environment;
  const locale = [LC_ALL, LC_CTYPE, LANG].find((value) => value !== undefined && value !== '');
  return TERM !== 'linux' && TERM !== 'dumb' && !/^(C|POSIX)$/.test(locale ?? '');
}
