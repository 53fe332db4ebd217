/**
 * Shows a running job on a terminal, redrawn in place, or as a line every few seconds where there
 * is none. Writes to stderr: stdout is the job's.
 *
 * Owns the lines it drew last. Does not own the job, nor the timer that calls `update`.
 *
 * I1  Whatever else is written goes through `around`, so that the frame is never in its way.
 */
import type { JobSnapshot } from '../../runtime/jobmaster/index.ts';
import { type FrameStyle, renderFrame, renderSummary } from './live-frame.ts';

/** Where a view draws: a part of `process.stderr`. */
export interface ViewStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

export interface LiveViewOptions {
  readonly stream: ViewStream;
  readonly jobName: string;
  readonly color: boolean;
  readonly unicode: boolean;
  readonly nowEpochMs: () => number;
}

/** How often to call `update` where frames are redrawn in place. */
export const REDRAW_INTERVAL_MS = 250;
/** How often to call `update` where lines are appended. */
export const SUMMARY_INTERVAL_MS = 3000;

const MIN_WIDTH_CHARS = 80;
const MAX_WIDTH_CHARS = 200;
/** Rates over less than this jump about. */
const RATE_WINDOW_MS = 1000;
const HIDE_CURSOR = '\u001B[?25l';
const SHOW_CURSOR = '\u001B[?25h';

export class LiveView {
  readonly #options: LiveViewOptions;
  readonly #history: JobSnapshot[] = [];
  #drawnLines = 0;
  #frame: readonly string[] = [];
  #closed = false;

  constructor(options: LiveViewOptions) {
    this.#options = options;
    if (this.#redraws) options.stream.write(HIDE_CURSOR);
  }

  /** Milliseconds between two calls of {@link update}. */
  get intervalMs(): number {
    return this.#redraws ? REDRAW_INTERVAL_MS : SUMMARY_INTERVAL_MS;
  }

  update(snapshot: JobSnapshot): void {
    if (this.#closed) return;
    const { stream, jobName, nowEpochMs } = this.#options;
    const previous = this.#previousFor(snapshot);
    const input = { jobName, snapshot, previous, nowEpochMs: nowEpochMs() };
    if (!this.#redraws) {
      stream.write(`${renderSummary(input)}\n`);
      return;
    }
    this.#frame = renderFrame(input, this.#style());
    stream.write(this.#erasing() + this.#drawing());
  }

  /** Shows the end. Without a terminal the caller's own last words are enough. */
  finish(snapshot: JobSnapshot): void {
    if (this.#redraws) this.update(snapshot);
  }

  /** Takes the frame away, lets `write` write, and draws the frame again below. */
  around(write: () => void): void {
    if (!this.#redraws) {
      write();
      return;
    }
    const { stream } = this.#options;
    stream.write(this.#erasing());
    write();
    stream.write(this.#drawing());
  }

  /** Leaves the last frame where it is; idempotent, and nothing is drawn afterwards. */
  close(): void {
    if (this.#redraws) this.#options.stream.write(SHOW_CURSOR);
    this.#closed = true;
  }

  get #redraws(): boolean {
    return this.#options.stream.isTTY === true && !this.#closed;
  }

  #style(): FrameStyle {
    const { stream, color, unicode } = this.#options;
    // The last column stays free: some terminals break the line there.
    const columns = (stream.columns ?? MIN_WIDTH_CHARS) - 1;
    return { width: Math.min(MAX_WIDTH_CHARS, columns), color, unicode };
  }

  /** The newest snapshot that is at least a rate's window old. */
  #previousFor(snapshot: JobSnapshot): JobSnapshot | undefined {
    const history = this.#history;
    history.push(snapshot);
    const oldEnough = ({ elapsedMs }: JobSnapshot): boolean =>
      elapsedMs <= snapshot.elapsedMs - RATE_WINDOW_MS;
    while (history[1] !== undefined && oldEnough(history[1])) history.shift();
    return history[0] === snapshot ? undefined : history[0];
  }

  #erasing(): string {
    if (this.#drawnLines === 0) return '';
    const rewind = `\r\u001B[${this.#drawnLines}A\u001B[J`;
    this.#drawnLines = 0;
    return rewind;
  }

  /** A frame higher than the terminal cannot be rewound: its end is left out. */
  #drawing(): string {
    const rows = Math.max(1, (this.#options.stream.rows ?? 24) - 1);
    const lines = this.#frame.slice(0, rows);
    this.#drawnLines = lines.length;
    return lines.map((line) => `${line}\n`).join('');
  }
}
