/**
 * One subtask of a job vertex: a chain of operators between gates and edges. Synchronous: a call
 * of {@link Task.step} handles a bounded piece of input and returns. What is asynchronous (a full
 * sink, a source that waits for bytes, the end) suspends the task between steps.
 *
 * Owns its chain, gates and writers. The slot calls `open`, `step`, `close` and passes on what the
 * JobMaster says; tasks of the slot call its gate channels, and only while `canAccept()`.
 *
 * I1  No input is taken while suspended, while an operator has no room, while an output waits for
 *     space or a snapshot waits. No room holds back neither snapshots nor mails.
 * I2  The end goes through the chain head first: each operator's `endInput`, then its `finish`,
 *     then the next operator's; then the edges' ends of data. With checkpointing, or drained by
 *     a stop, it waits for a checkpoint that holds its end; then ends of partition; `FINISHED`.
 * I3  Operators are closed exactly once, whatever happened.
 * I4  What is said to a source after a trigger is handled after its snapshot.
 * I5  A task that stands behind a checkpoint takes no input until it is released or replaced.
 */
import { MAX_WATERMARK_MS, MIN_TIMESTAMP_MS, toStreamError } from '../core/index.ts';
import type { CheckpointBarrier, SourceEvent, TaskHandOverRecord } from '../protocol/index.ts';
import type { ChannelReplay } from './channel-replay.ts';
import { type ChainLink, openLink } from './operator-chain.ts';
import { OperatorWaits } from './operator-waits.ts';
import { runningLinks } from './restore-subtask.ts';
import { SeenInput } from './seen-input.ts';
import { type DeferredCommand, SourceInbox } from './source-inbox.ts';
import { closeStored, SourcePoller, sortedPoller } from './source-poller.ts';
import type { CheckpointNotice, SubtaskCheckpoints } from './subtask-checkpoints.ts';
import { deliverOvertaken, leaveTask, resumeTask } from './task-hand-over.ts';
import { TaskInputs } from './task-inputs.ts';
import type { TaskParts } from './task-parts.ts';
import { named } from './task-place.ts';
import { TaskTimes } from './task-times.ts';
import { tellOperators } from './tell-operators.ts';

export type TaskState =
  | 'CREATED'
  | 'RUNNING'
  /** Input has ended, operators finish. */
  | 'ENDING'
  /** Waits for a checkpoint that holds its end. */
  | 'ENDED'
  | 'DRAINING'
  | 'FINISHED'
  | 'FAILED';

/** `progress`: call again; `idle`: no input; `blocked`: waits for space or for a promise. */
export type StepResult = 'progress' | 'idle' | 'blocked';

