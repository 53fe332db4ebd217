/** Slots that do as they are told, and store a small file for each checkpoint. */
import { crc32 } from 'node:zlib';
import { type BlobStore, segmentLocation } from '../checkpoint/index.ts';
import { defined, StreamError, type StreamErrorRecord } from '../core/index.ts';
import type { SlotCommand, SlotReport, SubtaskRef, SubtaskStateRecord } from '../protocol/index.ts';
import type { RegionLaunch, SlotHandle, SlotLaunch, SlotLauncher } from './slot-launcher.ts';

/** What slots do by themselves. */
export interface SlotHabits {
  /** Report `running` after their launch. */
  readonly run: boolean;
  /** Report `released` when cancelled. */
  readonly release: boolean;
  /** Acknowledge checkpoints, for all their tasks. */
  readonly acknowledge: boolean;
}

export class FakeSlot {
  readonly commands: SlotCommand[] = [];
  readonly launch: SlotLaunch;
  readonly attempt: number;
  readonly subtasks: readonly { readonly vertexId: string; readonly subtaskIndex: number }[];
  readonly #habits: () => SlotHabits;
  readonly #blobs: BlobStore;
  terminated = 0;

  constructor(
    region: RegionLaunch,
    launch: SlotLaunch,
    blobs: BlobStore,
    habits: () => SlotHabits,
  ) {
    this.#blobs = blobs;
    this.launch = launch;
    this.attempt = region.attempt;
    this.subtasks = region.executionGraph.slots[launch.slotIndex]?.subtasks ?? [];
    this.#habits = habits;
  }

  get slotIndex(): number {
    return this.launch.slotIndex;
  }

  /** `0@2`: slot 0 in attempt 2. */
  get name(): string {
    return `${this.slotIndex}@${this.attempt}`;
  }

  get types(): readonly string[] {
    return this.commands.map(({ type }) => type);
  }

  /** The checkpoint it was started from. */
  get restoredId(): number | undefined {
    return this.launch.restore[0]?.checkpointId;
  }

  get handle(): SlotHandle {
    const place = { taskManagerId: `tm-${this.name}`, endpoint: `host:${this.slotIndex}` };
    return {
      place,
      send: (command) => {
        this.commands.push(command);
        queueMicrotask(() => this.#answer(command));
      },
      terminate: async () => {
        this.terminated += 1;
      },
    };
  }

  report(report: SlotReport): void {
    this.launch.events.onReport(report);
  }

  lose(message = 'the thread died'): void {
    this.launch.events.onLost(new StreamError({ kind: 'user', code: 'SLOT_LOST', message }));
  }

  fail(message = 'boom', code = 'BOOM'): void {
    const task = defined(this.subtasks[0], 'a slot has a task');
    this.report({ type: 'task-failed', task, error: failure(message, code) });
  }

  /** All of it ends well. */
  finish(): void {
    for (const task of this.subtasks) this.report({ type: 'task-finished', task });
    this.report({ type: 'released' });
  }

  acknowledge(checkpointId: number): void {
    for (const task of this.subtasks) void this.#acknowledge(task, checkpointId);
  }

  decline(checkpointId: number, message = 'cannot'): void {
    const task = defined(this.subtasks[0], 'a slot has a task');
    const error = failure(message, 'CHECKPOINT_ASYNC_EXCEPTION');
    this.report({ type: 'checkpoint-declined', checkpointId, task, error });
  }

  /** When it has just been launched. */
  begin(): void {
    if (this.#habits().run) this.report({ type: 'running' });
  }

  /** With a file of its own in the checkpoint's directory, and what it had stored before. */
  async #acknowledge(task: SubtaskRef, checkpointId: number): Promise<void> {
    const trigger = this.commands.findLast((c) => c.type === 'trigger-checkpoint');
    const directory = trigger?.type === 'trigger-checkpoint' ? trigger.barrier.directory : '';
    const name = { ownerId: task.vertexId, attempt: this.attempt, checkpointId, part: 'list-0' };
    const location = segmentLocation(directory, { ...name, subtaskIndex: task.subtaskIndex });
    const bytes = Buffer.from(location);
    const record = { location, sizeBytes: bytes.length, crc32: crc32(bytes) };
    await this.#blobs.put(location, bytes);
    const list = { name: 'list', mode: 'SPLIT_DISTRIBUTE', itemCount: 1, bytes: record } as const;
    const operator = { operatorId: task.vertexId, keyedStates: [], keyedSegments: [] };
    const operators = [{ ...operator, operatorStates: [list] }];
    const state: SubtaskStateRecord = { ...task, finished: false, operators, channels: [] };
    this.report({ type: 'checkpoint-ack', checkpointId, state, stats: STATS });
  }

  #answer(command: SlotCommand): void {
    const { release, acknowledge } = this.#habits();
    if (command.type === 'cancel' && release) this.report({ type: 'released' });
    if (command.type === 'trigger-checkpoint' && acknowledge) {
      this.acknowledge(command.barrier.checkpointId);
    }
  }
}

const STATS = {
  startDelayMs: 0,
  alignmentMs: 0,
  syncMs: 0,
  asyncMs: 0,
  checkpointedSizeBytes: 0,
  stateSizeBytes: 0,
  processedDuringAlignmentBytes: 0,
  persistedDuringAlignmentBytes: 0,
  unaligned: false,
};

export class FakeLauncher implements SlotLauncher {
  readonly slots: FakeSlot[] = [];
  readonly launches: RegionLaunch[] = [];
  habits: SlotHabits = { run: true, release: true, acknowledge: true };
  /** Thrown by the next launch. */
  refusal: Error | undefined;
  readonly #blobs: BlobStore;

  /** @param blobs takes the state of slots. */
  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  launch(region: RegionLaunch): readonly SlotHandle[] {
    const { refusal } = this;
    this.refusal = undefined;
    if (refusal !== undefined) throw refusal;
    this.launches.push(region);
    return region.slots.map((launch) => {
      const slot = new FakeSlot(region, launch, this.#blobs, () => this.habits);
      this.slots.push(slot);
      queueMicrotask(() => slot.begin());
      return slot.handle;
    });
  }

  /** `0@0 1@0`, by attempt and slot. */
  get names(): string {
    const order = this.slots.toSorted((a, b) => a.attempt - b.attempt || a.slotIndex - b.slotIndex);
    return order.map(({ name }) => name).join(' ');
  }

  /** The newest with this index. */
  slot(slotIndex: number): FakeSlot {
    return defined(
      this.slots.findLast((slot) => slot.slotIndex === slotIndex),
      'the slot was launched',
    );
  }
}

function failure(message: string, code = 'BOOM'): StreamErrorRecord {
  return new StreamError({ kind: 'user', code, message }).toJSON();
}
