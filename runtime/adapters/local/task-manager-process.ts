/**
 * A TaskManager: a process of its own that runs the slots of one job as worker threads, so that
 * user code that brings the process down costs that job a restart and nobody else anything.
 *
 * I1  It ends when its parent is gone, however that went: the channel between them is closed then.
 * I2  A slot's reports are passed on in their order; nothing of a slot follows `ended`.
 * I3  It tells that it lives, and what it measures, when it starts and from then on regularly.
 */
import type { Serializable } from 'node:child_process';
import { assert, StreamError, type StreamErrorRecord, toStreamError } from '../../core/index.ts';
import type { RegionLaunch, SlotHandle, SlotLaunch } from '../../jobmaster/index.ts';
import type { SlotCommand, SlotReport } from '../../protocol/index.ts';
import type { ProcessStatistics } from '../http/index.ts';
import { type InspectRequest, ProcessInspector, ThreadRegistry } from '../inspect/index.ts';
import { SystemClock } from './system-world.ts';
import { type WorkerJob, WorkerSlotLauncher } from './worker-slot-launcher.ts';

/** A region as it crosses the process boundary: without functions. */
export type RemoteRegionLaunch = Omit<RegionLaunch, 'slots'> & {
  readonly slots: readonly Omit<SlotLaunch, 'events'>[];
};

/** A slot of a launch. */
interface SlotOfLaunch {
  readonly launchId: number;
  readonly slotIndex: number;
}

/** To the TaskManager. */
export type TaskManagerCommand =
  | {
      readonly type: 'launch';
      readonly launchId: number;
      readonly slotWorkerUrl: string;
      readonly job: WorkerJob;
      readonly region: RemoteRegionLaunch;
    }
  | ({ readonly type: 'command'; readonly command: SlotCommand } & SlotOfLaunch)
  | ({ readonly type: 'terminate' } & SlotOfLaunch)
  /** Answered at once, whatever the slots do. */
  | { readonly type: 'ping' }
  | { readonly type: 'inspect'; readonly requestId: number; readonly request: InspectRequest };

/** From the TaskManager, of itself. */
export type TaskManagerNews =
  /** I3. */
  | { readonly type: 'heartbeat'; readonly statistics: ProcessStatistics }
  | { readonly type: 'pong' }
  | { readonly type: 'inspected'; readonly requestId: number; readonly answer: unknown }
  | {
      readonly type: 'not-inspected';
      readonly requestId: number;
      readonly error: StreamErrorRecord;
    };

/** From the TaskManager, of a slot. */
export type TaskManagerReport =
  | ({ readonly type: 'report'; readonly report: SlotReport } & SlotOfLaunch)
  | ({ readonly type: 'lost'; readonly error: StreamErrorRecord } & SlotOfLaunch)
  /** What `terminate` asked for is done. */
  | ({ readonly type: 'ended' } & SlotOfLaunch);

/** Its first argument is the time between two heartbeats, in milliseconds. */
const DEFAULT_HEARTBEAT_MS = 10_000;
/** More often nobody looks. */
const MIN_HEARTBEAT_MS = 100;

/** By then slots have evaluated their program, and have the memory that they will have. */
const AFTER_LAUNCH_MS = 1000;

type Tell = (report: TaskManagerReport | TaskManagerNews) => void;

