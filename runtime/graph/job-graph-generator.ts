import { defined, maskText } from '../core/index.ts';
import { isChainable, type Topology, topologyOf } from './chaining.ts';
import { graphError } from './errors.ts';
import type { ChainedOperator, JobEdge, JobGraph, JobVertex } from './job-graph.ts';
import { type JobGraphOverrides, overrideVertices } from './job-graph-overrides.ts';
import { murmur3x128Hex } from './murmur3-128.ts';
import { operatorIds } from './operator-ids.ts';
import { resolveParallelism } from './parallelism.ts';
import type { StreamEdge, StreamGraph, StreamNode } from './stream-graph.ts';

/**
 * Chains a StreamGraph's operators into job vertices. Pure: the same program gives the same
 * value, hash included, in the client and in every slot.
 *
 * @throws {StreamError} any {@link GraphErrorCode}.
 * @see Flink `StreamingJobGraphGenerator`.
 */
export function generateJobGraph(graph: StreamGraph, overrides: JobGraphOverrides = {}): JobGraph {
  checkComplete(graph);
  const topology = topologyOf(graph);
  const ids = operatorIds(topology);
  const heads = graph.nodes.filter((node) => isHead(topology, node));
  const chains = heads.map((head) => ({ head, operators: chainOf(topology, ids, head) }));
  const built = chains.map(({ head, operators }) => vertexOf(topology, head, operators));
  const edges = edgesBetween(topology, built);
  const vertices = overrideVertices(built, edges, overrides, (vertex) =>
    Math.min(...vertex.operators.map(({ nodeId }) => subtaskLimit(topology.node(nodeId)))),
  );
  const { jobName, jobType } = graph;
  const content = { jobName, jobType, vertices, edges };
  return { ...content, hash: murmur3x128Hex(canonicalJson(content)) };
}

/** Ids of the vertices whose max parallelism nobody chose: a restored job keeps its own. */
export function verticesOfDerivedMaxParallelism(
  graph: StreamGraph,
  jobGraph: JobGraph,
): ReadonlySet<string> {
  if (graph.maxParallelism !== -1) return new Set();
  const chosen = new Set(
    graph.nodes.filter((node) => node.maxParallelism !== undefined).map((node) => node.id),
  );
  const derived = jobGraph.vertices.filter(
    ({ operators }) => !operators.some(({ nodeId }) => chosen.has(nodeId)),
  );
  return new Set(derived.map((vertex) => vertex.id));
}

/** How many subtasks an operator can work with. */
function subtaskLimit({ nonParallel, body }: StreamNode): number {
  if (nonParallel === true) return 1;
  const limit = body.kind === 'source' ? body.source.maxParallelism : undefined;
  return limit ?? Number.POSITIVE_INFINITY;
}

/** JSON with sorted members and without undefined ones: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

function checkComplete(graph: StreamGraph): void {
  if (graph.nodes.length === 0) {
    throw graphError(
      'NO_OPERATORS',
      'the job defines no operators: start with env.fromSource(…), env.fromData(…) or ' +
        'env.fromSequence(…)',
    );
  }
  if (graph.nodes.some((node) => node.isSink)) return;
  throw graphError(
    'NO_SINK',
    'the job has no sink, so nothing would be computed: add .print(), .sinkTo(…) or ' +
      '.executeAndCollect() to a stream',
  );
}

function isHead(topology: Topology, node: StreamNode): boolean {
  const [edge] = node.inEdges;
  return edge === undefined || !isChainable(topology, { edge, target: node });
}

function chainedOutputs(topology: Topology, nodeId: number): readonly StreamNode[] {
  const out = topology.outEdges(nodeId).filter((edge) => isChainable(topology, edge));
  return out.map(({ target }) => target);
}

/** Depth first, head first. */
function chainOf(
  topology: Topology,
  ids: ReadonlyMap<number, string>,
  head: StreamNode,
): readonly ChainedOperator[] {
  const chain: ChainedOperator[] = [];
  const visit = (node: StreamNode): void => {
    const [edge] = node === head ? [] : node.inEdges;
    const tag = edge?.sideOutputTag;
    chain.push({
      nodeId: node.id,
      operatorId: defined(ids.get(node.id), 'every node has an id'),
      // Its hash is what counts.
      ...(node.uid === undefined ? {} : { uid: maskText(node.uid) }),
      name: node.name,
      operator: node.operator,
      ...(edge === undefined
        ? {}
        : {
            chainInput: {
              nodeId: edge.sourceNodeId,
              ...(tag === undefined ? {} : { sideOutputTag: tag }),
            },
          }),
    });
    for (const next of chainedOutputs(topology, node.id)) visit(next);
  };
  visit(head);
  return chain;
}

function vertexOf(
  topology: Topology,
  head: StreamNode,
  operators: readonly ChainedOperator[],
): JobVertex {
  const { parallelism, maxParallelism } = resolveParallelism(head, topology.graph);
  return {
    id: defined(operators[0], 'a chain has a head').operatorId,
    name: chainName(topology, head),
    parallelism,
    maxParallelism,
    ...(head.adaptive === undefined ? {} : { adaptive: head.adaptive }),
    slotSharingGroup: topology.slotSharingGroup(head.id),
    operators,
  };
}

/** `Source: x -> Map`, and `Map -> (Filter, Sink: y)` for several outputs, as Flink shows it. */
function chainName(topology: Topology, node: StreamNode): string {
  const names = chainedOutputs(topology, node.id).map((next) => chainName(topology, next));
  if (names.length === 0) return node.name;
  return `${node.name} -> ${names.length === 1 ? names[0] : `(${names.join(', ')})`}`;
}

/** Subtasks whose number is not known yet have no neighbours. */
function partitionerOf(
  { partitioner: { kind } }: StreamEdge,
  source: StreamNode,
  target: StreamNode,
): JobEdge['partitioner'] {
  const isOpen = source.adaptive === true || target.adaptive === true;
  return isOpen && (kind === 'FORWARD' || kind === 'RESCALE') ? 'REBALANCE' : kind;
}

function edgesBetween(topology: Topology, vertices: readonly JobVertex[]): readonly JobEdge[] {
  const vertexOfNode = new Map(
    vertices.flatMap((vertex) => vertex.operators.map((op) => [op.nodeId, vertex.id] as const)),
  );
  const idOf = (nodeId: number) => defined(vertexOfNode.get(nodeId), 'every node has a vertex');
  const edges: JobEdge[] = [];
  for (const vertex of vertices) {
    const head = topology.node(defined(vertex.operators[0], 'a chain has a head').nodeId);
    for (const edge of head.inEdges) {
      edges.push({
        id: edges.length,
        sourceVertexId: idOf(edge.sourceNodeId),
        sourceNodeId: edge.sourceNodeId,
        ...(edge.sideOutputTag === undefined ? {} : { sideOutputTag: edge.sideOutputTag }),
        targetVertexId: vertex.id,
        targetNodeId: head.id,
        inputIndex: edge.inputIndex,
        partitioner: partitionerOf(edge, topology.node(edge.sourceNodeId), head),
        exchange: topology.graph.exchange,
      });
    }
  }
  return edges;
}
