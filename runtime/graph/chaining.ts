import { defined } from '../core/index.ts';
import { resolveParallelism } from './parallelism.ts';
import type { StreamEdge, StreamGraph, StreamNode } from './stream-graph.ts';

/** An edge with the node it leads to. */
export interface OutEdge {
  readonly edge: StreamEdge;
  readonly target: StreamNode;
}

/** A StreamGraph with what its rules ask for again and again. */
export interface Topology {
  readonly graph: StreamGraph;
  node(id: number): StreamNode;
  /** In order of the consumers' creation. */
  outEdges(id: number): readonly OutEdge[];
  slotSharingGroup(id: number): string;
  parallelism(id: number): number;
}

/** Indexes a graph. Slot sharing groups are inherited where all inputs agree, else `default`. */
export function topologyOf(graph: StreamGraph): Topology {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const out = new Map<number, OutEdge[]>(graph.nodes.map((node) => [node.id, []]));
  const groups = new Map<number, string>();
  const parallelism = new Map<number, number>();
  for (const node of graph.nodes) {
    parallelism.set(node.id, resolveParallelism(node, graph).parallelism);
    const inherited = new Set(node.inEdges.map((edge) => groups.get(edge.sourceNodeId)));
    const [only] = inherited;
    const fallback = inherited.size === 1 && only !== undefined ? only : 'default';
    groups.set(node.id, node.slotSharingGroup ?? fallback);
    for (const edge of node.inEdges) out.get(edge.sourceNodeId)?.push({ edge, target: node });
  }
  return {
    graph,
    node: (id) => defined(nodes.get(id), `stream node ${id} exists`),
    outEdges: (id) => out.get(id) ?? [],
    slotSharingGroup: (id) => groups.get(id) ?? 'default',
    parallelism: (id) => defined(parallelism.get(id), `stream node ${id} exists`),
  };
}

/** In BATCH a keyed operator begins a chain: the input of a task is what can be sorted. */
function sortsInput({ jobType }: StreamGraph, { keyed }: StreamNode): boolean {
  return jobType === 'BATCH' && keyed === true;
}

/**
 * Whether an edge becomes a function call.
 *
 * @see Flink `StreamingJobGraphGenerator.isChainable`.
 */
export function isChainable(topology: Topology, { edge, target }: OutEdge): boolean {
  const source = topology.node(edge.sourceNodeId);
  return (
    topology.graph.chainingEnabled &&
    target.inEdges.length === 1 &&
    edge.partitioner.kind === 'FORWARD' &&
    source.chaining !== 'NEVER' &&
    target.chaining === 'ALWAYS' &&
    source.adaptive === target.adaptive &&
    !sortsInput(topology.graph, target) &&
    topology.slotSharingGroup(source.id) === topology.slotSharingGroup(target.id) &&
    topology.parallelism(source.id) === topology.parallelism(target.id)
  );
}
