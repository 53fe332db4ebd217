/**
 * Deals out a checkpoint's state among the subtasks of a job, whatever their number. State belongs
 * to operators, by id; in which vertex an operator runs may have changed.
 *
 * I1  A keyed entry goes to the subtask that owns its key group, and only there. Segments are
 *     given to every subtask whose key groups they touch; who reads one skips the others.
 * I2  An item of a split list goes to one subtask. At an unchanged parallelism every subtask has
 *     its own items again.
 * I3  A frame that was under way is handed over once: to each subtask that owns one of its key
 *     groups on keyed edges (the reader drops records of others), to one subtask on other edges.
 *     Subtasks may hold several records of an edge, and take those of one sender in any order to
 *     those of another.
 * I4  A subtask has an entry exactly when its vertex runs an operator that the checkpoint knows.
 *
 * @see Flink's `StateAssignmentOperation`.
 */
import { type KeyGroupRange, keyGroupRangeOf, type StreamError } from '../core/index.ts';
import type {
  ChannelStateRecord,
  RestoredOperatorState,
  RestoredSubtaskState,
} from '../protocol/index.ts';
import { checkAssignment } from './assign-state-check.ts';
import {
  type AssignmentGraph,
  type AssignmentOptions,
  type AssignmentVertex,
  edgeOfFrames,
  isPartitioned,
  operatorIdsOf,
  type StoredOperator,
  storedOperators,
} from './assign-state-graph.ts';
import { dealLists } from './assign-state-lists.ts';
import type { CheckpointManifest, ManifestVertex, SourceStateRecord } from './manifest-record.ts';

export interface StateAssignment {
  /** By vertex and subtask index (I4). */
  readonly subtasks: readonly RestoredSubtaskState[];
  /** Enumerators of the sources that the job still has. */
  readonly sources: readonly SourceStateRecord[];
}

/**
 * @param manifest with absolute locations.
 * @throws {StreamError} the first of {@link assignmentErrors}.
 */
export function assignState(
  manifest: CheckpointManifest,
  graph: AssignmentGraph,
  options: AssignmentOptions,
): StateAssignment {
  const [error] = assignmentErrors(manifest, graph, options);
  if (error !== undefined) throw error;
  const stored = storedOperators(manifest);
  const subtasks = graph.vertices.flatMap((vertex) => {
    if (!vertex.operators.some(({ operatorId }) => stored.has(operatorId))) return [];
    return assignVertex(manifest, graph, vertex, stored);
  });
  const known = new Set(operatorIdsOf(graph));
  return {
    subtasks,
    sources: manifest.sources.filter(({ operatorId }) => known.has(operatorId)),
  };
}

/**
 * Why the job cannot start from the checkpoint; empty when it can. All of kind `invalid`:
 * `MAX_PARALLELISM_CHANGED`, `MAX_PARALLELISM_TOO_SMALL`, `NON_RESTORED_STATE`,
 * `CHANNEL_STATE_NOT_RESTORABLE`.
 */
export function assignmentErrors(
  manifest: CheckpointManifest,
  graph: AssignmentGraph,
  options: AssignmentOptions,
): readonly StreamError[] {
  return checkAssignment(manifest, graph, options, storedOperators(manifest));
}

/**
 * The max parallelism that each operator with keyed state, or with keyed input under way, must
 * keep, by operator id: what a planner uses where the job asks for none.
 */
export function storedMaxParallelism(manifest: CheckpointManifest): ReadonlyMap<string, number> {
  const stored = new Map<string, number>();
  for (const vertex of manifest.vertices) {
    if (!isPartitioned(vertex)) continue;
    for (const { operatorId } of vertex.operators) stored.set(operatorId, vertex.maxParallelism);
  }
  return stored;
}

