/**
 * Where records stop: goes from every sink that gets none upstream to the operator that takes
 * records and puts none out, or to the source that reads none. Pure.
 */
import { isHeld } from './diagnose-alignment.ts';
import {
  emitsNothing,
  isBranch,
  isOver,
  placeOf,
  quietSource,
  stoppedFinding,
} from './diagnose-silence.ts';
import { diagnoseWatermarks, isHolding } from './diagnose-watermarks.ts';
import type { DiagnosedOperator, JobModel, OperatorInput } from './diagnosed-job.ts';
import type { Finding } from './diagnosis.ts';
import { countText, recordsText, shareText, spanText, timeText } from './diagnosis-text.ts';

/** A source is not called silent before. */
const SILENT_AFTER_MS = 3_000;

/** Of the job's sinks and of what holds results, each place once. */
export function diagnoseFlow(model: JobModel): readonly Finding[] {
  const walk = new FlowWalk(model);
  for (const sink of model.sinks) {
    if (sink.isKnown && sink.numRecordsIn === 0) walk.withoutInput(sink);
  }
  for (const operator of model.operators.values()) if (isHolding(operator)) walk.holding(operator);
  for (const operator of model.operators.values()) walk.stopped(operator);
  walk.quietSources();
  return walk.findings;
}

class FlowWalk {
  readonly findings: Finding[] = [];
  readonly #model: JobModel;
  readonly #seen = new Set<number>();
  readonly #held = new Set<number>();

  constructor(model: JobModel) {
    this.#model = model;
  }

  /** Nothing has come to it. What comes by side outputs alone need not come. */
  withoutInput({ inputs }: DiagnosedOperator): void {
    for (const { nodeId, sideOutputTag, numRecords } of inputs) {
      const from = this.#model.operator(nodeId);
      if (from === undefined || sideOutputTag !== undefined || numRecords > 0) continue;
      if (from.isKnown && from.numRecordsOut === 0) this.silent(from);
    }
  }

