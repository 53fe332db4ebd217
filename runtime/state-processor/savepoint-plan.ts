/** What a written savepoint consists of: what is carried over from another one, and what is new. */
import type { CheckpointManifest, ManifestOperator, ManifestVertex } from '../checkpoint/index.ts';
import type { StreamError } from '../core/index.ts';
import { stateProcessorError } from './errors.ts';
import type { OperatorIdentifier } from './operator-identifier.ts';
import { nameOfOperator, operatorNames, operatorNotFound } from './stored-savepoint.ts';

/** How a savepoint is to differ from the one it is made of. */
export interface SavepointEdits {
  readonly removed: readonly OperatorIdentifier[];
  readonly added: readonly OperatorIdentifier[];
  /** Take effect after all else, and at once: two operators may swap. */
  readonly renames: readonly OperatorRename[];
}

export interface OperatorRename {
  readonly from: OperatorIdentifier;
  readonly to: OperatorIdentifier;
}

/** An operator that stays. */
export interface CarriedOperator {
  readonly vertex: ManifestVertex;
  readonly operator: ManifestOperator;
  /** What it is called from now on. */
  readonly renamed: ManifestOperator;
}

/**
 * The operators that are carried over.
 *
 * @param path of the savepoint, for messages.
 * @throws {StreamError} `OPERATOR_NOT_FOUND`, `OPERATOR_EXISTS`, `SAVEPOINT_INCOMPLETE`.
 */
export function planSavepoint(
  manifest: Pick<CheckpointManifest, 'vertices'> | undefined,
  edits: SavepointEdits,
  path: string,
): readonly CarriedOperator[] {
  const vertices = manifest?.vertices ?? [];
  const all = vertices.flatMap((vertex) =>
    vertex.operators.map((operator) => ({ vertex, operator })),
  );
  const known = all.map(({ operator }) => nameOfOperator(operator));
  for (const identifier of edits.removed) {
    if (all.some(({ operator }) => isOf(operator, identifier))) continue;
    throw operatorNotFound(identifier, path, known);
  }
  const kept = all.filter(({ operator }) => !edits.removed.some((one) => isOf(operator, one)));
  for (const identifier of edits.added) {
    if (kept.some(({ operator }) => isOf(operator, identifier))) throw existing(identifier, path);
  }
  for (const { from } of edits.renames) {
    const isKept = kept.some(({ operator }) => isOf(operator, from));
    if (isKept || edits.added.some((one) => one.operatorId === from.operatorId)) continue;
    const names = [...kept.map(({ operator }) => nameOfOperator(operator))];
    throw operatorNotFound(from, path, [...names, ...edits.added.map((one) => one.text)]);
  }
  const carried = kept.map(({ vertex, operator }) => {
    return { vertex, operator, renamed: renamedOperator(operator, edits.renames) };
  });
  const added = edits.added.map((one) => renamedIdentifier(one, edits.renames).operatorId);
  checkUnique([...carried.map(({ renamed }) => renamed.operatorId), ...added], edits, path);
  if (carried.length + added.length > 0) return carried;
  const advice = 'a savepoint would have no operator, add one by withOperator, or keep one';
  throw stateProcessorError('SAVEPOINT_INCOMPLETE', advice, { path });
}

/** What an operator that is added is called in the end. */
export function renamedIdentifier(
  identifier: OperatorIdentifier,
  renames: readonly OperatorRename[],
): OperatorIdentifier {
  return renames.find(({ from }) => from.operatorId === identifier.operatorId)?.to ?? identifier;
}

/**
 * The max parallelism that new operators of a changed savepoint get: the largest there is.
 */
export function maxParallelismOf({ vertices }: Pick<CheckpointManifest, 'vertices'>): number {
  return vertices.reduce((max, { maxParallelism }) => Math.max(max, maxParallelism), 1);
}

/** @throws {StreamError} `CHECKPOINT_HOLDS_RECORDS`. */
export function checkNoRecords(manifest: CheckpointManifest, path: string): void {
  const holds = manifest.vertices.some(({ subtasks }) =>
    subtasks.some(({ channels }) => channels.length > 0),
  );
  if (!holds) return;
  const advice =
    'an unaligned checkpoint holds records on their way between operators, which cannot be ' +
    'carried over, take a savepoint of its job and change that';
  const operators = operatorNames(manifest).join(', ');
  throw stateProcessorError('CHECKPOINT_HOLDS_RECORDS', advice, { path, operators });
}

function renamedOperator(
  operator: ManifestOperator,
  renames: readonly OperatorRename[],
): ManifestOperator {
  const rename = renames.find(({ from }) => isOf(operator, from));
  if (rename === undefined) return operator;
  const { operatorId, uid } = rename.to;
  return { operatorId, ...(uid === undefined ? {} : { uid }), name: operator.name };
}

function checkUnique(ids: readonly string[], edits: SavepointEdits, path: string): void {
  for (const { to } of edits.renames) {
    if (ids.filter((id) => id === to.operatorId).length > 1) throw existing(to, path);
  }
}

function isOf({ operatorId }: ManifestOperator, identifier: OperatorIdentifier): boolean {
  return operatorId === identifier.operatorId;
}

function existing({ text }: OperatorIdentifier, path: string): StreamError {
  const advice =
    'a savepoint has an operator of this uid already, call removeOperator to replace it, or ' +
    'take another uid';
  return stateProcessorError('OPERATOR_EXISTS', advice, { uid: text, path });
}
