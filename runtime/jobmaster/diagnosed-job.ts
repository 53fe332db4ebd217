/** What a diagnosis is made from, and the job's graph as it is walked through. Pure. */
import type { CheckpointSettings, CheckpointStatistics } from '../checkpoint/index.ts';
import type { Boundedness, DeliveryGuarantee } from '../connectors/index.ts';
import { MIN_TIMESTAMP_MS, type StreamErrorRecord } from '../core/index.ts';
import type { ChainedOperator, JobEdge, JobGraph, JobVertex, StreamGraph } from '../graph/index.ts';
import type { OperatorFactsRecord, TaskMetricsRecord } from '../protocol/index.ts';
import type { SubtaskExecution, VertexExecutions } from './job-executions.ts';
import type { HibernationView } from './job-hibernation.ts';
import type { JobStatus } from './job-state.ts';
import type { ExceptionHistory } from './restart-exception-history.ts';

/** Everything that is known of a job. */
export interface DiagnosedJob {
  readonly nowEpochMs: number;
  readonly status: JobStatus;
  readonly error?: StreamErrorRecord;
  /** Absent: it is not planned yet, or was not by this process. */
  readonly graph?: DiagnosedGraph;
  readonly executions: readonly VertexExecutions[];
  /** Absent: that nothing is heard of a task says nothing. */
  readonly reports?: KnownReports;
  readonly exceptions: ExceptionHistory;
  readonly checkpointing?: Pick<CheckpointSettings, 'intervalMs' | 'timeoutMs'>;
  readonly checkpoints?: CheckpointStatistics;
  readonly hibernation?: HibernationView;
  /** By vertex id: all there is to read, as far as sources know. */
  readonly totalProgress?: ReadonlyMap<string, number | undefined>;
  /** Of a job that waits for them. */
  readonly slots?: FreeSlots & { readonly required: number };
  /** `task.cancellation.timeout`; 0: never. */
  readonly cancellationTimeoutMs?: number;
}

/** Of a cluster. */
export interface FreeSlots {
  readonly total: number;
  readonly available: number;
}

export interface KnownReports {
  /** How often slots report. */
  readonly intervalMs: number;
  /** By `vertexId:subtaskIndex`; absent: never. */
  readonly heardAtEpochMs: ReadonlyMap<string, number>;
  /** By slot: the id of the process that runs it. */
  readonly taskManagers: ReadonlyMap<number, string>;
}

export interface DiagnosedGraph extends Pick<JobGraph, 'vertices' | 'edges'> {
  /** By node id. */
  readonly sources: ReadonlyMap<number, DiagnosedSource>;
  readonly sinks: ReadonlyMap<number, DiagnosedSink>;
}

export interface DiagnosedSource {
  readonly name: string;
  readonly boundedness: Boundedness;
}

export interface DiagnosedSink {
  readonly name: string;
  readonly guarantee: DeliveryGuarantee;
  /** What it wrote is seen once a checkpoint completes. */
  readonly commits: boolean;
}

/** The job graph with what its program says of sources and sinks. */
export function diagnosedGraph(
  { vertices, edges }: Pick<JobGraph, 'vertices' | 'edges'>,
  { nodes }: Pick<StreamGraph, 'nodes'>,
): DiagnosedGraph {
  const sources = new Map<number, DiagnosedSource>();
  const sinks = new Map<number, DiagnosedSink>();
  for (const { id, body, sink } of nodes) {
    if (body.kind === 'source') {
      const { name, boundedness } = body.source;
      sources.set(id, { name, boundedness });
    }
    if (sink === undefined) continue;
    const { name, guarantee } = sink;
    sinks.set(id, { name, guarantee, commits: sink.createCommitter !== undefined });
  }
  return { vertices, edges, sources, sinks };
}

/** A subtask of which something has been reported. */
export interface KnownSubtask extends SubtaskExecution {
  readonly metrics: TaskMetricsRecord;
}

