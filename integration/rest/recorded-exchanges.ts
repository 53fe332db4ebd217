/**
 * What a client of Flink has asked a cluster, and was answered, with names in place of what is
 * another each time: `{jobid}`, `{triggerid}`, `{directory}`, `{savepoint}`.
 */
import { readFileSync, writeFileSync } from 'node:fs';

/** The requests of one command. */
export interface RecordedCommand {
  /** Of the client, with place-holders. */
  readonly command: readonly string[];
  readonly exitCode: number;
  readonly exchanges: readonly {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
    readonly status: number;
    /** What an answer has: its fields, with the types of their values. */
    readonly shape: unknown;
  }[];
}

const FILE = new URL('./recorded/flink-cli-2.1.json', import.meta.url);

export function readRecorded(): readonly RecordedCommand[] {
  return JSON.parse(readFileSync(FILE, 'utf8'));
}

export function writeRecorded(commands: readonly RecordedCommand[]): void {
  writeFileSync(FILE, `${JSON.stringify(commands, undefined, 2)}\n`);
}

/** Puts names in place of values. */
export function named(text: string, values: Readonly<Record<string, string>>): string {
  return Object.entries(values).reduce((result, [name, value]) => {
    return value === '' ? result : result.replaceAll(value, `{${name}}`);
  }, text);
}

/** Puts values in place of names. */
export function filled(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{(jobid|triggerid|directory|savepoint)\}/g, (whole, name: string) => {
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
