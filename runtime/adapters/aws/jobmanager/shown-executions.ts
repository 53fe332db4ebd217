/**
 * The subtasks of deployed jobs, for who shows them. Of a job that runs they are read from what its
 * turns leave behind anyway: the record of the last turn, which is fenced as all of them are, and
 * the layout of its newest attempt. Nothing is written for it. Of a job that has ended its view has
 * them.
 *
 * I1  A record that went while it was read has a successor: the row is read again.
 */
import {
  isErrorWithCode,
  type JobStore,
  type RowStore,
  turnKey,
} from '../../../checkpoint/index.ts';
import { isStreamError } from '../../../core/index.ts';
import { buildExecutionGraph, type ExecutionGraph } from '../../../graph/index.ts';
import {
  type SleepingJob,
  sleepingExecutions,
  type TurnObjects,
  type TurnRecord,
  type TurnRow,
  type VertexExecutions,
} from '../../../jobmaster/index.ts';
import { attemptLocation, readAttempt } from '../taskmanager/index.ts';

export interface ShownExecutionsParts {
  readonly rows: RowStore;
  readonly jobs: Pick<JobStore, 'get'>;
  readonly objects: Pick<TurnObjects, 'get'>;
  readonly blobs: Parameters<typeof readAttempt>[0];
}

const MAX_TRIES = 3;
/** Layouts of attempts that are kept: they do not change. */
const MAX_LAYOUTS = 16;

export class ShownExecutions {
  readonly #parts: ShownExecutionsParts;
  readonly #layouts = new Map<string, ExecutionGraph>();

  constructor(parts: ShownExecutionsParts) {
    this.#parts = parts;
  }

  /** Empty: nothing of it was deployed yet, or it has ended. */
  async of(jobId: string): Promise<readonly VertexExecutions[]> {
    const asleep = (await this.#record(jobId))?.asleep;
    if (asleep === undefined) return [];
    const layout = await this.#layout(jobId, asleep);
    return layout === undefined ? [] : sleepingExecutions(asleep, layout);
  }

  /** Slots that a job runs now, and the attempt that each belongs to. */
  async slotsOf(jobId: string): Promise<ReadonlyMap<number, number>> {
    const regions = (await this.#record(jobId))?.asleep?.regions ?? [];
    return new Map(
      regions.flatMap(({ attempt, slotIndexes, gone }) =>
        slotIndexes
          .filter((slotIndex) => !gone.includes(slotIndex))
          .map((slotIndex) => [slotIndex, attempt] as const),
      ),
    );
  }

  /** I1. */
  async #record(jobId: string): Promise<TurnRecord | undefined> {
    const { rows, objects } = this.#parts;
    const { partitionKey, sortKey } = turnKey(jobId);
    for (let tries = 1; ; tries += 1) {
      const row = (await rows.get(partitionKey, sortKey))?.value as TurnRow | undefined;
      if (row?.object === undefined) return row?.record;
      try {
        return await objects.get(jobId, row.object);
      } catch (thrown) {
        if (!isStreamError(thrown) || thrown.kind !== 'data') throw thrown;
        if (tries === MAX_TRIES) return undefined;
      }
    }
  }

  async #layout(jobId: string, { regions }: SleepingJob): Promise<ExecutionGraph | undefined> {
    const { jobs, blobs } = this.#parts;
    const attempt = Math.max(-1, ...regions.map((region) => region.attempt));
    if (attempt < 0) return undefined;
    const key = `${jobId}/${attempt}`;
    const known = this.#layouts.get(key);
    if (known !== undefined) return known;
    const stored = await jobs.get(jobId);
    if (stored === undefined) return undefined;
    try {
      const location = attemptLocation(stored.job.bundleLocation, attempt);
      const { jobGraph } = await readAttempt(blobs, location, { jobId, attempt });
      const layout = buildExecutionGraph(jobGraph);
      this.#layouts.set(key, layout);
      for (const oldest of this.#layouts.keys()) {
        if (this.#layouts.size > MAX_LAYOUTS) this.#layouts.delete(oldest);
      }
      return layout;
    } catch (thrown) {
      // Decided, and not written yet.
      if (isErrorWithCode(thrown, 'ATTEMPT_NOT_FOUND')) return undefined;
      throw thrown;
    }
  }
}
