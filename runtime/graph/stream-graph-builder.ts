/**
 * Owns the nodes while the job function runs. The API adds nodes and changes the settings of
 * those it has handed out; `build` answers a StreamGraph with nothing left to decide.
 *
 * I1  An edge comes from a node added before: ids ascend along every path, no cycles.
 * I2  After `build` every node has a parallelism and every edge a partitioner and, where one was
 *     declared, a type.
 * I3  No name holds a secret that can be told by its looks: names go everywhere, and are cut,
 *     escaped and joined on their way, after which no secret in them could be found any more.
 */
import {
  assert,
  defined,
  MAX_MAX_PARALLELISM,
  maskText,
  type TypeInformation,
} from '../core/index.ts';
import { graphError } from './errors.ts';
import type { ExchangeKind } from './job-graph.ts';
import { jobTypeOf, type RuntimeExecutionMode } from './job-type.ts';
import { type ParallelismDefaults, resolveParallelism } from './parallelism.ts';
import type { PartitionerSpec, StreamEdge, StreamGraph, StreamNode } from './stream-graph.ts';

/** An edge whose partitioner may still be open: FORWARD between equals, else REBALANCE. */
export type StreamEdgeInit = Omit<StreamEdge, 'partitioner'> & {
  readonly partitioner?: PartitionerSpec;
};

export type StreamNodeInit = Omit<StreamNode, 'id' | 'inEdges'> & {
  readonly inEdges: readonly StreamEdgeInit[];
  /** Declared type of the main output. */
  outputType?: TypeInformation<unknown>;
  /** The main output has the type of the first input (filter, reduce). */
  readonly keepsType?: boolean;
  /** It has the parallelism of its one input, so that records stay in their subtask. */
  readonly followsInput?: boolean;
};

/** A node under construction; settings change until `build`. */
export type MutableStreamNode = StreamNodeInit & { readonly id: number };

export interface StreamGraphSettings extends Omit<StreamGraph, 'nodes' | 'jobType' | 'exchange'> {
  /** @defaultValue STREAMING */
  readonly runtimeMode?: RuntimeExecutionMode;
  /** Of a job in BATCH. @defaultValue BLOCKING */
  readonly batchExchange?: ExchangeKind;
  /** Of a job in BATCH whose parallelism nobody has set. @defaultValue as nothing was set */
  readonly adaptive?: AdaptiveParallelism;
}

/** For operators whose parallelism is decided by how much there is for them to read. */
export interface AdaptiveParallelism {
  readonly maxParallelism: number;
  readonly sourceParallelism: number;
}

export class StreamGraphBuilder {
  readonly #nodes: MutableStreamNode[] = [];

  get size(): number {
    return this.#nodes.length;
  }

