/**
 * One line on a terminal's stderr that says what a command waits for, and is gone when it has it.
 * There is none where nobody looks: without a terminal, and with `--json`.
 */
import type { ClusterClient, JsonObject } from './cluster-client.ts';
import type { ConsoleWorld } from './console-world.ts';
import { formatBytes, formatElapsed } from './format-values.ts';
import type { Output } from './output.ts';

const CLEAR_LINE = '\r\u001b[K';
const DEFAULT_COLUMNS = 80;

export class WaitingLine {
  readonly #world: ConsoleWorld;
  readonly #isShown: boolean;
  readonly #startMs = performance.now();
  #hasText = false;

  constructor(world: ConsoleWorld, { isJson }: Pick<Output, 'isJson'>) {
    this.#world = world;
    this.#isShown = world.stderr.isTTY === true && !isJson;
  }

  /** Whether anybody sees it: what it takes to know the text need not be asked for otherwise. */
  get isShown(): boolean {
    return this.#isShown;
  }

  /** With the time since the start behind it. */
  show(text: string): void {
    if (!this.#isShown) return;
    const { stderr } = this.#world;
    const line = `${text}, ${formatElapsed(performance.now() - this.#startMs)}`;
    stderr.write(`${CLEAR_LINE}${line.slice(0, (stderr.columns ?? DEFAULT_COLUMNS) - 1)}`);
    this.#hasText = true;
  }

  /** Before anything else is written. Idempotent. */
  end(): void {
    if (this.#hasText) this.#world.stderr.write(CLEAR_LINE);
    this.#hasText = false;
  }
}

/** Shows how far the newest checkpoint or savepoint under way is. */
export function checkpointProgress(
  jobId: string,
  client: ClusterClient,
  line: WaitingLine,
): () => Promise<void> {
  return async () => {
    if (!line.isShown) return;
    // What is only shown may fail: the operation itself says what went wrong.
    const answer = await client.get(`/jobs/${jobId}/checkpoints`).catch(() => undefined);
    line.show(checkpointProgressText(answer));
  };
}

/** @param answer of `GET /jobs/:jobid/checkpoints`; undefined: there was none. */
export function checkpointProgressText(answer: JsonObject | undefined): string {
  const history = (answer?.history ?? []) as readonly JsonObject[];
  const pending = history.find(({ status }) => status === 'IN_PROGRESS');
  if (pending === undefined) return 'waiting for the cluster';
  const what = pending.is_savepoint === true ? 'savepoint' : 'checkpoint';
  const { num_acknowledged_subtasks: done, num_subtasks: all, state_size: size } = pending;
  const counted = `${String(done)} of ${String(all)} subtasks acknowledged`;
  return `${what} ${String(pending.id)}: ${counted}, ${formatBytes(Number(size))}`;
}
