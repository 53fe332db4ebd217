/** What the job's own state says: failures, restarts, sleep, places it waits for. Pure. */
import {
  diagnoseCancellation,
  diagnoseDeployment,
  diagnoseSlots,
  stoppingTasks,
} from './diagnose-deployment.ts';
import { type DiagnosedJob, runningForMs } from './diagnosed-job.ts';
import type { Finding } from './diagnosis.ts';
import { countText, listText, spanText } from './diagnosis-text.ts';
import type { ExceptionRecord } from './restart-exception-history.ts';

/** Two failures within this time are a loop. */
const LOOP_MS = 10 * 60_000;
/** So long a failure is news. */
const NEWS_MS = 60_000;
/** Shorter runs prove nothing. */
const MIN_RUN_MS = 10_000;

export function diagnoseLife(job: DiagnosedJob): readonly Finding[] {
  const found = [
    ...[failed(job), failing(job), restarting(job), diagnoseCancellation(job)],
    ...[diagnoseSlots(job), asleep(job), diagnoseDeployment(job)],
  ];
  return found.filter((finding) => finding !== undefined);
}

function failed({ status, error, exceptions }: DiagnosedJob): Finding | undefined {
  if (status !== 'FAILED') return undefined;
  const [newest] = exceptions.entries;
  const cause = error ?? newest?.error;
  return {
    code: 'JOB_FAILED',
    severity: 'error',
    sentence:
      `the job has failed: ${cause?.code ?? 'UNKNOWN'}: ` +
      `${cause?.message ?? 'no reason is known'}.`,
    advice:
      'Mend what the error names, and submit the job again, from its last savepoint or checkpoint.',
    evidence: { reason: cause?.code ?? 'UNKNOWN', failures: exceptions.entries.length },
    ...placeOf(newest),
  };
}

/** For good: what of it runs yet is being stopped. */
function failing(job: DiagnosedJob): Finding | undefined {
  const { status, error, exceptions } = job;
  if (status !== 'FAILING') return undefined;
  const [newest] = exceptions.entries;
  const cause = error ?? newest?.error;
  const { text, evidence } = stoppingTasks(job);
  return {
    code: 'JOB_FAILED',
    severity: 'error',
    sentence:
      `the job is failing and will not be started again: ${cause?.code ?? 'UNKNOWN'}: ` +
      `${cause?.message ?? 'no reason is known'}${text === '' ? '' : `; ${text}`}.`,
    advice:
      'Mend what the error names, and submit the job again, from its last savepoint or checkpoint.',
    evidence: { reason: cause?.code ?? 'UNKNOWN', ...evidence },
    ...placeOf(newest),
  };
}

function restarting(job: DiagnosedJob): Finding | undefined {
  const { status, exceptions, nowEpochMs } = job;
  if (status !== 'RUNNING' && status !== 'RESTARTING') return undefined;
  const [newest] = exceptions.entries;
  if (newest === undefined) return undefined;
  const recent = exceptions.entries.filter((one) => nowEpochMs - one.timestampEpochMs <= LOOP_MS);
  const agoMs = nowEpochMs - newest.timestampEpochMs;
  const { code, message } = newest.error;
  const task = newest.taskName === undefined ? '' : ` in ${newest.taskName}`;
  const isRepeated = recent.length >= 2 || (status !== 'RUNNING' && exceptions.entries.length >= 2);
  const apartMs = longestGapMs(recent);
  const isLoop = isRepeated && !hasGotOver(job, apartMs);
  const { text: waits, evidence: stopping } = stoppingTasks(job);
  const stops = waits === '' ? '' : `; ${waits}`;
  const evidence = { failures: recent.length, lastFailureAgoMs: agoMs, reason: code, ...stopping };
  if (isLoop && (agoMs <= NEWS_MS || status !== 'RUNNING')) {
    const firstMs = nowEpochMs - (recent.at(-1) ?? newest).timestampEpochMs;
    return {
      code: 'RESTART_LOOP',
      // In between it does what it should, for long.
      severity: apartMs > NEWS_MS && status === 'RUNNING' ? 'warning' : 'error',
      sentence:
        `the job fails and starts again, ${countText(recent.length)} times in the last ` +
        `${spanText(firstMs)}; the last time ${spanText(agoMs)} ago${task}: ${code}: ${message}${stops}.`,
      advice:
        'Mend what the error names: after each restart it goes back to the last checkpoint ' +
        'and meets it again. A record that is wrong for good has to be skipped (try/catch, a ' +
        'side output).',
      evidence,
      ...placeOf(newest),
    };
  }
  if (agoMs > NEWS_MS && status === 'RUNNING') return undefined;
  const which = isRepeated ? `, the ${ordinal(recent.length)} of late` : '';
  return {
    code: 'RESTARTED',
    severity: status === 'RUNNING' ? 'info' : 'warning',
    sentence:
      `the job ${status === 'RUNNING' ? 'was started again' : 'is being started again'} after a ` +
      `failure ${spanText(agoMs)} ago${which}${task}: ${code}: ${message}${stops}.`,
    advice: 'See its exceptions; if it fails for the same reason again, it is in a loop.',
    evidence,
    ...placeOf(newest),
  };
}