/** An operator of the job with what all its subtasks have counted. */
export interface DiagnosedOperator {
  readonly nodeId: number;
  readonly name: string;
  /** Flink's name of its kind. */
  readonly kind: string;
  readonly vertex: JobVertex;
  /** In its chain. */
  readonly position: number;
  /** Whom it gets records from, by input. */
  readonly inputs: readonly OperatorInput[];
  readonly source: DiagnosedSource | undefined;
  readonly sink: DiagnosedSink | undefined;
  /** All of its subtasks have told their counts. */
  readonly isKnown: boolean;
  readonly numRecordsIn: number;
  readonly numRecordsOut: number;
  readonly numRecordsSide: number;
  /** Main output, of the last seconds. Undefined: too little is known. */
  readonly recentOut: number | undefined;
  /** As of the operators that it gets records from. */
  readonly recentIn: RecentCount | undefined;
  /** Those that have reported, with what they tell of this operator. */
  readonly subtasks: readonly OperatorSubtask[];
}

export interface RecentCount {
  readonly count: number;
  readonly spanMs: number;
}

export interface OperatorInput {
  readonly inputIndex: number;
  readonly nodeId: number;
  readonly sideOutputTag: string | undefined;
  /** Undefined: within the chain. */
  readonly edge: JobEdge | undefined;
  readonly numRecords: number;
}

export interface OperatorSubtask {
  readonly subtask: KnownSubtask;
  readonly facts: OperatorFactsRecord;
}

/** Shorter spans tell nothing of a rate: what comes in bursts would count as silent. */
export const MIN_RECENT_MS = 3_000;

export class JobModel {
  readonly job: DiagnosedJob;
  readonly graph: DiagnosedGraph;
  /** By node id, in topological order. */
  readonly operators: ReadonlyMap<number, DiagnosedOperator>;
  readonly #subtasks = new Map<string, readonly KnownSubtask[]>();

  constructor(job: DiagnosedJob, graph: DiagnosedGraph) {
    this.job = job;
    this.graph = graph;
    for (const { vertexId, subtasks } of job.executions) {
      this.#subtasks.set(vertexId, subtasks.flatMap(known));
    }
    const operators = new Map<number, DiagnosedOperator>();
    for (const vertex of graph.vertices) {
      for (const position of vertex.operators.keys()) {
        const operator = this.#operator(vertex, position, operators);
        operators.set(operator.nodeId, operator);
      }
    }
    this.operators = operators;
  }

  get sinks(): readonly DiagnosedOperator[] {
    return [...this.operators.values()].filter(({ sink }) => sink !== undefined);
  }

  operator(nodeId: number): DiagnosedOperator | undefined {
    return this.operators.get(nodeId);
  }

  vertex(vertexId: string): JobVertex | undefined {
    return this.graph.vertices.find(({ id }) => id === vertexId);
  }

  /** Those that have reported. */
  subtasksOf(vertexId: string): readonly KnownSubtask[] {
    return this.#subtasks.get(vertexId) ?? [];
  }

  /** How long all tasks have run; undefined: not all do. */
  get runningForMs(): number | undefined {
    return runningForMs(this.job);
  }

