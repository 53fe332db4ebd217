/** What a task tells of its inputs and operators, beside its counters. */
import { MAX_WATERMARK_MS, MIN_TIMESTAMP_MS } from '../core/index.ts';
import type {
  ChannelWatermarkRecord,
  InputFactsRecord,
  OperatorFactsRecord,
  TaskMetricsRecord,
} from '../protocol/index.ts';
import type { InputGate } from './input-gate.ts';
import type { OperatorChain } from './operator-chain.ts';

/** Where a channel of a gate comes from. */
export interface ChannelOrigin {
  readonly edgeId: number;
  readonly fromSubtask: number;
}

/** Edge by edge. @param origins of the channels, gate by gate. */
export function inputFacts(
  gates: readonly InputGate[],
  origins: readonly (readonly ChannelOrigin[])[],
): readonly InputFactsRecord[] {
  return gates.flatMap((gate, index) => {
    const facts = new Map<number, MutableInput>();
    const { channels } = gate.status;
    for (const [i, { edgeId, fromSubtask }] of (origins[index] ?? []).entries()) {
      const channel = channels[i];
      if (channel === undefined) continue;
      const of = facts.get(edgeId) ?? newInput(edgeId);
      facts.set(edgeId, of);
      of.channelCount += 1;
      of.numRecordsIn += gate.channels[i]?.numRecords ?? 0;
      if (channel.ended || channel.watermarkMs === MAX_WATERMARK_MS) of.endedCount += 1;
      else if (channel.idle) of.idleCount += 1;
      else addLive(of, channelRecord(fromSubtask, channel.watermarkMs));
    }
    return [...facts.values()];
  });
}

type MutableInput = { -readonly [K in keyof InputFactsRecord]: InputFactsRecord[K] };

function newInput(edgeId: number): MutableInput {
  return { edgeId, numRecordsIn: 0, channelCount: 0, idleCount: 0, endedCount: 0 };
}

function addLive(input: MutableInput, channel: ChannelWatermarkRecord): void {
  const { lowest, highest } = input;
  if (lowest === undefined || reachedBy(channel) < reachedBy(lowest)) input.lowest = channel;
  if (highest === undefined || reachedBy(channel) > reachedBy(highest)) input.highest = channel;
}

function channelRecord(fromSubtask: number, watermarkMs: number): ChannelWatermarkRecord {
  return watermarkMs === MIN_TIMESTAMP_MS ? { fromSubtask } : { fromSubtask, watermarkMs };
}

function reachedBy({ watermarkMs }: ChannelWatermarkRecord): number {
  return watermarkMs ?? MIN_TIMESTAMP_MS;
}

/** Head first. @param numRecordsIn of the task: what came into its head. */
export function operatorFacts(
  { links }: OperatorChain,
  numRecordsIn: number,
): readonly OperatorFactsRecord[] {
  return links.map(({ operatorId, name, operator, takes, output, isOpening }, position) => {
    const { numRecords, numSideRecords, watermarkMs } = output;
    const taken = position === 0 ? numRecordsIn : takes?.numRecords;
    return {
      operatorId,
      name,
      ...(taken === undefined ? {} : { numRecordsIn: taken }),
      numRecordsOut: numRecords,
      ...(numSideRecords === 0 ? {} : { numRecordsSide: numSideRecords }),
      ...(watermarkMs === undefined ? {} : { watermarkMs }),
      ...inputWatermark(takes),
      ...(isOpening === true ? { isOpening } : operator.facts?.()),
    };
  });
}

function inputWatermark(
  takes: OperatorChain['links'][number]['takes'],
): Pick<OperatorFactsRecord, 'inputWatermarkMs'> {
  return takes?.watermarkMs === undefined ? {} : { inputWatermarkMs: takes.watermarkMs };
}

/** Adds what earlier leases of the task have counted. */
export function withEarlierFacts(
  now: TaskMetricsRecord,
  before: TaskMetricsRecord,
): Pick<TaskMetricsRecord, 'inputs' | 'operators'> {
  const { inputs, operators } = now;
  return {
    ...(inputs === undefined ? {} : { inputs: inputs.map((of) => withEarlierInput(of, before)) }),
    ...(operators === undefined
      ? {}
      : { operators: operators.map((of) => withEarlierOperator(of, before)) }),
  };
}

function withEarlierInput(of: InputFactsRecord, before: TaskMetricsRecord): InputFactsRecord {
  const earlier = before.inputs?.find(({ edgeId }) => edgeId === of.edgeId);
  return { ...of, numRecordsIn: of.numRecordsIn + (earlier?.numRecordsIn ?? 0) };
}

function withEarlierOperator(
  of: OperatorFactsRecord,
  before: TaskMetricsRecord,
): OperatorFactsRecord {
  const earlier = before.operators?.find(({ operatorId }) => operatorId === of.operatorId);
  if (earlier === undefined) return of;
  const side = (of.numRecordsSide ?? 0) + (earlier.numRecordsSide ?? 0);
  const late = (of.numLateRecordsDropped ?? 0) + (earlier.numLateRecordsDropped ?? 0);
  const watermarkMs = of.watermarkMs ?? earlier.watermarkMs;
  return {
    ...of,
    ...(of.numRecordsIn === undefined
      ? {}
      : { numRecordsIn: of.numRecordsIn + (earlier.numRecordsIn ?? 0) }),
    numRecordsOut: of.numRecordsOut + earlier.numRecordsOut,
    ...(side === 0 ? {} : { numRecordsSide: side }),
    ...(of.numLateRecordsDropped === undefined ? {} : { numLateRecordsDropped: late }),
    ...(watermarkMs === undefined ? {} : { watermarkMs }),
  };
}
