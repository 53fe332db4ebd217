import { maskText } from '../core/index.ts';

/** A line of a process' log, without secrets: message, then fields; a stack below it. Pure. */
export function logText(
  message: string,
  { stack, ...fields }: Readonly<Record<string, unknown>> = {},
): string {
  const values = Object.entries(fields).map(([name, value]) => {
    return ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`;
  });
  const line = `${message.trimEnd()}${values.join('')}`;
  const below = typeof stack === 'string' ? `\n${stack}` : '';
  // What follows a line break belongs to the line.
  return maskText(`${line}${below}`).replaceAll(/\r?\n/g, '\n    ');
}
