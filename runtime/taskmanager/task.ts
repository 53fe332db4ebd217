/**
 * One subtask of a job vertex: a chain of operators between gates and edges. Synchronous: a call
 * of {@link Task.step} handles a bounded piece of input and returns. What is asynchronous (a full
 * sink, a source that waits for bytes, the end) suspends the task between steps.
 *
 * Owns its chain, gates and writers. Crosses: the slot calls `open`, `step`, `close`; tasks of the
 * same slot call its gate channels directly, and only while `canAccept()`.
 *
 * I1  No input is taken while suspended or while an output waits for space.
 * I2  The end goes through the chain head first: each operator's `endInput`, then its `finish`,
 *     then the next operator's; then the edges' ends; then `FINISHED`.
 * I3  Operators are closed exactly once, whatever happened.
 */
import { type Clock, defined, MIN_TIMESTAMP_MS, toStreamError } from '../core/index.ts';
import type { ChannelSink } from '../exchange/index.ts';
import { type SourceOperator, type SourcePoll, userFailure } from '../operators/index.ts';
import type { SourceEvent, SubtaskRef } from '../protocol/index.ts';
import type { InputGate } from './input-gate.ts';
import type { ChainLink, OperatorChain } from './operator-chain.ts';
import type { RecordWriter } from './record-writer.ts';
import type { ChannelSource } from './slot-ports.ts';

/** Records a source may emit in one step: what back-pressure can overshoot by. */
const SOURCE_RECORDS_PER_STEP = 512;

export type TaskState = 'CREATED' | 'RUNNING' | 'ENDING' | 'DRAINING' | 'FINISHED' | 'FAILED';

/** `progress`: call again; `idle`: no input; `blocked`: waits for space or for a promise. */
export type StepResult = 'progress' | 'idle' | 'blocked';

export interface RemoteInput {
  readonly source: ChannelSource;
  readonly sink: ChannelSink;
}

export interface TaskParts {
  readonly ref: SubtaskRef;
  readonly name: string;
  readonly parallelism: number;
  readonly chain: OperatorChain;
  /** By input index of the head. */
  readonly gates: readonly InputGate[];
  readonly remoteInputs: readonly RemoteInput[];
  readonly writers: readonly RecordWriter[];
  readonly clock: Clock;
  /** Something asynchronous of this task went on: step it again. */
  readonly wake: () => void;
}

export class Task {
  readonly parts: TaskParts;
  readonly #suspendable: readonly ChainLink[];
  readonly #mailbox: (() => void)[] = [];
  #state: TaskState = 'CREATED';
  #suspended = false;
  #waitingForSource = false;
  #closing: Promise<void> | undefined;
  #failure: unknown;
  #nextRemote = 0;
  #seenRecordsIn = 0;
  #seenWatermarkMs = MIN_TIMESTAMP_MS;
  readonly #times = { busy: 0, blocked: 0, idle: 0 };
  #lastResult: StepResult = 'idle';
  #lastStepEndMs = 0;

