/** How many records go through every operator of a job, and how large they are. Pure. */
import { StreamError } from '../../../core/index.ts';
import type { ChainedOperator, JobGraph, JobVertex } from '../../../graph/index.ts';
import type { CostInput, OperatorFacts } from './cost-input.ts';

/** Of all subtasks of an operator together. */
export interface OperatorTraffic {
  readonly inRecordsPerS: number;
  readonly outRecordsPerS: number;
  /** Of a record that it gives. */
  readonly outBytes: number;
}

/** By node id. */
export type JobTraffic = ReadonlyMap<number, OperatorTraffic>;

type TrafficInput = Pick<CostInput, 'rateRecordsPerS' | 'recordBytes' | 'operators'>;

const NOTHING: OperatorTraffic = { inRecordsPerS: 0, outRecordsPerS: 0, outBytes: 0 };

/**
 * From the sources on: an operator gives `selectivity` records for each that it takes, on each of
 * its edges. Sources without a rate of their own share the job's evenly.
 *
 * @throws {StreamError} `COST_OPERATOR_UNKNOWN`
 */
export function jobTraffic(jobGraph: JobGraph, input: TrafficInput): JobTraffic {
  checkOperators(jobGraph, input.operators);
  const traffic = new Map<number, OperatorTraffic>();
  const sources = sourcesOf(jobGraph);
  const unrated = sources.filter(
    (source) => factsOf(input.operators, source)?.rateRecordsPerS === undefined,
  );
  const share = input.rateRecordsPerS / Math.max(1, unrated.length);
  for (const vertex of jobGraph.vertices) {
    for (const operator of vertex.operators) {
      const facts = factsOf(input.operators, operator);
      const isSource = sources.includes(operator);
      const taken = isSource
        ? { records: facts?.rateRecordsPerS ?? share, bytes: input.recordBytes }
        : inputOf(jobGraph, vertex, operator, traffic);
      traffic.set(operator.nodeId, {
        inRecordsPerS: taken.records,
        outRecordsPerS: taken.records * (facts?.selectivity ?? 1),
        outBytes: facts?.recordBytes ?? taken.bytes,
      });
    }
  }
  return traffic;
}

/** Heads of vertices without an input. */
export function sourcesOf({ vertices, edges }: JobGraph): readonly ChainedOperator[] {
  const fed = new Set(edges.map(({ targetVertexId }) => targetVertexId));
  return vertices
    .filter(({ id }) => !fed.has(id))
    .flatMap(({ operators }) => operators.slice(0, 1));
}

/** What is said of an operator, by its uid before its name. */
export function factsOf(
  operators: readonly OperatorFacts[],
  { uid, name, operatorId }: Pick<ChainedOperator, 'uid' | 'name' | 'operatorId'>,
): OperatorFacts | undefined {
  const said = (called: string | undefined): OperatorFacts | undefined =>
    called === undefined ? undefined : operators.find(({ operator }) => operator === called);
  return said(uid) ?? said(operatorId) ?? said(name);
}

interface Taken {
  readonly records: number;
  readonly bytes: number;
}

function inputOf(
  { edges }: JobGraph,
  vertex: JobVertex,
  { nodeId, chainInput }: ChainedOperator,
  traffic: JobTraffic,
): Taken {
  const nodes =
    chainInput === undefined
      ? edges
          .filter((edge) => edge.targetVertexId === vertex.id && edge.targetNodeId === nodeId)
          .map(({ sourceNodeId }) => sourceNodeId)
      : [chainInput.nodeId];
  const inputs = nodes.map((node) => traffic.get(node) ?? NOTHING);
  const records = inputs.reduce((sum, { outRecordsPerS }) => sum + outRecordsPerS, 0);
  const bytesPerS = inputs.reduce((sum, one) => sum + one.outRecordsPerS * one.outBytes, 0);
  return { records, bytes: records === 0 ? (inputs[0]?.outBytes ?? 0) : bytesPerS / records };
}

function checkOperators({ vertices }: JobGraph, said: readonly OperatorFacts[]): void {
  const all = vertices.flatMap(({ operators }) => operators);
  const unknown = said.find((facts) => !all.some((operator) => factsOf([facts], operator)));
  if (unknown === undefined) return;
  const names = all.map(({ uid, name }) => (uid === undefined ? `'${name}'` : `'${uid}'`));
  throw new StreamError({
    kind: 'invalid',
    code: 'COST_OPERATOR_UNKNOWN',
    message:
      `the job has no operator of this uid or name, only ${names.join(', ')}: ` +
      `operator=${unknown.operator}`,
    details: { operator: unknown.operator },
  });
}
