import { format } from 'node:util';
import type { LogLevel } from '../../../core/index.ts';
import type { SlotReport } from '../../../protocol/index.ts';

/** Methods of the console that write a line, and how loud it is. */
const METHODS: Readonly<Record<'debug' | 'log' | 'info' | 'warn' | 'error', LogLevel>> = {
  debug: 'debug',
  log: 'info',
  info: 'info',
  warn: 'warn',
  error: 'error',
};

type ConsoleLike = Record<keyof typeof METHODS, (...values: readonly unknown[]) => void>;

/**
 * Lets what a job writes to the console become lines of the log that say whose they are; as text
 * of its own nobody could tell. Of this thread: others have a console of their own.
 */
export function reportConsole(
  report: (line: Extract<SlotReport, { readonly type: 'log' }>) => void,
  target: ConsoleLike = console,
): void {
  for (const [method, level] of Object.entries(METHODS)) {
    target[method as keyof ConsoleLike] = (...values) => {
      report({ type: 'log', level, message: format(...values), fields: { console: true } });
    };
  }
}
