/**
 * A checkpoint that was triggered, and the tasks it waits for.
 *
 * I1  It is complete when every task that had not finished at its trigger has acknowledged it and
 *     the enumerators' state is there.
 * I2  While `STORING` it cannot be aborted: its log row may exist.
 */
import {
  type CheckpointType,
  isEngineState,
  type SubtaskRef,
  type SubtaskStateRecord,
} from '../protocol/index.ts';
import type { SourceStateRecord } from './manifest-record.ts';

/** `vertexId/subtaskIndex`. */
export type TaskKey = string;

/** A task of the layout that is deployed. */
export interface CheckpointTask extends SubtaskRef {
  /** Of its region. Progress is kept for tasks whose attempt has not changed. */
  readonly attempt: number;
}

export interface CheckpointTaskInput {
  readonly vertexId: string;
  /** Upstream subtasks it reads; absent: all of the vertex. */
  readonly subtaskIndexes?: readonly number[];
}

/** What a task reads. It follows from the layout, so nobody writes it down. */
export type TaskInputs = (task: SubtaskRef) => readonly CheckpointTaskInput[];

export interface TrackedTask extends CheckpointTask {
  /** `ENDED`: its input is over, it waits for a checkpoint to complete. */
  readonly status: 'RUNNING' | 'ENDED' | 'FINISHED';
  /** `ENDED`: checkpoints from this id on began after its end. */
  readonly endedFromId?: number;
  /** `ENDED`: a checkpoint that began after its end has completed, so it finishes by itself. */
  readonly isCovered?: boolean;
}

export interface PendingCheckpoint {
  readonly checkpointId: number;
  readonly type: CheckpointType;
  readonly full: boolean;
  readonly directory: string;
  readonly triggeredAtEpochMs: number;
  readonly deadlineEpochMs: number;
  /** Who asked for it; absent: nobody. */
  readonly requestId?: string;
  readonly phase: 'PENDING' | 'STORING';
  readonly waitingFor: readonly TaskKey[];
  /** In the order in which they came. */
  readonly acknowledged: readonly SubtaskStateRecord[];
  readonly sources?: readonly SourceStateRecord[];
  /** While `STORING`: when all of it was there. */
  readonly completedAtEpochMs?: number;
}

/** A manifest in the making. */
export interface CheckpointToStore {
  readonly checkpointId: number;
  readonly checkpointType: CheckpointType;
  readonly full: boolean;
  /** What its barrier carried. */
  readonly directory: string;
  readonly triggeredAtEpochMs: number;
  /** When all of it was there. */
  readonly completedAtEpochMs: number;
  /** One of each subtask, finished ones too; by vertex as deployed, then by subtask. */
  readonly subtasks: readonly SubtaskStateRecord[];
  readonly sources: readonly SourceStateRecord[];
}

export function taskKey({ vertexId, subtaskIndex }: SubtaskRef): TaskKey {
  return `${vertexId}/${subtaskIndex}`;
}

/** I1. */
export function isComplete(pending: PendingCheckpoint): boolean {
  return pending.waitingFor.length === 0 && pending.sources !== undefined;
}

/** The tasks that begin a checkpoint: not finished, all they read from has finished. */
export function tasksToTrigger(
  tasks: readonly TrackedTask[],
  inputsOf: TaskInputs,
): readonly SubtaskRef[] {
  const open = new Map<string, Set<number>>();
  for (const { vertexId, subtaskIndex, status } of tasks) {
    if (status === 'FINISHED') continue;
    const indexes = open.get(vertexId) ?? new Set();
    open.set(vertexId, indexes.add(subtaskIndex));
  }
  return tasks
    .filter(
      (task) =>
        task.status !== 'FINISHED' &&
        inputsOf(task).every(({ vertexId, subtaskIndexes }) => {
          const indexes = open.get(vertexId);
          if (indexes === undefined) return true;
          return subtaskIndexes?.every((index) => !indexes.has(index)) ?? false;
        }),
    )
    .map(({ vertexId, subtaskIndex }) => ({ vertexId, subtaskIndex }));
}

/** A task has told its share; undefined when it was not waited for (a duplicate, a stranger). */
export function withAck(
  pending: PendingCheckpoint,
  state: SubtaskStateRecord,
): PendingCheckpoint | undefined {
  const key = taskKey(state);
  if (!pending.waitingFor.includes(key)) return undefined;
  return {
    ...pending,
    waitingFor: pending.waitingFor.filter((other) => other !== key),
    acknowledged: [...pending.acknowledged, state],
  };
}

/** By task. */
export function acknowledgedBy({
  acknowledged,
}: Pick<PendingCheckpoint, 'acknowledged'>): ReadonlyMap<TaskKey, SubtaskStateRecord> {
  return new Map(acknowledged.map((state) => [taskKey(state), state]));
}

/** What is to be stored of a checkpoint that is complete; the same until it is stored. */
export function toStoreOf(
  pending: PendingCheckpoint,
  tasks: readonly TrackedTask[],
): CheckpointToStore {
  const { checkpointId, type, full, directory, triggeredAtEpochMs } = pending;
  const { completedAtEpochMs = triggeredAtEpochMs, sources = [] } = pending;
  return {
    ...{ checkpointId, checkpointType: type, full, directory, triggeredAtEpochMs },
    completedAtEpochMs,
    ...{ subtasks: sharesOf(pending, tasks), sources },
  };
}

/** The share of every task; finished ones have an empty one. */
export function sharesOf(
  pending: PendingCheckpoint,
  tasks: readonly TrackedTask[],
): readonly SubtaskStateRecord[] {
  const shares = acknowledgedBy(pending);
  return tasks.map(({ vertexId, subtaskIndex }) => {
    const share = shares.get(taskKey({ vertexId, subtaskIndex }));
    return share ?? { vertexId, subtaskIndex, finished: true, operators: [], channels: [] };
  });
}

/**
 * The vertex that has a union list state and of which only some subtasks have finished: what the
 * finished ones contributed to the union would be lost.
 */
export function partiallyFinishedUnion(
  shares: readonly SubtaskStateRecord[],
  pending: PendingCheckpoint,
): string | undefined {
  const acknowledged = acknowledgedBy(pending);
  const finished = new Set(
    shares.filter((s) => !acknowledged.has(taskKey(s))).map(({ vertexId }) => vertexId),
  );
  return shares.find(
    ({ vertexId, operators }) =>
      finished.has(vertexId) &&
      operators.some(({ operatorStates }) =>
        operatorStates.some(({ mode, name }) => mode === 'UNION' && !isEngineState(name)),
      ),
  )?.vertexId;
}
