/** Sources that wait for their watermark alignment group, and who holds it back. Pure. */
import { MIN_TIMESTAMP_MS } from '../core/index.ts';
import { isBranch, placeOf } from './diagnose-silence.ts';
import {
  type DiagnosedOperator,
  type JobModel,
  type OperatorSubtask,
  reached,
} from './diagnosed-job.ts';
import type { Finding, FindingSeverity } from './diagnosis.ts';
import { spanText, subtaskText, timeText } from './diagnosis-text.ts';

/** A subtask of a source. */
interface Member {
  readonly operator: DiagnosedOperator;
  readonly of: OperatorSubtask;
}

/** One finding for each source that waits. */
export function diagnoseAlignment(model: JobModel): Finding[] {
  const members = [...model.operators.values()].flatMap((operator) =>
    operator.subtasks.map((of): Member => ({ operator, of })),
  );
  return [...model.operators.values()].flatMap((operator) => {
    const waiting = operator.subtasks.find(({ facts }) => isHeld(facts));
    if (waiting === undefined) return [];
    const finding = waitFinding(model, { operator, of: waiting }, members);
    return finding === undefined ? [] : [finding];
  });
}

/** It, or some of its splits, may not go on yet. */
export function isHeld({ alignment }: OperatorSubtask['facts']): boolean {
  return alignment !== undefined && (alignment.waits || alignment.pausedSplitCount > 0);
}

function waitFinding(
  model: JobModel,
  { operator, of }: Member,
  members: readonly Member[],
): Finding | undefined {
  const { alignment } = of.facts;
  if (alignment === undefined) return undefined;
  const { group, maxDriftMs, maxWatermarkMs, waits, pausedSplitCount } = alignment;
  const holder = holderOf(members.filter((other) => other.of.facts.alignment?.group === group));
  if (holder === undefined || holder.of === of) return undefined;
  const holderMs = reached(holder.of.facts.watermarkMs);
  const who = textOf({ operator, of });
  const what = waits ? 'waits' : `holds ${pausedSplitCount} of its splits back`;
  const severity = severityOf(model, holder);
  return {
    ...{ code: 'WAITS_FOR_ALIGNMENT', severity },
    sentence:
      `${who} ${what} for its watermark alignment group "${group}": ${textOf(holder)} holds the ` +
      `group back ${pointText(holderMs)}, and nobody may be more than ${spanText(maxDriftMs)} ` +
      'ahead.',
    advice:
      severity === 'info'
        ? 'Nothing need be done: that is what alignment is for. A larger drift in ' +
          'withWatermarkAlignment lets it run further ahead.'
        : `Find out why "${holder.operator.name}" does not go on. withIdleness on its ` +
          'WatermarkStrategy takes it out of the group while nothing comes from it.',
    evidence: {
      ...{ group, maxDriftMs, holder: holder.operator.name },
      holderSubtask: holder.of.subtask.subtaskIndex,
      ...(maxWatermarkMs === undefined ? {} : { maxWatermarkMs }),
      ...(holderMs === MIN_TIMESTAMP_MS ? {} : { holderWatermarkMs: holderMs }),
      ...(of.facts.watermarkMs === undefined ? {} : { watermarkMs: of.facts.watermarkMs }),
    },
    ...{ ...placeOf(operator), subtaskIndex: of.subtask.subtaskIndex },
  };
}

/** Whose watermark is the lowest of those that still run. */
function holderOf(group: readonly Member[]): Member | undefined {
  let lowest: Member | undefined;
  for (const member of group) {
    if (member.of.subtask.state === 'FINISHED') continue;
    const isLower =
      lowest === undefined ||
      reached(member.of.facts.watermarkMs) < reached(lowest.of.facts.watermarkMs);
    if (isLower) lowest = member;
  }
  return lowest;
}

/** Whoever goes on lets the others go on. */
function severityOf(model: JobModel, { of }: Member): FindingSeverity {
  const { recent } = of.subtask.metrics;
  if (recent === undefined || (recent.watermarkAdvanceMs ?? 0) > 0) return 'info';
  return isBranch(model, 'of late') ? 'warning' : 'error';
}

function textOf({ operator, of }: Member): string {
  return subtaskText(operator.name, of.subtask.subtaskIndex, operator.vertex.parallelism);
}

function pointText(watermarkMs: number): string {
  return watermarkMs === MIN_TIMESTAMP_MS ? 'without a watermark' : `at ${timeText(watermarkMs)}`;
}
