/** Who holds the others up: the first busy subtask downstream of those that wait. Pure. */
import type { JobVertex } from '../graph/index.ts';
import type { JobModel, KnownSubtask } from './diagnosed-job.ts';
import type { Finding } from './diagnosis.ts';
import { countText, shareText, subtaskText } from './diagnosis-text.ts';

/** As Flink's: above this share of its time a subtask is highly back-pressured. */
const HIGH_RATIO = 0.5;
/** Where slots share a core, none of them is busy all the time. */
const BUSY_RATIO = 0.1;

interface Loaded {
  readonly vertex: JobVertex;
  readonly subtask: KnownSubtask;
  readonly ratio: number;
}

/** One finding a vertex that holds others up. */
export function diagnoseBackPressure(model: JobModel): readonly Finding[] {
  const { vertices, edges } = model.graph;
  const waiting = vertices.flatMap((vertex) => {
    const worst = mostLoaded(model, vertex, 'backPressuredTimeMsPerSecond');
    return worst !== undefined && worst.ratio > HIGH_RATIO ? [worst] : [];
  });
  const found = new Map<string, Finding>();
  for (const one of waiting) {
    const after = edges
      .filter(({ sourceVertexId }) => sourceVertexId === one.vertex.id)
      .flatMap(({ targetVertexId }) => model.vertex(targetVertexId) ?? []);
    // It waits for one that waits itself.
    if (after.some((vertex) => waiting.some((other) => other.vertex === vertex))) continue;
    const busiest = after
      .flatMap((vertex) => mostLoaded(model, vertex, 'busyTimeMsPerSecond') ?? [])
      .toSorted((a, b) => b.ratio - a.ratio)[0];
    const finding =
      busiest !== undefined && busiest.ratio > BUSY_RATIO
        ? heldUpBy(model, one, busiest)
        : heldUpByItself(one);
    found.set(finding.vertexId ?? '', finding);
  }
  return [...found.values()];
}

function mostLoaded(
  model: JobModel,
  vertex: JobVertex,
  rate: 'busyTimeMsPerSecond' | 'backPressuredTimeMsPerSecond',
): Loaded | undefined {
  const loaded = model.subtasksOf(vertex.id).map((subtask) => {
    const perSecondMs = subtask.metrics.rates?.[rate] ?? 0;
    return { vertex, subtask, ratio: Math.min(1, perSecondMs / 1000) };
  });
  return loaded.toSorted((a, b) => b.ratio - a.ratio)[0];
}

function heldUpBy(model: JobModel, waiting: Loaded, busy: Loaded): Finding {
  const { vertex, subtask } = busy;
  const name = subtaskText(vertex.name, subtask.subtaskIndex, vertex.parallelism);
  const skew = skewOf(model, busy);
  const evidence = {
    backPressured: round(waiting.ratio),
    busy: round(busy.ratio),
    numRecordsInPerSecond: Math.round(subtask.metrics.rates?.numRecordsInPerSecond ?? 0),
  };
  const common = {
    severity: severityOf(model),
    ...{ vertexId: vertex.id, vertexName: vertex.name, subtaskIndex: subtask.subtaskIndex },
  };
  const held = `"${waiting.vertex.name}" waits ${shareText(waiting.ratio)} of its time`;
  if (skew !== undefined) {
    return {
      ...{ ...common, code: 'SKEWED_KEYS' },
      sentence:
        `${held} for ${name}, which is busy ${shareText(busy.ratio)} and gets ` +
        `${shareText(skew)} of all records of its ${countText(vertex.parallelism)} subtasks: ` +
        `some ` +
        'keys are much more frequent than others.',
      advice:
        'Spread the frequent keys: aggregate in two steps (a key with a random suffix, then the ' +
        'key), or choose a finer key. More subtasks do not help.',
      evidence: { ...evidence, shareOfRecords: round(skew) },
    };
  }
  return {
    ...{ ...common, code: 'BACK_PRESSURE' },
    sentence: `${held} for ${name}, which is busy ${shareText(busy.ratio)}: it cannot keep up.`,
    advice:
      `Give "${vertex.name}" more subtasks, or less to do for each record; the flame graph of ` +
      `that ` +
      'subtask shows what it does.',
    evidence,
  };
}

/** Nothing after it is busy: what is asynchronous in it, as a sink's writer, is slow. */
function heldUpByItself({ vertex, subtask, ratio }: Loaded): Finding {
  const name = subtaskText(vertex.name, subtask.subtaskIndex, vertex.parallelism);
  const sink = vertex.operators.find(({ operator }) => operator.startsWith('Sink'));
  const what = sink === undefined ? 'something outside' : `what "${sink.name}" writes to`;
  return {
    code: 'BACK_PRESSURE',
    severity: 'warning',
    sentence: `${name} waits ${shareText(ratio)} of its time for ${what}, and nothing after is busy.`,
    advice:
      'The system it writes to is slow or throttles: look at its latency, batch more, or use ' +
      'more subtasks to write in parallel.',
    evidence: {
      backPressured: round(ratio),
      numRecordsOutPerSecond: Math.round(subtask.metrics.rates?.numRecordsOutPerSecond ?? 0),
    },
    ...{ vertexId: vertex.id, vertexName: vertex.name, subtaskIndex: subtask.subtaskIndex },
    ...(sink === undefined ? {} : { operator: sink.name }),
  };
}

/** Its share of the records, where that is far from a fair one. */
function skewOf(model: JobModel, { vertex, subtask }: Loaded): number | undefined {
  const isKeyed = model.graph.edges.some(
    ({ targetVertexId, partitioner }) => targetVertexId === vertex.id && partitioner === 'HASH',
  );
  const { parallelism } = vertex;
  const subtasks = model.subtasksOf(vertex.id);
  const total = subtasks.reduce((sum, of) => sum + recordsOf(of), 0);
  if (!isKeyed || parallelism < 2 || subtasks.length < parallelism || total === 0) return undefined;
  const share = recordsOf(subtask) / total;
  // Of two, three quarters: halfway from a fair share to all.
  const isUnfair = share >= Math.min(2 / parallelism, (1 + 1 / parallelism) / 2);
  return isUnfair ? share : undefined;
}

/** Of the last seconds: what was waiting when the job began came to all alike. */
function recordsOf({ metrics }: KnownSubtask): number {
  return metrics.rates?.numRecordsInPerSecond ?? metrics.numRecordsIn;
}

function severityOf({ sinks }: JobModel): Finding['severity'] {
  return sinks.every(({ isKnown, numRecordsIn }) => isKnown && numRecordsIn === 0)
    ? 'error'
    : 'warning';
}

function round(ratio: number): number {
  return Math.round(ratio * 1000) / 1000;
}
