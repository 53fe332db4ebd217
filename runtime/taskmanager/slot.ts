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
 */
import { toStreamError } from '../core/index.ts';
import type { SlotCommand, TaskMetricsRecord } from '../protocol/index.ts';
import type { ClientChannel } from './client-channel.ts';
import type { SlotReporter } from './slot-ports.ts';
import type { SlotTimers } from './slot-timers.ts';
import type { Task } from './task.ts';
import { type TaskMetricsSource, taskMetrics } from './task-metrics.ts';

/** Steps a task may take in a row before its neighbours get their turn. */
const STEPS_PER_TASK = 8;

export type SlotTurn = 'progress' | 'idle' | 'released';

export interface SlotParts {
  /** In the JobGraph's topological order. */
  readonly tasks: readonly SlotTask[];
  readonly timers: SlotTimers;
  readonly client: ClientChannel;
  readonly reporter: SlotReporter;
  readonly nowEpochMs: () => number;
  readonly wake: () => void;
  /** Longest time a record waits in a half-full buffer; -1: until the buffer is full or idle. */
  readonly bufferTimeoutMs: number;
}

export interface SlotTask extends TaskMetricsSource {
  readonly task: Task;
}

export class Slot {
  readonly #parts: SlotParts;
  /** Downstream first, so that what is in flight drains before sources add to it. */
  readonly #order: readonly SlotTask[];
  readonly #reported = new Set<Task>();
  #started = false;
  #stopping = false;
  #released = false;
  #flushedAtMs = 0;

  constructor(parts: SlotParts) {
    this.#parts = parts;
    this.#order = parts.tasks.toReversed();
  }

  /** Opens every task, downstream first. */
  async open(): Promise<void> {
    for (const { task } of this.#order) {
      await task.open();
      if (task.state === 'FAILED') break;
    }
    if (!this.#settle()) this.#parts.reporter.report({ type: 'running' });
  }

  handle(command: SlotCommand): void {
    switch (command.type) {
      case 'start':
        this.#started = true;
        break;
      case 'received':
        this.#parts.client.received(command.id);
        break;
      case 'cancel':
        this.#stop();
        break;
      case 'source-event': {
        const { vertexId, subtaskIndex } = command.task;
        const target = this.#parts.tasks.find(
          ({ task: { parts } }) =>
            parts.ref.vertexId === vertexId && parts.ref.subtaskIndex === subtaskIndex,
        );
        target?.task.handleSourceEvent(command.event);
        break;
      }
    }
    this.#parts.wake();
  }

  turn(): SlotTurn {
    if (this.#stopping) return this.#released ? 'released' : 'idle';
    if (!this.#started) return 'idle';
    const nowEpochMs = this.#parts.nowEpochMs();
    let progress = this.#parts.timers.runDue(nowEpochMs) > 0;
    for (const { task } of this.#order) {
      if (this.#stopping) return 'progress';
      for (let i = 0; i < STEPS_PER_TASK && task.step() === 'progress'; i += 1) progress = true;
    }
    if (this.#settle()) return 'progress';
    this.#flushInTime(nowEpochMs);
    if (this.#parts.client.flush()) progress = true;
    return progress ? 'progress' : 'idle';
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
    return this.#stopping ? undefined : this.#parts.timers.nextAtEpochMs();
  }

  reportMetrics(): void {
    this.#parts.reporter.report({ type: 'metrics', tasks: this.metrics() });
  }

  metrics(): readonly TaskMetricsRecord[] {
    return this.#parts.tasks.map(taskMetrics);
  }

  #flushInTime(nowEpochMs: number): void {
    const { bufferTimeoutMs } = this.#parts;
    if (bufferTimeoutMs >= 0 && nowEpochMs - this.#flushedAtMs >= bufferTimeoutMs) this.flush();
  }

  /** Reports what ended; true when the slot stops because of it. */
  #settle(): boolean {
    for (const { task } of this.#parts.tasks) {
      if (this.#reported.has(task)) continue;
      if (task.state === 'FAILED') {
        this.#reported.add(task);
        const error = toStreamError(task.failure).toJSON();
        this.#parts.reporter.report({ type: 'task-failed', task: task.parts.ref, error });
        this.#stop();
        return true;
      }
      if (task.state === 'FINISHED') {
        this.#reported.add(task);
        this.#finish(task);
      }
    }
    if (this.#reported.size < this.#parts.tasks.length) return false;
    this.#stop();
    return true;
  }

  #finish(task: Task): void {
    task.close().then(
      () => {
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
    for (const { task } of this.#parts.tasks) await task.close();
    this.reportMetrics();
    this.#released = true;
    this.#parts.reporter.report({ type: 'released' });
  }
}
