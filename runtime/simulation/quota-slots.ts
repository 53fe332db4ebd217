/**
 * TaskManagers as far as the coordinator hears them: they run, acknowledge checkpoints, and stop
 * behind one that their job hibernates behind. Their
 * reports go as `ReportSender` sends them: a message a slot, ten in a call, after a delay that
 * spreads the TaskManagers of a large job.
 */
import { type CoordinatorMessage, reportDelayMs } from '../adapters/aws/index.ts';
import type { SlotCommand, SlotReport, SubtaskRef } from '../protocol/index.ts';
import type { SimRng } from './sim-rng.ts';
import type { SimWorld } from './sim-world.ts';

type Reports = Extract<CoordinatorMessage, { readonly type: 'reports' }>;

export interface QuotaSlotsParts {
  readonly world: SimWorld;
  readonly jobId: string;
  /** Of a TaskManager. */
  readonly taskSlots: number;
  readonly tasksOf: (slotIndex: number) => readonly SubtaskRef[];
  /** One call, of ten at most. */
  readonly send: (messages: readonly CoordinatorMessage[]) => void;
  /** Nothing ever comes to them: for how long they say nothing of it. Undefined: for ever. */
  readonly idleAfterMs?: number;
  /** A slot has reported for the last time. */
  readonly onReleased?: () => void;
}

const MESSAGES_A_CALL = 10;
/** `functions/taskmanager/lease-settings.ts` */
const LINGER_MS = 20;
/** From the trigger: a barrier's way, a snapshot, its upload. */
const MIN_ACK_MS = 50;
const MAX_ACK_MS = 600;
const DELTAS = 2;

export class QuotaSlots {
  readonly #parts: QuotaSlotsParts;
  readonly #rng: SimRng;
  readonly #sequences = new Map<number, number>();
  readonly #outboxes = new Map<number, Map<number, SlotReport[]>>();
  #attempt = 0;
  /** Behind which they stop. */
  #suspendedAt: number | undefined;

  constructor(parts: QuotaSlotsParts) {
    this.#parts = parts;
    this.#rng = parts.world.rng.stream('slots');
  }

  /** They start, and say so when they are restored. */
  run(attempt: number, slotIndexes: readonly number[]): void {
    if (attempt !== this.#attempt) this.#sequences.clear();
    this.#attempt = attempt;
    this.#suspendedAt = undefined;
    for (const slotIndex of slotIndexes) {
      this.#later(() => this.#report(slotIndex, { type: 'running' }));
      this.#idle(slotIndex, 0);
    }
  }

  hear(slotIndex: number, command: SlotCommand): void {
    if (command.type === 'rouse') this.#idle(slotIndex, command.round);
    if (command.type === 'trigger-checkpoint') this.#acknowledge(slotIndex, command);
    if (command.type !== 'checkpoint-complete') return;
    if (command.checkpointId !== this.#suspendedAt) return;
    this.#later(() => {
      this.#report(slotIndex, { type: 'released' });
      this.#parts.onReleased?.();
    });
  }

  #idle(slotIndex: number, round: number): void {
    const { idleAfterMs, world } = this.#parts;
    if (idleAfterMs === undefined) return;
    const attempt = this.#attempt;
    world.schedule(idleAfterMs, 'idle', () => {
      if (attempt === this.#attempt) this.#report(slotIndex, { type: 'idle', round });
    });
  }

