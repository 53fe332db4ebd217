/** A savepoint that is read, and what is asked of its operators. */
import {
  type CheckpointManifest,
  isRowSegment,
  type ManifestOperator,
  type ManifestVertex,
  manifestBlobs,
  openRestorePoint,
} from '../checkpoint/index.ts';
import type { FileSystem } from '../core/index.ts';
import type {
  KeyedSegmentRecord,
  KeyedStateMetaRecord,
  OperatorStateMode,
  OperatorStateRecord,
  OperatorSubtaskStateRecord,
} from '../protocol/index.ts';
import { stateProcessorError, thereAre } from './errors.ts';
import { directoryOf, FileBlobStore } from './file-blob-store.ts';
import type { OperatorIdentifier } from './operator-identifier.ts';

export interface StoredSavepoint {
  /** Its directory. */
  readonly path: string;
  readonly manifest: CheckpointManifest;
  readonly blobs: FileBlobStore;
}

/** An operator of a savepoint. */
export interface StoredOperator {
  readonly operator: ManifestOperator;
  readonly vertex: ManifestVertex;
  /** For messages. */
  readonly text: string;
  readonly path: string;
  /** By the subtasks that had state. */
  readonly shares: readonly OperatorSubtaskStateRecord[];
}

/**
 * @param path a savepoint's or kept checkpoint's directory, or its `_metadata`.
 * @throws {StreamError} as `openRestorePoint`; `STATE_NOT_IN_FILES`.
 */
export async function openSavepoint(files: FileSystem, path: string): Promise<StoredSavepoint> {
  const blobs = new FileBlobStore(files);
  const point = await openRestorePoint(blobs, directoryOf(files, path));
  for (const location of manifestBlobs(point.manifest).keys()) {
    if (!isRowSegment(location)) continue;
    const text =
      'a kept checkpoint has small segments in a table, which jobs cannot read, take a savepoint ' +
      'of its job and read that';
    throw stateProcessorError('STATE_NOT_IN_FILES', text, { path: point.path });
  }
  return { ...point, blobs };
}

/** @throws {StreamError} `OPERATOR_NOT_FOUND`. */
export function operatorOf(
  { manifest, path }: Pick<StoredSavepoint, 'manifest' | 'path'>,
  identifier: OperatorIdentifier,
): StoredOperator {
  const { operatorId, text } = identifier;
  for (const vertex of manifest.vertices) {
    const operator = vertex.operators.find((one) => one.operatorId === operatorId);
    if (operator === undefined) continue;
    const all = vertex.subtasks.flatMap((subtask) => subtask.operators);
    const shares = all.filter((share) => share.operatorId === operatorId);
    return { operator, vertex, text, path, shares };
  }
  throw operatorNotFound(identifier, path, operatorNames(manifest));
}

export function operatorNotFound(
  { text }: OperatorIdentifier,
  path: string,
  known: readonly string[],
): Error {
  const advice = `a savepoint has no such operator, ${thereAre(text, known)}`;
  return stateProcessorError('OPERATOR_NOT_FOUND', advice, { uid: text, path });
}

/** The uids of a savepoint's operators; ids of those without. */
export function operatorNames(manifest: CheckpointManifest): readonly string[] {
  return manifest.vertices.flatMap(({ operators }) => operators.map(nameOfOperator));
}

export function nameOfOperator({ uid, operatorId, name }: ManifestOperator): string {
  return uid ?? `id ${operatorId} (${name})`;
}

/** What is known of an operator's keyed states; those of one name may differ. */
export function keyedStatesOf({ shares }: StoredOperator): readonly KeyedStateMetaRecord[] {
  const metas = shares.flatMap((share) => share.keyedStates);
  return [...new Map(metas.map((meta) => [JSON.stringify(meta), meta])).values()];
}

/** An operator's segments, those of a subtask in the order they are applied. */
export function segmentsOf({ shares }: StoredOperator): readonly KeyedSegmentRecord[] {
  return shares.flatMap((share) => share.keyedSegments);
}

/** @throws {StreamError} `STATE_NOT_FOUND` when the operator has no keyed state. */
export function checkKeyed(operator: StoredOperator): void {
  if (keyedStatesOf(operator).length > 0) return;
  const { text: uid, path, shares } = operator;
  const names = [...new Set(shares.flatMap((share) => share.operatorStates.map((s) => s.name)))];
  const advice =
    names.length === 0
      ? 'an operator of a savepoint has no state'
      : `an operator of a savepoint has no keyed state, read ${names.join(', ')} by ` +
        'readListState, readUnionState or readBroadcastState';
  throw stateProcessorError('STATE_NOT_FOUND', advice, { uid, path });
}

/**
 * The parts of a list, union list or broadcast state, each item in one of them.
 *
 * @throws {StreamError} `STATE_NOT_FOUND`, `STATE_NOT_AS_DECLARED`.
 */
export function listPartsOf(
  { text: uid, path, shares }: StoredOperator,
  name: string,
  mode: OperatorStateMode,
): readonly OperatorStateRecord[] {
  const all = shares.flatMap((share) => share.operatorStates);
  const parts = all.filter((part) => part.name === name);
  const [first] = parts;
  if (first === undefined) {
    const names = [...new Set(all.map((part) => part.name))];
    const advice = `an operator of a savepoint has no such operator state, ${thereAre(name, names)}`;
    throw stateProcessorError('STATE_NOT_FOUND', advice, { state: name, uid, path });
  }
  if (first.mode !== mode) {
    const advice = `an operator state is of another kind, read it by ${READ_BY[first.mode]}`;
    const details = { state: name, stored: KINDS[first.mode], asked: KINDS[mode], uid, path };
    throw stateProcessorError('STATE_NOT_AS_DECLARED', advice, details);
  }
  // All copies of a broadcast state are equal.
  return mode === 'BROADCAST' ? parts.slice(0, 1) : parts;
}

const KINDS = { SPLIT_DISTRIBUTE: 'list', UNION: 'union list', BROADCAST: 'broadcast' } as const;
const READ_BY = {
  SPLIT_DISTRIBUTE: 'readListState',
  UNION: 'readUnionState',
  BROADCAST: 'readBroadcastState',
} as const;