  constructor(parts: TaskParts) {
    this.parts = parts;
    this.#suspendable = parts.chain.links.filter(
      ({ operator }) => operator.suspension !== undefined,
    );
  }

  get state(): TaskState {
    return this.#state;
  }

  get failure(): unknown {
    return this.#failure;
  }

  get times(): { readonly busy: number; readonly blocked: number; readonly idle: number } {
    return this.#times;
  }

  /** Tail first, so that every operator may emit into an open one. */
  async open(): Promise<void> {
    try {
      for (const link of this.parts.chain.links.toReversed()) await link.operator.open();
      this.#state = 'RUNNING';
      this.#lastStepEndMs = this.parts.clock.monotonicMs();
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

  /** I1: whether tasks of this slot may call in. */
  canAccept(): boolean {
    if (this.#state !== 'RUNNING') return false;
    if (!this.#suspended && this.#hasBeenCalled()) this.#lookForSuspension();
    return this.#state === 'RUNNING' && !this.#suspended && this.#outputsAvailable();
  }

  /**
   * Whether input came since the last look. Input by calls is no step of this task, so what it left
   * to wait for shows itself only when the caller asks for room again.
   */
  #hasBeenCalled(): boolean {
    const recordsIn = this.numRecordsIn();
    const watermarkMs = this.inputWatermarkMs();
    if (recordsIn === this.#seenRecordsIn && watermarkMs === this.#seenWatermarkMs) return false;
    this.#seenRecordsIn = recordsIn;
    this.#seenWatermarkMs = watermarkMs;
    return true;
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

  handleSourceEvent(event: SourceEvent): void {
    try {
      this.parts.chain.source?.handleEvent(event);
    } catch (thrown) {
      this.fail(this.#named(this.parts.chain.links[0], 'source reader', thrown));
    }
  }

  step(): StepResult {
    const startMs = this.parts.clock.monotonicMs();
    const waitedMs = startMs - this.#lastStepEndMs;
    if (this.#lastResult === 'blocked') this.#times.blocked += waitedMs;
    else this.#times.idle += waitedMs;
    let result: StepResult;
    try {
      result = this.#stepOnce();
    } catch (thrown) {
      this.fail(thrown);
      result = 'progress';
    }
    this.#lastStepEndMs = this.parts.clock.monotonicMs();
    if (result === 'progress') this.#times.busy += this.#lastStepEndMs - startMs;
    this.#lastResult = result;
    return result;
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
    this.#mailbox.length = 0;
    for (const link of this.parts.chain.links) {
      try {
        await link.operator.close();
      } catch (thrown) {
        this.fail(this.#failure ?? this.#named(link, 'close', thrown));
      }
    }
  }

  inputWatermarkMs(): number {
    const { gates, chain } = this.parts;
    if (gates.length === 0) return chain.links[0]?.output.watermarkMs ?? MIN_TIMESTAMP_MS;
    return Math.min(...gates.map((gate) => gate.watermarkMs));
  }

  numRecordsIn(): number {
    const { gates, chain } = this.parts;
    if (gates.length === 0) return chain.links[0]?.output.numRecords ?? 0;
    return gates.reduce((sum, gate) => sum + gate.numRecords, 0);
  }

  #stepOnce(): StepResult {
    if (this.#state === 'DRAINING') return this.#drain();
    if (this.#state !== 'RUNNING') return this.#state === 'ENDING' ? 'blocked' : 'idle';
    if (this.#suspended || !this.#outputsAvailable()) return 'blocked';
    const mails = this.#mailbox.splice(0);
    for (const mail of mails) mail();
    const result = this.parts.chain.source === undefined ? this.#takeInput() : this.#pollSource();
    if (result === 'progress' || mails.length > 0) {
      this.#checkSuspension();
      return 'progress';
    }
    return result;
  }

  #outputsAvailable(): boolean {
    for (const writer of this.parts.writers) if (!writer.isAvailable()) return false;
    return true;
  }

  #takeInput(): StepResult {
    const { remoteInputs, gates } = this.parts;
    for (let i = 0; i < remoteInputs.length; i += 1) {
      const index = (this.#nextRemote + i) % remoteInputs.length;
      const remote = defined(remoteInputs[index], 'the index is in range');
      if (remote.source.poll(remote.sink, 1) > 0) {
        this.#nextRemote = (index + 1) % remoteInputs.length;
        return 'progress';
      }
    }
    for (const gate of gates) {
      if (gate.ended && !gate.endDelivered) {
        gate.deliverEnd();
        if (gates.every((g) => g.endDelivered)) this.#beginEnd();
        return 'progress';
      }
    }
    return 'idle';
  }

  #pollSource(): StepResult {
    if (this.#waitingForSource) return 'idle';
    const source = defined(this.parts.chain.source, 'only sources are polled');
    const polled = this.#poll(source);
    if (polled === 'more') return 'progress';
    if (polled === 'end') {
      this.#beginEnd();
      return 'progress';
    }
    this.#waitingForSource = true;
    this.#available(source).then(
      () => {
        this.#waitingForSource = false;
        this.parts.wake();
      },
      (thrown: unknown) => {
        this.#failAsync(this.#named(this.parts.chain.links[0], 'source reader', thrown));
      },
    );
    return 'idle';
  }

  async #available(source: SourceOperator): Promise<void> {
    await source.available();
  }

  #poll(source: SourceOperator): SourcePoll {
    try {
      return source.poll(SOURCE_RECORDS_PER_STEP);
    } catch (thrown) {
      throw this.#named(this.parts.chain.links[0], 'source reader', thrown);
    }
  }

  #checkSuspension(): void {
    for (const link of this.#suspendable) {
      const promise = this.#suspensionOf(link);
      if (promise === undefined) continue;
      this.#suspended = true;
      promise.then(
        () => {
          this.#suspended = false;
          this.parts.wake();
        },
        (thrown: unknown) => this.#failAsync(this.#named(link, 'asynchronous work', thrown)),
      );
      return;
    }
  }

  #suspensionOf(link: ChainLink): Promise<void> | undefined {
    try {
      return link.operator.suspension?.();
    } catch (thrown) {
      throw this.#named(link, 'asynchronous work', thrown);
    }
  }

  /** The error with operator and subtask, unless it names them already. */
  #named(link: ChainLink | undefined, what: string, thrown: unknown): Error {
    const { ref, name, parallelism } = this.parts;
    const { subtaskIndex } = ref;
    const operatorName = link?.name ?? name;
    return userFailure({ operatorName, subtaskIndex, parallelism }, what, thrown);
  }

  #beginEnd(): void {
    this.#state = 'ENDING';
    this.#mailbox.length = 0;
    this.#end().then(
      () => {
        if (this.#state === 'ENDING') this.#state = 'DRAINING';
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
    for (const writer of this.parts.writers) writer.end();
  }

  #drain(): StepResult {
    for (const writer of this.parts.writers) if (!writer.isDrained()) return 'blocked';
    this.#state = 'FINISHED';
    return 'progress';
  }

  #failAsync(thrown: unknown): void {
    this.fail(thrown);
    this.parts.wake();
  }
}
