/**
 * What clients are shown of jobs: a row with all of it, and one for lists. Written by the
 * coordinator after a turn, when it has changed; read by the API, which never asks anybody else.
 *
 * I1  What a later turn has shown stays: the rows have its number as their version. A coordinator
 *     that was replaced and writes late writes nothing, and need not know.
 * I2  There are no secrets of a job's settings in them: it starts again with those of its own row.
 */

import type { JobRecord } from '../../../checkpoint/index.ts';
import {
  compress,
  decompress,
  isErrorWithCode,
  type RowStore,
  type RowWrite,
  SUMMARIES_PARTITION,
  summaryKey,
  viewKey,
} from '../../../checkpoint/index.ts';
import {
  type Clock,
  isSecretName,
  maskText,
  maskValue,
  type StreamErrorRecord,
} from '../../../core/index.ts';
import {
  type DispatchedJob,
  type DispatchedVertex,
  describeJob,
  emptyExceptionHistory,
  endRecordOf,
  isTerminal,
  type JobMaster,
  type JobStatus,
  type KnownJob,
  type TurnRecord,
  withException,
} from '../../../jobmaster/index.ts';
import { boundedAccumulators } from './bounded-accumulators.ts';

/** In a list: without what only the job's own page shows. */
export function summaryOf(view: DispatchedJob): DispatchedJob {
  const { checkpointStatistics: _s, configuration: _c, diagnosis: _d, ...rest } = view;
  return { ...rest, metrics: [], executions: [], exceptions: emptyExceptionHistory(0) };
}

/** Of a job that nothing is known of but its submission. */
export function submittedView(job: JobRecord): DispatchedJob {
  return {
    jobId: job.jobId,
    name: maskText(job.name),
    status: job.status as JobStatus,
    submittedAtEpochMs: job.submittedAtEpochMs,
    configuration: shownConfiguration(job.configuration),
    vertices: [],
    metrics: [],
    executions: [],
    exceptions: emptyExceptionHistory(0),
  };
}

/** The step that makes a new job appear in lists. */
export function submittedStep(job: JobRecord): RowWrite {
  const value = summaryOf(submittedView(job));
  return { type: 'put', ...summaryKey(job.jobId), value, expectedVersion: 0 };
}

/** A job behind a turn. */
export interface TurnedJob {
  readonly job: JobRecord;
  /** Of the program. */
  readonly name: string;
  readonly vertices: readonly DispatchedVertex[];
  /** With the program's own settings. Undefined: not known. */
  readonly configuration: Readonly<Record<string, unknown>> | undefined;
  /** Undefined: the turn needed none, for the job has ended before it began. */
  readonly master: JobMaster | undefined;
  readonly end: TurnRecord['end'];
}

/** What is shown of a job behind a turn. Pure but for the clock. */
export function viewOf(turned: TurnedJob, clock: Clock): DispatchedJob {
  const { master, vertices, end } = turned;
  const configuration = turned.configuration && shownConfiguration(turned.configuration);
  const job = { ...turned.job, name: maskText(turned.name) };
  const known = {
    job,
    plan: { vertices, configuration },
    control: master,
    metrics: master?.snapshot(),
  };
  const status = (end?.status ?? master?.status ?? job.status) as JobStatus;
  // Of a job that runs subtasks are read elsewhere, see shown-executions.ts.
  const describe = (of: KnownJob): DispatchedJob => {
    const view = describeJob(of);
    const diagnosis = view.diagnosis ?? master?.diagnosis();
    const metrics = boundedAccumulators(view.metrics);
    return { ...view, metrics, ...(diagnosis === undefined ? {} : { diagnosis }) };
  };
  if (end === undefined) {
    return { ...describe({ ...known, status, end: undefined }), executions: [] };
  }
  const ending = {
    endedAtEpochMs: clock.nowEpochMs(),
    netRuntimeMs: known.metrics?.elapsedMs ?? 0,
    error: end.error,
  };
  return describe({ ...known, status, end: endRecordOf(known, ending) });
}

