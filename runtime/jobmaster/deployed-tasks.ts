/** What the checkpoint coordinator and manifests must know of a layout. Pure. */
import type { CheckpointTask, CheckpointTaskInput, ManifestVertex } from '../checkpoint/index.ts';
import { defined } from '../core/index.ts';
import type { ExecutionEdge, ExecutionGraph, JobEdge, JobGraph } from '../graph/index.ts';
import type { SubtaskRef, SubtaskStateRecord } from '../protocol/index.ts';
import type { RegionState } from './job-state.ts';

/** Every task. */
export function deployedTasks(
  graph: ExecutionGraph,
  regions: readonly RegionState[],
): readonly CheckpointTask[] {
  const attempts = new Map(
    regions.flatMap(({ attempt, slots }) =>
      slots.map((slot) => [slot.slotIndex, attempt] as const),
    ),
  );
  return graph.vertices.flatMap(({ vertexId, subtasks }) =>
    subtasks.map(({ subtaskIndex, slotIndex }) => ({
      ...{ vertexId, subtaskIndex, attempt: attempts.get(slotIndex) ?? -1 },
    })),
  );
}

/** What a task reads. */
export function inputsOf(
  { edges, jobGraph }: ExecutionGraph,
  { vertexId, subtaskIndex }: SubtaskRef,
): readonly CheckpointTaskInput[] {
  return jobGraph.edges
    .filter((edge) => edge.targetVertexId === vertexId)
    .map((edge) => {
      const layout = defined(edges[edge.id], 'every edge is laid out');
      const senders = sendersOf(layout, channelsOfAll(jobGraph, edge));
      const inputOf = { vertexId: edge.sourceVertexId };
      if (senders === 'ALL') return inputOf;
      return { ...inputOf, subtaskIndexes: senders.get(subtaskIndex) ?? [] };
    });
}

/** By receiver. `ALL`: each hears all. */
type Senders = 'ALL' | ReadonlyMap<number, readonly number[]>;

/** A layout does not change. */
const knownSenders = new WeakMap<ExecutionEdge, Senders>();

function sendersOf(edge: ExecutionEdge, maxChannels: number): Senders {
  const known = knownSenders.get(edge);
  if (known !== undefined) return known;
  const senders: Senders =
    edge.channels.length === maxChannels
      ? 'ALL'
      : new Map(
          [...Map.groupBy(edge.channels, ({ to }) => to)].map(([to, channels]) => [
            to,
            channels.map(({ from }) => from),
          ]),
        );
  knownSenders.set(edge, senders);
  return senders;
}

/** Channels of an edge on which each talks to each. */
function channelsOfAll({ vertices }: JobGraph, edge: JobEdge): number {
  return vertices
    .filter(({ id }) => id === edge.sourceVertexId || id === edge.targetVertexId)
    .reduce((product, { parallelism }) => product * parallelism, 1);
}

/** The slot that holds a task. */
export function slotOf(graph: ExecutionGraph, { vertexId, subtaskIndex }: SubtaskRef): number {
  const vertex = graph.vertices.find((v) => v.vertexId === vertexId);
  return defined(vertex?.subtasks[subtaskIndex], 'a task is one of the plan').slotIndex;
}

/** The vertices of a manifest. */
export function manifestVertices(
  { jobGraph }: ExecutionGraph,
  subtasks: readonly SubtaskStateRecord[],
): readonly ManifestVertex[] {
  return jobGraph.vertices.map((vertex) => ({
    vertexId: vertex.id,
    name: vertex.name,
    parallelism: vertex.parallelism,
    maxParallelism: vertex.maxParallelism,
    operators: vertex.operators.map(({ operatorId, uid, name }) => ({
      operatorId,
      ...(uid === undefined ? {} : { uid }),
      name,
    })),
    subtasks: subtasks
      .filter(({ vertexId }) => vertexId === vertex.id)
      .toSorted((a, b) => a.subtaskIndex - b.subtaskIndex),
    inputs: jobGraph.edges
      .filter((edge) => edge.targetVertexId === vertex.id)
      .map((edge) => ({
        edgeId: edge.id,
        sourceVertexId: edge.sourceVertexId,
        inputIndex: edge.inputIndex,
        partitioner: edge.partitioner,
      })),
  }));
}
