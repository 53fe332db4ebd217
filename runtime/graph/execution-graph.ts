import { defined, type KeyGroupRange, keyGroupRangeOf } from '../core/index.ts';
import type { JobEdge, JobGraph, JobVertex } from './job-graph.ts';

/** The JobGraph laid out: who runs where and who talks to whom. A plain JSON value. */
export interface ExecutionGraph {
  readonly jobGraph: JobGraph;
  /** In the JobGraph's order. */
  readonly vertices: readonly ExecutionVertex[];
  /** Indexed by {@link JobEdge.id}. */
  readonly edges: readonly ExecutionEdge[];
  /** Indexed by slot; its length is the number of slots the job needs. */
  readonly slots: readonly SlotPlan[];
}

export interface ExecutionVertex {
  readonly vertexId: string;
  /** Indexed by subtask. */
  readonly subtasks: readonly ExecutionSubtask[];
}

export interface ExecutionSubtask {
  readonly subtaskIndex: number;
  readonly slotIndex: number;
  /** The subtask's share of the vertex's key groups, both ends inclusive. */
  readonly keyGroups: KeyGroupRange;
}

export interface ExecutionEdge {
  readonly edgeId: number;
  /** Ordered by `to`, then `from`. */
  readonly channels: readonly ChannelEnds[];
}

/** Subtask indices of a channel's two ends. */
export interface ChannelEnds {
  readonly from: number;
  readonly to: number;
}

export interface SlotPlan {
  readonly slotIndex: number;
  readonly slotSharingGroup: string;
  /** One subtask at most of each vertex, in the JobGraph's order. */
  readonly subtasks: readonly { readonly vertexId: string; readonly subtaskIndex: number }[];
}

/**
 * Assigns slots, key groups and channels. A slot sharing group takes as many slots as its widest
 * vertex has subtasks; its slot i holds subtask i of each of its vertices.
 */
export function buildExecutionGraph(jobGraph: JobGraph): ExecutionGraph {
  const slots = planSlots(jobGraph.vertices);
  const byId = new Map(jobGraph.vertices.map((vertex) => [vertex.id, vertex]));
  const firstSlot = new Map<string, number>();
  for (const { slotIndex, slotSharingGroup } of slots) {
    if (!firstSlot.has(slotSharingGroup)) firstSlot.set(slotSharingGroup, slotIndex);
  }
  const vertices = jobGraph.vertices.map((vertex): ExecutionVertex => {
    const { parallelism, maxParallelism } = vertex;
    const first = defined(firstSlot.get(vertex.slotSharingGroup), 'every group has a slot');
    const subtasks = indices(parallelism).map((subtaskIndex) => ({
      subtaskIndex,
      slotIndex: first + subtaskIndex,
      keyGroups: keyGroupRangeOf(maxParallelism, parallelism, subtaskIndex),
    }));
    return { vertexId: vertex.id, subtasks };
  });
  const edges = jobGraph.edges.map((edge): ExecutionEdge => {
    const source = defined(byId.get(edge.sourceVertexId), 'an edge starts at a vertex');
    const target = defined(byId.get(edge.targetVertexId), 'an edge ends at a vertex');
    return { edgeId: edge.id, channels: channelsOf(edge, source.parallelism, target.parallelism) };
  });
  return { jobGraph, vertices, edges, slots };
}

function planSlots(vertices: readonly JobVertex[]): readonly SlotPlan[] {
  const groups = [...new Set(vertices.map((vertex) => vertex.slotSharingGroup))];
  const slots: SlotPlan[] = [];
  for (const slotSharingGroup of groups) {
    const members = vertices.filter((vertex) => vertex.slotSharingGroup === slotSharingGroup);
    for (const subtaskIndex of indices(Math.max(...members.map((v) => v.parallelism)))) {
      const here = members.filter((vertex) => subtaskIndex < vertex.parallelism);
      const subtasks = here.map((vertex) => ({ vertexId: vertex.id, subtaskIndex }));
      slots.push({ slotIndex: slots.length, slotSharingGroup, subtasks });
    }
  }
  return slots;
}

/** FORWARD and RESCALE connect neighbours, everything else connects all with all. */
function channelsOf(edge: JobEdge, from: number, to: number): readonly ChannelEnds[] {
  const pointwise = edge.partitioner === 'FORWARD' || edge.partitioner === 'RESCALE';
  const pairs = indices(to).flatMap((target) =>
    indices(from).map((source) => ({ from: source, to: target })),
  );
  return pointwise ? pairs.filter((pair) => areNeighbours(pair, from, to)) : pairs;
}

/**
 * Flink's local distribution: contiguous blocks of the wider side for each subtask of the other.
 *
 * @see Flink `VertexInputInfoComputationUtils.computeVertexInputInfoForPointwise`.
 */
function areNeighbours(pair: ChannelEnds, from: number, to: number): boolean {
  if (from >= to) {
    const start = Math.floor((pair.to * from) / to);
    const end = Math.floor(((pair.to + 1) * from) / to);
    return pair.from >= start && pair.from < end;
  }
  const start = Math.floor((pair.from * to + from - 1) / from);
  const end = Math.floor(((pair.from + 1) * to + from - 1) / from);
  return pair.to >= start && pair.to < end;
}

function indices(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}
