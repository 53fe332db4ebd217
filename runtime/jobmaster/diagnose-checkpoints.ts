/** When output becomes visible: sinks that publish with checkpoints, and these. Pure. */
import {
  type CheckpointStatsRecord,
  endToEndDurationMs,
  failedInARow,
  isFailure,
} from '../checkpoint/index.ts';
import type { DiagnosedOperator, JobModel } from './diagnosed-job.ts';
import type { Finding } from './diagnosis.ts';
import { countText, listText, recordsText, spanText, subtaskText } from './diagnosis-text.ts';

/** One in progress is not called slow before. */
const SLOW_AFTER_MS = 10_000;

export function diagnoseCheckpoints(model: JobModel): readonly Finding[] {
  const { checkpointing, status } = model.job;
  const isRunning = status === 'RUNNING' || status === 'RESTARTING' || status === 'FAILING';
  if (checkpointing === undefined || !isRunning) return [];
  const committing = model.sinks.filter(({ sink }) => sink?.commits === true);
  if (checkpointing.intervalMs === undefined) return withoutCheckpoints(model, committing);
  const failing = failingCheckpoints(model, committing);
  const hanging = hangingCheckpoint(model, committing);
  const troubles = [failing, hanging].filter((finding) => finding !== undefined);
  if (troubles.length > 0) return troubles;
  return waitsForCheckpoint(model, committing);
}

function withoutCheckpoints(
  model: JobModel,
  committing: readonly DiagnosedOperator[],
): readonly Finding[] {
  const endless = [...model.graph.sources.values()].filter(
    ({ boundedness }) => boundedness === 'CONTINUOUS_UNBOUNDED',
  );
  return committing.map((sink): Finding => {
    const { name, numRecordsIn, vertex } = sink;
    const isEndless = endless.length > 0;
    return {
      code: 'NO_CHECKPOINTING',
      severity: isEndless ? 'error' : 'info',
      sentence:
        `"${name}" publishes what it writes when a checkpoint completes, and checkpointing is ` +
        `off: ${recordsText(numRecordsIn)} stay hidden until the job ends` +
        `${isEndless ? ', which it never does by itself' : ''}.`,
      advice:
        "Call env.enableCheckpointing('10 s'), or set execution.checkpointing.interval: " +
        'output then appears with every checkpoint.',
      evidence: { numRecordsIn, commitsWithCheckpoints: true, checkpointing: false },
      ...{ vertexId: vertex.id, vertexName: vertex.name, operator: name },
    };
  });
}

function failingCheckpoints(
  { job, graph }: JobModel,
  committing: readonly DiagnosedOperator[],
): Finding | undefined {
  const { checkpoints, nowEpochMs } = job;
  const ended = (checkpoints?.history ?? []).filter(({ status }) => status !== 'IN_PROGRESS');
  const newest = ended.find((one) => one.status === 'COMPLETED' || isFailure(one));
  if (checkpoints === undefined || newest?.error === undefined) return undefined;
  // The history has the newest few.
  const failedCount = failedInARow(checkpoints);
  const { error, checkpointId } = newest;
  const { completed } = checkpoints.latest;
  const missing = missingOf(newest, graph.vertices);
  const since =
    completed === undefined
      ? 'none has completed yet'
      : `the last that completed was ${completed.checkpointId}, ` +
        `${spanText(nowEpochMs - (completed.completedAtEpochMs ?? nowEpochMs))} ago`;
  const sinks = committing.map(({ name }) => `"${name}"`);
  const effect = sinks.length === 0 ? '' : `; until one does, ${listText(sinks)} publishes nothing`;
  const [where] = missing;
  return {
    code: 'CHECKPOINTS_FAIL',
    severity: sinks.length > 0 ? 'error' : 'warning',
    sentence: `${failedCount <= 1 ? 'the last checkpoint' : `the last ${countText(failedCount)} checkpoints`} failed (${error.code}: ${error.message}), ${since}${effect}.`,
    advice: adviceFor(error.code),
    evidence: {
      failedInARow: failedCount,
      lastFailedId: checkpointId,
      reason: error.code,
      ...{ completed: checkpoints.counts.completed, failed: checkpoints.counts.failed },
      ...(missing.length === 0 ? {} : { notAcknowledged: missing.length }),
    },
    ...(where === undefined ? {} : placeOf(where)),
  };
}

function adviceFor(code: string): string {
  switch (code) {
    case 'CHECKPOINT_EXPIRED':
      return (
        'Barriers did not come through in time, usually for back pressure: mend that first, ' +
        'turn on execution.checkpointing.unaligned.enabled, or raise ' +
        'execution.checkpointing.timeout.'
      );
    case 'CHECKPOINT_ASYNC_EXCEPTION':
    case 'FINALIZE_CHECKPOINT_FAILURE':
    case 'IO_EXCEPTION':
      return (
        'Look at the store of the checkpoints (execution.checkpointing.dir): rights, ' +
        'space, network.'
      );
    case 'NOT_ALL_REQUIRED_TASKS_RUNNING':
      return 'Some task is not running: see the states of the vertices.';
    default:
      return 'Look at the error and the log of that subtask: it could not take its snapshot.';
  }
}

