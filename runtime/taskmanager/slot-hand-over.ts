/**
 * How a slot is handed over to its successor, alone, while the other slots of the job go on: it
 * stops behind a checkpoint that completes, and leaves what the checkpoint does not hold.
 *
 * I1  All tasks are held by the same checkpoint: the first that none of them had heard of.
 * I2  Nothing is left before that checkpoint is complete: its state is what the successor reads,
 *     what sinks had prepared is committed, and everything sent before it was taken.
 * I3  A command is handled by the slot or by its successor, never by none, and the successor
 *     handles them in the order they came.
 * I4  Slots that share a lease are held by the same checkpoint and leave together: one that may
 *     leave waits until all may. Who hosts them says from which checkpoint on, before any of them
 *     can have heard of it.
 */
import type { SlotCommand, SlotHandOverRecord, TaskMetricsRecord } from '../protocol/index.ts';
import type { SlotParts } from './slot.ts';
import type { DeferredCommand } from './source-inbox.ts';
import type { Task } from './task.ts';

/** A barrier of an aborted checkpoint may still come: who does not know would wait for the rest. */
type CheckpointWord = Extract<
  SlotCommand,
  { readonly type: 'trigger-checkpoint' | 'checkpoint-aborted' }
>;

/** What of a task concerns it. */
export interface LeavableTask
  extends Pick<Task, 'holdFrom' | 'standsBehind' | 'mayBeLeftBehind' | 'release' | 'leave'> {
  readonly parts: { readonly checkpoints: { readonly newestId: number } };
}

/** To who hosts the slots of a lease (I4). */
export interface HandOverHost {
  /** The slot could leave; it waits to be told to leave or to go on. */
  mayLeave(checkpointId: number): void;
  /** It cannot leave behind this checkpoint, and goes on. */
  goesOn(checkpointId: number): void;
}

type HandOverParts = Pick<SlotParts, 'reporter' | 'slotIndex' | 'handOverHost'>;

export class SlotHandOver {
  readonly #parts: HandOverParts;
  /** Of checkpoints that are not known to be complete; in the order they came. */
  #words: CheckpointWord[] = [];
  #begun = false;
  #from: number | undefined;
  /** I4: asked whether it may leave behind this one; told to. */
  #askedFor = 0;
  #agreedOn = 0;
  /** Left; undefined as long as the slot runs. */
  record: SlotHandOverRecord | undefined;

  constructor(parts: HandOverParts) {
    this.#parts = parts;
  }

  /** I4. */
  setFrom(checkpointId: number): void {
    this.#from = checkpointId;
  }

  /** I4. */
  agree(checkpointId: number): void {
    this.#agreedOn = checkpointId;
  }

  /** I4: another slot cannot be left behind that checkpoint. */
  goOn(checkpointId: number, tasks: readonly LeavableTask[]): void {
    if (this.record !== undefined || this.#askedFor !== checkpointId) return;
    this.#askedFor = 0;
    for (const task of tasks) task.release();
  }

  /** I1. */
  begin(tasks: readonly LeavableTask[]): void {
    if (this.#begun) return;
    this.#begun = true;
    const heardOf = tasks.map(({ parts }) => parts.checkpoints.newestId);
    const from = this.#from ?? 1 + Math.max(0, ...heardOf, ...this.#words.map(idOf));
    for (const task of tasks) task.holdFrom(from);
    this.#want();
  }

  /** I3. */
  note(command: SlotCommand): void {
    if (command.type === 'checkpoint-complete') {
      this.#words = this.#words.filter((word) => idOf(word) > command.checkpointId);
    } else if (command.type === 'trigger-checkpoint') {
      this.#words.push(command);
    } else if (command.type === 'checkpoint-aborted') {
      this.#words = this.#words.filter((word) => idOf(word) !== command.checkpointId);
      this.#words.push(command);
      if (this.#begun) this.#want();
    }
  }

  /** True when the slot is left: the tasks are to be closed (I2). */
  leave(tasks: readonly LeavableTask[], metrics: () => readonly TaskMetricsRecord[]): boolean {
    if (!this.#begun || this.record !== undefined) return false;
    const behind = tasks.map((task) => task.standsBehind).filter((id) => id !== undefined);
    const checkpointId = behind[0];
    if (checkpointId === undefined) return false;
    const answers = tasks.map((task) => task.mayBeLeftBehind(checkpointId));
    if (answers.includes('never')) {
      for (const task of tasks) task.release();
      this.#parts.handOverHost?.goesOn(checkpointId);
      this.#want();
    }
    if (answers.some((answer) => answer !== 'now')) return false;
    if (!this.#isAgreed(checkpointId)) return false;
    const left = tasks.map((task) => task.leave());
    this.record = {
      slotIndex: this.#parts.slotIndex,
      checkpointId,
      tasks: left.map(({ record }) => record),
      commands: inOrder(
        this.#words,
        left.flatMap(({ commands }) => commands),
      ),
      metrics: metrics(),
    };
    return true;
  }

  /** I4. */
  #isAgreed(checkpointId: number): boolean {
    const { handOverHost } = this.#parts;
    if (handOverHost === undefined || this.#agreedOn === checkpointId) return true;
    if (this.#askedFor !== checkpointId) {
      this.#askedFor = checkpointId;
      handOverHost.mayLeave(checkpointId);
    }
    return false;
  }

  #want(): void {
    this.#parts.reporter.report({ type: 'checkpoint-wanted' });
  }
}

function idOf(word: CheckpointWord): number {
  return word.type === 'trigger-checkpoint' ? word.barrier.checkpointId : word.checkpointId;
}

/** I3. What was said to a source before a trigger comes before that checkpoint's snapshot. */
function inOrder(
  words: readonly CheckpointWord[],
  deferred: readonly DeferredCommand[],
): readonly SlotCommand[] {
  const left = deferred.toSorted((a, b) => a.after - b.after);
  const ordered: SlotCommand[] = [];
  for (const word of words) {
    if (word.type === 'trigger-checkpoint') {
      const later = left.findIndex(({ after }) => after >= idOf(word));
      const earlier = left.splice(0, later < 0 ? left.length : later);
      ordered.push(...earlier.map(({ command }) => command));
    }
    ordered.push(word);
  }
  return [...ordered, ...left.map(({ command }) => command)];
}
