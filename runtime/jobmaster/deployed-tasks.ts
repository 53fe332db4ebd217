/** What the checkpoint coordinator and manifests must know of a layout. Pure. */
import type { CheckpointTask, ManifestVertex } from '../checkpoint/index.ts';
import { defined } from '../core/index.ts';
import type { ExecutionGraph } from '../graph/index.ts';
import type { SubtaskRef, SubtaskStateRecord } from '../protocol/index.ts';
import type { RegionState } from './job-state.ts';

/** Every task with its inputs. */
export function deployedTasks(
  graph: ExecutionGraph,
  regions: readonly RegionState[],
): readonly CheckpointTask[] {
  const attempts = new Map(
    regions.flatMap(({ attempt, slots }) =>
      slots.map((slot) => [slot.slotIndex, attempt] as const),
    ),
  );
  const senders = graph.edges.map(({ channels }) => Map.groupBy(channels, ({ to }) => to));
  return graph.vertices.flatMap(({ vertexId, subtasks }) => {
    const edges = graph.jobGraph.edges.filter((edge) => edge.targetVertexId === vertexId);
    return subtasks.map(({ subtaskIndex, slotIndex }) => ({
      vertexId,
      subtaskIndex,
      attempt: attempts.get(slotIndex) ?? -1,
      inputs: edges.map((edge) => ({
        vertexId: edge.sourceVertexId,
        subtaskIndexes: (
          defined(senders[edge.id], 'every edge is laid out').get(subtaskIndex) ?? []
        ).map(({ from }) => from),
      })),
    }));
  });
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
