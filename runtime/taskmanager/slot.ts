/**
 * A slot: one subtask of each vertex of its sharing group, run in turns on one thread.
 *
 * Owns the tasks, the slot's timers and its talk with the JobMaster. Does not own the thread: a
 * loop outside calls {@link Slot.turn} and sleeps when every slot of the thread is idle.
 *
 * I1  `running` is reported after every task opened, `released` last and exactly once, when every
 *     operator is closed.
 * I2  After a failure or a cancel no task is stepped again; all are closed.
 * I3  No task is stepped before `start`: no slot is through before every slot runs.
 * I4  A slot that is handed over has all its tasks behind one completed checkpoint, or finished and
 *     reported. It reports `running` and `released` no second time: to the JobMaster the slot and
 *     its successor are one.
 */
import { toStreamError } from '../core/index.ts';
import type {
  CheckpointBarrier,
  SlotCommand,
  SlotHandOverRecord,
  SubtaskRef,
  TaskMetricsRecord,
} from '../protocol/index.ts';
import { answerQuery } from './answer-query.ts';
import type { ClientChannel } from './client-channel.ts';
import { type HandOverHost, SlotHandOver } from './slot-hand-over.ts';
import { type SlotActivity, SlotIdleness } from './slot-idleness.ts';
import type { SlotReporter } from './slot-ports.ts';
import type { SlotTimers } from './slot-timers.ts';
import type { Task } from './task.ts';
import { taskAtFault } from './task-at-fault.ts';
import { type TaskMetricsSource, taskMetrics, withEarlier } from './task-metrics.ts';
import { TaskRateWindows } from './task-rates.ts';

/** Steps a task may take in a row before its neighbours get their turn. */
const STEPS_PER_TASK = 8;
/** How long it may take them, but for the last: then the slot looks up. */
const RUN_MS = 4;

export type SlotTurn = 'progress' | 'idle' | 'released';

export interface SlotParts {
  /** In the JobGraph's topological order. */
  readonly builds: readonly TaskBuild[];
  readonly timers: SlotTimers;
  readonly client: ClientChannel;
  readonly reporter: SlotReporter;
  readonly nowEpochMs: () => number;
  readonly wake: () => void;
  /** Longest time a record waits in a half-full buffer; -1: until the buffer is full or idle. */
  readonly bufferTimeoutMs: number;
  readonly slotIndex: number;
  /** Left by the slot whose place this one takes. */
  readonly handOver: SlotHandOverRecord | undefined;
  /** Of slots that share their lease with others. */
  readonly handOverHost?: HandOverHost | undefined;
  /** Undefined: it does not tell when it is idle. */
  readonly idleAfterMs?: number | undefined;
}

/** Makes a task, with the state it starts from; called downstream first. */
export interface TaskBuild {
  readonly ref: SubtaskRef;
  readonly build: () => Promise<SlotTask>;
}

export interface SlotTask extends TaskMetricsSource {
  readonly task: Task;
}

export class Slot {
  readonly #parts: SlotParts;
  /** In the JobGraph's topological order. */
  #tasks: readonly SlotTask[] = [];
  /** Downstream first, so that what is in flight drains before sources add to it. */
  #order: readonly SlotTask[] = [];
  #building: Promise<boolean> | undefined;
  readonly #reported = new Set<Task>();
  /** Tasks that ended and are being closed. */
  #closing = 0;
  readonly #handOver: SlotHandOver;
  readonly #idleness: SlotIdleness | undefined;
  #handOverWanted = false;
  #started = false;
  /** Commands to a slot that takes another one's place, until it is open. */
  readonly #early: SlotCommand[] = [];
  #stopping = false;
  #released = false;
  #flushedAtMs = 0;
  readonly #rates = new TaskRateWindows();

