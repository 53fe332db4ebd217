/**
 * The TaskManagers of a cluster on this machine: a process for each job that runs, with a thread
 * for each of its slots.
 *
 * I1  A TaskManager has an id that no other one has, or had. It is listed from its start until its
 *     end is known.
 * I2  What a slot logs or prints is in the log of the process that ran it, and in no other.
 */
import type { Clock } from '../../core/index.ts';
import type { SlotReport } from '../../protocol/index.ts';
import type { ProcessStatistics, TaskManagerView, TaskPlace } from '../http/index.ts';
import { logText } from '../log-text.ts';
import type { ProcessLog, ProcessLogs } from './process-logs.ts';
import { ProcessProfiles, type ProfilingSettings } from './process-profiles.ts';
import type {
  ObservedProcess,
  ProcessObservation,
  TaskManagerObserver,
} from './process-slot-launcher.ts';

export interface LocalTaskManagersParts {
  readonly logs: ProcessLogs;
  readonly clock: Clock;
  readonly profiling: ProfilingSettings;
  /** Hex digits; no two are alike. */
  readonly newId: () => string;
  /** To the terminal. */
  readonly onOutput: (stream: 'stdout' | 'stderr', bytes: Uint8Array) => void;
}

/** Jobs of which it is known where they ran. */
const MAX_PLACED_JOBS = 1000;
/** Processes that are gone whose profiles and logs are known still. */
const MAX_GONE = 50;

export class LocalTaskManagers {
  readonly #parts: LocalTaskManagersParts;
  readonly #live = new Map<string, LocalTaskManager>();
  readonly #gone = new Map<string, LocalTaskManager>();
  /** By job and slot. */
  readonly #places = new Map<string, Map<number, LocalTaskManager>>();

  constructor(parts: LocalTaskManagersParts) {
    this.#parts = parts;
  }

  ofJob(jobId: string): TaskManagerObserver {
    return { started: (process) => this.#started(jobId, process) };
  }

  get all(): readonly LocalTaskManager[] {
    return [...this.#live.values()];
  }

  /** Of one that is gone, too. */
  find(id: string): LocalTaskManager | undefined {
    return this.#live.get(id) ?? this.#gone.get(id);
  }

  /** Where a slot runs, or ran last. */
  of(jobId: string, slotIndex: number): LocalTaskManager | undefined {
    return this.#places.get(jobId)?.get(slotIndex);
  }

  #started(jobId: string, process: ObservedProcess): LocalTaskManager {
    const { newId } = this.#parts;
    // I1.
    const id = `localhost-${process.pid}-${newId().slice(0, 6)}`;
    const taskManager = new LocalTaskManager(id, jobId, process, this.#parts, {
      onPlaced: (slotIndexes) => this.#placed(taskManager, slotIndexes),
      onGone: () => this.#left(taskManager),
    });
    this.#live.set(id, taskManager);
    return taskManager;
  }

  #placed(taskManager: LocalTaskManager, slotIndexes: readonly number[]): void {
    const { jobId } = taskManager;
    const places = this.#places.get(jobId) ?? new Map<number, LocalTaskManager>();
    for (const slotIndex of slotIndexes) places.set(slotIndex, taskManager);
    this.#places.delete(jobId);
    this.#places.set(jobId, places);
    dropOldest(this.#places, MAX_PLACED_JOBS);
  }

  #left(taskManager: LocalTaskManager): void {
    this.#live.delete(taskManager.id);
    this.#gone.set(taskManager.id, taskManager);
    dropOldest(this.#gone, MAX_GONE);
  }
}

interface LocalTaskManagerEvents {
  readonly onPlaced: (slotIndexes: readonly number[]) => void;
  readonly onGone: () => void;
}