  /** Of a node that was added: as it is called so far. */
  nameOf(nodeId: number): string {
    return defined(this.#nodes[nodeId - 1], 'a node of the graph').name;
  }

  addNode(init: StreamNodeInit): MutableStreamNode {
    const id = this.#nodes.length + 1;
    for (const edge of init.inEdges) assert(edge.sourceNodeId < id, 'I1: edges come from before');
    const node = { ...init, id };
    this.#nodes.push(node);
    return node;
  }

  /**
   * @throws {StreamError} for parallelism that cannot be (see {@link resolveParallelism}),
   * `UNBOUNDED_SOURCE` of a job that is to run in BATCH.
   */
  build(given: StreamGraphSettings): StreamGraph {
    const { runtimeMode = 'STREAMING', batchExchange = 'BLOCKING', adaptive, ...settings } = given;
    const jobType = jobTypeOf(this.#nodes, runtimeMode);
    const exchange = jobType === 'BATCH' ? batchExchange : 'PIPELINED';
    const nodes = this.#decided(settings, exchange === 'BLOCKING' ? adaptive : undefined);
    return { ...settings, jobName: maskText(settings.jobName), jobType, exchange, nodes };
  }

  #decided(
    settings: ParallelismDefaults,
    adaptive: AdaptiveParallelism | undefined,
  ): readonly StreamNode[] {
    const nodes: StreamNode[] = [];
    const types: (TypeInformation<unknown> | undefined)[] = [];
    for (const { inEdges, outputType, keepsType, followsInput, ...node } of this.#nodes) {
      const draft: StreamNode = { ...node, name: maskText(node.name), inEdges: [] };
      const input = nodes[(inEdges[0]?.sourceNodeId ?? 0) - 1];
      const isSet = this.#nodes[(input?.id ?? 0) - 1]?.parallelism !== undefined;
      const [edge] = inEdges.length === 1 ? inEdges : [];
      // As the operator before it, so that both are one task.
      const isForward = edge?.partitioner?.kind === 'FORWARD';
      const isNext = isForward || (!isSet && edge !== undefined && edge.partitioner === undefined);
      const mayFollow = followsInput || (adaptive !== undefined && isNext && !isDecided(draft));
      const fits = (node.maxParallelism ?? MAX_MAX_PARALLELISM) >= (input?.parallelism ?? 1);
      if (mayFollow && input !== undefined && (followsInput || fits)) {
        const { parallelism, adaptive: open } = input;
        Object.assign(draft, { parallelism }, open === undefined ? {} : { adaptive: open });
      } else if (adaptive !== undefined)
        Object.assign(draft, openParallelism(draft, adaptive, settings));
      const { parallelism } = resolveParallelism(draft, settings);
      const edges = inEdges.map((edge) => {
        const from = defined(nodes[edge.sourceNodeId - 1], 'I1: edges come from before');
        const type =
          edge.type ?? (edge.sideOutputTag === undefined ? types[from.id - 1] : undefined);
        const partitioner = choosePartitioner(edge, from, draft, parallelism);
        return { ...edge, partitioner, ...(type === undefined ? {} : { type }) };
      });
      types.push(outputType ?? (keepsType ? commonType(edges) : undefined));
      nodes.push({ ...draft, parallelism, inEdges: edges });
    }
    return nodes;
  }
}

function isDecided({ parallelism, nonParallel }: StreamNode): boolean {
  return parallelism !== undefined || nonParallel === true;
}

/** What is decided later, where nobody has decided it. */
function openParallelism(
  node: StreamNode,
  adaptive: AdaptiveParallelism,
  defaults: ParallelismDefaults,
): Pick<StreamNode, 'parallelism' | 'adaptive'> {
  const { body } = node;
  const given = node.maxParallelism ?? defaults.maxParallelism;
  if (isDecided(node)) return {};
  if (body.kind !== 'source') {
    const most = given === -1 ? adaptive.maxParallelism : Math.min(adaptive.maxParallelism, given);
    return { parallelism: most, adaptive: true };
  }
  const { maxParallelism: limit = Number.POSITIVE_INFINITY } = body.source;
  return { parallelism: Math.min(adaptive.sourceParallelism, limit) };
}

/** The type all inputs declare; undefined where they differ. */
function commonType(edges: readonly StreamEdge[]): TypeInformation<unknown> | undefined {
  const type = edges[0]?.type;
  return edges.every((edge) => edge.type === type) ? type : undefined;
}

function choosePartitioner(
  edge: StreamEdgeInit,
  from: StreamNode,
  to: StreamNode,
  parallelism: number,
): PartitionerSpec {
  const same = from.parallelism === parallelism;
  if (edge.partitioner === undefined) return { kind: same ? 'FORWARD' : 'REBALANCE' };
  if (edge.partitioner.kind !== 'FORWARD' || same) return edge.partitioner;
  throw graphError(
    'FORWARD_PARALLELISM_MISMATCH',
    `forward() needs the same parallelism on both sides: use rebalance(), rescale(), shuffle(), ` +
      `broadcast() or global() instead, or set equal parallelism from='${from.name}' ` +
      `(${from.parallelism}) to='${to.name}' (${parallelism})`,
    { from: from.name, to: to.name },
  );
}
