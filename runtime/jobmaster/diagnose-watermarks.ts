/** What keeps results of event time back, operator by operator. Pure. */
import { MAX_WATERMARK_MS, MIN_TIMESTAMP_MS } from '../core/index.ts';
import type { DiagnosedOperator, JobModel } from './diagnosed-job.ts';
import type { Finding } from './diagnosis.ts';
import { countText, spanText } from './diagnosis-text.ts';
import { isInPace, isSparse, operatorPace } from './operator-pace.ts';
import { originFinding } from './watermark-findings.ts';
import {
  type HeldResults,
  heldEvidence,
  heldText,
  inputWatermark,
  traceWatermark,
  watermarkText,
} from './watermark-origin.ts';

const LONG_SESSION_GAPS = 5;

/** Of an operator that holds results. Empty: its watermark goes on as it should. */
export function diagnoseWatermarks(model: JobModel, operator: DiagnosedOperator): Finding[] {
  const held = lowestHeld(operator, model);
  if (held === undefined || held.watermarkMs >= held.held.untilMs) return [];
  const moving = keepsMoving(model, held);
  if (moving !== undefined) return [moving];
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
  if (isInPace(operatorPace(operator, model.job.nowEpochMs))) return [];
  const isSlow = [...model.operators.values()].some(({ source, ...of }) => {
    return source !== undefined && isSparse(operatorPace({ source, ...of }, model.job.nowEpochMs));
  });
  const place = { vertexId: vertex.id, vertexName: vertex.name, operator: name };
  const evidence = {
    idleChannels: idleCount,
    ...heldEvidence(held),
    ...(watermarkMs === MIN_TIMESTAMP_MS ? {} : { watermarkMs }),
  };
  if (isSlow) {
    return [
      {
        code: 'WAITS_FOR_WATERMARK',
        severity: 'info',
        sentence:
          `${what}; its inputs are idle between records, which come seldom, and its watermark ` +
          `goes on with the next (${watermarkText(watermarkMs)}).`,
        advice: 'Nothing need be done if that is their pace: only records move event time on.',
        evidence,
        ...{ ...place, subtaskIndex: subtask.subtaskIndex },
      },
    ];
  }
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
      evidence,
      ...place,
      subtaskIndex: subtask.subtaskIndex,
    },
  ];
}

/** Sessions that were to end by now have grown. Undefined: they go as they should. */
function keepsMoving(
  model: JobModel,
  { operator, subtask, held, watermarkMs }: HeldResults,
): Finding | undefined {
  const { gapMs } = held;
  const dueMs = subtask.metrics.recent?.paces?.[operator.position]?.dueMs;
  if (gapMs === undefined || dueMs === undefined || watermarkMs <= dueMs) return undefined;
  const { vertex, name } = operator;
  const pastMs = watermarkMs - dueMs;
  const goesOn = isInPace(operatorPace(operator, model.job.nowEpochMs));
  if (goesOn) return undefined;
  const gap = spanText(gapMs);
  return {
    code: 'WINDOW_KEEPS_MOVING',
    // Whoever is active for so long, and all others with it, is hardly a session.
    severity: pastMs >= LONG_SESSION_GAPS * gapMs ? 'warning' : 'info',
    sentence:
      `"${name}" holds ${countText(held.count)} session${held.count === 1 ? '' : 's'}, each of ` +
      `which ends when its key pauses for ${gap}; every record puts it off, and no key has ` +
      `paused so long for ${spanText(pastMs)} of event time.`,
    advice:
      `A session comes out once its key has no record for ${gap}. If keys never pause so long, ` +
      'take a shorter gap, a finer key, or windows of a fixed size (TumblingEventTimeWindows).',
    evidence: { ...heldEvidence(held), gapMs, pastMs, watermarkMs },
    ...{ vertexId: vertex.id, vertexName: vertex.name, operator: name },
    subtaskIndex: subtask.subtaskIndex,
  };
}
