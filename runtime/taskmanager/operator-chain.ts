/**
 * Builds the operators of one subtask and joins them: each operator's output calls the next
 * operator, or the writer of an edge.
 */
import type { OperatorStateHandler } from '../checkpoint/index.ts';
import { assert, defined } from '../core/index.ts';
import type { JobVertex, StreamGraph, StreamNode } from '../graph/index.ts';
import {
  type Input,
  type OneInputOperator,
  type Operator,
  type OperatorContext,
  type SourceOperator,
  userFailure,
} from '../operators/index.ts';
import { ChainOutput } from './chain-output.ts';
import type { RecordWriter } from './record-writer.ts';

/** One operator of a chain with its output. */
export interface ChainLink {
  readonly nodeId: number;
  readonly operatorId: string;
  readonly name: string;
  readonly operator: Operator;
  readonly states: Pick<OperatorStateHandler, 'snapshot' | 'query'>;
  /** Undefined for the head, whose inputs are gates or none. */
  readonly input: Input<unknown> | undefined;
  /** Whose main output it takes; undefined for the head, and where it takes a side output. */
  readonly takes: ChainOutput | undefined;
  readonly output: ChainOutput;
  /** Its `open()` has been called and has not returned: for people. */
  isOpening?: boolean;
}

export async function openLink(link: ChainLink): Promise<void> {
  link.isOpening = true;
  await link.operator.open();
  link.isOpening = false;
}

export interface OperatorChain {
  /** Head first. */
  readonly links: readonly ChainLink[];
  /** The head's inputs by index: none for a source, one or two otherwise. */
  readonly headInputs: readonly Input<unknown>[];
  readonly source: SourceOperator | undefined;
}

/** What an operator is made with. */
export interface OperatorSurroundings {
  readonly ctx: OperatorContext;
  readonly states: Pick<OperatorStateHandler, 'snapshot' | 'query'>;
}

/** A writer of an edge and the output it belongs to. */
export interface EdgeOutput {
  readonly nodeId: number;
  readonly sideOutputTag: string | undefined;
  readonly writer: RecordWriter;
}

/** Builds, joins and seals the chain; nothing is opened yet. */
export function buildOperatorChain(
  vertex: JobVertex,
  graph: StreamGraph,
  edgeOutputs: readonly EdgeOutput[],
  surroundingsOf: (nodeId: number) => OperatorSurroundings,
): OperatorChain {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  let headInputs: readonly Input<unknown>[] = [];
  let source: SourceOperator | undefined;
  const outputs = new Map(
    vertex.operators.map(({ nodeId }) => [nodeId, new ChainOutput(graph.jobType)]),
  );
  const outputOf = (nodeId: number): ChainOutput =>
    defined(outputs.get(nodeId), 'an operator of the chain has an output');
  const links = vertex.operators.map((chained, position): ChainLink => {
    const node = defined(nodes.get(chained.nodeId), 'a chained operator is a node of the graph');
    const output = outputOf(chained.nodeId);
    const { ctx, states } = surroundingsOf(node.id);
    const { operatorId, name, chainInput } = chained;
    const made = makeNamed(node, ctx, output);
    if (position === 0) {
      headInputs = made.inputs;
      source = made.source;
    }
    const input = position === 0 ? undefined : made.inputs[0];
    const isMain = chainInput !== undefined && chainInput.sideOutputTag === undefined;
    return {
      ...{ nodeId: node.id, operatorId, name, operator: made.operator, states, input, output },
      takes: isMain ? outputOf(chainInput.nodeId) : undefined,
    };
  });
  join(vertex, links, edgeOutputs);
  return { links, headInputs, source };
}

interface MadeOperator {
  readonly operator: Operator;
  readonly inputs: readonly Input<unknown>[];
  readonly source: SourceOperator | undefined;
}

/** What making an operator throws (a source's `createReader`) names the operator. */
function makeNamed(node: StreamNode, ctx: OperatorContext, output: ChainOutput): MadeOperator {
  try {
    return makeOperator(node, ctx, output);
  } catch (thrown) {
    throw userFailure(ctx, 'creation', thrown);
  }
}

function makeOperator(node: StreamNode, ctx: OperatorContext, output: ChainOutput): MadeOperator {
  const body = node.body;
  switch (body.kind) {
    case 'source': {
      const operator = body.factory(ctx, output);
      return { operator, inputs: [], source: operator };
    }
    case 'one-input': {
      const operator: OneInputOperator<unknown> = body.factory(ctx, output);
      return { operator, inputs: [operator], source: undefined };
    }
    case 'two-input': {
      const operator = body.factory(ctx, output);
      return { operator, inputs: [operator.first, operator.second], source: undefined };
    }
  }
}

function join(
  vertex: JobVertex,
  links: readonly ChainLink[],
  edgeOutputs: readonly EdgeOutput[],
): void {
  const byNode = new Map(links.map((link) => [link.nodeId, link]));
  const linkOf = (nodeId: number): ChainLink =>
    defined(byNode.get(nodeId), 'a chain input is an operator of the same chain');
  for (const chained of vertex.operators) {
    if (chained.chainInput === undefined) continue;
    const link = linkOf(chained.nodeId);
    assert(link.input !== undefined, 'a chained operator has one input');
    linkOf(chained.chainInput.nodeId).output.addTarget(
      link.input,
      chained.chainInput.sideOutputTag,
    );
  }
  for (const edge of edgeOutputs) {
    linkOf(edge.nodeId).output.addTarget(edge.writer, edge.sideOutputTag);
  }
  for (const link of links) link.output.seal();
}