/** From one to the next, newest first. */
function longestGapMs(exceptions: readonly ExceptionRecord[]): number {
  const times = exceptions.map(({ timestampEpochMs }) => timestampEpochMs);
  return Math.max(0, ...times.slice(1).map((time, at) => (times[at] ?? time) - time));
}

/** It has run for longer than it did between its failures. */
function hasGotOver(job: DiagnosedJob, apartMs: number): boolean {
  const forMs = job.status === 'RUNNING' ? runningForMs(job) : undefined;
  return forMs !== undefined && forMs > Math.max(MIN_RUN_MS, apartMs * 1.5);
}

function ordinal(count: number): string {
  return ['first', 'second', 'third'][count - 1] ?? `${countText(count)}th`;
}

function placeOf(exception: ExceptionRecord | undefined) {
  const { task, taskName } = exception ?? {};
  if (task === undefined) return {};
  const name = taskName === undefined ? {} : { vertexName: taskName.replace(/ \(\d+\/\d+\)$/, '') };
  return { vertexId: task.vertexId, subtaskIndex: task.subtaskIndex, ...name };
}

function asleep({ status, hibernation, nowEpochMs }: DiagnosedJob): Finding | undefined {
  if (status !== 'HIBERNATED') return undefined;
  const { sinceEpochMs, checkpointId, wakesAtEpochMs, wakeSchedule, wakeEvents } =
    hibernation ?? {};
  const forMs = nowEpochMs - (sinceEpochMs ?? nowEpochMs);
  const wakes = [
    ...(wakesAtEpochMs === undefined
      ? []
      : [`by itself in ${spanText(Math.max(0, wakesAtEpochMs - nowEpochMs))}`]),
    ...(wakeSchedule === undefined ? [] : [`by its schedule (${wakeSchedule})`]),
    ...(wakeEvents === undefined ? [] : [`by an event (${wakeEvents})`]),
    'by `sluice wake <job id>`',
  ];
  return {
    code: 'HIBERNATES',
    severity: 'info',
    sentence:
      `the job hibernates for ${spanText(forMs)}, because nothing came to its sources; it wakes ` +
      `${wakes.length === 1 ? 'only ' : ''}${listText(wakes)}.`,
    advice:
      wakes.length === 1
        ? 'Nothing wakes it when input comes: set sluice.wake-events or sluice.wake-schedule, ' +
          'or wake it.'
        : 'Nothing need be done when there is no input; `sluice wake <job id>` lets it look now.',
    evidence: {
      asleepForMs: forMs,
      ...(checkpointId === undefined ? {} : { checkpointId }),
      ...(wakesAtEpochMs === undefined ? {} : { wakesAtEpochMs }),
    },
  };
}
