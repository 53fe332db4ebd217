/** What Flink answered, as `npm run test:flink-semantics -- --record` wrote it down. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const INPUT_FOLDER = fileURLToPath(new URL('./input', import.meta.url));
export const RECORDED_FOLDER = fileURLToPath(new URL('./recorded', import.meta.url));

/** What a job answered in Flink, as {@link comparable} orders it. */
export interface JobAnswer {
  readonly name: string;
  readonly mode: 'STREAMING' | 'BATCH';
  readonly lines: readonly string[];
}

/** The records of a file, one a line. */
export function recorded<T>(name: string): T[] {
  const text = readFileSync(`${RECORDED_FOLDER}/${name}.jsonl`, 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** The same lines in an order that says what is set: within the first word of each, if anything. */
export function comparable(lines: readonly string[], isOrdered: boolean): string[] {
  if (!isOrdered) return [...lines].sort();
  const first = (line: string): string => line.slice(0, line.indexOf(' '));
  return [...lines].sort((a, b) => (first(a) < first(b) ? -1 : first(a) > first(b) ? 1 : 0));
}