  #operator(
    vertex: JobVertex,
    position: number,
    before: ReadonlyMap<number, DiagnosedOperator>,
  ): DiagnosedOperator {
    const chained = vertex.operators[position] as ChainedOperator;
    const { nodeId, operatorId, name, operator: kind } = chained;
    const subtasks = this.subtasksOf(vertex.id).flatMap((subtask): OperatorSubtask[] => {
      const { operators } = subtask.metrics;
      const facts = operators?.find((of) => of.operatorId === operatorId);
      return facts === undefined ? [] : [{ subtask, facts }];
    });
    const inputs = this.#inputs(vertex, chained, before);
    const sum = (read: (of: OperatorSubtask) => number): number =>
      subtasks.reduce((total, of) => total + read(of), 0);
    const recent = subtasks.map(({ subtask }) => recentOutOf(subtask, position));
    const isRecent = recent.length > 0 && recent.every((count) => count !== undefined);
    return {
      ...{ nodeId, name, kind, vertex, position, inputs, subtasks },
      source: this.graph.sources.get(nodeId),
      sink: this.graph.sinks.get(nodeId),
      isKnown: subtasks.length === vertex.parallelism,
      numRecordsIn: inputs.reduce((total, { numRecords }) => total + numRecords, 0),
      numRecordsOut: sum(({ facts }) => facts.numRecordsOut),
      numRecordsSide: sum(({ facts }) => facts.numRecordsSide ?? 0),
      recentOut: isRecent ? recent.reduce<number>((total, n) => total + (n ?? 0), 0) : undefined,
      recentIn: recentInOf(inputs, before),
    };
  }

  #inputs(
    vertex: JobVertex,
    { nodeId, chainInput }: ChainedOperator,
    before: ReadonlyMap<number, DiagnosedOperator>,
  ): readonly OperatorInput[] {
    if (chainInput !== undefined) {
      const from = before.get(chainInput.nodeId);
      const { sideOutputTag } = chainInput;
      const records = sideOutputTag === undefined ? from?.numRecordsOut : from?.numRecordsSide;
      const numRecords = records ?? 0;
      const common = { inputIndex: 0, nodeId: chainInput.nodeId, edge: undefined };
      return [{ ...common, sideOutputTag, numRecords }];
    }
    const edges = this.graph.edges.filter(
      ({ targetVertexId, targetNodeId }) => targetVertexId === vertex.id && targetNodeId === nodeId,
    );
    return edges.map((edge) => ({
      ...{ inputIndex: edge.inputIndex, nodeId: edge.sourceNodeId, edge },
      sideOutputTag: edge.sideOutputTag,
      numRecords: this.subtasksOf(vertex.id).reduce((total, { metrics }) => {
        const input = metrics.inputs?.find(({ edgeId }) => edgeId === edge.id);
        return total + (input?.numRecordsIn ?? 0);
      }, 0),
    }));
  }
}

/** How long all tasks have run; undefined: not all do. */
export function runningForMs({ executions, nowEpochMs }: DiagnosedJob): number | undefined {
  const all = executions.flatMap(({ subtasks }) => subtasks);
  if (all.length === 0) return undefined;
  const isUp = all.every(({ state }) => state === 'RUNNING' || state === 'FINISHED');
  if (!isUp) return undefined;
  const since = all.map(({ times }) => times.RUNNING ?? 0);
  return Math.max(0, nowEpochMs - Math.max(...since));
}

/** Undefined: too little is known, or it comes by a side output. */
function recentInOf(
  inputs: readonly OperatorInput[],
  operators: ReadonlyMap<number, DiagnosedOperator>,
): RecentCount | undefined {
  let count = 0;
  let spanMs = 0;
  for (const { nodeId, sideOutputTag } of inputs) {
    const from = operators.get(nodeId);
    if (from?.recentOut === undefined || sideOutputTag !== undefined) return undefined;
    count += from.recentOut;
    const spans = from.subtasks.map(({ subtask }) => subtask.metrics.recent?.spanMs ?? 0);
    spanMs = Math.max(spanMs, ...spans);
  }
  return spanMs === 0 ? undefined : { count, spanMs };
}

/** Undefined: too little is known. */
function recentOutOf({ metrics }: KnownSubtask, position: number): number | undefined {
  const { recent } = metrics;
  if (recent === undefined || recent.spanMs < MIN_RECENT_MS) return undefined;
  return recent.numRecordsOut[position];
}

function known(subtask: SubtaskExecution): readonly KnownSubtask[] {
  const { metrics } = subtask;
  return metrics === undefined ? [] : [{ ...subtask, metrics }];
}

/** Below it a time is none: no watermark has come. */
export function reached(watermarkMs: number | undefined): number {
  return watermarkMs ?? MIN_TIMESTAMP_MS;
}