  constructor(parts: SlotParts) {
    this.#parts = parts;
    this.#handOver = new SlotHandOver(parts);
    const { idleAfterMs: afterMs, nowEpochMs, reporter, handOver: resumed } = parts;
    if (afterMs === undefined) return;
    this.#idleness = new SlotIdleness({
      ...{ afterMs, nowEpochMs, resumed },
      activity: () => this.#activity(),
      report: (report) => reporter.report(report),
    });
  }

  /** What its successor needs; set when the slot turns `released` because it was handed over. */
  get left(): SlotHandOverRecord | undefined {
    const { record } = this.#handOver;
    const idle = this.#idleness?.left;
    return record && (idle === undefined ? record : { ...record, idle });
  }

  /**
   * I4: behind the next checkpoint, which it asks for. The slot is `released` then.
   *
   * @param from the first checkpoint behind which it may be, of which no task has heard yet.
   * @defaultValue the first of which none has heard when it begins
   */
  handOver(from?: number): void {
    if (from !== undefined) this.#handOver.setFrom(from);
    this.#handOverWanted = true;
    this.#parts.wake();
  }

  /** All slots of the lease may leave behind this checkpoint. */
  leaveBehind(checkpointId: number): void {
    this.#handOver.agree(checkpointId);
    this.#parts.wake();
  }

  /** Not all slots of the lease may leave behind this checkpoint: they go on. */
  goOnBehind(checkpointId: number): void {
    this.#handOver.goOn(
      checkpointId,
      this.#tasks.map(({ task }) => task),
    );
    this.#parts.wake();
  }

  /** Builds and opens every task, downstream first. */
  async open(): Promise<void> {
    this.#building = this.#build();
    if (!(await this.#building)) return;
    for (const { task } of this.#order) {
      if (this.#stopping) return;
      await task.open();
      if (task.state === 'FAILED') break;
    }
    const { reporter, handOver } = this.#parts;
    if (handOver !== undefined) this.#resume(handOver);
    else if (!this.#stopping && !this.#settle()) reporter.report({ type: 'running' });
  }

  /** I4. */
  #resume({ commands }: SlotHandOverRecord): void {
    for (const { task } of this.#tasks) if (task.state === 'FINISHED') this.#reported.add(task);
    this.#started = true;
    for (const command of [...commands, ...this.#early.splice(0)]) this.handle(command);
  }

  async #build(): Promise<boolean> {
    for (const { ref, build } of this.#parts.builds.toReversed()) {
      if (this.#stopping) return false;
      try {
        this.#order = [...this.#order, await build()];
      } catch (thrown) {
        const error = toStreamError(thrown).toJSON();
        this.#parts.reporter.report({ type: 'task-failed', task: ref, error });
        this.#stop();
        return false;
      }
    }
    this.#tasks = this.#order.toReversed();
    return true;
  }

  handle(command: SlotCommand): void {
    if (this.#parts.handOver !== undefined && !this.#started && command.type !== 'cancel') {
      this.#early.push(command);
      return;
    }
    this.#handOver.note(command);
    switch (command.type) {
      case 'start':
        this.#started = true;
        break;
      case 'received':
        this.#parts.client.received(command.id);
        break;
      case 'query-state': {
        const { task, queryId } = command;
        const answer = answerQuery(this.#taskOf(task), command, this.#parts.nowEpochMs());
        this.#parts.reporter.report({ type: 'state-answer', queryId, answer });
        return;
      }
      case 'rouse':
        this.#idleness?.rouse(command.round);
        break;
      case 'cancel':
        this.#stop();
        break;
      case 'source-event':
        this.#taskOf(command.task)?.handleSourceEvent(command.event);
        break;
      case 'trigger-checkpoint':
        this.#announce(command.barrier, command.tasks);
        break;
      case 'checkpoint-complete':
        for (const { task } of this.#tasks) {
          task.notifyCheckpointComplete(command.checkpointId);
        }
        break;
      case 'checkpoint-aborted':
        for (const { task } of this.#tasks) {
          task.notifyCheckpointAborted(command.checkpointId);
        }
        break;
      case 'drain':
        for (const { task } of this.#tasks) task.handleSourceEvent('drain');
        break;
    }
    this.#parts.wake();
  }

  turn(): SlotTurn {
    if (this.#stopping) return this.#released ? 'released' : 'idle';
    const nowEpochMs = this.#parts.nowEpochMs();
    // Also while it opens: a committer may wait to try again what was restored.
    let progress = this.#parts.timers.runDue(nowEpochMs) > 0;
    if (!this.#started || this.#tasks.length === 0) return progress ? 'progress' : 'idle';
    this.#idleness?.begin();
    if (this.#handOverWanted) this.#handOver.begin(this.#tasks.map(({ task }) => task));
    for (const { task } of this.#order) {
      if (this.#stopping) return 'progress';
      if (runTask(task)) progress = true;
    }
    if (this.#settle()) return 'progress';
    this.#flushInTime(nowEpochMs);
    if (this.#parts.client.flush()) progress = true;
    this.#idleness?.look(progress);
    return progress ? 'progress' : 'idle';
  }

  #activity(): SlotActivity {
    const { timers } = this.#parts;
    const tasks = this.#tasks.map(({ task }) => task);
    const dueAt = timers.nextMatteringAtEpochMs() ?? Number.POSITIVE_INFINITY;
    return {
      done: [
        timers.ranCount,
        ...tasks.flatMap((task) => [
          ...[task.numRecordsIn(), task.inputWatermarkMs(), task.times.pace.takenCount],
        ]),
      ],
      isQuiet: tasks.every((task) => task.isQuiet),
      dueAtEpochMs: Math.min(dueAt, ...tasks.map((task) => task.dueAtEpochMs)),
    };
  }

  /** Sends what half-full buffers hold; true when there was something. */
  flush(): boolean {
    if (this.#stopping) return false;
    let any = false;
    for (const { task } of this.#order) if (task.flush()) any = true;
    this.#flushedAtMs = this.#parts.nowEpochMs();
    return any;
  }

  nextTimerAtEpochMs(): number | undefined {
    if (this.#stopping) return undefined;
    const timerAt = this.#parts.timers.nextAtEpochMs();
    const lookAt = this.#idleness?.lookAtEpochMs;
    return timerAt === undefined || lookAt === undefined
      ? (timerAt ?? lookAt)
      : Math.min(timerAt, lookAt);
  }

  /** Snapshots that are being stored; who moves virtual time waits for them. */
  get storing(): number {
    return this.#tasks.reduce((sum, { task }) => sum + task.parts.checkpoints.storing, 0);
  }

  reportMetrics(): void {
    const tasks = this.#rates.take(this.metrics(), this.#parts.nowEpochMs());
    this.#parts.reporter.report({ type: 'metrics', tasks });
  }

  metrics(): readonly TaskMetricsRecord[] {
    return this.#tasks.map((source) =>
      withEarlier(taskMetrics(source), this.#parts.handOver?.metrics ?? []),
    );
  }

  /** Sources take part when they are named; the others wait for barriers or ended inputs. */
  #announce(barrier: CheckpointBarrier, named: readonly SubtaskRef[]): void {
    const takers = new Set(named.map((ref) => this.#taskOf(ref)));
    for (const { task } of this.#tasks) {
      const isSource = task.parts.gates.length === 0;
      if (!isSource || takers.has(task)) task.announceCheckpoint(barrier);
    }
  }

  #taskOf({ vertexId, subtaskIndex }: SubtaskRef): Task | undefined {
    return this.#tasks.find(
      ({ task: { parts } }) =>
        parts.ref.vertexId === vertexId && parts.ref.subtaskIndex === subtaskIndex,
    )?.task;
  }

  #flushInTime(nowEpochMs: number): void {
    const { bufferTimeoutMs } = this.#parts;
    if (bufferTimeoutMs >= 0 && nowEpochMs - this.#flushedAtMs >= bufferTimeoutMs) this.flush();
  }

  /** Reports what ended; true when the slot stops because of it. */
  #settle(): boolean {
    for (const { task } of this.#tasks) {
      if (this.#reported.has(task)) continue;
      if (task.state === 'FAILED') {
        this.#reported.add(task);
        const error = toStreamError(task.failure).toJSON();
        const tasks = this.#tasks.map((one) => one.task.parts);
        const ref = taskAtFault(task.parts, tasks, error);
        this.#parts.reporter.report({ type: 'task-failed', task: ref, error });
        this.#stop();
        return true;
      }
      if (task.state === 'FINISHED') {
        this.#reported.add(task);
        this.#finish(task);
      }
    }
    if (this.#reported.size < this.#tasks.length) {
      const tasks = this.#tasks.map(({ task }) => task);
      const isLeft = this.#closing === 0 && this.#handOver.leave(tasks, () => this.metrics());
      if (isLeft) this.#stop();
      return isLeft;
    }
    this.#stop();
    return true;
  }

  #finish(task: Task): void {
    this.#closing += 1;
    task.close().then(
      () => {
        this.#closing -= 1;
        const { ref } = task.parts;
        if (task.state === 'FAILED') {
          const error = toStreamError(task.failure).toJSON();
          this.#parts.reporter.report({ type: 'task-failed', task: ref, error });
          this.#stop();
        } else if (!this.#released) {
          this.#parts.reporter.report({ type: 'task-finished', task: ref });
        }
        this.#parts.wake();
      },
      () => undefined,
    );
  }

  /** I2. */
  #stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#parts.client.flush();
    this.#parts.client.release();
    this.#release().then(
      () => this.#parts.wake(),
      () => this.#parts.wake(),
    );
  }

  /** I1. */
  async #release(): Promise<void> {
    await this.#building;
    for (const { task } of this.#order) await task.close();
    this.#released = true;
    if (this.left !== undefined) return;
    this.reportMetrics();
    this.#parts.reporter.report({ type: 'released' });
  }
}

/** Some steps of a task; true when there was something to do. */
function runTask(task: Task): boolean {
  let progress = false;
  let tookMs = 0;
  for (let i = 0; i < STEPS_PER_TASK && tookMs < RUN_MS; i += 1) {
    if (task.step() !== 'progress') return progress;
    progress = true;
    tookMs += task.times.stepMs;
  }
  return progress;
}
