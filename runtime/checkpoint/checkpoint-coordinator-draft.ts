/** One decision in the making; it never leaves `decideCheckpoint`. */
import type {
  CheckpointAnswer,
  CheckpointCommand,
  CheckpointsState,
  ClosedCheckpoint,
} from './checkpoint-coordinator-records.ts';
import type { PendingCheckpoint, TaskInputs } from './pending-checkpoint.ts';

export interface Draft {
  readonly nowEpochMs: number;
  /** Of the layout that is deployed. */
  readonly inputsOf: TaskInputs;
  readonly commands: CheckpointCommand[];
  state: CheckpointsState;
}

/** How many answered requests and closed checkpoints are remembered. */
const MEMORY_SIZE = 64;

type OptionalKey = 'stop' | 'nextPeriodicEpochMs' | 'finalNotBeforeEpochMs' | 'wakeUpEpochMs';

export function change(draft: Draft, by: Partial<CheckpointsState>): void {
  draft.state = { ...draft.state, ...by };
}

export function clear(draft: Draft, key: OptionalKey): void {
  const { [key]: _, ...rest } = draft.state;
  draft.state = rest;
}

export function pendingOf(draft: Draft, checkpointId: number): PendingCheckpoint | undefined {
  return draft.state.pending.find((pending) => pending.checkpointId === checkpointId);
}

export function replacePending(draft: Draft, changed: PendingCheckpoint): void {
  const pending = draft.state.pending.map((other) =>
    other.checkpointId === changed.checkpointId ? changed : other,
  );
  change(draft, { pending });
}

export function closePending(draft: Draft, closed: ClosedCheckpoint): void {
  change(draft, {
    pending: draft.state.pending.filter(({ checkpointId: id }) => id !== closed.checkpointId),
    closed: [...draft.state.closed, closed].slice(-MEMORY_SIZE),
  });
}

/** Answers a request, once. */
export function answer(draft: Draft, requestId: string, outcome: CheckpointAnswer): void {
  if (draft.state.answered.includes(requestId)) return;
  change(draft, { answered: [...draft.state.answered, requestId].slice(-MEMORY_SIZE) });
  draft.commands.push({ type: 'answer', requestId, outcome });
}
