/**
 * Runs the slots of one job in a process of their own (task-manager-process.ts).
 *
 * I1  A process that has died is never used again. Another is started at once, so that it is
 *     ready when the restart delay is over; but not after one that ran no slot.
 * I2  A slot is told lost once, and only if it was not released before.
 * I3  `terminate` settles when the slot is gone, at the latest when its process is.
 * I4  A process that answers no ping in time is killed, and lost: nothing of it runs afterwards.
 * I5  What is asked of a process is answered or refused in time, whatever became of it.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { StreamError, type Timers } from '../../core/index.ts';
import type {
  RegionLaunch,
  SlotEvents,
  SlotHandle,
  SlotLauncher,
  SlotPlace,
} from '../../jobmaster/index.ts';
import type { SlotReport } from '../../protocol/index.ts';
import type { ProcessStatistics } from '../http/index.ts';
import type { Inspect, InspectAnswers, InspectRequest } from '../inspect/index.ts';
import { DEFAULT_HEARTBEATS, type HeartbeatSettings, ProcessWatch } from './process-watch.ts';
import {
  type TaskManagerCommand,
  type TaskManagerNews,
  type TaskManagerReport,
  taskManagerLost,
  taskManagerSilent,
} from './task-manager-process.ts';
import type { WorkerJob } from './worker-slot-launcher.ts';

/** How long a process may take to end its slots before it is ended itself. */
const TERMINATE_TIMEOUT_MS = 5000;
/** How long a process may take for an answer; what takes its time by itself comes on top. */
const ANSWER_TIMEOUT_MS = 10_000;
/** What it measures it has at hand, and who asks knows of the time before, too. */
const STATISTICS_TIMEOUT_MS = 2000;

export interface ProcessSlotLauncherParts {
  /** The module that calls `runTaskManager`. */
  readonly taskManagerUrl: URL;
  /** The module of the slots' threads. */
  readonly slotWorkerUrl: URL;
  readonly job: WorkerJob;
  /** Where the process writes; by default to this process's streams. */
  readonly stdio?: 'inherit' | 'ignore';
  /** Is told of the processes. */
  readonly observer?: TaskManagerObserver;
  /** @defaultValue Flink's */
  readonly heartbeats?: HeartbeatSettings;
  readonly timers: Timers;
}

/** A process that runs slots, to who looks at it. */
export interface ObservedProcess {
  readonly pid: number;
  /** @throws {StreamError} it is gone, cannot answer, or does not within the time for it. */
  readonly inspect: Inspect;
}

/** What is told of a process. */
export interface ProcessObservation {
  /** As it is listed. */
  readonly place: SlotPlace;
  launched(slotIndexes: readonly number[], attempt: number): void;
  reported(slotIndex: number, report: SlotReport): void;
  /** Nothing of the slot is there any more. */
  ended(slotIndex: number): void;
  heartbeat(statistics: ProcessStatistics): void;
  /** It wrote to its standard output, or error. */
  wrote(stream: 'stdout' | 'stderr', bytes: Uint8Array): void;
  /** It has ended; what it wrote may still come. */
  gone(reason: string): void;
  /** Last. */
  closed(): void;
}

/** Looks at the TaskManagers of a job. */
export interface TaskManagerObserver {
  started(process: ObservedProcess): ProcessObservation;
}

export class ProcessSlotLauncher implements SlotLauncher {
  readonly #parts: ProcessSlotLauncherParts;
  #process: TaskManager | undefined;
  #launchId = 0;
  #isClosed = false;

  constructor(parts: ProcessSlotLauncherParts) {
    this.#parts = parts;
  }

  /** Of the process that takes the next launch; undefined: a new one will. */
  get pid(): number | undefined {
    return this.#process?.isAlive === true ? this.#process.pid : undefined;
  }

  launch(region: RegionLaunch): readonly SlotHandle[] {
    const taskManager = this.#taskManager();
    const launchId = ++this.#launchId;
    const { slotWorkerUrl, job } = this.#parts;
    const slots = region.slots.map(({ slotIndex, restore }) => ({ slotIndex, restore }));
    const handles = region.slots.map(({ slotIndex, events }) =>
      taskManager.addSlot(launchId, slotIndex, events),
    );
    taskManager.send({
      type: 'launch',
      launchId,
      slotWorkerUrl: slotWorkerUrl.href,
      job,
      region: { ...region, slots },
    });
    taskManager.observation?.launched(
      slots.map(({ slotIndex }) => slotIndex),
      region.attempt,
    );
    return handles;
  }

