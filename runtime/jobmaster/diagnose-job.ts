/**
 * Why a job puts nothing out. Pure: from what is known of it to an ordered list of causes.
 *
 * I1  What cannot be known is not concluded: a finding rests on numbers that were reported, and
 *     has them as its evidence.
 * I2  A job whose sinks get records, and publish them, has no finding of severity `error` but for
 *     what keeps a part of it back.
 * I3  What follows from a failure, or from an end, is not told as a cause: records are followed
 *     only in a job whose tasks run, or ran until they were to end.
 */
import { diagnoseAlignment } from './diagnose-alignment.ts';
import { diagnoseBackPressure } from './diagnose-back-pressure.ts';
import { diagnoseCheckpoints } from './diagnose-checkpoints.ts';
import { startText } from './diagnose-deployment.ts';
import { diagnoseFlow, diagnoseLateRecords } from './diagnose-flow.ts';
import { diagnoseLife } from './diagnose-life.ts';
import { isBranch } from './diagnose-silence.ts';
import { diagnoseSilence, diagnoseSlowTasks } from './diagnose-slow-tasks.ts';
import { type DiagnosedJob, type DiagnosedOperator, JobModel } from './diagnosed-job.ts';
import type { Diagnosis, Finding, FindingSeverity, SinkReport, Verdict } from './diagnosis.ts';
import { countText, listText, recordsText } from './diagnosis-text.ts';

/** More would hide the first. */
const MAX_FINDINGS = 12;
/** So many say nothing of what comes one time in a thousand. */
const FEW_RECORDS = 5_000;
const RANK: Readonly<Record<FindingSeverity, number>> = { error: 0, warning: 1, info: 2 };
const ENDED: readonly string[] = ['FINISHED', 'CANCELED', 'FAILED'];
const STARTING: readonly string[] = ['INITIALIZING', 'CREATED', 'RECONCILING'];

/** Total: whatever is known. */
export function diagnoseJob(job: DiagnosedJob): Diagnosis {
  const model = job.graph === undefined ? undefined : new JobModel(job, job.graph);
  const life = diagnoseLife(job);
  const speed = model !== undefined && job.status === 'RUNNING' ? diagnoseSpeed(model) : [];
  // In the order of what excludes what: the first of equal severity is the likeliest.
  const all = [
    ...life,
    ...diagnoseSilence(job),
    ...(model === undefined || !isOfRecords(job, life)
      ? []
      : [
          ...(job.status === 'RUNNING' ? diagnoseAlignment(model) : []),
          ...diagnoseFlow(model).map((finding) => (speed.length > 0 ? ofFew(finding) : finding)),
          ...diagnoseLateRecords(model),
          ...speed,
          ...diagnoseCheckpoints(model),
        ]),
  ];
  const findings = all
    .toSorted((a, b) => RANK[a.severity] - RANK[b.severity])
    .slice(0, MAX_FINDINGS);
  const sinks = model?.sinks ?? [];
  const verdict = verdictOf(job, model, findings);
  return {
    atEpochMs: job.nowEpochMs,
    status: job.status,
    verdict,
    summary: summaryOf(job, verdict, sinks, findings),
    sinks: sinks.map(reportOf),
    findings,
  };
}

/** Of a slow job: what has taken few records yet has no fault that is known. */
function ofFew(finding: Finding): Finding {
  const { code, severity, evidence } = finding;
  const isOfRecords = code === 'FILTER_PASSES_NOTHING' || code === 'OPERATOR_EMITS_NOTHING';
  const isFew = isOfRecords && Number(evidence.numRecordsIn) < FEW_RECORDS;
  if (!isFew || severity === 'info') return finding;
  const advice = 'It has got few records yet, for the job is slow: mend that first.';
  return { ...finding, severity: 'info', advice };
}

/** I3. */
function isOfRecords({ status, executions }: DiagnosedJob, life: readonly Finding[]): boolean {
  if (status === 'RUNNING') return life.every(({ severity }) => severity !== 'error');
  if (status === 'FINISHED') return true;
  const tasks = executions.flatMap(({ subtasks }) => subtasks);
  return status === 'CANCELED' && tasks.every(({ times }) => times.RUNNING !== undefined);
}

function diagnoseSpeed(model: JobModel): readonly Finding[] {
  const held = diagnoseBackPressure(model);
  return [...held, ...diagnoseSlowTasks(model, held)];
}

