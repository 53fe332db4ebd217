/**
 * Checkpoints as one subtask sees them: turns what channels and the JobMaster say into what the
 * task does next. Decides by `barrier-handler.ts`; the task asks between its steps.
 *
 * I1  A trigger that waits is taken before any more input.
 * I2  After the snapshot of a suspending savepoint, and of the checkpoint behind which the slot is
 *     to be handed over, the task takes no input until the JobMaster says what became of it.
 * I3  The JobMaster's word on a checkpoint is passed on in the order it came.
 */
import {
  type BarrierCommand,
  type BarrierEvent,
  type BarrierState,
  decideBarrier,
  initialBarrierState,
  type SnapshotTrigger,
  unalignedAtMs,
} from '../checkpoint/index.ts';
import { type Clock, defined, StreamError } from '../core/index.ts';
import { type CheckpointBarrier, isSuspending } from '../protocol/index.ts';
import { ChannelRecorder, type RecordableChannel, type Recording } from './channel-recorder.ts';
import type { ChainLink } from './operator-chain.ts';
import type { SlotTimers } from './slot-timers.ts';
import { SnapshotTaker, type SnapshotTakerParts } from './snapshot-taker.ts';

export interface SubtaskCheckpointsParts extends SnapshotTakerParts {
  /** Channels of all gates. */
  readonly channelCount: number;
  /** Those from other slots; the others are calls. */
  readonly remote: readonly RecordableChannel[];
  readonly timers: Pick<SlotTimers, 'scheduleAt'>;
  readonly wake: () => void;
  /** Where the subtask begins, when it goes on behind a checkpoint of this very attempt. */
  readonly resume:
    | { readonly checkpointId: number; readonly endedChannels: readonly number[] }
    | undefined;
}

/** What became of a checkpoint. */
export interface CheckpointNotice {
  readonly type: 'complete' | 'aborted';
  readonly checkpointId: number;
}

export class SubtaskCheckpoints {
  readonly #parts: SubtaskCheckpointsParts;
  readonly #clock: Clock;
  readonly #taker: SnapshotTaker;
  readonly #blocked: Uint8Array;
  readonly #triggers: SnapshotTrigger[] = [];
  readonly #notices: CheckpointNotice[] = [];
  /** Bytes read when the first barrier of a pending checkpoint came, by id. */
  readonly #bytesBefore = new Map<number, number>();
  #state: BarrierState;
  #recorder: ChannelRecorder | undefined;
  #heldBy: number | undefined;
  #handsOver = false;
  #drains = false;
  /** From this checkpoint on, the next one is held for a hand-over. */
  #handOverFrom = Number.POSITIVE_INFINITY;
  /** Between the trigger and the cut. */
  #takingId: number | undefined;
  /** The newest checkpoint with a barrier before the end of its channel's data. */
  #unfinishedId = 0;
  #firstFinishedId = Number.POSITIVE_INFINITY;

