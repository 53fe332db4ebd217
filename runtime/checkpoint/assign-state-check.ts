/** Why a job cannot start from a checkpoint, as far as both can be compared without reading state. */
import { assertMaxParallelism, isStreamError, StreamError } from '../core/index.ts';
import {
  type AssignmentGraph,
  type AssignmentOptions,
  type AssignmentVertex,
  edgeOfFrames,
  isPartitioned,
  operatorIdsOf,
  type StoredOperator,
} from './assign-state-graph.ts';
import type { CheckpointManifest, ManifestOperator, ManifestVertex } from './manifest-record.ts';

/** See `assignmentErrors`. */
export function checkAssignment(
  manifest: CheckpointManifest,
  graph: AssignmentGraph,
  { allowNonRestoredState }: AssignmentOptions,
  stored: ReadonlyMap<string, StoredOperator>,
): readonly StreamError[] {
  const errors = graph.vertices.flatMap((vertex) => parallelismErrors(vertex, stored));
  if (allowNonRestoredState) return errors;
  return [...errors, ...nonRestored(manifest, graph), ...lostFrames(manifest, graph)];
}

function parallelismErrors(
  vertex: AssignmentVertex,
  stored: ReadonlyMap<string, StoredOperator>,
): readonly StreamError[] {
  try {
    assertMaxParallelism(vertex.maxParallelism, vertex.parallelism);
  } catch (thrown) {
    if (isStreamError(thrown)) return [thrown];
    throw thrown;
  }
  const before = vertex.operators
    .map(({ operatorId }) => stored.get(operatorId)?.vertex)
    .find((old) => old?.maxParallelism !== vertex.maxParallelism && old && isPartitioned(old));
  return before === undefined ? [] : [maxParallelismChanged(vertex, before)];
}

function maxParallelismChanged(vertex: AssignmentVertex, before: ManifestVertex): StreamError {
  const now = vertex.maxParallelism;
  return new StreamError({
    kind: 'invalid',
    code: 'MAX_PARALLELISM_CHANGED',
    message: `keyed state is stored by key groups, whose number cannot change: set the max parallelism back to ${before.maxParallelism}, or restore without this operator's state: vertex=${vertex.name} stored=${before.maxParallelism} now=${now}`,
    details: { vertex: vertex.name, stored: before.maxParallelism, now },
  });
}

function nonRestored(manifest: CheckpointManifest, graph: AssignmentGraph): readonly StreamError[] {
  const known = new Set(operatorIdsOf(graph));
  const lost = manifest.vertices.flatMap((vertex) =>
    vertex.operators.filter(
      ({ operatorId }) => !known.has(operatorId) && hasState(manifest, vertex, operatorId),
    ),
  );
  if (lost.length === 0) return [];
  const operators = lost.map(operatorText).join(', ');
  const what = manifest.kind === 'SAVEPOINT' ? 'savepoint' : 'checkpoint';
  return [
    new StreamError({
      kind: 'invalid',
      code: 'NON_RESTORED_STATE',
      message: `the ${what} has state of operators that the job does not have, give them their uids back, or allow that their state is dropped (-n, --allowNonRestoredState; in the console "Drop state that no operator of this job takes"): operators=${operators}`,
      details: { operators },
    }),
  ];
}

function operatorText({ operatorId, uid, name }: ManifestOperator): string {
  return uid === undefined ? `"${name}" (id ${operatorId}, no uid)` : `"${name}" (uid ${uid})`;
}

function hasState(
  manifest: CheckpointManifest,
  { subtasks }: ManifestVertex,
  operatorId: string,
): boolean {
  if (manifest.sources.some((source) => source.operatorId === operatorId)) return true;
  const shares = subtasks.flatMap(({ operators }) => operators);
  return shares.some(
    (share) =>
      share.operatorId === operatorId &&
      (share.keyedSegments.length > 0 ||
        share.operatorStates.some(({ itemCount }) => itemCount > 0)),
  );
}

/** Frames under way belong to an edge: they cannot follow operators into another chain. */
function lostFrames(manifest: CheckpointManifest, graph: AssignmentGraph): readonly StreamError[] {
  return manifest.vertices.flatMap((vertex) => {
    const channels = vertex.subtasks.flatMap((subtask) => subtask.channels);
    const lost = channels.find(({ edgeId }) => edgeOfFrames(graph, vertex, edgeId) === undefined);
    return lost === undefined ? [] : [channelStateNotRestorable(vertex, lost.edgeId)];
  });
}

function channelStateNotRestorable(vertex: ManifestVertex, edgeId: number): StreamError {
  const input = vertex.inputs.find((one) => one.edgeId === edgeId);
  const { name } = vertex;
  const partitioner = input?.partitioner ?? 'unknown';
  return new StreamError({
    kind: 'invalid',
    code: 'CHANNEL_STATE_NOT_RESTORABLE',
    message: `an unaligned checkpoint holds records on their way to a vertex that the job does not have, or feeds in another way: change the job from a savepoint, or drop them with -n (--allowNonRestoredState): vertex=${name} input=${input?.inputIndex ?? -1} partitioner=${partitioner}`,
    details: { vertex: name, inputIndex: input?.inputIndex ?? -1, partitioner },
  });
}
