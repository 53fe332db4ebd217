/**
 * The program of one job while it is written: every stream belongs to one.
 *
 * Owns the graph under construction. Crosses: streams add operators through {@link addOperator};
 * the environment builds the graph.
 *
 * I1  Streams of two programs never meet in one graph.
 * I2  Once executed, a program takes no more operators; the environment begins a new one.
 */
import {
  type MutableStreamNode,
  type NodeBody,
  type PartitionerSpec,
  type StreamEdgeInit,
  StreamGraphBuilder,
  type StreamNodeInit,
} from '../graph/index.ts';
import { invalid } from './arguments.ts';
import type { ExecuteOptions, JobExecutionResult } from './job-executor.ts';
import type { StreamFactory } from './stream-factory.ts';

/** What streams need of their environment. */
export interface ProgramEnvironment {
  execute(
    jobName: string | undefined,
    options: Omit<ExecuteOptions, 'configuration'>,
  ): Promise<JobExecutionResult>;
}

export class JobProgram {
  readonly environment: ProgramEnvironment;
  readonly streams: StreamFactory;
  readonly builder = new StreamGraphBuilder();
  executed = false;
  #collectors = 0;

  constructor(environment: ProgramEnvironment, streams: StreamFactory) {
    this.environment = environment;
    this.streams = streams;
  }

  /** An id for a collect sink, the same whenever the program is built again. */
  nextCollectId(): string {
    this.#collectors += 1;
    return `collect-${this.#collectors}`;
  }
}

/** Where a stream's records come from: several edges for a union. */
export interface Upstream {
  readonly program: JobProgram;
  readonly edges: readonly Omit<StreamEdgeInit, 'inputIndex'>[];
}

export type OperatorInit = Omit<StreamNodeInit, 'inEdges' | 'chaining'> &
  Partial<Pick<StreamNodeInit, 'chaining'>>;

/**
 * Adds an operator that reads the given inputs, in order.
 *
 * @throws {StreamError} `FOREIGN_STREAM` (I1), `JOB_ALREADY_EXECUTED` (I2).
 */
export function addOperator(
  inputs: readonly [Upstream, ...Upstream[]],
  init: OperatorInit,
): MutableStreamNode {
  const { program } = inputs[0];
  for (const input of inputs) checkSameProgram(program, input.program, init.name);
  checkOpen(program);
  const inEdges = inputs.flatMap((input, inputIndex) =>
    input.edges.map((edge) => ({ ...edge, inputIndex })),
  );
  return program.builder.addNode({ chaining: 'ALWAYS', ...init, inEdges });
}

/** Adds a source. */
export function addSource(
  program: JobProgram,
  name: string,
  body: Omit<Extract<NodeBody, { kind: 'source' }>, 'kind'>,
): MutableStreamNode {
  return program.builder.addNode({
    name: `Source: ${name}`,
    operator: 'Source',
    body: { kind: 'source', ...body },
    inEdges: [],
    chaining: 'ALWAYS',
  });
}

/** @throws {StreamError} `JOB_ALREADY_EXECUTED` (I2). */
export function checkOpen(program: JobProgram): void {
  if (!program.executed) return;
  throw invalid(
    'JOB_ALREADY_EXECUTED',
    'the stream belongs to a job that was executed already: build streams anew after execute()',
  );
}

/** @throws {StreamError} `FOREIGN_STREAM` (I1). */
export function checkSameProgram(a: JobProgram, b: JobProgram, where: string): void {
  if (a === b) return;
  throw invalid(
    'FOREIGN_STREAM',
    `${where} meets a stream of another environment or of a job executed before: streams of one ` +
      'job come from one environment',
  );
}

/** The upstream that reads a node's main output, or one of its side outputs. */
export function outputOf(
  program: JobProgram,
  node: MutableStreamNode,
  edge: Omit<StreamEdgeInit, 'inputIndex' | 'sourceNodeId'> = {},
): Upstream {
  return { program, edges: [{ sourceNodeId: node.id, ...edge }] };
}

/** The same records, partitioned otherwise. */
export function partitioned(upstream: Upstream, partitioner: PartitionerSpec): Upstream {
  return { ...upstream, edges: upstream.edges.map((edge) => ({ ...edge, partitioner })) };
}
