/** Operators that take records and put none out: never, or no more. Pure. */
import type { DiagnosedOperator, JobModel } from './diagnosed-job.ts';
import type { Finding, FindingSeverity } from './diagnosis.ts';
import { countText, recordsText, spanText } from './diagnosis-text.ts';
import { isInPace, operatorPace } from './operator-pace.ts';

/** It has taken records, and put out none at all. */
export function emitsNothing(model: JobModel, operator: DiagnosedOperator): Finding {
  const { name, kind, numRecordsIn, numRecordsSide } = operator;
  const common = { severity: severityOf(model, operator), ...placeOf(operator) };
  const evidence = { numRecordsIn, numRecordsOut: 0 };
  const perhaps =
    common.severity === 'info' ? 'If that is as it should be, nothing is wrong. ' : '';
  if (numRecordsSide > 0) {
    return {
      ...{ ...common, code: 'ALL_TO_SIDE_OUTPUT' },
      sentence:
        `"${name}" took ${recordsText(numRecordsIn)} and put ${countText(numRecordsSide)} out to ` +
        'side outputs, none to its main output.',
      advice: `${perhaps}Read the side output (getSideOutput), or see why none is for the main output.`,
      evidence: { ...evidence, numRecordsSide },
    };
  }
  if (kind === 'Filter') {
    return {
      ...{ ...common, code: 'FILTER_PASSES_NOTHING' },
      sentence: `"${name}" took ${recordsText(numRecordsIn)} and let none pass.`,
      advice:
        `${perhaps}Its condition has held for none of them. Print a few records before it: a ` +
        'field that is named or written otherwise (case, text for number, undefined) is the ' +
        'usual reason.',
      evidence,
    };
  }
  return {
    ...{ ...common, code: 'OPERATOR_EMITS_NOTHING' },
    sentence: `"${name}" took ${recordsText(numRecordsIn)} and put none out.`,
    advice:
      `${perhaps}See whether its function calls out.collect (or answers something) for such ` +
      'records, and which timer or condition it waits for.',
    evidence,
  };
}

/** Undefined: it puts out, as usual; or nobody knows. */
export function stoppedFinding(model: JobModel, operator: DiagnosedOperator): Finding | undefined {
  const { name, kind, source, sink, subtasks, recentIn, recentOut, numRecordsOut } = operator;
  if (source !== undefined || sink !== undefined || numRecordsOut === 0) return undefined;
  if (recentOut !== 0 || recentIn === undefined || recentIn.count === 0) return undefined;
  // What waits for a time is told of as that.
  if (subtasks.some(({ facts }) => facts.held !== undefined)) return undefined;
  const pace = operatorPace(operator, model.job.nowEpochMs);
  if (pace === undefined || isInPace(pace)) return undefined;
  const { usualGapMs, silentForMs } = pace;
  const { numRecordsIn } = operator;
  const usual =
    usualGapMs === undefined ? '' : `; before, some came about each ${spanText(usualGapMs)}`;
  const isFilter = kind === 'Filter';
  return {
    code: isFilter ? 'FILTER_PASSES_NOTHING' : 'OPERATOR_EMITS_NOTHING',
    // One moment of output, or a branch, is no rule that was broken.
    severity: usualGapMs === undefined || isBranch(model, 'of late') ? 'info' : 'warning',
    sentence:
      `"${name}" goes on to take records (${countText(recentIn.count)} in the last ` +
      `${spanText(recentIn.spanMs)}) and has ${isFilter ? 'let none pass' : 'put none out'} for ` +
      `${spanText(silentForMs)}; ${countText(numRecordsOut)} of ${recordsText(numRecordsIn)} in ` +
      `all${usual}.`,
    advice:
      'If such records come seldom, nothing is wrong. Otherwise see what has changed in its ' +
      'input: print a few records before it.',
    evidence: {
      ...{ numRecordsIn, numRecordsOut, silentForMs, recentRecordsIn: recentIn.count },
      ...(usualGapMs === undefined ? {} : { usualGapMs: Math.round(usualGapMs) }),
    },
    ...placeOf(operator),
  };
}

/** A source that has read, and reads no more. Undefined: it does, at its pace; or nobody knows. */
export function quietSource(model: JobModel, operator: DiagnosedOperator): Finding | undefined {
  const { name, numRecordsOut, recentOut, subtasks } = operator;
  if (numRecordsOut === 0 || recentOut !== 0) return undefined;
  const isEnded = subtasks.every(({ subtask }) => subtask.state === 'FINISHED');
  const pace = operatorPace(operator, model.job.nowEpochMs);
  if (isEnded || isInPace(pace)) return undefined;
  const silentForMs = pace?.silentForMs ?? subtasks[0]?.subtask.metrics.recent?.spanMs ?? 0;
  const gapMs = pace?.usualGapMs;
  const usual = gapMs === undefined ? '' : `; before, some came about each ${spanText(gapMs)}`;
  return {
    code: 'SOURCE_READS_NOTHING',
    severity: 'info',
    sentence:
      `"${name}" gave ${recordsText(numRecordsOut)}, and none in the last ` +
      `${spanText(silentForMs)}${usual}.`,
    advice: 'Nothing is wrong, if nothing has come in since: output goes on with the next record.',
    evidence: {
      ...{ numRecordsOut, silentForMs },
      ...(gapMs === undefined ? {} : { usualGapMs: Math.round(gapMs) }),
    },
    ...placeOf(operator),
  };
}

/** Other sinks get records. @param when at all, or in the last seconds */
export function isBranch({ sinks }: JobModel, when: 'ever' | 'of late' = 'ever'): boolean {
  return sinks.some(({ numRecordsIn, recentIn }) => {
    return when === 'ever' ? numRecordsIn > 0 : (recentIn?.count ?? 0) > 0;
  });
}

/**
 * Where a sink gets what its sources give, it is a branch that is silent, perhaps as it should be;
 * where that is of other sources, a part of the job does nothing.
 */
function severityOf(model: JobModel, operator: DiagnosedOperator): FindingSeverity {
  if (!isBranch(model)) return 'error';
  const own = sourcesOf(model, operator);
  const isFed = model.sinks.some((sink) => {
    return sink.numRecordsIn > 0 && !sourcesOf(model, sink).isDisjointFrom(own);
  });
  return isFed ? 'info' : 'warning';
}

/** By node id. */
function sourcesOf(model: JobModel, operator: DiagnosedOperator): ReadonlySet<number> {
  if (operator.source !== undefined) return new Set([operator.nodeId]);
  const above = operator.inputs.map(({ nodeId }) => model.operator(nodeId));
  return new Set(above.flatMap((of) => (of === undefined ? [] : [...sourcesOf(model, of)])));
}

export function isOver({ job }: JobModel): boolean {
  return job.status === 'FINISHED' || job.status === 'CANCELED' || job.status === 'FAILED';
}

export function placeOf({ vertex, name }: DiagnosedOperator) {
  return { vertexId: vertex.id, vertexName: vertex.name, operator: name };
}