  constructor(parts: SubtaskCheckpointsParts) {
    this.#parts = parts;
    this.#clock = parts.clock;
    this.#taker = new SnapshotTaker(parts);
    this.#blocked = new Uint8Array(parts.channelCount);
    const remote = new Set(parts.remote.map(({ channel }) => channel));
    const channels = Array.from({ length: parts.channelCount }, (_, channel) => channel);
    this.#state = initialBarrierState(
      parts.channelCount,
      channels.filter((channel) => !remote.has(channel)),
      parts.resume,
    );
  }

  // From the slot.

  announce(barrier: CheckpointBarrier): void {
    this.#apply({ type: 'announced', barrier, nowMs: this.#clock.nowEpochMs() });
  }

  /** The newest checkpoint that anything was heard of. */
  get newestId(): number {
    const { lastTriggeredId, newestBarrierId, pending } = this.#state;
    const newestPending = pending.at(-1)?.barrier.checkpointId ?? 0;
    return Math.max(lastTriggeredId, newestBarrierId, newestPending);
  }

  /** The subtask is to be handed over behind the next checkpoint from this one on. */
  holdFrom(checkpointId: number): void {
    this.#handOverFrom = checkpointId;
    this.#apply({ type: 'align-from', checkpointId });
  }

  /** It is not handed over behind the checkpoint it is held by. */
  releaseHold(): void {
    this.#heldBy = undefined;
  }

  complete(checkpointId: number): void {
    this.#notices.push({ type: 'complete', checkpointId });
  }

  abort(checkpointId: number): void {
    this.#apply({ type: 'aborted', checkpointId });
    this.#giveUp(checkpointId);
    this.#notices.push({ type: 'aborted', checkpointId });
  }

  close(): void {
    this.#taker.close();
    this.#recorder?.giveUp();
    this.#recorder = undefined;
    this.#triggers.length = 0;
    this.#notices.length = 0;
  }

  // From the channels.

  barrier(channel: number, barrier: CheckpointBarrier, channelEnded: boolean): void {
    const { checkpointId } = barrier;
    if (!channelEnded) this.#unfinishedId = Math.max(this.#unfinishedId, checkpointId);
    if (!this.#bytesBefore.has(checkpointId)) {
      this.#bytesBefore.set(checkpointId, this.#bytesRead());
    }
    this.#apply({ type: 'barrier', channel, barrier, nowMs: this.#clock.nowEpochMs() });
  }

  endOfPartition(channel: number): void {
    this.#apply({ type: 'end-of-partition', channel, nowMs: this.#clock.nowEpochMs() });
  }

  /** Some of the input has ended for a stop that drains: its savepoint is to hold this end, too. */
  drain(): void {
    this.#drains = true;
  }

  // For the task.

  get drains(): boolean {
    return this.#drains;
  }

  /** Snapshots that are being stored. */
  get storing(): number {
    return this.#taker.storing;
  }

  /** False: nothing here concerns the next step. */
  get hasWork(): boolean {
    return (
      this.#triggers.length > 0 ||
      this.#notices.length > 0 ||
      this.#recorder !== undefined ||
      this.#heldBy !== undefined
    );
  }

  /** I1, I2. */
  get holdsInput(): boolean {
    return this.#triggers.length > 0 || this.#heldBy !== undefined;
  }

  /** I2. */
  get isHeld(): boolean {
    return this.#heldBy !== undefined;
  }

  /** The newest checkpoint whose snapshot is still to be taken; undefined when there is none. */
  newestWaitingId(): number | undefined {
    return this.#triggers.at(-1)?.barrier.checkpointId ?? this.#takingId;
  }

  isWaiting(checkpointId: number): boolean {
    if (this.#takingId === checkpointId) return true;
    return this.#triggers.some(({ barrier }) => barrier.checkpointId === checkpointId);
  }

  get hasTrigger(): boolean {
    return this.#triggers.length > 0;
  }

  isBlocked(channel: number): boolean {
    return this.#blocked[channel] === 1;
  }

  /** Whether the task may take a frame from a channel of another slot. */
  mayPoll(channel: number): boolean {
    if (this.#blocked[channel] === 1) return false;
    return this.#recorder === undefined || !this.#recorder.mustDrainFirst(channel);
  }

  takeNotice(): CheckpointNotice | undefined {
    return this.#notices.shift();
  }

  /** Takes ahead what an unaligned barrier overtakes; true when there was something. */
  drainOvertaken(): boolean {
    // Who is held processes nothing: what lies before the barriers has to wait here.
    const maxAheadBytes = this.isHeld ? Number.POSITIVE_INFINITY : undefined;
    return this.#recorder?.drain(maxAheadBytes) ?? false;
  }

  /** The waiting snapshot must not wait for room in the outputs any longer. */
  get mayOvertakeOutputs(): boolean {
    const trigger = this.#triggers[0];
    if (trigger === undefined) return false;
    const atMs = unalignedAtMs(trigger.barrier, trigger.seenAtMs);
    return trigger.unaligned || (atMs !== undefined && atMs <= this.#clock.nowEpochMs());
  }

  /**
   * Takes the snapshot that waits; see {@link SnapshotTaker.take}.
   *
   * @param ended the operators' input has ended.
   */
  takeSnapshot(links: readonly ChainLink[], ended: boolean): Promise<void> | undefined {
    const trigger = defined(this.#triggers.shift(), 'the caller has looked');
    const { barrier, firstBarrierAtMs, seenAtMs } = trigger;
    const { checkpointId } = barrier;
    const finished = ended && checkpointId > this.#unfinishedId;
    const before = this.#bytesBefore.get(checkpointId) ?? this.#bytesRead();
    for (const id of this.#bytesBefore.keys()) {
      if (id <= checkpointId) this.#bytesBefore.delete(id);
    }
    this.#takingId = checkpointId;
    const done = (): void => {
      this.#takingId = undefined;
    };
    const cut = this.#taker.take({
      barrier,
      links,
      finished,
      unaligned: trigger.unaligned,
      startDelayMs: Math.max(0, (firstBarrierAtMs ?? seenAtMs) - barrier.triggeredAtEpochMs),
      alignmentMs: Math.max(0, trigger.alignmentMs),
      processedDuringAlignmentBytes: this.#bytesRead() - before,
      record: () => this.#onCut(trigger, ended, finished),
    });
    if (cut === undefined) done();
    return cut?.then(done);
  }

  /** Whether this checkpoint, once complete, holds the end of this subtask. */
  includesEnd(checkpointId: number): boolean {
    return checkpointId >= this.#firstFinishedId;
  }

  /** Whether the task waits for this suspending savepoint. */
  isHeldBy(checkpointId: number): boolean {
    return this.#heldBy === checkpointId && !this.#handsOver;
  }

  /** Whether the task waits for this checkpoint, to be handed over behind it. */
  isHandedOverBehind(checkpointId: number): boolean {
    return this.#heldBy === checkpointId && this.#handsOver;
  }

  /** Channels, over all gates, from which nothing follows. */
  get endedChannels(): ReadonlySet<number> {
    return this.#state.ended;
  }

  #onCut(
    { barrier, unaligned, overtaken }: SnapshotTrigger,
    ended: boolean,
    finished: boolean,
  ): Promise<Recording | undefined> | undefined {
    const { checkpointId, type } = barrier;
    if (finished) this.#firstFinishedId = Math.min(this.#firstFinishedId, checkpointId);
    this.#handsOver = type === 'CHECKPOINT' && checkpointId >= this.#handOverFrom && !ended;
    if (isSuspending(type) || this.#handsOver) this.#heldBy = checkpointId;
    if (!unaligned) return undefined;
    const channels = this.#parts.remote.filter(({ channel }) => overtaken.includes(channel));
    this.#recorder = new ChannelRecorder(barrier, channels, (channel, found) =>
      this.#apply({
        type: 'barrier',
        channel,
        barrier: found,
        nowMs: this.#clock.nowEpochMs(),
      }),
    );
    return this.#recorder.recording;
  }

  #apply(event: BarrierEvent): void {
    const { state, commands } = decideBarrier(this.#state, event);
    this.#state = state;
    for (const command of commands) this.#carryOut(command);
    if (commands.length > 0) this.#parts.wake();
  }

  #carryOut(command: BarrierCommand): void {
    switch (command.type) {
      case 'block':
      case 'unblock':
        this.#blocked[command.channel] = command.type === 'block' ? 1 : 0;
        break;
      case 'trigger':
        this.#triggers.push(command);
        break;
      case 'channel-recorded':
        this.#recorder?.channelRecorded(command.channel);
        break;
      case 'recorded':
        this.#recorder?.finish(command.alignmentMs);
        this.#recorder = undefined;
        break;
      case 'subsumed':
        this.#giveUp(command.checkpointId);
        this.#taker.decline(command.checkpointId, this.#subsumed(command));
        break;
      case 'alarm':
        this.#parts.timers.scheduleAt(command.atMs, () => {
          this.#apply({ type: 'time', nowMs: this.#clock.nowEpochMs() });
          this.#parts.wake();
        });
        break;
    }
  }

  #giveUp(checkpointId: number): void {
    this.#taker.drop(checkpointId);
    this.#bytesBefore.delete(checkpointId);
    if (this.#heldBy === checkpointId) this.#heldBy = undefined;
    const waiting = this.#triggers.findIndex((t) => t.barrier.checkpointId === checkpointId);
    if (waiting >= 0) this.#triggers.splice(waiting, 1);
    if (this.#recorder?.checkpointId !== checkpointId) return;
    this.#recorder.giveUp();
    this.#recorder = undefined;
  }

  #subsumed(ids: { readonly checkpointId: number; readonly byCheckpointId: number }): StreamError {
    const { ref, name, parallelism } = this.#parts;
    const at = `subtask ${ref.subtaskIndex + 1}/${parallelism}`;
    return new StreamError({
      kind: 'conflict',
      code: 'CHECKPOINT_SUBSUMED',
      message: `a later checkpoint came before all barriers of this one had, in "${name}" (${at}): checkpoint=${ids.checkpointId} later=${ids.byCheckpointId}`,
      details: { operator: name, subtask: ref.subtaskIndex, checkpointId: ids.checkpointId },
    });
  }

  #bytesRead(): number {
    return this.#parts.remote.reduce((sum, { source }) => sum + source.bytesRead, 0);
  }
}
