/** What `sluice status` tells of a job, from the answers of the REST interface. Pure. */
import type { JsonObject } from './cluster-client.ts';
import { type PlaceOptions, placeInTrace } from './error-text.ts';
import { formatLag } from './format-values.ts';

/** The answers it is made from. */
export interface StatusAnswers {
  /** `GET /jobs/:jobid` */
  readonly job: JsonObject;
  /** `GET /jobs/:jobid/exceptions` */
  readonly exceptions: JsonObject;
  /** `GET /jobs/:jobid/checkpoints`; undefined: there are none yet. */
  readonly checkpoints?: JsonObject | undefined;
  /** What ended a job, when it is not among the exceptions. */
  readonly endFailure?: JobFailure | undefined;
}

export interface JobFailure {
  readonly code: string;
  readonly message: string;
  readonly atEpochMs?: number;
  /** `map (2/4)` */
  readonly task?: string;
  /** The user's own line, `job.ts:4:73`. */
  readonly at?: string;
}

export interface LastCheckpoint {
  readonly id: number;
  readonly completedAtEpochMs: number;
  readonly durationMs: number;
  readonly stateBytes: number;
  readonly path: string;
}

/** As `--json` prints it. */
export interface JobStatusReport {
  readonly jobId: string;
  readonly name: string;
  /** Flink's, or HIBERNATED. */
  readonly state: string;
  readonly startedAtEpochMs: number;
  /** Null: it has not ended. */
  readonly endedAtEpochMs: number | null;
  readonly durationMs: number;
  readonly vertices: readonly {
    readonly id: string;
    readonly name: string;
    readonly parallelism: number;
    readonly state: string;
  }[];
  readonly restarts: number;
  /** Failures longer ago are forgotten: there were more restarts. */
  readonly restartsTruncated: boolean;
  readonly checkpoints: {
    readonly completed: number;
    readonly failed: number;
    readonly inProgress: number;
    readonly last: LastCheckpoint | null;
    readonly lastSavepoint: LastCheckpoint | null;
    readonly lastFailure: { readonly id: number; readonly message: string } | null;
  } | null;
  readonly hibernation: {
    readonly sinceEpochMs: number;
    readonly checkpointId: number;
    /** Null: by what its sources wait for, or by hand. */
    readonly wakesAtEpochMs: number | null;
  } | null;
  readonly lastFailure: JobFailure | null;
  readonly nowEpochMs: number;
}

/** Of one job. */
export function jobStatusReport(answers: StatusAnswers, places: PlaceOptions): JobStatusReport {
  const { job, checkpoints, endFailure } = answers;
  const hibernation = objectOrNull(job.hibernation);
  const history = objectOf(answers.exceptions.exceptionHistory);
  const failures = listOf(history.entries).map((entry) => failureOfEntry(entry, places));
  const state = hibernation === null ? String(job.state) : 'HIBERNATED';
  // The failure that ended a job was followed by no restart.
  const isLastFinal = state === 'FAILED' && endFailure === undefined;
  return {
    jobId: String(job.jid),
    name: String(job.name),
    state,
    startedAtEpochMs: Number(job['start-time']),
    endedAtEpochMs: Number(job['end-time']) < 0 ? null : Number(job['end-time']),
    durationMs: Number(job.duration),
    vertices: listOf(job.vertices).map(({ id, name, parallelism, status }) => ({
      ...{ id: String(id), name: String(name) },
      ...{ parallelism: Number(parallelism), state: String(status) },
    })),
    restarts: Math.max(0, failures.length - (isLastFinal ? 1 : 0)),
    restartsTruncated: history.truncated === true,
    checkpoints: checkpoints === undefined ? null : checkpointsOf(checkpoints),
    hibernation:
      hibernation === null
        ? null
        : {
            sinceEpochMs: Number(hibernation.since),
            checkpointId: Number(hibernation['checkpoint-id']),
            wakesAtEpochMs: numberOrNull(hibernation['wakes-at']),
          },
    lastFailure: endFailure ?? failures[0] ?? null,
    nowEpochMs: Number(job.now),
  };
}

function checkpointsOf(answer: JsonObject): NonNullable<JobStatusReport['checkpoints']> {
  const [counts, latest] = [objectOf(answer.counts), objectOf(answer.latest)];
  const failed = objectOrNull(latest.failed);
  return {
    completed: Number(counts.completed),
    failed: Number(counts.failed),
    inProgress: Number(counts.in_progress),
    last: checkpointOf(latest.completed),
    lastSavepoint: checkpointOf(latest.savepoint),
    lastFailure:
      failed === null
        ? null
        : { id: Number(failed.id), message: String(failed.failure_message ?? '') },
  };
}

function checkpointOf(value: unknown): LastCheckpoint | null {
  const found = objectOrNull(value);
  if (found === null) return null;
  const durationMs = Number(found.end_to_end_duration);
  return {
    id: Number(found.id),
    completedAtEpochMs: Number(found.trigger_timestamp) + durationMs,
    durationMs,
    stateBytes: Number(found.state_size),
    path: String(found.external_path ?? ''),
  };
}

