/** How much there is to read for the stages of a job in BATCH whose parallelism is open. */
import { defined, type FileSystem } from '../core/index.ts';
import {
  type DecidedParallelism,
  decideParallelism,
  type ExecutionGraph,
  type StageLimits,
} from '../graph/index.ts';
import { resultPath } from '../protocol/index.ts';
import type { ResultStorage } from './blocking-results.ts';
import type { DeployedRegions } from './deployed-regions.ts';

export interface StageSizing {
  readonly graph: ExecutionGraph;
  readonly storage: ResultStorage;
  readonly limits: Omit<StageLimits, 'maxParallelism'>;
  readonly fileSystem: Pick<FileSystem, 'stat'>;
  readonly regions: Pick<DeployedRegions, 'get'>;
}

/** Regions of a vertex, and how many of them there is something to do for. */
export interface SizedStage {
  readonly regionIndexes: readonly number[];
  readonly count: number;
}

/** @param regionIndexes of vertices whose input is there. */
export async function sizeStages(
  sizing: StageSizing,
  regionIndexes: readonly number[],
): Promise<{ readonly stages: readonly SizedStage[]; readonly decided: DecidedParallelism }> {
  const { graph, limits } = sizing;
  const byVertex = Map.groupBy(regionIndexes, (at) => vertexOf(graph, at));
  const stages: SizedStage[] = [];
  const decided: Record<string, number> = {};
  for (const [vertexId, indexes] of byVertex) {
    const size = { inputBytes: 0, broadcastBytes: 0 };
    for (const edge of graph.jobGraph.edges) {
      if (edge.targetVertexId !== vertexId) continue;
      const bytes = await storedBytes(sizing, edge.id, edge.sourceVertexId);
      if (edge.partitioner === 'BROADCAST') size.broadcastBytes += bytes;
      else size.inputBytes += bytes;
    }
    const maxParallelism = indexes.length;
    const minParallelism = Math.min(limits.minParallelism, maxParallelism);
    const count = decideParallelism(size, { ...limits, minParallelism, maxParallelism });
    decided[vertexId] = count;
    stages.push({ regionIndexes: indexes, count });
  }
  return { stages, decided };
}

/** One slot with one subtask: of a blocking stage. */
function vertexOf({ regions, slots }: ExecutionGraph, regionIndex: number): string {
  const slotIndex = regions[regionIndex]?.slots[0] ?? -1;
  return defined(slots[slotIndex]?.subtasks[0], 'an open region has a subtask').vertexId;
}

/** A file that is gone is noticed by who reads it. */
async function storedBytes(
  { graph, storage, fileSystem, regions }: StageSizing,
  edgeId: number,
  sourceVertexId: string,
): Promise<number> {
  const source = graph.vertices.find(({ vertexId }) => vertexId === sourceVertexId);
  let bytes = 0;
  for (const { subtaskIndex, slotIndex } of source?.subtasks ?? []) {
    const at = graph.regions.findIndex(({ slots }) => slots.includes(slotIndex));
    const path = resultPath(storage.directory, edgeId, subtaskIndex, regions.get(at)?.attempt ?? 0);
    const status = await fileSystem.stat(path).catch(() => undefined);
    bytes += status?.sizeBytes ?? 0;
  }
  return bytes;
}