export class Task {
  readonly parts: TaskParts;
  readonly #links: readonly ChainLink[];
  readonly #waits: OperatorWaits;
  readonly #checkpoints: SubtaskCheckpoints;
  readonly #inputs: TaskInputs;
  readonly #source: SourcePoller | undefined;
  /** The source, or sorted inputs once all is sorted; undefined: channels are. */
  #polled: SourcePoller | undefined;
  readonly #mailbox: (() => void)[] = [];
  /** I4. */
  readonly #inbox: SourceInbox;
  readonly #mayPoll = (channel: number): boolean => this.#checkpoints.mayPoll(channel);
  readonly #guardedStep = (): StepResult => {
    try {
      return this.#stepOnce();
    } catch (thrown) {
      this.fail(thrown);
      return 'progress';
    }
  };
  readonly #times: TaskTimes;
  #state: TaskState = 'CREATED';
  #suspended = false;
  #replay: ChannelReplay | undefined;
  /** Elements that had been overtaken with the frames of the replay. */
  #overtaken: TaskHandOverRecord | undefined;
  /** I5. */
  #standsBehind: number | undefined;
  #closing: Promise<void> | undefined;
  #failure: unknown;
  readonly #seenInput = new SeenInput();

  constructor(parts: TaskParts) {
    this.parts = parts;
    this.#checkpoints = parts.checkpoints;
    this.#times = new TaskTimes(parts.clock, parts.gates);
    this.#links = runningLinks(parts.chain, parts.restored);
    this.#waits = new OperatorWaits(parts, this.#links);
    this.#replay = parts.replay;
    this.#overtaken = parts.handOver;
    if (parts.handOver?.finished === true) this.#state = 'FINISHED';
    this.#inputs = new TaskInputs(parts.gates, parts.remoteInputs);
    this.#inbox = new SourceInbox(this.#checkpoints, (event) => {
      try {
        this.#source?.handleEvent(event);
      } catch (thrown) {
        this.fail(thrown);
      }
    });
    const { source, links } = parts.chain;
    if (source === undefined) return;
    const wrap = (thrown: unknown): Error => named(parts, links[0], 'source reader', thrown);
    this.#source = new SourcePoller(source, wrap, parts.wake, (thrown) => this.#failAsync(thrown));
    this.#polled = this.#source;
  }

  get state(): TaskState {
    return this.#state;
  }

  get failure(): unknown {
    return this.#failure;
  }

  get times(): Pick<TaskTimes, 'busy' | 'blocked' | 'idle' | 'stepMs' | 'pace'> {
    return this.#times;
  }

  /** Tail first, so that every operator may emit into an open one. */
  async open(): Promise<void> {
    const { handOver } = this.parts;
    if (handOver?.finished === true) return;
    try {
      for (const link of this.#links.toReversed()) await openLink(link);
      this.#state = 'RUNNING';
      this.#times.start();
      if (handOver === undefined) return;
      resumeTask(this.parts, handOver);
      if (this.#replay === undefined) this.#takeOvertaken();
      if (handOver.noMoreSplits) this.handleSourceEvent({ type: 'no-more-splits' });
    } catch (thrown) {
      this.fail(thrown);
    }
  }

  /** Runs `callback` at the next step that may take input. */
  post(callback: () => void): void {
    if (this.#state !== 'RUNNING' && this.#state !== 'CREATED') return;
    this.#mailbox.push(callback);
    this.parts.wake();
  }

  /** I1: whether tasks of this slot may call in on this channel. */
  canAccept(channel: number): boolean {
    if (this.#state === 'DRAINING' || this.#state === 'FINISHED') return true;
    if (this.#checkpoints.holdsInput || this.#checkpoints.isBlocked(channel)) return false;
    // Only barriers can come.
    if (this.#state === 'ENDING' || this.#state === 'ENDED') return true;
    if (this.#state !== 'RUNNING' || this.#replay !== undefined || this.#endsAtOnce()) return false;
    // Input by calls is no step: what it left to wait for shows itself here.
    if (!this.#suspended && this.#seenInput.look(this)) this.#lookForSuspension();
    if (this.#state !== 'RUNNING' || this.#suspended || !this.#waits.hasRoom) return false;
    return this.#outputsAvailable();
  }

  #lookForSuspension(): void {
    try {
      this.#checkSuspension();
    } catch (thrown) {
      this.#failAsync(thrown);
    }
  }

  fail(thrown: unknown): void {
    if (this.#state === 'FAILED') return;
    this.#failure = toStreamError(thrown);
    this.#state = 'FAILED';
  }

  /** I4. `drain`: a source ends as if its input were bounded. */
  handleSourceEvent(event: SourceEvent | 'drain'): void {
    if (this.#source === undefined || this.parts.restored?.finished === true) return;
    this.#inbox.take(event);
  }

  /** The slot is to be handed over behind the next checkpoint from this one on. */
  holdFrom(checkpointId: number): void {
    this.#checkpoints.holdFrom(checkpointId);
  }

  /** I5: the completed checkpoint it stands behind. */
  get standsBehind(): number | undefined {
    return this.#standsBehind;
  }

  /** This checkpoint is complete. `later`: something is to be done; `never`: its end is in none. */
  mayBeLeftBehind(checkpointId: number): 'now' | 'later' | 'never' {
    if (this.#state === 'FINISHED' || this.#standsBehind === checkpointId) return 'now';
    const isLeftOut = this.#state === 'ENDED' && !this.#checkpoints.includesEnd(checkpointId);
    return isLeftOut ? 'never' : 'later';
  }

  /** Another task of the slot cannot be left behind that checkpoint: it goes on. */
  release(): void {
    if (this.#standsBehind === undefined) return;
    this.#standsBehind = undefined;
    this.#checkpoints.releaseHold();
    this.#inbox.handleDue();
    this.parts.wake();
  }

  /** What the task that takes its place has to know; only while it may be left. */
  leave(): { record: TaskHandOverRecord; commands: readonly DeferredCommand[] } {
    const record = leaveTask(this.parts, this.#state === 'FINISHED', this.#inbox.noMoreSplits);
    return { record, commands: this.#inbox.waiting(this.parts.ref) };
  }

  /** A checkpoint has begun; see `trigger-checkpoint`. */
  announceCheckpoint(barrier: CheckpointBarrier): void {
    this.#checkpoints.announce(barrier);
  }

  notifyCheckpointComplete(checkpointId: number): void {
    if (!this.#hasEnded()) this.#checkpoints.complete(checkpointId);
  }

  notifyCheckpointAborted(checkpointId: number): void {
    if (this.#hasEnded()) return;
    this.#checkpoints.abort(checkpointId);
    this.#inbox.handleDue();
  }

  /** Nothing of a checkpoint concerns it any more. */
  #hasEnded(): boolean {
    const state = this.#state;
    return state === 'DRAINING' || state === 'FINISHED' || state === 'FAILED';
  }

  step(): StepResult {
    return this.#times.measure(this.#guardedStep);
  }

  /** True when some buffer held records. */
  flush(): boolean {
    let any = false;
    for (const writer of this.parts.writers) if (writer.flush()) any = true;
    return any;
  }

  /** I3. Errors of closing do not hide an earlier failure. */
  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    this.#checkpoints.close();
    this.#mailbox.length = 0;
    this.#inbox.clear();
    if (this.parts.handOver?.finished === true) return;
    await closeStored(this.parts, (thrown) => this.fail(this.#failure ?? thrown));
    for (const link of this.parts.chain.links) {
      try {
        await link.operator.close();
      } catch (thrown) {
        this.fail(this.#failure ?? named(this.parts, link, 'close', thrown));
      }
    }
  }

  inputWatermarkMs(): number {
    const { gates, chain } = this.parts;
    if (gates.length === 0) return chain.links[0]?.output.watermarkMs ?? MIN_TIMESTAMP_MS;
    return Math.min(...gates.map((gate) => gate.watermarkMs));
  }

  /** Nothing of it waits but for input, or a time. */
  get isQuiet(): boolean {
    if (this.#state === 'ENDED' || this.#state === 'FINISHED') return true;
    if (this.#state !== 'RUNNING' || this.#suspended || this.#replay !== undefined) return false;
    if (this.#checkpoints.holdsInput || this.#mailbox.length > 0) return false;
    if (this.#waits.isBusy) return false;
    return this.#source?.isWaiting !== false && this.#drainOutputs();
  }

  /** When its source has something by itself; `Infinity`: never. */
  get dueAtEpochMs(): number {
    return this.#source?.idleUntilEpochMs() ?? Number.POSITIVE_INFINITY;
  }

  numRecordsIn(): number {
    const { gates, chain } = this.parts;
    if (gates.length === 0) return chain.links[0]?.output.numRecords ?? 0;
    return gates.reduce((sum, gate) => sum + gate.numRecords, 0);
  }

  #stepOnce(): StepResult {
    if (this.#state === 'DRAINING') return this.#drain();
    if (this.#state !== 'RUNNING' && this.#state !== 'ENDED') {
      return this.#state === 'ENDING' ? this.#waitBlocked() : 'idle';
    }
    if (this.#suspended) return this.#waitBlocked();
    if (this.#checkpoints.hasWork) {
      const result = this.#checkpointStep();
      if (result !== undefined) return result;
    }
    if (this.#state === 'ENDED') {
      this.#drainOutputs();
      return this.#inputs.take(this.#mayPoll, this.#times.pace) ? 'progress' : 'idle';
    }
    if (!this.#outputsAvailable()) return 'blocked';
    const hasReplay = this.#replay !== undefined;
    if (this.#replay !== undefined && this.#waits.hasRoom) return this.#replayStep(this.#replay);
    if (!hasReplay && (this.#inbox.drainRequested || this.#endsAtOnce())) return this.#endEarly();
    if (this.#runMails()) return 'progress';
    if (hasReplay || !this.#waits.hasRoom) return this.#waitBlocked();
    const result = this.#polled === undefined ? this.#takeInput() : this.#pollSource(this.#polled);
    if (result === 'progress' && this.#state === 'RUNNING') this.#checkSuspension();
    return result;
  }

  /** I1: what they leave to wait for comes before more input. */
  #runMails(): boolean {
    const mails = this.#mailbox.splice(0);
    for (const mail of mails) mail();
    if (mails.length > 0) this.#checkSuspension();
    return mails.length > 0;
  }

  /** What was written before goes out, and barriers come through, all the same. */
  #waitBlocked(): StepResult {
    this.#drainOutputs();
    this.#checkpoints.drainOvertaken();
    return 'blocked';
  }

  #drainOutputs(): boolean {
    let drained = true;
    for (const writer of this.parts.writers) drained = writer.isDrained() && drained;
    return drained;
  }

  /** Undefined: the task may take input. */
  #checkpointStep(): StepResult | undefined {
    const notice = this.#checkpoints.takeNotice();
    if (notice !== undefined) {
      this.#passOn(notice);
      return 'progress';
    }
    const drained = this.#checkpoints.drainOvertaken();
    if (this.#checkpoints.isHeld) {
      this.#drainOutputs();
      return drained ? 'progress' : 'idle';
    }
    if (!this.#checkpoints.hasTrigger || this.#hasOlderWork()) {
      return drained ? 'progress' : undefined;
    }
    const available = this.#outputsAvailable();
    if (!available && !this.#checkpoints.mayOvertakeOutputs) return 'blocked';
    const cut = this.#checkpoints.takeSnapshot(this.#links, this.#state === 'ENDED');
    if (cut === undefined) this.#inbox.handleDue();
    else this.#suspendFor(cut.then(() => this.#inbox.handleDue()));
    return 'progress';
  }

  /** What came before the trigger comes before the snapshot. */
  #hasOlderWork(): boolean {
    if (this.#state !== 'RUNNING') return false;
    return this.#replay !== undefined || this.#inbox.drainRequested || this.#endsAtOnce();
  }

  #replayStep(replay: ChannelReplay): StepResult {
    if (!replay.next()) this.#replay = undefined;
    if (this.#replay === undefined) this.#takeOvertaken();
    this.#checkSuspension();
    return 'progress';
  }

  #takeOvertaken(): void {
    if (this.#overtaken !== undefined) deliverOvertaken(this.parts.gates, this.#overtaken);
    this.#overtaken = undefined;
  }

  /** A subtask that had finished before the restore. */
  #endsAtOnce(): boolean {
    return this.#state === 'RUNNING' && this.parts.restored?.finished === true;
  }

  #endEarly(): StepResult {
    if (this.#endsAtOnce()) {
      for (const writer of this.parts.writers) writer.processWatermark(MAX_WATERMARK_MS);
      this.#mailbox.length = 0;
      this.#endData();
      return 'progress';
    }
    const output = this.parts.chain.links[0]?.output;
    output?.emitIdle(false);
    output?.emitWatermark(MAX_WATERMARK_MS);
    this.#checkpoints.drain();
    this.#beginEnd();
    return 'progress';
  }

  #outputsAvailable(): boolean {
    let available = true;
    for (const writer of this.parts.writers) available = writer.isAvailable() && available;
    return available;
  }

  #takeInput(): StepResult {
    const taken = this.#inputs.next(this.#mayPoll, this.#times.pace);
    if (taken !== 'end') return taken;
    this.#polled = sortedPoller(this.parts, (thrown) => this.#failAsync(thrown));
    if (this.#polled === undefined) this.#beginEnd();
    return 'progress';
  }

  #pollSource(source: SourcePoller): StepResult {
    const { pace } = this.#times;
    const before = this.numRecordsIn();
    const polled = source.poll(pace.maxRecords);
    pace.took(Math.max(this.numRecordsIn() - before, polled === 'more' ? 1 : 0));
    if (polled === 'nothing') return 'idle';
    if (polled === 'end') this.#beginEnd();
    return 'progress';
  }

  #checkSuspension(): void {
    this.#suspendFor(this.#waits.suspension());
  }

  #suspendFor(promise: Promise<void> | undefined): void {
    if (promise === undefined) return;
    this.#suspended = true;
    promise.then(
      () => {
        this.#suspended = false;
        this.parts.wake();
      },
      (thrown: unknown) => this.#failAsync(thrown),
    );
  }

  #passOn(notice: CheckpointNotice): void {
    const told = tellOperators(this.parts, this.#links, notice);
    const { type, checkpointId } = notice;
    if (told === undefined) {
      if (type === 'complete') this.#finishAfter(checkpointId);
    } else {
      this.#suspendFor(told.then(() => this.#finishAfter(checkpointId)));
    }
  }

  /** What a completed checkpoint ends: a task whose end it holds, a suspended job, a lease. */
  #finishAfter(checkpointId: number): void {
    if (this.#checkpoints.isHandedOverBehind(checkpointId)) {
      this.#standsBehind = checkpointId;
      this.parts.wake();
    } else if (this.#checkpoints.isHeldBy(checkpointId)) {
      this.#mailbox.length = 0;
      this.#state = 'FINISHED';
    } else if (this.#state === 'ENDED' && this.#checkpoints.includesEnd(checkpointId)) {
      this.#endPartition();
    }
  }

  #beginEnd(): void {
    this.#state = 'ENDING';
    this.#mailbox.length = 0;
    this.#end().then(
      () => {
        if (this.#state === 'ENDING') this.#endData();
        this.parts.wake();
      },
      (thrown: unknown) => this.#failAsync(thrown),
    );
  }

  /** I2. */
  async #end(): Promise<void> {
    for (const link of this.parts.chain.links) {
      link.input?.endInput();
      await link.operator.finish?.();
    }
  }

  #endData(): void {
    const { drains } = this.#checkpoints;
    for (const writer of this.parts.writers) writer.end(drains);
    if (this.parts.checkpointing || drains) {
      this.#state = 'ENDED';
      this.parts.report({ type: 'task-ended', task: this.parts.ref });
    } else this.#endPartition();
  }

  #endPartition(): void {
    for (const writer of this.parts.writers) writer.endOfPartition();
    this.#state = 'DRAINING';
  }

  #drain(): StepResult {
    if (!this.#drainOutputs()) return 'blocked';
    this.#state = 'FINISHED';
    return 'progress';
  }

  #failAsync(thrown: unknown): void {
    this.fail(thrown);
    this.parts.wake();
  }
}
