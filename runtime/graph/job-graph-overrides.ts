import type { StreamError } from '../core/index.ts';
import { graphError } from './errors.ts';
import type { JobEdge, JobVertex } from './job-graph.ts';

/**
 * What a running or restored job changes in the graph its program builds. A plain JSON value: the
 * client and every slot apply the same one.
 */
export interface JobGraphOverrides {
  /** By vertex id. */
  readonly parallelism?: Readonly<Record<string, number>>;
  /** By vertex id; what the restored state was partitioned by. */
  readonly maxParallelism?: Readonly<Record<string, number>>;
}

/**
 * The vertices with the overrides in force. Chaining stays what it was, so that ids do.
 *
 * @param limitOf how many subtasks the vertex's operators can work with.
 * @throws {StreamError} `UNKNOWN_VERTEX`, `INVALID_PARALLELISM`, `PARALLELISM_ABOVE_MAX`,
 * `FORWARD_PARALLELISM_MISMATCH` for two ends of a forward edge with different parallelism.
 */
export function overrideVertices(
  vertices: readonly JobVertex[],
  edges: readonly JobEdge[],
  overrides: JobGraphOverrides,
  limitOf: (vertex: JobVertex) => number,
): readonly JobVertex[] {
  for (const id of Object.keys(overrides.parallelism ?? {})) {
    if (!vertices.some((vertex) => vertex.id === id)) throw unknownVertex(id, vertices);
  }
  const changed = vertices.map((vertex): JobVertex => {
    const parallelism = overrides.parallelism?.[vertex.id] ?? vertex.parallelism;
    const maxParallelism = overrides.maxParallelism?.[vertex.id] ?? vertex.maxParallelism;
    check(vertex, parallelism, Math.min(maxParallelism, limitOf(vertex)));
    return { ...vertex, parallelism, maxParallelism };
  });
  const byId = new Map(changed.map((vertex) => [vertex.id, vertex]));
  for (const edge of edges) {
    const source = byId.get(edge.sourceVertexId);
    const target = byId.get(edge.targetVertexId);
    if (edge.partitioner !== 'FORWARD' || source?.parallelism === target?.parallelism) continue;
    throw graphError(
      'FORWARD_PARALLELISM_MISMATCH',
      'both ends of a forward edge need the same parallelism: change both, or put rebalance() ' +
        `between them source='${source?.name}' target='${target?.name}'`,
      { source: source?.name ?? '', target: target?.name ?? '' },
    );
  }
  return changed;
}

function check(vertex: JobVertex, parallelism: number, maxParallelism: number): void {
  const { name } = vertex;
  if (!Number.isSafeInteger(parallelism) || parallelism < 1) {
    throw graphError(
      'INVALID_PARALLELISM',
      `the parallelism of vertex '${name}' must be a positive integer parallelism=${parallelism}`,
      { vertex: name, parallelism },
    );
  }
  if (parallelism <= maxParallelism) return;
  throw graphError(
    'PARALLELISM_ABOVE_MAX',
    `vertex '${name}' cannot have more subtasks than its state has key groups: choose at most ` +
      `${maxParallelism} parallelism=${parallelism} maxParallelism=${maxParallelism}`,
    { operator: name, parallelism, maxParallelism },
  );
}

function unknownVertex(id: string, vertices: readonly JobVertex[]): StreamError {
  const known = vertices.map((vertex) => `${vertex.id} (${vertex.name})`).join(', ');
  return graphError('UNKNOWN_VERTEX', `the job has no such vertex: one of ${known} vertex=${id}`, {
    vertex: id,
  });
}