  /** Starts the process of the next launch already, so that the launch need not wait for it. */
  warmUp(): void {
    this.#taskManager();
  }

  /** Ends the process; nothing is launched any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#process?.kill();
  }

  /** I1. */
  #taskManager(): TaskManager {
    if (this.#process?.isAlive !== true) {
      this.#process = new TaskManager(this.#parts, () => {
        if (!this.#isClosed) this.warmUp();
      });
    }
    return this.#process;
  }
}

function notInspected(): StreamError {
  return new StreamError({
    kind: 'unavailable',
    code: 'TASK_MANAGER_GONE',
    message: 'the TaskManager has ended: ask for one that is listed',
  });
}

function doesNotAnswer(pid: number | undefined, timeoutMs: number): StreamError {
  return new StreamError({
    kind: 'unavailable',
    code: 'TASK_MANAGER_DOES_NOT_ANSWER',
    message:
      'the TaskManager does not answer: its process is frozen (stopped, swapped out) or busy ' +
      `beyond measure; it is replaced after heartbeat.timeout; pid=${pid} timeoutMs=${timeoutMs}`,
    details: { timeoutMs },
  });
}

/** I5. */
function answerTimeoutMs(request: InspectRequest): number {
  if (request.type === 'statistics') return STATISTICS_TIMEOUT_MS;
  return request.durationMs + ANSWER_TIMEOUT_MS;
}

interface RemoteSlot {
  readonly slotIndex: number;
  readonly events: SlotEvents;
  readonly ended: PromiseWithResolvers<void>;
  /** Released, lost, or being terminated: nothing is told any more. */
  isOver: boolean;
}

class TaskManager {
  readonly #child: ChildProcess;
  readonly #slots = new Map<string, RemoteSlot>();
  readonly #exited: Promise<void>;
  readonly #onLost: () => void;
  readonly #timers: Timers;
  readonly #watch: ProcessWatch;
  readonly #inspections = new Map<number, PromiseWithResolvers<unknown>>();
  readonly observation: ProcessObservation | undefined;
  #isAlive = true;
  #requestId = 0;

