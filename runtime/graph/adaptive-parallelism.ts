/**
 * Jobs in BATCH whose operators get as many subtasks as there is for them to read.
 *
 * A vertex that is open is laid out with as many subtasks as it may have at most; those before it
 * store a piece for each of them. Once it is decided how many it is, the first of them take several
 * pieces each, contiguous ones, and the others are left out. Slots and regions keep their numbers.
 *
 * @see Flink `DefaultVertexParallelismAndInputInfosDecider`
 */
import { defined } from '../core/index.ts';
import type { ChannelEnds, ExecutionGraph, ExecutionSubtask } from './execution-graph.ts';

/** By vertex id. */
export type DecidedParallelism = Readonly<Record<string, number>>;

export interface StageSize {
  /** Of what is divided among its subtasks. */
  readonly inputBytes: number;
  /** Of what each of them reads as a whole. */
  readonly broadcastBytes: number;
}

export interface StageLimits {
  readonly minParallelism: number;
  readonly maxParallelism: number;
  /** What a subtask is to read, about. */
  readonly bytesPerTask: number;
}

/** How many subtasks a stage gets. What all of them read takes at most half of what one may read. */
export function decideParallelism(
  { inputBytes, broadcastBytes }: StageSize,
  { minParallelism, maxParallelism, bytesPerTask }: StageLimits,
): number {
  const own = bytesPerTask - Math.min(broadcastBytes, bytesPerTask / 2);
  const wanted = Math.ceil(inputBytes / Math.max(1, own));
  return Math.min(maxParallelism, Math.max(minParallelism, wanted, 1));
}

/** The layout with the vertices that were decided on; the JobGraph's hash stays. */
export function withParallelism(
  graph: ExecutionGraph,
  decided: DecidedParallelism,
): ExecutionGraph {
  const isLeftOut = (vertexId: string, subtaskIndex: number): boolean =>
    subtaskIndex >= (decided[vertexId] ?? Number.POSITIVE_INFINITY);
  const vertices = graph.vertices.map((vertex) => {
    const count = decided[vertex.vertexId];
    if (count === undefined) return vertex;
    return { ...vertex, subtasks: mergedSubtasks(vertex.subtasks, count) };
  });
  const slots = graph.slots.map((slot) => ({
    ...slot,
    subtasks: slot.subtasks.filter((ref) => !isLeftOut(ref.vertexId, ref.subtaskIndex)),
  }));
  const edges = graph.edges.map((edge) => {
    const { sourceVertexId, targetVertexId } = defined(
      graph.jobGraph.edges[edge.edgeId],
      'a layout has the edges of its graph',
    );
    const sent = edge.channels.filter(({ from }) => !isLeftOut(sourceVertexId, from));
    const pieces = graph.vertices.find((v) => v.vertexId === targetVertexId)?.subtasks.length ?? 0;
    const count = decided[targetVertexId];
    if (count === undefined) return { ...edge, channels: sent };
    return { ...edge, channels: mergedChannels(sent, pieces, count), stored: sent };
  });
  const jobVertices = graph.jobGraph.vertices.map((vertex) => ({
    ...vertex,
    parallelism: decided[vertex.id] ?? vertex.parallelism,
  }));
  const jobGraph = { ...graph.jobGraph, vertices: jobVertices };
  return { ...graph, jobGraph, vertices, slots, edges };
}

/** The first piece of a subtask, of those that are divided among `count`. */
function firstPiece(subtaskIndex: number, pieces: number, count: number): number {
  return Math.floor((subtaskIndex * pieces) / count);
}

function mergedSubtasks(
  subtasks: readonly ExecutionSubtask[],
  count: number,
): readonly ExecutionSubtask[] {
  return subtasks.slice(0, count).map((subtask, index) => {
    const first = subtasks[firstPiece(index, subtasks.length, count)];
    const last = subtasks[firstPiece(index + 1, subtasks.length, count) - 1];
    const { start } = defined(first, 'a subtask takes a piece').keyGroups;
    const { end } = defined(last, 'a subtask takes a piece').keyGroups;
    return { ...subtask, keyGroups: { start, end } };
  });
}

function mergedChannels(
  channels: readonly ChannelEnds[],
  pieces: number,
  count: number,
): readonly ChannelEnds[] {
  return channels
    .filter(({ to }) => to < count)
    .map(({ from, to }) => ({
      ...{ from, to },
      pieces: [firstPiece(to, pieces, count), firstPiece(to + 1, pieces, count)] as const,
    }));
}
