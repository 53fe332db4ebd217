/**
 * Whose watermark an operator waits for: follows the lowest channel upstream, from the operator
 * that holds results to the subtask that makes its watermark. Pure.
 */
import { MIN_TIMESTAMP_MS } from '../core/index.ts';
import type { HeldRecord } from '../protocol/index.ts';
import {
  type DiagnosedOperator,
  type JobModel,
  type KnownSubtask,
  MIN_RECENT_MS,
  type OperatorSubtask,
  reached,
} from './diagnosed-job.ts';
import type { FindingInput } from './diagnosis.ts';
import { countText, spanText, subtaskText, timeText } from './diagnosis-text.ts';

/** Where a watermark comes from that others wait for. */
export interface WatermarkOrigin {
  /** Makes it: a source, or one that assigns watermarks. */
  readonly operator: DiagnosedOperator;
  readonly at: OperatorSubtask;
  /** The first place on the way where another input or channel is further. */
  readonly input?: FindingInput;
  /** The furthest watermark that was met on the way. */
  readonly aheadMs: number;
}

/** Results of one subtask that wait for event time. */
export interface HeldResults {
  readonly operator: DiagnosedOperator;
  readonly subtask: KnownSubtask;
  readonly held: HeldRecord;
  /** Of the operator's input. */
  readonly watermarkMs: number;
}

/** What the operator's input has reached in this subtask. */
export function inputWatermark(
  model: JobModel,
  { position, inputs }: DiagnosedOperator,
  subtask: KnownSubtask,
): number {
  const { metrics, subtaskIndex } = subtask;
  if (position === 0) return metrics.currentInputWatermarkMs;
  const from = model.operator(inputs[0]?.nodeId ?? -1);
  const at = from?.subtasks.find((of) => of.subtask.subtaskIndex === subtaskIndex);
  return reached(at?.facts.watermarkMs);
}

/** Undefined: no channel on the way is live, or too little is known. */
export function traceWatermark(
  model: JobModel,
  holder: DiagnosedOperator,
  { subtaskIndex: holderIndex }: Pick<KnownSubtask, 'subtaskIndex'>,
): WatermarkOrigin | undefined {
  let operator = holder;
  let subtaskIndex = holderIndex;
  let aheadMs = MIN_TIMESTAMP_MS;
  let input: FindingInput | undefined;
  for (;;) {
    const at = operator.subtasks.find((of) => of.subtask.subtaskIndex === subtaskIndex);
    if (at === undefined) return undefined;
    if (operator !== holder && at.facts.watermarks !== undefined) {
      return { operator, at, aheadMs, ...(input === undefined ? {} : { input }) };
    }
    const hop = operator.position > 0 ? undefined : lowestChannel(at.subtask);
    // Edges lead on; one that is told of elsewhere would lead in circles.
    const edge =
      hop &&
      model.graph.edges.find(({ id, targetVertexId }) => {
        return id === hop.edgeId && targetVertexId === operator.vertex.id;
      });
    if (operator.position === 0 && (hop === undefined || edge === undefined)) return undefined;
    if (hop !== undefined && edge !== undefined) {
      if (hop.aheadMs > hop.watermarkMs) {
        input ??= {
          inputIndex: edge.inputIndex,
          fromVertexId: edge.sourceVertexId,
          fromVertexName: model.vertex(edge.sourceVertexId)?.name ?? '',
          fromSubtask: hop.fromSubtask,
        };
      }
      aheadMs = Math.max(aheadMs, hop.aheadMs);
      subtaskIndex = hop.fromSubtask;
    }
    const next = model.operator(edge?.sourceNodeId ?? operator.inputs[0]?.nodeId ?? -1);
    if (next === undefined) return undefined;
    operator = next;
  }
}

interface LowestChannel {
  readonly edgeId: number;
  readonly fromSubtask: number;
  readonly watermarkMs: number;
  /** Of the other channels. */
  readonly aheadMs: number;
}

function lowestChannel({ metrics }: KnownSubtask): LowestChannel | undefined {
  let lowest: Omit<LowestChannel, 'aheadMs'> | undefined;
  let aheadMs = MIN_TIMESTAMP_MS;
  for (const { edgeId, lowest: low, highest } of metrics.inputs ?? []) {
    if (low === undefined) continue;
    const watermarkMs = reached(low.watermarkMs);
    aheadMs = Math.max(aheadMs, reached(highest?.watermarkMs));
    if (lowest !== undefined && watermarkMs >= lowest.watermarkMs) continue;
    lowest = { edgeId, fromSubtask: low.fromSubtask, watermarkMs };
  }
  return lowest === undefined ? undefined : { ...lowest, aheadMs };
}

/** `"Window(…)" holds 3 windows, the first until event time …`. */
export function heldText({ what, count, untilMs }: HeldRecord, name: string): string {
  const one = what === 'windows' ? 'window' : 'timer';
  const many = `${countText(count)} ${count === 1 ? one : `${one}s`}`;
  const first = count === 1 ? '' : ', the first';
  return `"${name}" holds ${many}${first} until event time ${timeText(untilMs)}`;
}

export function heldEvidence({ what, count, untilMs }: HeldRecord): Record<string, number> {
  return { [what]: count, untilMs };
}

export function watermarkText(watermarkMs: number): string {
  return watermarkMs === MIN_TIMESTAMP_MS
    ? 'none has come yet'
    : `it is at ${timeText(watermarkMs)}`;
}

/** What of this subtask came to the operator's main output in the last seconds. */
export function recentOf(
  { position }: DiagnosedOperator,
  { subtask }: OperatorSubtask,
): { readonly count: number; readonly spanMs: number } | undefined {
  const { recent } = subtask.metrics;
  if (recent === undefined || recent.spanMs < MIN_RECENT_MS) return undefined;
  return { count: recent.numRecordsOut[position] ?? 0, spanMs: recent.spanMs };
}

export function originText({ operator, at }: WatermarkOrigin): string {
  const { name, vertex } = operator;
  return subtaskText(name, at.subtask.subtaskIndex, vertex.parallelism);
}

/** `5 min` of event time. */
export function lagText(origin: WatermarkOrigin): string {
  const behindMs = origin.aheadMs - reached(origin.at.facts.watermarkMs);
  return spanText(behindMs);
}