/** Runs this process as a TaskManager; it ends with its parent. */
export function runTaskManager(): void {
  assert(process.send !== undefined, 'a TaskManager is started by its cluster');
  const threads = new ThreadRegistry();
  const inspector = new ProcessInspector(threads, new SystemClock());
  const tell: Tell = (report) => {
    // The parent may be gone already: then so is this process, in a moment.
    if (process.connected) process.send?.(report as Serializable, () => {});
  };
  const handles = new Map<string, SlotHandle>();
  process.on('message', (message) => {
    const command = message as TaskManagerCommand;
    switch (command.type) {
      case 'launch':
        launch(command, threads, handles, tell);
        setTimeout(() => void beat(inspector, tell), AFTER_LAUNCH_MS).unref();
        break;
      case 'command':
        handles.get(keyOf(command))?.send(command.command);
        break;
      case 'terminate':
        void terminate(command, handles, tell);
        break;
      case 'ping':
        tell({ type: 'pong' });
        break;
      case 'inspect':
        void inspect(command, inspector, tell);
        break;
    }
  });
  const intervalMs = Math.max(MIN_HEARTBEAT_MS, Number(process.argv[2] ?? DEFAULT_HEARTBEAT_MS));
  void beat(inspector, tell);
  setInterval(() => void beat(inspector, tell), intervalMs).unref();
  // I1. At once: nothing of a job may go on without its coordinator.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  // Ctrl-C in a terminal is for the cluster, which then ends its TaskManagers.
  process.on('SIGINT', () => {});
}

/** I3. */
async function beat(inspector: ProcessInspector, tell: Tell): Promise<void> {
  tell({ type: 'heartbeat', statistics: await inspector.inspect({ type: 'statistics' }) });
}

async function inspect(
  { requestId, request }: Extract<TaskManagerCommand, { type: 'inspect' }>,
  inspector: ProcessInspector,
  tell: Tell,
): Promise<void> {
  try {
    tell({ type: 'inspected', requestId, answer: await inspector.inspect(request) });
  } catch (thrown) {
    tell({ type: 'not-inspected', requestId, error: toStreamError(thrown).toJSON() });
  }
}

function launch(
  command: Extract<TaskManagerCommand, { type: 'launch' }>,
  threads: ThreadRegistry,
  handles: Map<string, SlotHandle>,
  tell: Tell,
): void {
  const { launchId, slotWorkerUrl, job, region } = command;
  const lost = (slotIndex: number, error: unknown): void =>
    tell({ type: 'lost', launchId, slotIndex, error: toStreamError(error).toJSON() });
  try {
    const launcher = new WorkerSlotLauncher(new URL(slotWorkerUrl), job, threads);
    const slots = region.slots.map((slot) => ({
      ...slot,
      events: {
        onReport: (report: SlotReport) =>
          tell({ type: 'report', launchId, slotIndex: slot.slotIndex, report }),
        onLost: (error: Error) => lost(slot.slotIndex, error),
      },
    }));
    const launched = launcher.launch({ ...region, slots });
    slots.forEach(({ slotIndex }, at) => {
      const handle = launched[at];
      if (handle !== undefined) handles.set(keyOf({ launchId, slotIndex }), handle);
    });
  } catch (thrown) {
    for (const { slotIndex } of region.slots) lost(slotIndex, thrown);
  }
}

async function terminate(
  { launchId, slotIndex }: SlotOfLaunch,
  handles: Map<string, SlotHandle>,
  tell: Tell,
): Promise<void> {
  const key = keyOf({ launchId, slotIndex });
  await handles.get(key)?.terminate();
  handles.delete(key);
  tell({ type: 'ended', launchId, slotIndex });
}

function keyOf({ launchId, slotIndex }: SlotOfLaunch): string {
  return `${launchId}:${slotIndex}`;
}

/** What is said of the slots of a TaskManager that is gone. */
export function taskManagerLost(slotIndex: number, reason: string): StreamError {
  return new StreamError({
    kind: 'user',
    code: 'TASK_MANAGER_LOST',
    message:
      'the TaskManager process of the job is gone (killed, out of memory, or ended by user ' +
      `code); slot=${slotIndex} ${reason}`,
    details: { slotIndex },
  });
}

/** What is said of the slots of a TaskManager that was killed for its silence. */
export function taskManagerSilent(slotIndex: number, reason: string): StreamError {
  return new StreamError({
    kind: 'user',
    code: 'TASK_MANAGER_TIMED_OUT',
    message:
      'the TaskManager process of the job did not answer for heartbeat.timeout and was killed: ' +
      'it was frozen (stopped, swapped out, its machine overloaded); raise heartbeat.timeout of ' +
      `the cluster if it only was slow; slot=${slotIndex} ${reason}`,
    details: { slotIndex },
  });
}
