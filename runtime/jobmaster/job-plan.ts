import { type CheckpointManifest, storedMaxParallelism } from '../checkpoint/index.ts';
import {
  buildExecutionGraph,
  type ExecutionGraph,
  generateJobGraph,
  type JobGraphOverrides,
  type StreamGraph,
  verticesOfDerivedMaxParallelism,
} from '../graph/index.ts';

/** A job laid out, and what the slots must know to lay out the same. */
export interface JobPlan {
  readonly executionGraph: ExecutionGraph;
  readonly overrides: JobGraphOverrides;
}

/**
 * Lays a job out at the parallelism asked for. Where nobody chose a max parallelism, the one that
 * `restored` state was partitioned by stays in force, since keys belong to its key groups.
 *
 * @param parallelism by vertex id; vertices not named keep their own.
 * @throws {StreamError} as {@link generateJobGraph} does.
 */
export function planJobExecution(
  graph: StreamGraph,
  parallelism: Readonly<Record<string, number>>,
  restored: CheckpointManifest | undefined,
): JobPlan {
  const plain = generateJobGraph(graph);
  const derived = verticesOfDerivedMaxParallelism(graph, plain);
  const stored =
    restored === undefined ? new Map<string, number>() : storedMaxParallelism(restored);
  const maxParallelism: Record<string, number> = {};
  for (const { id, maxParallelism: own, operators } of plain.vertices) {
    // A changed parallelism does not change the key groups of a job that runs.
    if (parallelism[id] !== undefined && derived.has(id)) maxParallelism[id] = own;
    for (const { operatorId } of operators) {
      const known = stored.get(operatorId);
      if (known !== undefined && derived.has(id)) maxParallelism[id] = known;
    }
  }
  const overrides: JobGraphOverrides = {
    ...(Object.keys(parallelism).length === 0 ? {} : { parallelism }),
    ...(Object.keys(maxParallelism).length === 0 ? {} : { maxParallelism }),
  };
  return planOf(graph, overrides);
}

/** The layout with these overrides. */
export function planOf(graph: StreamGraph, overrides: JobGraphOverrides): JobPlan {
  return { executionGraph: buildExecutionGraph(generateJobGraph(graph, overrides)), overrides };
}

/**
 * The same job as one region: its slots start, fail and restart together, whether channels join
 * them or not. For masters that work in turns, whose attempts are all of the job's.
 */
export function asOneRegion(plan: JobPlan): JobPlan {
  const { executionGraph } = plan;
  if (executionGraph.regions.length <= 1) return plan;
  const slots = executionGraph.slots.map(({ slotIndex }) => slotIndex);
  const regions = [{ regionIndex: 0, slots, inputs: [] }];
  return { ...plan, executionGraph: { ...executionGraph, regions } };
}
