/** Job graphs for tests of the cost model. */
import { buildExecutionGraph, type ExecutionGraph, type JobEdge } from '../../../graph/index.ts';
import { COST_DEFAULTS, type CostInput, memoryMbOf } from './cost-input.ts';

export interface PipelineSettings {
  readonly parallelism?: number;
  readonly partitioner?: JobEdge['partitioner'];
  readonly sourceParallelism?: number;
  readonly maxParallelism?: number;
}

/** `Source: events -> Map` ─▶ `Count -> Sink: out`. */
export function pipeline({
  parallelism = 1,
  partitioner = 'HASH',
  sourceParallelism = parallelism,
  maxParallelism = 128,
}: PipelineSettings = {}): ExecutionGraph {
  const [source, count] = ['a'.repeat(32), 'b'.repeat(32)];
  const shared = { maxParallelism, slotSharingGroup: 'default' };
  return buildExecutionGraph({
    jobName: 'pipeline',
    jobType: 'STREAMING',
    vertices: [
      {
        ...{ ...shared, id: source, name: 'Source: events -> Map', parallelism: sourceParallelism },
        operators: [
          { nodeId: 1, operatorId: source, name: 'Source: events', operator: 'Source: events' },
          {
            ...{ nodeId: 2, operatorId: 'c'.repeat(32), uid: 'parse', name: 'Map' },
            ...{ operator: 'Map', chainInput: { nodeId: 1 } },
          },
        ],
      },
      {
        ...{ ...shared, id: count, name: 'Count -> Sink: out', parallelism },
        operators: [
          { nodeId: 3, operatorId: count, uid: 'count', name: 'Count', operator: 'Count' },
          {
            ...{ nodeId: 4, operatorId: 'd'.repeat(32), name: 'Sink: out' },
            ...{ operator: 'Sink: Writer', chainInput: { nodeId: 3 } },
          },
        ],
      },
    ],
    edges: [
      {
        ...{ id: 0, sourceVertexId: source, sourceNodeId: 2, targetVertexId: count },
        ...{ targetNodeId: 3, inputIndex: 0, partitioner, exchange: 'PIPELINED' },
      },
    ],
    hash: '0'.repeat(32),
  });
}

/** Of {@link pipeline} with 500 records of 200 bytes a second, and a checkpoint a minute. */
export function costInput(
  settings: PipelineSettings = {},
  given: Partial<CostInput> = {},
): CostInput {
  return {
    ...COST_DEFAULTS,
    executionGraph: pipeline(settings),
    memoryMb: memoryMbOf(given.taskSlots ?? COST_DEFAULTS.taskSlots),
    rateRecordsPerS: 500,
    recordBytes: 200,
    checkpointIntervalMs: 60_000,
    ...given,
  };
}