function failureOfEntry(entry: JsonObject, places: PlaceOptions): JobFailure {
  const code = String(entry.exceptionName);
  const trace = String(entry.stacktrace ?? '');
  const [first = ''] = trace.split('\n');
  const place = placeInTrace(trace, places);
  const at = place === undefined ? {} : { at: place };
  const message = first.replace(new RegExp(`^(StreamError: |Error: )?(${code}: )?`), '');
  const task = typeof entry.taskName === 'string' ? { task: entry.taskName } : {};
  return { code, message, atEpochMs: Number(entry.timestamp), ...task, ...at };
}

const LABEL_CHARS = 14;

/** For people; a line each, sources first. */
export function jobStatusLines(report: JobStatusReport): readonly string[] {
  const { name, jobId, state, durationMs, endedAtEpochMs, nowEpochMs, vertices } = report;
  const widest = Math.max(0, ...vertices.map((vertex) => vertex.name.length));
  const verb = endedAtEpochMs === null ? 'submitted' : 'ended';
  const ageMs = nowEpochMs - (endedAtEpochMs ?? report.startedAtEpochMs);
  const ran = endedAtEpochMs === null ? '' : `, after ${formatLag(durationMs)}`;
  return [
    `Job ${name} (${jobId})`,
    row('State', `${state}, ${verb} ${formatLag(ageMs)} ago${ran}`),
    ...hibernationLines(report),
    row('Restarts', `${report.restartsTruncated ? 'more than ' : ''}${report.restarts}`),
    ...checkpointLines(report),
    ...failureLines(report),
    row('Vertices', vertices.length === 0 ? 'not planned yet' : String(vertices.length)),
    ...vertices.map(
      (vertex) =>
        `  ${vertex.name.padEnd(widest)}  parallelism ${vertex.parallelism}  ${vertex.state}`,
    ),
  ];
}

function hibernationLines({ hibernation, nowEpochMs }: JobStatusReport): readonly string[] {
  if (hibernation === null) return [];
  const { sinceEpochMs, checkpointId, wakesAtEpochMs } = hibernation;
  const until =
    wakesAtEpochMs === null
      ? "until there is something to read, or 'sluice wake'"
      : `wakes in ${formatLag(Math.max(0, wakesAtEpochMs - nowEpochMs))}, or by what it reads`;
  const since = `for ${formatLag(nowEpochMs - sinceEpochMs)}, behind checkpoint ${checkpointId}`;
  return [row('Hibernates', `${since}; ${until}`)];
}

function checkpointLines({ checkpoints, nowEpochMs }: JobStatusReport): readonly string[] {
  if (checkpoints === null) return [row('Checkpoints', 'none yet')];
  const { completed, failed, inProgress, last, lastSavepoint, lastFailure } = checkpoints;
  const ago = ({ completedAtEpochMs }: LastCheckpoint): string =>
    `${formatLag(Math.max(0, nowEpochMs - completedAtEpochMs))} ago`;
  const size = ({ stateBytes }: LastCheckpoint): string => `${(stateBytes / 1024).toFixed(1)} KiB`;
  return [
    row('Checkpoints', `${completed} completed, ${failed} failed, ${inProgress} in progress`),
    ...(last === null
      ? []
      : [
          row('  last', `${last.id}, ${ago(last)}, ${size(last)} in ${formatLag(last.durationMs)}`),
          ...(last.path === '' ? [] : [row('', last.path)]),
        ]),
    ...(lastSavepoint === null
      ? []
      : [row('  savepoint', `${ago(lastSavepoint)}, ${lastSavepoint.path}`)]),
    ...(lastFailure === null ? [] : [row('  failed', `${lastFailure.id}: ${lastFailure.message}`)]),
  ];
}

function failureLines({ lastFailure, nowEpochMs }: JobStatusReport): readonly string[] {
  if (lastFailure === null) return [];
  const { code, message, atEpochMs, task, at } = lastFailure;
  const ago =
    atEpochMs === undefined ? '' : `${formatLag(Math.max(0, nowEpochMs - atEpochMs))} ago`;
  const where = task === undefined ? '' : ` in ${task}`;
  const when = `${ago}${where}`.trim();
  return [
    row('Last failure', `${when === '' ? '' : `${when}: `}${code}: ${message}`),
    ...(at === undefined ? [] : [row('  at', at)]),
  ];
}

function row(label: string, text: string): string {
  return label.padEnd(LABEL_CHARS) + text;
}

function objectOf(value: unknown): JsonObject {
  return objectOrNull(value) ?? {};
}

function objectOrNull(value: unknown): JsonObject | null {
  return typeof value === 'object' && value !== null ? (value as JsonObject) : null;
}

function listOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value : [];
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