  #acknowledge(
    slotIndex: number,
    { barrier }: Extract<SlotCommand, { readonly type: 'trigger-checkpoint' }>,
  ): void {
    if (barrier.type === 'CHECKPOINT_SUSPEND') this.#suspendedAt = barrier.checkpointId;
    this.#later(() => {
      for (const task of this.#parts.tasksOf(slotIndex)) {
        this.#report(slotIndex, ackOf(task, barrier.checkpointId, barrier.directory));
      }
      const tasks = this.#parts.tasksOf(slotIndex).map(metricsOf);
      this.#report(slotIndex, { type: 'metrics', tasks });
    });
  }

  #later(act: () => void): void {
    const delayMs = MIN_ACK_MS + this.#rng.next() * (MAX_ACK_MS - MIN_ACK_MS);
    this.#parts.world.schedule(delayMs, 'slot', act);
  }

  #report(slotIndex: number, report: SlotReport): void {
    const taskManager = Math.floor(slotIndex / this.#parts.taskSlots);
    const outbox = this.#outboxes.get(taskManager) ?? new Map<number, SlotReport[]>();
    const isNew = !this.#outboxes.has(taskManager);
    this.#outboxes.set(taskManager, outbox);
    outbox.set(slotIndex, [...(outbox.get(slotIndex) ?? []), report]);
    if (!isNew) return;
    this.#parts.world.schedule(reportDelayMs(LINGER_MS, taskManager), 'reports', () => {
      this.#outboxes.delete(taskManager);
      const messages = [...outbox].map(([slot, reports]) => this.#messageOf(slot, reports));
      for (let from = 0; from < messages.length; from += MESSAGES_A_CALL) {
        this.#parts.send(messages.slice(from, from + MESSAGES_A_CALL));
      }
    });
  }

  #messageOf(slotIndex: number, reports: readonly SlotReport[]): Reports {
    const { jobId } = this.#parts;
    const sequence = this.#sequences.get(slotIndex) ?? 0;
    this.#sequences.set(slotIndex, sequence + reports.length);
    return {
      ...{ type: 'reports', jobId, attempt: this.#attempt, lease: 0 },
      ...{ slotIndex, sequence, reports },
    };
  }
}

/** Of a task with a base and two deltas, each a blob of one chunk. */
function ackOf(task: SubtaskRef, checkpointId: number, directory: string): SlotReport {
  const { vertexId, subtaskIndex } = task;
  const segments = Array.from({ length: 1 + DELTAS }, (_, index) => {
    const age = DELTAS - index;
    const id = Math.max(1, checkpointId - age);
    const chunk = { firstKeyGroup: 0, lastKeyGroup: 127, offsetBytes: 32, sizeBytes: 20_345 };
    return {
      kind: index === 0 ? ('BASE' as const) : ('DELTA' as const),
      checkpointId: id,
      bytes: {
        location: `${directory}/${vertexId}-${subtaskIndex}-0-0-${id}-0.row`,
        sizeBytes: 20_409,
        crc32: (subtaskIndex * 2_654_435_761 + id) >>> 0,
      },
      chunks: [
        { ...chunk, rawSizeBytes: 81_920, crc32: (subtaskIndex * id) >>> 0, entryCount: 999 },
      ],
    };
  });
  const operator = {
    operatorId: vertexId,
    keyedStates: [{ name: 'counts', kind: 'value', version: 1, type: { type: 'long' } }],
    keyedSegments: segments,
    operatorStates: [],
  };
  const state = { ...task, finished: false, operators: [operator], channels: [] };
  return { type: 'checkpoint-ack', checkpointId, state, stats: statsOf(subtaskIndex) };
}

function statsOf(subtaskIndex: number) {
  return {
    startDelayMs: 12 + (subtaskIndex % 7),
    alignmentMs: 3 + (subtaskIndex % 5),
    syncMs: 2,
    asyncMs: 40 + (subtaskIndex % 31),
    checkpointedSizeBytes: 20_409 + subtaskIndex,
    stateSizeBytes: 61_227 + subtaskIndex,
    processedDuringAlignmentBytes: 1_024,
    persistedDuringAlignmentBytes: 0,
    unaligned: false,
  };
}

function metricsOf(task: SubtaskRef) {
  return {
    ...task,
    ...{ numRecordsIn: 123_456 + task.subtaskIndex, numRecordsOut: 654_321 },
    ...{ numBytesIn: 12_345_678, numBytesOut: 87_654_321, numRecordsFallback: 0 },
    ...{ maxPendingBytes: 31_744, currentInputWatermarkMs: 1_893_456_000_000 },
    ...{ busyTimeMs: 123_456, backPressuredTimeMs: 0, idleTimeMs: 654_321, operatorMetrics: {} },
  };
}
