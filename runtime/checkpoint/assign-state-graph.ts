/** What is compared when a checkpoint is assigned to a job: the job, and where state was. */
import type { OperatorSubtaskStateRecord } from '../protocol/index.ts';
import type { CheckpointManifest, ManifestVertex } from './manifest-record.ts';

/** The job to restore, as far as its state is concerned; a job graph is one. */
export interface AssignmentGraph {
  readonly vertices: readonly AssignmentVertex[];
  readonly edges: readonly AssignmentEdge[];
}

export interface AssignmentVertex {
  readonly id: string;
  readonly name: string;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly operators: readonly { readonly operatorId: string }[];
}

export interface AssignmentEdge {
  readonly id: number;
  readonly sourceVertexId: string;
  readonly targetVertexId: string;
  readonly inputIndex: number;
  readonly partitioner: string;
}

export interface AssignmentOptions {
  /** State of operators that the job does not have is dropped. */
  readonly allowNonRestoredState: boolean;
}

/** Where an operator was, and its shares by old subtask; undefined where it had none. */
export interface StoredOperator {
  readonly vertex: ManifestVertex;
  readonly shares: readonly (OperatorSubtaskStateRecord | undefined)[];
}

/** By operator id. */
export function storedOperators(manifest: CheckpointManifest): ReadonlyMap<string, StoredOperator> {
  const stored = new Map<string, StoredOperator>();
  for (const vertex of manifest.vertices) {
    for (const { operatorId } of vertex.operators) {
      const shares = vertex.subtasks.map(({ operators }) =>
        operators.find((share) => share.operatorId === operatorId),
      );
      stored.set(operatorId, { vertex, shares });
    }
  }
  return stored;
}

export function operatorIdsOf(graph: AssignmentGraph): string[] {
  return graph.vertices.flatMap((vertex) => vertex.operators.map(({ operatorId }) => operatorId));
}

/** The edge of the job that frames of an old edge belong to; undefined when there is none. */
export function edgeOfFrames(
  graph: AssignmentGraph,
  stored: ManifestVertex,
  edgeId: number,
): AssignmentEdge | undefined {
  const old = stored.inputs.find((input) => input.edgeId === edgeId);
  return graph.edges.find(
    (edge) =>
      edge.targetVertexId === stored.vertexId &&
      edge.sourceVertexId === old?.sourceVertexId &&
      edge.inputIndex === old.inputIndex &&
      edge.partitioner === old.partitioner,
  );
}

/** Key groups divide what it held: keyed entries, or records on their way to it. */
export function isPartitioned({ subtasks, inputs }: ManifestVertex): boolean {
  const hashed = new Set(
    inputs.filter(({ partitioner }) => partitioner === 'HASH').map(({ edgeId }) => edgeId),
  );
  return subtasks.some(
    ({ operators, channels }) =>
      operators.some(({ keyedSegments }) => keyedSegments.length > 0) ||
      channels.some(({ edgeId }) => hashed.has(edgeId)),
  );
}