  /** @param onLost it has died with slots that were not released. */
  constructor(parts: ProcessSlotLauncherParts, onLost: () => void) {
    const { taskManagerUrl, observer, timers, heartbeats = DEFAULT_HEARTBEATS } = parts;
    const output = observer === undefined ? (parts.stdio ?? 'inherit') : 'pipe';
    this.#onLost = onLost;
    this.#timers = timers;
    this.#child = fork(fileURLToPath(taskManagerUrl), [String(heartbeats.intervalMs)], {
      serialization: 'advanced',
      stdio: ['ignore', output, output, 'ipc'],
    });
    this.observation = this.#observed(observer);
    this.#exited = new Promise((resolve) => {
      const gone = (reason: string): void => {
        this.#lose(reason);
        resolve();
      };
      this.#child.once('exit', (code, signal) => gone(`code=${code} signal=${signal}`));
      this.#child.once('error', (error) => gone(`reason=${error.message}`));
    });
    this.#watch = new ProcessWatch({
      ...{ timers, heartbeats },
      ping: () => this.send({ type: 'ping' }),
      onSilent: (unanswered) => this.#silent(unanswered, heartbeats),
    });
    this.#child.on('message', (message) => {
      const told = message as TaskManagerReport | TaskManagerNews;
      this.#watch.heard();
      if ('slotIndex' in told) this.#onReport(told);
      else this.#onNews(told);
    });
  }

  #observed(observer: TaskManagerObserver | undefined): ProcessObservation | undefined {
    const { pid, stdout, stderr } = this.#child;
    if (observer === undefined || pid === undefined) return undefined;
    const observation = observer.started({ pid, inspect: this.#inspect });
    stdout?.on('data', (bytes: Uint8Array) => observation.wrote('stdout', bytes));
    stderr?.on('data', (bytes: Uint8Array) => observation.wrote('stderr', bytes));
    this.#child.once('close', () => observation.closed());
    return observation;
  }

  readonly #inspect: Inspect = async <T extends InspectRequest>(request: T) => {
    if (!this.isAlive) throw notInspected();
    this.#requestId += 1;
    const requestId = this.#requestId;
    const asked = Promise.withResolvers<unknown>();
    this.#inspections.set(requestId, asked);
    this.send({ type: 'inspect', requestId, request });
    const timeoutMs = answerTimeoutMs(request);
    const cancel = this.#timers.schedule(timeoutMs, () => {
      this.#inspections.delete(requestId);
      asked.reject(doesNotAnswer(this.pid, timeoutMs));
    });
    try {
      return (await asked.promise) as InspectAnswers[T['type']];
    } finally {
      cancel();
    }
  };

  #onNews(news: TaskManagerNews): void {
    if (news.type === 'pong') return;
    if (news.type === 'heartbeat') {
      this.observation?.heartbeat(news.statistics);
      return;
    }
    const asked = this.#inspections.get(news.requestId);
    this.#inspections.delete(news.requestId);
    if (news.type === 'inspected') asked?.resolve(news.answer);
    else asked?.reject(StreamError.fromJSON(news.error));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** False from the moment its end is known. */
  get isAlive(): boolean {
    return this.#isAlive && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  addSlot(launchId: number, slotIndex: number, events: SlotEvents): SlotHandle {
    const ended = Promise.withResolvers<void>();
    const slot: RemoteSlot = { slotIndex, events, ended, isOver: false };
    this.#slots.set(`${launchId}:${slotIndex}`, slot);
    return {
      place: this.observation?.place,
      send: (command) => {
        if (!slot.isOver) this.send({ type: 'command', launchId, slotIndex, command });
      },
      terminate: () => {
        slot.isOver = true;
        this.send({ type: 'terminate', launchId, slotIndex });
        return this.#endedInTime(slot);
      },
    };
  }

  send(command: TaskManagerCommand): void {
    // What does not arrive is answered by the exit.
    if (this.#child.connected) this.#child.send(command, () => {});
  }

  async kill(): Promise<void> {
    for (const slot of this.#slots.values()) slot.isOver = true;
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  /** I3. */
  async #endedInTime(slot: RemoteSlot): Promise<void> {
    if (!this.isAlive) return;
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), TERMINATE_TIMEOUT_MS);
    await Promise.race([slot.ended.promise, this.#exited]);
    clearTimeout(timer);
  }

  #onReport(message: TaskManagerReport): void {
    const key = `${message.launchId}:${message.slotIndex}`;
    const slot = this.#slots.get(key);
    if (slot === undefined) return;
    if (message.type === 'report') {
      this.observation?.reported(message.slotIndex, message.report);
    }
    if (message.type === 'ended') {
      this.observation?.ended(message.slotIndex);
      this.#slots.delete(key);
      slot.ended.resolve();
      return;
    }
    if (slot.isOver) return;
    if (message.type === 'lost') {
      slot.isOver = true;
      slot.events.onLost(StreamError.fromJSON(message.error));
      return;
    }
    if (message.report.type === 'released') slot.isOver = true;
    slot.events.onReport(message.report);
  }

  /** I4. */
  #silent(unanswered: number, { timeoutMs }: HeartbeatSettings): void {
    this.#child.kill('SIGKILL');
    const reason = `unanswered=${unanswered} timeoutMs=${timeoutMs} pid=${this.pid}`;
    this.#lose(`heartbeat timed out ${reason}`, (slotIndex) =>
      taskManagerSilent(slotIndex, reason),
    );
  }

  /** I2. */
  #lose(reason: string, errorOf = (slot: number) => taskManagerLost(slot, reason)): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#watch.stop();
    const slots = [...this.#slots.values()];
    this.#slots.clear();
    for (const asked of this.#inspections.values()) asked.reject(notInspected());
    this.#inspections.clear();
    this.observation?.gone(reason);
    if (slots.some(({ isOver }) => !isOver)) this.#onLost();
    for (const slot of slots) {
      const { isOver, events, slotIndex, ended } = slot;
      slot.isOver = true;
      ended.resolve();
      if (!isOver) events.onLost(errorOf(slotIndex));
    }
  }
}
