/** A line of a job's log, as people read it. Pure. */
import type { LogLevel } from '../../runtime/core/index.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Where a line comes from, in this order, before its other fields. */
const PLACE = ['attempt', 'taskManager', 'lease', 'slot', 'checkpoint'] as const;
/** Said elsewhere, or the same in every line. */
const HIDDEN = new Set<string>([
  ...['jobId', 'level', 'message', 'timestamp', 'service', 'prefix', 'print', 'console', 'stack'],
  ...['sampling_rate', 'xray_trace_id', 'cold_start', '_aws', ...PLACE],
]);
/** The invocation's own: for queries, as --json shows them. */
const OF_INVOCATION = /^function_/;
const LEVEL_CHARS = 5;

/** Undefined: it is no object. */
export function parseLogLine(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** Time, level, function, place, message, fields; a stack below it. */
export function logLineText(line: Fields, sourceOfLine?: string): string {
  const level = String(line.level ?? '')
    .toUpperCase()
    .padEnd(LEVEL_CHARS);
  const source = sourceOfLine === undefined ? [] : [`[${sourceOfLine}]`];
  const place = PLACE.flatMap((name) =>
    line[name] === undefined ? [] : [`${name}=${textOf(line[name])}`],
  );
  const fields = Object.entries(line).flatMap(([name, value]) =>
    HIDDEN.has(name) || OF_INVOCATION.test(name) || value === undefined
      ? []
      : [`${name}=${textOf(value)}`],
  );
  const parts = [String(line.timestamp ?? ''), level, ...source, ...place];
  const text = [...parts, String(line.message ?? '').trimEnd(), ...fields].join(' ');
  return typeof line.stack === 'string' ? `${text}\n${indented(line.stack)}` : text;
}

/** How loud it is; a line that does not say is taken to be `info`. */
export function levelOf(line: Fields): LogLevel {
  const level = String(line.level ?? '').toLowerCase();
  return level === 'debug' || level === 'warn' || level === 'error' ? level : 'info';
}

function textOf(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => `    ${line.trim()}`)
    .join('\n');
}
