/** What keeps results of event time back, operator by operator. Pure. */
import { MAX_WATERMARK_MS, MIN_TIMESTAMP_MS } from '../core/index.ts';
import type { DiagnosedOperator, JobModel } from './diagnosed-job.ts';
import type { Finding } from './diagnosis.ts';
import { originFinding } from './watermark-findings.ts';
import {
  type HeldResults,
  heldEvidence,
  heldText,
  inputWatermark,
  traceWatermark,
  watermarkText,
} from './watermark-origin.ts';

/** Of an operator that holds results. Empty: its watermark goes on as it should. */
export function diagnoseWatermarks(model: JobModel, operator: DiagnosedOperator): Finding[] {
  const held = lowestHeld(operator, model);
  if (held === undefined || held.watermarkMs >= held.held.untilMs) return [];
  const origin = traceWatermark(model, operator, held.subtask);
  if (origin === undefined) return allIdle(model, held);
  const finding = originFinding(model, held, origin);
  return finding === undefined ? [] : [finding];
}

/** It holds results of event time. */
export function isHolding({ subtasks }: DiagnosedOperator): boolean {
  return subtasks.some(({ facts }) => facts.held?.time === 'event');
}

function lowestHeld(operator: DiagnosedOperator, model: JobModel): HeldResults | undefined {
  let lowest: HeldResults | undefined;
  for (const { subtask, facts } of operator.subtasks) {
    const { held } = facts;
    // What waits for the end of the input is not held back.
    if (held?.time !== 'event' || held.untilMs >= MAX_WATERMARK_MS) continue;
    const watermarkMs = inputWatermark(model, operator, subtask);
    if (lowest !== undefined && watermarkMs >= lowest.watermarkMs) continue;
    lowest = { operator, subtask, held, watermarkMs };
  }
  return lowest;
}

/** Every input is idle: time stands where it was. */
function allIdle(
  model: JobModel,
  { operator, subtask, held, watermarkMs }: HeldResults,
): Finding[] {
  const inputs = subtask.metrics.inputs ?? [];
  const idleCount = inputs.reduce((sum, of) => sum + of.idleCount, 0);
  if (operator.position > 0 || idleCount === 0) return [];
  const { vertex, name } = operator;
  const what = heldText(held, name);
  return [
    {
      code: 'WATERMARK_STANDS_STILL',
      severity: model.sinks.some(({ recentIn }) => (recentIn?.count ?? 0) > 0)
        ? 'warning'
        : 'error',
      sentence:
        `${what}, and every input of it is idle: no record comes that would move its watermark ` +
        `(${watermarkText(watermarkMs)}).`,
      advice:
        'It goes on with the next records. To end it with what there is, stop the job with ' +
        '--drain, which sends the last watermark; or let windows fire by processing time.',
      evidence: {
        idleChannels: idleCount,
        ...heldEvidence(held),
        ...(watermarkMs === MIN_TIMESTAMP_MS ? {} : { watermarkMs }),
      },
      ...{ vertexId: vertex.id, vertexName: vertex.name, operator: name },
      subtaskIndex: subtask.subtaskIndex,
    },
  ];
}