function verdictOf(
  { status }: DiagnosedJob,
  model: JobModel | undefined,
  findings: readonly Finding[],
): Verdict {
  if (ENDED.includes(status)) return 'ended';
  const severities = new Set(findings.map(({ severity }) => severity));
  if (severities.has('error')) return 'blocked';
  if (severities.has('warning')) return 'impaired';
  const hasOutput = model !== undefined && isBranch(model);
  const isSeen = hasOutput && isBranch(model, 'of late') && !findings.some(hides);
  if (findings.length > 0 && !isSeen) return 'waiting';
  if (hasOutput) return 'healthy';
  return STARTING.includes(status) || (model?.runningForMs ?? 0) < 3_000 ? 'starting' : 'waiting';
}

/** Nobody sees yet what sinks got. */
function hides({ code }: Finding): boolean {
  return code === 'WAITS_FOR_CHECKPOINT' || code === 'NO_CHECKPOINTING';
}

function summaryOf(
  job: DiagnosedJob,
  verdict: Verdict,
  sinks: readonly DiagnosedOperator[],
  [first]: readonly Finding[],
): string {
  if (verdict === 'ended') return endSummary(job, sinks, first);
  if (verdict === 'healthy') {
    const what = first === undefined ? 'Nothing is wrong' : 'Output comes';
    return `${what}: ${outputText(sinks)}.${printText(sinks)}`;
  }
  if (first !== undefined) return capital(first.sentence);
  if (verdict === 'starting') return startText(job);
  if (!sinks.some(({ isKnown }) => isKnown)) {
    return 'What its tasks do has not been reported yet; ask again in some seconds.';
  }
  return 'No record has come to a sink yet, and nothing is known to keep one back.';
}

function endSummary(
  { status, executions }: DiagnosedJob,
  sinks: readonly DiagnosedOperator[],
  first: Finding | undefined,
): string {
  if (status === 'FAILED') return capital(first?.sentence ?? 'the job has failed.');
  const how = status === 'FINISHED' ? 'The job has finished' : 'The job was canceled';
  if (sinks.length === 0) return `${how}.`;
  const tasks = executions.flatMap(({ subtasks }) => subtasks);
  if (tasks.some(({ times }) => times.RUNNING === undefined)) {
    return `${how} before all its tasks ran.`;
  }
  if (sinks.every(({ numRecordsIn }) => numRecordsIn === 0) && first !== undefined) {
    return `${how} without output: ${first.sentence}`;
  }
  return `${how}: ${outputText(sinks)}.${printText(sinks)}`;
}

/** `"Sink: print" got 1,234 records, now 56/s`. */
function outputText(sinks: readonly DiagnosedOperator[]): string {
  const texts = sinks.map((sink) => {
    const { name, numRecordsIn } = sink;
    const perSecond = perSecondOf(sink);
    const lately =
      perSecond === undefined || perSecond === 0 ? '' : `, now ${rateText(perSecond)}/s`;
    return `"${name}" got ${recordsText(numRecordsIn)}${lately}`;
  });
  return listText(texts);
}

/** `0.1`, `7.5`, `1,200`. */
function rateText(perSecond: number): string {
  const tenths = Math.max(0.1, Math.round(perSecond * 10) / 10);
  return perSecond < 10 ? String(tenths) : countText(perSecond);
}

/** Where people look for it in vain. */
function printText(sinks: readonly DiagnosedOperator[]): string {
  const isPrint = sinks.some(({ sink }) => /^print\b/.test(sink?.name ?? ''));
  return isPrint
    ? ' What print() writes is in the output of the cluster (its terminal, or ' +
        '`sluice logs --stdout <job>`), not of the command that submitted the job.'
    : '';
}

function reportOf(operator: DiagnosedOperator): SinkReport {
  const { name, vertex, sink, numRecordsIn, isKnown } = operator;
  const perSecond = perSecondOf(operator);
  return {
    operator: name,
    vertexId: vertex.id,
    guarantee: sink?.guarantee ?? 'NONE',
    ...(isKnown ? { numRecords: numRecordsIn } : {}),
    ...(perSecond === undefined ? {} : { numRecordsPerSecond: perSecond }),
    commitsWithCheckpoints: sink?.commits === true,
  };
}

/** Undefined: too little is known. */
function perSecondOf({ recentIn }: DiagnosedOperator): number | undefined {
  return recentIn === undefined ? undefined : (recentIn.count * 1000) / recentIn.spanMs;
}

function capital(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
