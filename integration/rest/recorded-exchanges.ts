/**
 * What a client of Flink has asked a cluster, and was answered, with names in place of what is
 * another each time: `{jobid}`, `{triggerid}`, `{directory}`, `{savepoint}`, `{vertex}` and so on.
 */
import { readFileSync, writeFileSync } from 'node:fs';

/** The requests of one command. */
export interface RecordedCommand {
  /** Of the client, with place-holders. */
  readonly command: readonly string[];
  readonly exitCode: number;
  readonly exchanges: readonly ExchangeShape[];
}

export interface ExchangeShape {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly status: number;
  /** What an answer has: its fields, with the types of their values. Of a text: `text`. */
  readonly shape: unknown;
}

const FILE = new URL('./recorded/flink-cli-2.1.json', import.meta.url);
const DASHBOARD_FILE = new URL('./recorded/flink-dashboard-2.1.json', import.meta.url);

export function readRecorded(): readonly RecordedCommand[] {
  return JSON.parse(readFileSync(FILE, 'utf8'));
}

export function writeRecorded(commands: readonly RecordedCommand[]): void {
  writeFileSync(FILE, `${JSON.stringify(commands, undefined, 2)}\n`);
}

/** What its pages have asked for, each request once, in the order of the first of its kind. */
export function readRecordedDashboard(): readonly ExchangeShape[] {
  return JSON.parse(readFileSync(DASHBOARD_FILE, 'utf8'));
}

export function writeRecordedDashboard(exchanges: readonly ExchangeShape[]): void {
  writeFileSync(DASHBOARD_FILE, `${JSON.stringify(exchanges, undefined, 2)}\n`);
}

/** Puts names in place of values. */
export function named(text: string, values: Readonly<Record<string, string>>): string {
  return Object.entries(values).reduce((result, [name, value]) => {
    return value === '' ? result : result.replaceAll(value, `{${name}}`);
  }, text);
}

/** Puts values in place of names. */
export function filled(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{([a-z]+)\}/g, (whole, name: string) => {
    return values[name] ?? whole;
  });
}

/**
 * Fields by name, values by type: what a client's reader depends on. Of a list the first element,
 * as all are alike; of a map by ids one entry. A status is itself: clients look at it.
 */
export function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf);
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  const entries = Object.entries(value).map(([name, one]) => {
    const isStatus = name === 'id' && (one === 'COMPLETED' || one === 'IN_PROGRESS');
    // This project's own, and told to no client of Flink.
    return [name, isStatus ? one : name === 'details' ? 'object' : shapeOf(one)] as const;
  });
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Whether an answer has what a recorded one had. What is null, or a list or map without entries,
 * may be something at another time; a map by metrics' names has others.
 *
 * @returns paths of what is missing or of another type.
 */
export function missing(recorded: unknown, shape: unknown, path = '$'): readonly string[] {
  if (isOpen(recorded) || isOpen(shape)) return [];
  if (Array.isArray(recorded) && Array.isArray(shape)) {
    return missing(recorded[0], shape[0], `${path}[0]`);
  }
  if (typeof recorded === 'object' && typeof shape === 'object' && !Array.isArray(shape)) {
    const of = shape as Readonly<Record<string, unknown>>;
    return Object.entries(recorded as object).flatMap(([name, one]) => {
      return name in of ? missing(one, of[name], `${path}.${name}`) : [`${path}.${name}`];
    });
  }
  return recorded === shape ? [] : [`${path}: ${JSON.stringify(shape)}`];
}

function isOpen(shape: unknown): boolean {
  return shape === 'null' || (typeof shape === 'object' && Object.keys(shape ?? {}).length === 0);
}
