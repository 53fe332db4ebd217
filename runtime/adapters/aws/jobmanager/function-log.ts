/**
 * What functions of a cluster have logged lately, as texts.
 *
 * I1  A text is bounded in lines and in bytes, and so is the time for it: the newest lines are
 *     given, and where some are missing it says so.
 */
import type { Clock } from '../../../core/index.ts';
import { logText } from '../../log-text.ts';
import type { CloudWatchLogs } from '../logs/index.ts';

export interface FunctionLog {
  /** @param isOutput what its tasks print and what user code writes to the console; else the rest. */
  ofTaskManager(of: TaskManagerLines): Promise<string>;
  ofCoordinator(): Promise<string>;
}

export interface TaskManagerLines {
  readonly jobId: string;
  readonly index: number;
  readonly isOutput: boolean;
}

type Line = Readonly<Record<string, unknown>>;

const SINCE_MS = 3_600_000;
const MAX_LINES = 5_000;
/** An answer of Lambda has 6 MB, escaped. */
const MAX_CHARS = 2_500_000;
/** The API's answer is waited for half a minute. */
const MAX_READ_MS = 15_000;
/** Said by the name of the log, or of who wrote it and not what. */
const HIDDEN = new Set([
  ...['jobId', 'taskManager', 'level', 'message', 'timestamp', 'service', 'prefix', 'print'],
  ...['console', 'sampling_rate', 'xray_trace_id', 'cold_start', '_aws'],
]);

export class CloudWatchFunctionLog implements FunctionLog {
  readonly #logs: Pick<CloudWatchLogs, 'read'>;
  readonly #prefix: string;
  readonly #clock: Clock;

  constructor(logs: Pick<CloudWatchLogs, 'read'>, prefix: string, clock: Clock) {
    this.#logs = logs;
    this.#prefix = prefix;
    this.#clock = clock;
  }

  async ofTaskManager({ jobId, index, isOutput }: TaskManagerLines): Promise<string> {
    const isWanted = (line: Line): boolean => {
      const isOut = line.print === true || line.console === true;
      return line.taskManager === index && isOut === isOutput;
    };
    return await this.#read('taskmanager', jobId, isWanted, isOutput ? printedText : lineText);
  }

  async ofCoordinator(): Promise<string> {
    return await this.#read('coordinator', undefined, () => true, lineText);
  }

  /** I1. */
  async #read(
    name: string,
    jobId: string | undefined,
    isWanted: (line: Line) => boolean,
    textOf: (line: Line) => string,
  ): Promise<string> {
    const beganMs = this.#clock.monotonicMs();
    const groups = [`/aws/lambda/${this.#prefix}-${name}`];
    const sinceEpochMs = this.#clock.nowEpochMs() - SINCE_MS;
    let lines: string[] = [];
    let note = '';
    let chars = 0;
    for await (const { text } of this.#logs.read({ groups, jobId, sinceEpochMs, level: 'info' })) {
      const line = JSON.parse(text) as Line;
      if (isWanted(line)) {
        const shown = textOf(line);
        lines.push(shown);
        chars += shown.length;
      }
      if (this.#clock.monotonicMs() - beganMs > MAX_READ_MS) {
        note =
          '... the log is longer than can be read at once: sluice logs --prefix reads it all\n';
        break;
      }
      // Seldom, so that each line is moved once.
      if (lines.length > 2 * MAX_LINES || chars > 2 * MAX_CHARS) {
        lines = newestOf(lines);
        chars = lines.reduce((sum, one) => sum + one.length, 0);
      }
    }
    return `${newestOf(lines).join('')}${note}`;
  }
}

function newestOf(lines: readonly string[]): string[] {
  let chars = 0;
  const kept: string[] = [];
  for (const line of lines.slice(-MAX_LINES).toReversed()) {
    chars += line.length;
    if (chars > MAX_CHARS) break;
    kept.push(line);
  }
  return kept.toReversed();
}

function lineText(line: Line): string {
  const fields = Object.entries(line).filter(([name]) => {
    return !HIDDEN.has(name) && !name.startsWith('function_');
  });
  const text = logText(String(line.message ?? ''), Object.fromEntries(fields));
  return `${line.timestamp} ${String(line.level).padEnd(5)} ${text}\n`;
}

function printedText({ message = '' }: Line): string {
  return `${String(message).trimEnd()}\n`;
}