export class LocalTaskManager implements ProcessObservation {
  readonly id: string;
  readonly jobId: string;
  readonly place: TaskPlace;
  readonly log: ProcessLog;
  readonly profiles: ProcessProfiles;
  readonly inspect: ObservedProcess['inspect'];
  readonly #parts: LocalTaskManagersParts;
  readonly #events: LocalTaskManagerEvents;
  /** Slots it has run, and whether they are there. */
  readonly #slots = new Map<number, boolean>();
  #statistics: ProcessStatistics | undefined;
  #heartbeatAtEpochMs: number | undefined;
  #isGone = false;

  constructor(
    id: string,
    jobId: string,
    process: ObservedProcess,
    parts: LocalTaskManagersParts,
    events: LocalTaskManagerEvents,
  ) {
    const { logs, clock, profiling: settings } = parts;
    this.id = id;
    this.jobId = jobId;
    this.place = { taskManagerId: id, endpoint: `localhost:${process.pid}` };
    this.inspect = process.inspect;
    this.log = logs.open(id, 'taskmanager');
    this.profiles = new ProcessProfiles({ log: this.log, inspect: this.inspect, clock, settings });
    this.#parts = parts;
    this.#events = events;
    this.#note(`TaskManager started pid=${process.pid} job=${jobId}`);
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  get view(): TaskManagerView {
    const taken = [...this.#slots.values()].filter(Boolean).length;
    return {
      ...this.place,
      slotCount: this.#slots.size,
      jobIdsOfSlots: Array.from({ length: taken }, () => this.jobId),
      heartbeatAtEpochMs: this.#heartbeatAtEpochMs,
      statistics: this.#statistics,
    };
  }

  launched(slotIndexes: readonly number[], attempt: number): void {
    for (const slotIndex of slotIndexes) this.#slots.set(slotIndex, true);
    this.#events.onPlaced(slotIndexes);
    this.#note(`slots deployed slots=${slotIndexes.join(',')} attempt=${attempt}`);
  }

  /** I2. */
  reported(slotIndex: number, report: SlotReport): void {
    switch (report.type) {
      case 'log': {
        const text = logText(`slot-${slotIndex} ${report.message}`, report.fields);
        this.log.line(this.#parts.clock.nowEpochMs(), report.level, text);
        break;
      }
      case 'print':
        this.log.printed(report.text.endsWith('\n') ? report.text : `${report.text}\n`);
        break;
      case 'released':
        this.ended(slotIndex);
        break;
      case 'task-failed': {
        const { task, error } = report;
        const place = `slot-${slotIndex} task failed vertex=${task.vertexId} subtask=`;
        const text = logText(`${place}${task.subtaskIndex} code=${error.code} ${error.message}`);
        this.log.line(this.#parts.clock.nowEpochMs(), 'error', text);
        break;
      }
      default:
        break;
    }
  }

  ended(slotIndex: number): void {
    if (this.#slots.get(slotIndex) !== true) return;
    this.#slots.set(slotIndex, false);
    this.#note(`slot released slot=${slotIndex}`);
  }

  heartbeat(statistics: ProcessStatistics): void {
    this.#heartbeatAtEpochMs = this.#parts.clock.nowEpochMs();
    this.#statistics = statistics;
  }

  wrote(stream: 'stdout' | 'stderr', bytes: Uint8Array): void {
    this.log.printed(bytes);
    this.#parts.onOutput(stream, bytes);
  }

  gone(reason: string): void {
    this.#isGone = true;
    for (const slotIndex of this.#slots.keys()) this.#slots.set(slotIndex, false);
    this.#note(`TaskManager ended ${reason}`);
    this.#events.onGone();
  }

  closed(): void {
    this.log.close();
  }

  #note(text: string): void {
    this.log.line(this.#parts.clock.nowEpochMs(), 'info', text);
  }
}

/** Maps keep the order of insertion. */
function dropOldest(map: Map<string, unknown>, max: number): void {
  for (const key of map.keys()) {
    if (map.size <= max) return;
    map.delete(key);
  }
}
