import { defined, type KeyGroupRange, keyGroupRangeOf } from '../core/index.ts';
import type { JobEdge, JobGraph, JobVertex } from './job-graph.ts';

/** The JobGraph laid out: who runs where and who talks to whom. A plain JSON value. */
export interface ExecutionGraph {
  readonly jobGraph: JobGraph;
  /** In the JobGraph's order. */
  readonly vertices: readonly ExecutionVertex[];
  /** Indexed by {@link JobEdge.id}. */
  readonly edges: readonly ExecutionEdge[];
  /** Indexed by slot. */
  readonly slots: readonly SlotPlan[];
  /** Pipelined regions: what fails together restarts together. Slot indices, each in one region. */
  readonly regions: readonly RegionPlan[];
}

/** Slots that pipelined channels join, directly or not; no other such channel leads out. */
export interface RegionPlan {
  readonly regionIndex: number;
  /** Ascending. */
  readonly slots: readonly number[];
  /** Regions whose blocking results it reads, ascending: it begins when all of them have ended. */
  readonly inputs: readonly number[];
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
  /** What senders store: the channels as the target was laid out, before its size was decided. */
  readonly stored?: readonly ChannelEnds[];
}

/** Subtask indices of a channel's two ends. */
export interface ChannelEnds {
  readonly from: number;
  readonly to: number;
  /** Of a vertex whose parallelism was decided: the subtasks it was laid out with that `to` is. */
  readonly pieces?: readonly [from: number, to: number];
}

export interface SlotPlan {
  readonly slotIndex: number;
  readonly slotSharingGroup: string;
  /** One subtask at most of each vertex, in the JobGraph's order. */
  readonly subtasks: readonly { readonly vertexId: string; readonly subtaskIndex: number }[];
}

/**
 * Assigns slots, key groups and channels. Vertices of a slot sharing group that pipelined edges
 * join take as many slots as the widest has subtasks; their slot i holds subtask i of each of them.
 * Pipelines that never meet get slots of their own, so that one restarts without the other.
 */
export function buildExecutionGraph(jobGraph: JobGraph): ExecutionGraph {
  const slots = planSlots(jobGraph);
  const byId = new Map(jobGraph.vertices.map((vertex) => [vertex.id, vertex]));
  const firstSlot = new Map<string, number>();
  for (const { slotIndex, subtasks } of slots) {
    for (const { vertexId, subtaskIndex } of subtasks) {
      if (subtaskIndex === 0) firstSlot.set(vertexId, slotIndex);
    }
  }
  const vertices = jobGraph.vertices.map((vertex): ExecutionVertex => {
    const { parallelism, maxParallelism } = vertex;
    const first = defined(firstSlot.get(vertex.id), 'every vertex has a slot');
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
  return {
    jobGraph,
    vertices,
    edges,
    slots,
    regions: planRegions(jobGraph, vertices, edges, slots),
  };
}

/**
 * The slots a resource manager must have for the job: as in Flink, pipelines that never meet share
 * the slots of a sharing group.
 */
export function requiredSlots(jobGraph: JobGraph): number {
  const widest = new Map<string, number>();
  for (const { slotSharingGroup, parallelism, adaptive } of jobGraph.vertices) {
    const least = adaptive === true ? 1 : parallelism;
    widest.set(slotSharingGroup, Math.max(least, widest.get(slotSharingGroup) ?? 0));
  }
  return [...widest.values()].reduce((sum, count) => sum + count, 0);
}

/** The most slots that run at once: of a job in BATCH, those of stages that are equally far. */
export function mostSlotsAtOnce({ slots, jobGraph }: ExecutionGraph): number {
  if (jobGraph.edges.every(({ exchange }) => exchange === 'PIPELINED')) return slots.length;
  const depths = new Map<string, number>();
  const sums = new Map<number, number>();
  for (const { id, parallelism } of jobGraph.vertices) {
    const inputs = jobGraph.edges.filter(({ targetVertexId }) => targetVertexId === id);
    const depth = Math.max(
      0,
      ...inputs.map(({ sourceVertexId }) => 1 + (depths.get(sourceVertexId) ?? 0)),
    );
    depths.set(id, depth);
    sums.set(depth, parallelism + (sums.get(depth) ?? 0));
  }
  return Math.max(...sums.values());
}

function planSlots({ vertices, edges }: JobGraph): readonly SlotPlan[] {
  const pipelines = new DisjointSets();
  for (const { exchange, sourceVertexId, targetVertexId } of edges) {
    if (exchange === 'PIPELINED') pipelines.join(sourceVertexId, targetVertexId);
  }
  const groupOf = (vertex: JobVertex): string =>
    `${pipelines.find(vertex.id)}:${vertex.slotSharingGroup}`;
  const slots: SlotPlan[] = [];
  for (const group of new Set(vertices.map(groupOf))) {
    const members = vertices.filter((vertex) => groupOf(vertex) === group);
    const { slotSharingGroup } = defined(members[0], 'a group has a member');
    for (const subtaskIndex of indices(Math.max(...members.map((v) => v.parallelism)))) {
      const here = members.filter((vertex) => subtaskIndex < vertex.parallelism);
      const subtasks = here.map((vertex) => ({ vertexId: vertex.id, subtaskIndex }));
      slots.push({ slotIndex: slots.length, slotSharingGroup, subtasks });
    }
  }
  return slots;
}

function planRegions(
  jobGraph: JobGraph,
  vertices: readonly ExecutionVertex[],
  edges: readonly ExecutionEdge[],
  slots: readonly SlotPlan[],
): readonly RegionPlan[] {
  const byVertex = new Map(vertices.map(({ vertexId, subtasks }) => [vertexId, subtasks]));
  const slotOf = (vertexId: string, subtaskIndex: number): string =>
    String(byVertex.get(vertexId)?.[subtaskIndex]?.slotIndex);
  const pairsOf = (edge: JobEdge): readonly (readonly [string, string])[] =>
    (edges[edge.id]?.channels ?? []).map(({ from, to }) => [
      slotOf(edge.sourceVertexId, from),
      slotOf(edge.targetVertexId, to),
    ]);
  const joined = new DisjointSets();
  const pipelined = jobGraph.edges.filter(({ exchange }) => exchange === 'PIPELINED');
  for (const [from, to] of pipelined.flatMap(pairsOf)) joined.join(from, to);
  const roots = [...new Set(slots.map(({ slotIndex }) => joined.find(String(slotIndex))))];
  const regionOf = (slot: string): number => roots.indexOf(joined.find(slot));
  const inputs = roots.map(() => new Set<number>());
  const blocking = jobGraph.edges.filter(({ exchange }) => exchange === 'BLOCKING');
  for (const [from, to] of blocking.flatMap(pairsOf)) inputs[regionOf(to)]?.add(regionOf(from));
  const members = Map.groupBy(slots, ({ slotIndex }) => regionOf(String(slotIndex)));
  return roots.map((_, regionIndex) => ({
    regionIndex,
    slots: (members.get(regionIndex) ?? []).map(({ slotIndex }) => slotIndex),
    inputs: [...(inputs[regionIndex] ?? [])].toSorted((a, b) => a - b),
  }));
}

/** Union-find over names. */
class DisjointSets {
  readonly #parents = new Map<string, string>();

  find(name: string): string {
    const parent = this.#parents.get(name) ?? name;
    if (parent === name) return name;
    const root = this.find(parent);
    this.#parents.set(name, root);
    return root;
  }

  join(left: string, right: string): void {
    this.#parents.set(this.find(left), this.find(right));
  }
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
