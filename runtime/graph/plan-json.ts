import type { DeliveryGuarantee } from '../connectors/index.ts';
import type { ChainedOperator, JobGraph, JobType, JobVertex } from './job-graph.ts';
import { resolveParallelism } from './parallelism.ts';
import type { StreamGraph, StreamNode } from './stream-graph.ts';

/** `env.getExecutionPlan()`: one entry an operator, as Flink's plan visualizer reads it. */
export interface ExecutionPlanJson {
  readonly nodes: readonly ExecutionPlanNode[];
}

export interface ExecutionPlanNode {
  readonly id: number;
  readonly type: string;
  readonly pact: 'Data Source' | 'Operator' | 'Data Sink';
  readonly contents: string;
  readonly parallelism: number;
  /** Of sinks: what their output is worth after a failure. */
  readonly guarantee?: DeliveryGuarantee;
  /** Absent for sources. */
  readonly predecessors?: readonly {
    readonly id: number;
    readonly ship_strategy: string;
    readonly side: 'first' | 'second';
  }[];
}

/**
 * The operators before chaining; sinks last, else by id.
 *
 * @see Flink `JSONGenerator`.
 */
export function executionPlanJson(graph: StreamGraph): ExecutionPlanJson {
  const sinksLast = [...graph.nodes].sort((a, b) => Number(!!a.isSink) - Number(!!b.isSink));
  return { nodes: sinksLast.map((node) => planNode(graph, node)) };
}

function planNode(graph: StreamGraph, node: StreamNode): ExecutionPlanNode {
  const isSource = node.inEdges.length === 0;
  const predecessors = node.inEdges.map((edge) => ({
    id: edge.sourceNodeId,
    ship_strategy: edge.partitioner.kind,
    side: edge.inputIndex === 0 ? ('first' as const) : ('second' as const),
  }));
  return {
    id: node.id,
    type: node.name,
    pact: isSource ? 'Data Source' : node.isSink ? 'Data Sink' : 'Operator',
    contents: node.name,
    parallelism: resolveParallelism(node, graph).parallelism,
    ...(node.sink === undefined ? {} : { guarantee: node.sink.guarantee }),
    ...(isSource ? {} : { predecessors }),
  };
}

/** `plan` of Flink's `GET /jobs/:id`: one entry a job vertex. */
export interface JobPlanJson {
  readonly jid: string;
  readonly name: string;
  readonly type: JobType;
  readonly nodes: readonly JobPlanNode[];
}

export interface JobPlanNode {
  readonly id: string;
  readonly parallelism: number;
  readonly operator: string;
  readonly operator_strategy: string;
  /** HTML: the chain as a tree, a line each. */
  readonly description: string;
  /** Absent for sources. */
  readonly inputs?: readonly {
    readonly num: number;
    readonly id: string;
    readonly ship_strategy: string;
    readonly exchange: 'pipelined_bounded' | 'blocking';
  }[];
  readonly optimizer_properties: Readonly<Record<string, never>>;
}

/**
 * The job vertices, in the JobGraph's order.
 *
 * @param jobId 32 hex digits.
 * @see Flink `JsonPlanGenerator`.
 */
export function jobPlanJson(graph: JobGraph, jobId: string): JobPlanJson {
  const nodes = graph.vertices.map((vertex): JobPlanNode => {
    const inputs = graph.edges.filter((edge) => edge.targetVertexId === vertex.id);
    const described = inputs.map((edge, num) => ({
      num,
      id: edge.sourceVertexId,
      ship_strategy: edge.partitioner,
      exchange:
        edge.exchange === 'BLOCKING' ? ('blocking' as const) : ('pipelined_bounded' as const),
    }));
    return {
      id: vertex.id,
      parallelism: vertex.parallelism,
      operator: '',
      operator_strategy: '',
      description: descriptionHtml(vertex),
      ...(described.length === 0 ? {} : { inputs: described }),
      optimizer_properties: {},
    };
  });
  return { jid: jobId, name: graph.jobName, type: graph.jobType, nodes };
}

/** Flink's `pipeline.vertex-description-mode: TREE`. */
function descriptionHtml(vertex: JobVertex): string {
  const [head] = vertex.operators;
  if (head === undefined) return '';
  const lines = [head.name, ...treeLines(vertex, head, '')];
  return lines.map((line) => `${escapeHtml(line)}<br/>`).join('');
}

function treeLines(vertex: JobVertex, parent: ChainedOperator, indent: string): readonly string[] {
  const children = vertex.operators.filter((op) => op.chainInput?.nodeId === parent.nodeId);
  return children.flatMap((child, index) => {
    const last = index === children.length - 1;
    const below = treeLines(vertex, child, `${indent}${last ? '   ' : ':  '}`);
    return [`${indent}${last ? '+- ' : ':- '}${child.name}`, ...below];
  });
}

function escapeHtml(text: string): string {
  const escaped: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
  };
  return text.replace(/[&<>"]/g, (char) => escaped[char] ?? char);
}