function assignVertex(
  manifest: CheckpointManifest,
  graph: AssignmentGraph,
  vertex: AssignmentVertex,
  stored: ReadonlyMap<string, StoredOperator>,
): RestoredSubtaskState[] {
  const { parallelism, maxParallelism, operators } = vertex;
  const found = operators.flatMap(({ operatorId }) => {
    const operator = stored.get(operatorId);
    return operator === undefined ? [] : [{ operatorId, operator }];
  });
  const finished =
    found.length === operators.length &&
    found.every(({ operator }) => operator.vertex.subtasks.every((subtask) => subtask.finished));
  const lists = found.map(({ operator }) => dealLists(operator.shares, parallelism));
  const channels = assignChannels(manifest, graph, vertex);
  return Array.from({ length: parallelism }, (_, subtaskIndex) => {
    const keyGroups = keyGroupRangeOf(maxParallelism, parallelism, subtaskIndex);
    return {
      vertexId: vertex.id,
      subtaskIndex,
      checkpointId: manifest.checkpointId,
      finished,
      operators: found.map(({ operatorId, operator }, i) => ({
        operatorId,
        ...keyedStateOf(operator, keyGroups),
        operatorStates: lists[i]?.[subtaskIndex] ?? [],
      })),
      channels: channels[subtaskIndex] ?? [],
    };
  });
}

function keyedStateOf(
  { shares }: StoredOperator,
  { start, end }: KeyGroupRange,
): Pick<RestoredOperatorState, 'keyedStates' | 'keyedSegments'> {
  const chains = shares.flatMap((share) => {
    const segments = (share?.keyedSegments ?? []).filter(({ chunks }) =>
      chunks.some((chunk) => chunk.firstKeyGroup <= end && chunk.lastKeyGroup >= start),
    );
    return segments.length === 0 ? [] : [segments];
  });
  // Subtasks register the same states, though not all of them at once.
  const metas = shares.flatMap((share) => share?.keyedStates ?? []);
  const keyedStates = [...new Map(metas.map((meta) => [JSON.stringify(meta), meta])).values()];
  return { keyedStates, keyedSegments: chains };
}

/** By new subtask (I3). */
function assignChannels(
  manifest: CheckpointManifest,
  graph: AssignmentGraph,
  vertex: AssignmentVertex,
): readonly (readonly ChannelStateRecord[])[] {
  const { id, parallelism } = vertex;
  const assigned: ChannelStateRecord[][] = Array.from({ length: parallelism }, () => []);
  const stored = manifest.vertices.find(({ vertexId }) => vertexId === id);
  if (stored === undefined) return assigned;
  for (const { channels } of stored.subtasks) {
    for (const channel of channels) {
      const edge = edgeOfFrames(graph, stored, channel.edgeId);
      if (edge === undefined) continue;
      const record = { ...channel, edgeId: edge.id };
      const takes = takerOf(edge.partitioner, channel.toSubtask, stored, vertex);
      for (let subtask = 0; subtask < parallelism; subtask++) {
        if (takes(subtask)) assigned[subtask]?.push(record);
      }
    }
  }
  return assigned;
}

/** Which new subtasks take the frames that were on their way to an old one (I3). */
function takerOf(
  partitioner: string,
  toSubtask: number,
  stored: ManifestVertex,
  { parallelism, maxParallelism }: AssignmentVertex,
): (subtask: number) => boolean {
  const before = stored.parallelism;
  if (parallelism === before) return (subtask) => subtask === toSubtask;
  // As broadcast states, of which subtask i takes over the copy of i modulo the old number.
  if (partitioner === 'BROADCAST') return (subtask) => subtask % before === toSubtask;
  if (partitioner !== 'HASH') return (subtask) => subtask === toSubtask % parallelism;
  const old = keyGroupRangeOf(stored.maxParallelism, before, toSubtask);
  return (subtask) => {
    const own = keyGroupRangeOf(maxParallelism, parallelism, subtask);
    return old.start <= own.end && old.end >= own.start;
  };
}