  /** It has put out nothing. */
  silent(operator: DiagnosedOperator): void {
    if (this.#seen.has(operator.nodeId)) return;
    this.#seen.add(operator.nodeId);
    if (operator.source !== undefined) this.#add(sourceReadsNothing(this.#model, operator));
    else if (operator.numRecordsIn === 0) this.withoutInput(operator);
    else this.#stops(operator);
  }

  holding(operator: DiagnosedOperator): void {
    if (this.#held.has(operator.nodeId) || isOver(this.#model)) return;
    this.#held.add(operator.nodeId);
    this.findings.push(...diagnoseWatermarks(this.#model, operator));
  }

  /** It puts out no more, although records go on to come. */
  stopped(operator: DiagnosedOperator): void {
    if (this.#seen.has(operator.nodeId) || this.#model.job.status !== 'RUNNING') return;
    this.#add(stoppedFinding(this.#model, operator));
  }

  /** Records were read, and none of late, for longer than usual. */
  quietSources(): void {
    if (this.findings.length > 0 || isOver(this.#model)) return;
    for (const operator of this.#model.operators.values()) {
      // Who is held back is told of as that.
      const isFree = operator.subtasks.every(({ facts }) => !isHeld(facts));
      if (operator.source !== undefined && isFree) this.#add(quietSource(this.#model, operator));
    }
  }

  /** Takes records, puts out none. */
  #stops(operator: DiagnosedOperator): void {
    if (isHolding(operator) && !isOver(this.#model)) {
      this.holding(operator);
      return;
    }
    const { numRecordsIn } = operator;
    const dropped = lateCount(operator);
    // Told of as what it is.
    if (dropped > 0 && dropped >= numRecordsIn / 2) return;
    const held = this.#heldByProcessingTime(operator);
    const empty = emptyInput(operator);
    if (held !== undefined && !isOver(this.#model)) this.#add(held);
    else if (empty === undefined) this.#add(emitsNothing(this.#model, operator));
    else this.#lacks(operator, empty);
  }

  #lacks(operator: DiagnosedOperator, empty: OperatorInput): void {
    this.#add(inputEmpty(this.#model, operator, empty));
    const from = this.#model.operator(empty.nodeId);
    if (from?.isKnown === true && from.numRecordsOut === 0) this.silent(from);
  }

  #heldByProcessingTime(operator: DiagnosedOperator): Finding | undefined {
    const held = operator.subtasks.flatMap(({ facts }) => facts.held ?? []);
    const [first] = held.toSorted((a, b) => a.untilMs - b.untilMs);
    if (first === undefined || first.time === 'event') return undefined;
    const count = held.reduce((sum, of) => sum + of.count, 0);
    const inMs = first.untilMs - this.#model.job.nowEpochMs;
    return {
      code: 'WAITS_FOR_PROCESSING_TIME',
      severity: 'info',
      sentence:
        `"${operator.name}" holds ${countText(count)} ${first.what} of processing time; the ` +
        `first is due ${inMs > 0 ? `in ${spanText(inMs)}` : 'now'} (${timeText(first.untilMs)}).`,
      advice: 'Nothing need be done: it goes by the clock.',
      evidence: { [first.what]: count, dueInMs: Math.max(0, inMs) },
      ...placeOf(operator),
    };
  }

  #add(finding: Finding | undefined): void {
    if (finding !== undefined) this.findings.push(finding);
  }
}

/** Of every operator that has dropped late records. */
export function diagnoseLateRecords(model: JobModel): readonly Finding[] {
  return [...model.operators.values()].flatMap((operator): Finding[] => {
    const dropped = lateCount(operator);
    if (dropped === 0) return [];
    const { numRecordsIn, numRecordsOut, recentOut, name } = operator;
    const share = numRecordsIn === 0 ? 1 : dropped / numRecordsIn;
    const isMost = share >= 0.5 && (numRecordsOut === 0 || recentOut === 0);
    const worst = operator.subtasks.toSorted(
      (a, b) => (b.facts.numLateRecordsDropped ?? 0) - (a.facts.numLateRecordsDropped ?? 0),
    )[0];
    return [
      {
        code: 'LATE_RECORDS_DROPPED',
        severity: isMost ? 'error' : share >= 0.01 ? 'warning' : 'info',
        sentence:
          `"${name}" dropped ${recordsText(dropped)} (${shareText(share)} of what came) as late: ` +
          'the watermark had passed them, or all their windows.',
        advice:
          'Allow more disorder, forBoundedOutOfOrderness with a longer time, or ' +
          'allowedLateness on the window; sideOutputLateData keeps them, of an interval join ' +
          'sideOutputLeftLateData and sideOutputRightLateData. A single record far in the ' +
          'future makes all others late: check the timestamps.',
        evidence: { numLateRecordsDropped: dropped, numRecordsIn, share: round(share) },
        ...placeOf(operator),
        ...(worst === undefined ? {} : { subtaskIndex: worst.subtask.subtaskIndex }),
      },
    ];
  });
}

function lateCount({ subtasks }: DiagnosedOperator): number {
  return subtasks.reduce((sum, { facts }) => sum + (facts.numLateRecordsDropped ?? 0), 0);
}

function sourceReadsNothing(model: JobModel, operator: DiagnosedOperator): Finding | undefined {
  const { job, runningForMs = 0 } = model;
  const isEnded = isOver(model);
  if (!isEnded && runningForMs < SILENT_AFTER_MS) return undefined;
  const { name, vertex, subtasks, source } = operator;
  const splits = subtasks.map(({ facts }) => facts.splits);
  const given = splits.reduce((sum, of) => sum + (of?.givenCount ?? 0), 0);
  const isAll = splits.length > 0 && splits.every((of) => of?.noMoreSplits === true);
  const total = job.totalProgress?.get(vertex.id);
  const { cause, advice } = silenceOf(given, isAll, total);
  return {
    code: 'SOURCE_READS_NOTHING',
    severity: 'error',
    sentence:
      `"${name}" has read no record ` +
      `${isEnded ? 'at all' : `for ${spanText(runningForMs)}`}: ${cause}.`,
    advice,
    evidence: {
      ...{ numRecordsOut: 0, splits: given, noMoreSplits: isAll, runningForMs },
      ...(total === undefined ? {} : { totalToRead: total }),
      ...(source === undefined ? {} : { boundedness: source.boundedness }),
    },
    ...placeOf(operator),
  };
}

function silenceOf(given: number, isAll: boolean, total: number | undefined) {
  const look =
    'Look at what the source is given: its path, topic, queue or filter, and its rights.';
  if (given === 0 && (isAll || total === 0)) {
    return {
      cause: 'there is nothing to read, it was given no split (no file or partition matches)',
      advice: look,
    };
  }
  if (given === 0) {
    return {
      cause: 'it was given no split (file, partition) yet and waits for one to appear',
      advice: look,
    };
  }
  const splits = given === 1 ? 'its split' : `its ${countText(given)} splits`;
  return {
    cause: `${splits} gave none; they are empty, or nothing has come in since`,
    advice: 'Check that something is written there, and from where the source begins to read.',
  };
}

/** The one of two inputs that nothing came by, while the other had records. */
function emptyInput({ inputs }: DiagnosedOperator): OperatorInput | undefined {
  const count = (index: number): number =>
    inputs
      .filter(({ inputIndex }) => inputIndex === index)
      .reduce((sum, { numRecords }) => sum + numRecords, 0);
  if (!inputs.some(({ inputIndex }) => inputIndex === 1)) return undefined;
  return inputs.find(({ inputIndex }) => count(inputIndex) === 0);
}

function inputEmpty(
  model: JobModel,
  operator: DiagnosedOperator,
  { inputIndex, edge, nodeId }: OperatorInput,
): Finding {
  const { name, numRecordsIn } = operator;
  const from = model.operator(nodeId);
  const which = inputIndex === 0 ? 'first' : 'second';
  const fromName = from?.name ?? '';
  return {
    code: 'INPUT_EMPTY',
    severity: isBranch(model) ? 'warning' : 'error',
    sentence:
      `"${name}" joins two inputs and puts out nothing: by its ${which}, from "${fromName}", ` +
      `came no record, by the other ${countText(numRecordsIn)}.`,
    advice: `See why "${fromName}" puts out nothing; without it there is nothing to join with.`,
    evidence: { numRecordsIn, emptyInput: inputIndex },
    ...placeOf(operator),
    ...(edge === undefined
      ? {}
      : {
          input: {
            inputIndex,
            fromVertexId: edge.sourceVertexId,
            fromVertexName: model.vertex(edge.sourceVertexId)?.name ?? '',
          },
        }),
  };
}

function round(share: number): number {
  return Math.round(share * 10_000) / 10_000;
}