function hangingCheckpoint(
  { job, graph }: JobModel,
  committing: readonly DiagnosedOperator[],
): Finding | undefined {
  const { checkpoints, nowEpochMs, checkpointing } = job;
  const open = (checkpoints?.history ?? []).filter(({ status }) => status === 'IN_PROGRESS');
  const oldest = open.at(-1);
  if (checkpoints === undefined || oldest === undefined) return undefined;
  const usual = checkpoints.latest.completed;
  const usualMs = usual === undefined ? 0 : endToEndDurationMs(usual, nowEpochMs);
  const ageMs = nowEpochMs - oldest.triggeredAtEpochMs;
  if (ageMs < Math.max(SLOW_AFTER_MS, 3 * usualMs)) return undefined;
  const missing = missingOf(oldest, graph.vertices);
  const [where] = missing;
  const names = missing.map(({ vertex, subtaskIndex }) => {
    return subtaskText(vertex.name, subtaskIndex, vertex.parallelism);
  });
  const sinks = committing.map(({ name }) => `"${name}"`);
  const effect =
    sinks.length === 0 ? '' : `; ${listText(sinks)} publishes nothing before it completes`;
  const timeoutMs = checkpointing?.timeoutMs;
  return {
    code: 'CHECKPOINT_HANGS',
    severity: sinks.length > 0 && usual === undefined ? 'error' : 'warning',
    sentence:
      `checkpoint ${oldest.checkpointId} is under way for ${spanText(ageMs)}` +
      `${names.length === 0 ? '' : ` and waits for ${listText(names)}`}${effect}.`,
    advice:
      'Its barrier has not come through there, usually for back pressure or a call that does not ' +
      'return: see back pressure and thread dump of that subtask, or turn on ' +
      'execution.checkpointing.unaligned.enabled.',
    evidence: {
      checkpointId: oldest.checkpointId,
      ageMs,
      notAcknowledged: missing.length,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(usual === undefined ? {} : { usualMs }),
    },
    ...(where === undefined ? {} : placeOf(where)),
  };
}

interface MissingAck {
  readonly vertex: JobModel['graph']['vertices'][number];
  readonly subtaskIndex: number;
}

/** Upstream first. */
function missingOf(
  { tasks }: CheckpointStatsRecord,
  vertices: JobModel['graph']['vertices'],
): readonly MissingAck[] {
  return vertices.flatMap((vertex) => {
    const task = tasks.find(({ vertexId }) => vertexId === vertex.id);
    return (task?.subtasks ?? []).flatMap((stats, subtaskIndex) => {
      return stats === null ? [{ vertex, subtaskIndex }] : [];
    });
  });
}

function placeOf({ vertex, subtaskIndex }: MissingAck) {
  return { vertexId: vertex.id, vertexName: vertex.name, subtaskIndex };
}

/** It comes by itself. */
function waitsForCheckpoint(
  { job, runningForMs = 0 }: JobModel,
  committing: readonly DiagnosedOperator[],
): readonly Finding[] {
  const intervalMs = job.checkpointing?.intervalMs ?? 0;
  const waiting = committing.filter(({ numRecordsIn }) => numRecordsIn > 0);
  const [first] = waiting;
  if (first === undefined || (job.checkpoints?.counts.completed ?? 0) > 0) return [];
  const count = waiting.reduce((sum, { numRecordsIn }) => sum + numRecordsIn, 0);
  const names = listText(waiting.map(({ name }) => `"${name}"`));
  const isOpen = (job.checkpoints?.counts.inProgress ?? 0) > 0;
  const leftMs = intervalMs - runningForMs;
  const when = isOpen
    ? 'the first is under way'
    : `the first begins ${leftMs > 0 ? `in about ${spanText(leftMs)}` : 'soon'}`;
  return [
    {
      code: 'WAITS_FOR_CHECKPOINT',
      severity: 'info',
      sentence:
        `${names} has ${recordsText(count)} and publishes them when a checkpoint completes: ` +
        `${when} ` +
        `(every ${spanText(intervalMs)}).`,
      advice:
        'Nothing need be done. A shorter execution.checkpointing.interval shows output sooner; ' +
        '`sluice checkpoint <job id>` takes one now.',
      evidence: { numRecordsIn: count, intervalMs, sinks: countText(waiting.length) },
      ...{ vertexId: first.vertex.id, vertexName: first.vertex.name, operator: first.name },
    },
  ];
}
