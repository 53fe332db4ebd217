/** What a state of a job holds: from the slot that has it, or from the newest checkpoint. */
import {
  type BlobStore,
  type CheckpointedValue,
  type CheckpointStatistics,
  isErrorWithCode,
  type QueriedOperator,
  queryCheckpoint,
} from '../checkpoint/index.ts';
import { StreamError } from '../core/index.ts';
import type { StateQueryRecord, StateValueRecord } from '../protocol/index.ts';
import type { DispatchedJob } from './dispatcher-records.ts';
import { isTerminal } from './job-state.ts';
import type { RunningValue } from './state-queries.ts';

/** What a client asks. */
export interface StateQuestion {
  /** The operator's uid or id. */
  readonly operator: string;
  readonly query: StateQueryRecord;
}

/** What a client is told. */
export interface StateAnswer {
  readonly operator: QueriedOperator;
  readonly value: StateValueRecord;
  readonly source: 'slot' | 'checkpoint';
  /** The state was so then: of a checkpoint, when it was triggered. */
  readonly asOfEpochMs: number;
  /** Since then; 0 of a slot, unless its answer was long under way. */
  readonly ageMs: number;
  /** Of a checkpoint. */
  readonly checkpointId?: number;
}

export function runningAnswer(
  { operator, value, asOfEpochMs }: RunningValue,
  nowEpochMs: number,
): StateAnswer {
  const ageMs = Math.max(0, nowEpochMs - asOfEpochMs);
  return { operator, value, source: 'slot', asOfEpochMs, ageMs };
}

/** The job, as it is shown. */
type QueriedJob = Pick<DispatchedJob, 'jobId' | 'status' | 'checkpointStatistics'>;

/**
 * Answers from the newest checkpoint or savepoint that is there: what it was restored from, too.
 *
 * @param job asked again when what it named was deleted meanwhile, as newer ones were completed.
 * @throws {StreamError} kind `invalid`, codes `STATE_JOB_ENDED`, `STATE_NO_CHECKPOINT`; as
 * `queryCheckpoint`.
 */
export async function checkpointAnswer(
  job: () => Promise<QueriedJob>,
  { operator, query }: StateQuestion,
  blobs: BlobStore,
  now: () => number,
): Promise<StateAnswer> {
  const shown = await job();
  assertQueryable(shown);
  let paths = pathsOf(shown.checkpointStatistics);
  for (const isLast of [false, true]) {
    for (const path of paths) {
      const found = await unlessGone(queryCheckpoint(blobs, path, operator, query, now()));
      if (found === undefined) continue;
      const { triggeredAtEpochMs: asOfEpochMs, checkpointId } = found;
      const ageMs = Math.max(0, now() - asOfEpochMs);
      const { value } = found;
      return {
        operator: found.operator,
        value,
        source: 'checkpoint',
        asOfEpochMs,
        ageMs,
        checkpointId,
      };
    }
    if (!isLast) paths = pathsOf((await job()).checkpointStatistics);
  }
  const { jobId, status } = shown;
  throw new StreamError({
    kind: 'invalid',
    code: 'STATE_NO_CHECKPOINT',
    message: `no slot of the job answers, and it has no checkpoint yet that could: ask again when it runs, or enable checkpointing; job=${jobId} status=${status}`,
    details: { jobId, status },
  });
}

/**
 * State lives as long as its job.
 *
 * @throws {StreamError} kind `invalid`, code `STATE_JOB_ENDED`.
 */
export function assertQueryable({ jobId, status }: Pick<QueriedJob, 'jobId' | 'status'>): void {
  if (!isTerminal(status) || status === 'SUSPENDED') return;
  throw new StreamError({
    kind: 'invalid',
    code: 'STATE_JOB_ENDED',
    message: `the job has ended, and its state with it: only jobs that have not can be asked; job=${jobId} status=${status}`,
    details: { jobId, status },
  });
}

/** Newest first, each once. Pure. */
export function pathsOf(statistics: CheckpointStatistics | undefined): readonly string[] {
  const { completed, savepoint, restored } = statistics?.latest ?? {};
  const known = [completed, savepoint, restored]
    .flatMap((one) => (one === undefined ? [] : [one]))
    .toSorted((a, b) => b.checkpointId - a.checkpointId);
  return [...new Set(known.flatMap(({ path }) => path ?? []))];
}

/** Undefined: it, or a part of it, is not there any more. */
async function unlessGone(
  found: Promise<CheckpointedValue>,
): Promise<CheckpointedValue | undefined> {
  try {
    return await found;
  } catch (thrown) {
    if (isErrorWithCode(thrown, 'BLOB_NOT_FOUND')) return undefined;
    throw thrown;
  }
}
