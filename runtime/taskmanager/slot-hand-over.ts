/**
 * How a slot is handed over to its successor, alone, while the other slots of the job go on: it
 * stops behind a checkpoint that completes, and leaves what the checkpoint does not hold.
 *
 * I1  All tasks are held by the same checkpoint: the first that none of them had heard of.
 * I2  Nothing is left before that checkpoint is complete: its state is what the successor reads,
 *     what sinks had prepared is committed, and everything sent before it was taken.
 * I3  A command is handled by the slot or by its successor, never by none. That a checkpoint was
 *     aborted both have to know: its barriers may still be under way.
 */
import type { SlotCommand, SlotHandOverRecord, TaskMetricsRecord } from '../protocol/index.ts';
import type { SlotParts, SlotTask } from './slot.ts';
import type { Task } from './task.ts';

export class SlotHandOver {
  readonly #parts: Pick<SlotParts, 'reporter' | 'slotIndex'>;
  /** Triggers of checkpoints that are not known to be over; oldest first. */
  #triggers: Extract<SlotCommand, { type: 'trigger-checkpoint' }>[] = [];
  /** Later than the newest that is complete. */
  #aborted: Extract<SlotCommand, { type: 'checkpoint-aborted' }>[] = [];
  #begun = false;
  /** Left; undefined as long as the slot runs. */
  record: SlotHandOverRecord | undefined;

  constructor(parts: Pick<SlotParts, 'reporter' | 'slotIndex'>) {
    this.#parts = parts;
  }

  /** I1. */
  begin(tasks: readonly Task[]): void {
    if (this.#begun) return;
    this.#begun = true;
    const heardOf = tasks.map(({ parts }) => parts.checkpoints.newestId);
    const from = 1 + Math.max(0, ...heardOf, ...this.#triggers.map(idOf));
    for (const task of tasks) task.holdFrom(from);
    this.#parts.reporter.report({ type: 'checkpoint-wanted' });
  }

  /** I3. */
  note(command: SlotCommand): void {
    if (command.type === 'trigger-checkpoint') this.#triggers.push(command);
    if (command.type === 'checkpoint-complete') {
      this.#triggers = this.#triggers.filter((t) => idOf(t) > command.checkpointId);
      this.#aborted = this.#aborted.filter((a) => a.checkpointId > command.checkpointId);
    }
    if (command.type === 'checkpoint-aborted') {
      this.#triggers = this.#triggers.filter((t) => idOf(t) !== command.checkpointId);
      this.#aborted.push(command);
      if (this.#begun) this.#parts.reporter.report({ type: 'checkpoint-wanted' });
    }
  }

  /** True when the slot is left: the tasks are to be closed (I2). */
  leave(tasks: readonly SlotTask[], metrics: () => readonly TaskMetricsRecord[]): boolean {
    if (!this.#begun || this.record !== undefined) return false;
    const behind = tasks.map(({ task }) => task.standsBehind).filter((id) => id !== undefined);
    const checkpointId = behind[0];
    if (checkpointId === undefined) return false;
    const answers = tasks.map(({ task }) => task.mayBeLeftBehind(checkpointId));
    if (answers.includes('never')) for (const { task } of tasks) task.release();
    if (answers.some((answer) => answer !== 'now')) return false;
    const left = tasks.map(({ task }) => task.leave());
    this.record = {
      slotIndex: this.#parts.slotIndex,
      checkpointId,
      tasks: left.map(({ record }) => record),
      commands: [...this.#aborted, ...this.#triggers, ...left.flatMap((l) => l.commands)],
      metrics: metrics(),
    };
    return true;
  }
}

function idOf({ barrier }: Extract<SlotCommand, { type: 'trigger-checkpoint' }>): number {
  return barrier.checkpointId;
}
