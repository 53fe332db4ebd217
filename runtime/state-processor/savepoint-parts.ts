/** What the operators of a writing job send to the one that makes the manifest of it. */
import {
  type CheckpointManifest,
  MANIFEST_FORMAT_VERSION,
  type ManifestOperator,
  type ManifestVertex,
} from '../checkpoint/index.ts';
import type { OperatorSubtaskStateRecord } from '../protocol/index.ts';
import { stateProcessorError } from './errors.ts';
import { nameOfOperator } from './stored-savepoint.ts';

/** JSON. */
export type SavepointPart =
  | {
      readonly type: 'subtask';
      readonly operator: ManifestOperator;
      readonly parallelism: number;
      readonly maxParallelism: number;
      readonly subtaskIndex: number;
      readonly finished: boolean;
      /** Undefined: it has none. */
      readonly state: OperatorSubtaskStateRecord | undefined;
    }
  | { readonly type: 'enumerator'; readonly operatorId: string; readonly enumerator: unknown };

type SubtaskPart = Extract<SavepointPart, { type: 'subtask' }>;

/**
 * The manifest: a vertex an operator. A part that came twice, as after a restart, counts once: the
 * last.
 *
 * @throws {StreamError} `SAVEPOINT_INCOMPLETE`, kind `internal`, when a subtask's part is missing.
 */
export function manifestOf(
  parts: readonly SavepointPart[],
  facts: Omit<CheckpointManifest, 'formatVersion' | 'kind' | 'full' | 'vertices' | 'sources'>,
): CheckpointManifest {
  const subtasks = parts.filter((part) => part.type === 'subtask');
  const byOperator = Map.groupBy(subtasks, ({ operator }) => operator.operatorId);
  const vertices = [...byOperator.values()]
    .map(vertexOf)
    .sort((a, b) => (a.vertexId < b.vertexId ? -1 : 1));
  const sources = new Map(
    parts.flatMap((part) => {
      if (part.type === 'subtask') return [];
      const { operatorId, enumerator } = part;
      return [[operatorId, { operatorId, enumerator }] as const];
    }),
  );
  const segments = subtasks.flatMap(({ state }) => state?.keyedSegments ?? []);
  return {
    ...facts,
    formatVersion: MANIFEST_FORMAT_VERSION,
    kind: 'SAVEPOINT',
    full: segments.every(({ kind }) => kind === 'BASE'),
    vertices,
    sources: [...sources.values()].sort((a, b) => (a.operatorId < b.operatorId ? -1 : 1)),
  };
}

function vertexOf(parts: readonly SubtaskPart[]): ManifestVertex {
  const last = parts.at(-1) as SubtaskPart;
  const { operator, parallelism, maxParallelism } = last;
  const { operatorId: vertexId } = operator;
  const bySubtask = new Map(parts.map((part) => [part.subtaskIndex, part]));
  const subtasks = Array.from({ length: parallelism }, (_, subtaskIndex) => {
    const part = bySubtask.get(subtaskIndex);
    if (part === undefined) {
      const details = { operator: nameOfOperator(operator), subtask: subtaskIndex };
      const text = 'a part of a savepoint did not arrive where its manifest is made, report it';
      throw stateProcessorError('SAVEPOINT_INCOMPLETE', text, details, 'internal');
    }
    const operators = part.state === undefined ? [] : [part.state];
    return { vertexId, subtaskIndex, finished: part.finished, operators, channels: [] };
  });
  const name = operator.name;
  return {
    vertexId,
    name,
    parallelism,
    maxParallelism,
    operators: [operator],
    subtasks,
    inputs: [],
  };
}