/** I2. What is left is still read as options: of a secret one there is nothing. */
function shownConfiguration(
  configuration: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const shown = Object.entries(configuration).filter(([name]) => !isSecretName(name));
  return Object.fromEntries(shown.map(([name, value]) => [name, maskValue(value)]));
}

/** A job that has ended while its view had not heard of it. */
export function endedView(
  view: DispatchedJob,
  end: { readonly status: string; readonly error?: StreamErrorRecord },
  nowEpochMs: number,
): DispatchedJob {
  const status = end.status as JobStatus;
  const ended = { ...view, status, endedAtEpochMs: nowEpochMs };
  const { error } = end;
  if (error === undefined) return ended;
  const { exceptions } = view;
  // What is shown has place for what it ended of.
  const history = { ...exceptions, size: Math.max(exceptions.size, 1) };
  const cause = { timestampEpochMs: nowEpochMs, error };
  return { ...ended, error, exceptions: withException(history, cause, true) };
}

/** Persisted; fields are only ever added. */
interface ViewRow extends DispatchedJob {
  /** The executions of a job that has ended, compressed. Absent: there are none, or too many. */
  readonly packedExecutions?: { readonly base64: string; readonly jsonBytes: number };
}

/** A row holds four times this. Some thousand subtasks. */
const MAX_PACKED_CHARS = 100_000;

async function packed(view: DispatchedJob): Promise<ViewRow> {
  if (view.executions.length === 0) return view;
  const json = Buffer.from(JSON.stringify(view.executions));
  const base64 = Buffer.from(await compress(json)).toString('base64');
  const shown = { ...view, executions: [] };
  if (base64.length > MAX_PACKED_CHARS) return shown;
  return { ...shown, packedExecutions: { base64, jsonBytes: json.length } };
}

async function unpacked({ packedExecutions, ...view }: ViewRow): Promise<DispatchedJob> {
  if (packedExecutions === undefined) return view;
  const { base64, jsonBytes } = packedExecutions;
  const json = await decompress(Buffer.from(base64, 'base64'), jsonBytes);
  const executions = JSON.parse(Buffer.from(json).toString('utf8')) as DispatchedJob['executions'];
  return { ...view, executions };
}

export class JobViews {
  readonly #rows: RowStore;

  constructor(rows: RowStore) {
    this.#rows = rows;
  }

  /** @param turnNumber of the turn that it shows. */
  async put(view: DispatchedJob, isSummaryNew: boolean, turnNumber: number): Promise<void> {
    // That of a submission is 1.
    const atVersion = Math.max(1, turnNumber);
    const row = await packed(view);
    await this.#putNewest({ type: 'put', ...viewKey(view.jobId), value: row, atVersion });
    if (!isSummaryNew) return;
    const value = summaryOf(view);
    await this.#putNewest({ type: 'put', ...summaryKey(view.jobId), value, atVersion });
  }

  /** I1. */
  async #putNewest(step: RowWrite): Promise<void> {
    try {
      await this.#rows.write([step]);
    } catch (thrown) {
      if (!isErrorWithCode(thrown, 'ROW_CONFLICT')) throw thrown;
    }
  }

  /** Undefined: the job has had no turn yet. */
  async get(jobId: string): Promise<DispatchedJob | undefined> {
    const { partitionKey, sortKey } = viewKey(jobId);
    const row = (await this.#rows.get(partitionKey, sortKey))?.value as ViewRow | undefined;
    return row && (await unpacked(row));
  }

  /** In the order of their submission. */
  async list(): Promise<readonly DispatchedJob[]> {
    const rows = await this.#rows.query(SUMMARIES_PARTITION);
    const views = rows.map(({ value }) => value as DispatchedJob);
    return views.toSorted((a, b) => a.submittedAtEpochMs - b.submittedAtEpochMs);
  }
}

/** Whether a job's view says that it has ended. */
export function isEnded({ status }: Pick<DispatchedJob, 'status'>): boolean {
  return isTerminal(status) && status !== 'SUSPENDED';
}
