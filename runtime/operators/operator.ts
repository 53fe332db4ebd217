/**
 * The operator contract of the plain chain. Everything here is synchronous: a task calls its
 * operators one after the other, and asynchronous work shows itself only between buffers through
 * {@link Operator.suspension} and {@link MailboxExecutor}.
 *
 * Owns nothing. Crosses: a task drives the head operator of a chain; operators drive their
 * {@link Output}; nobody else calls them.
 *
 * I1  Calls on one operator never overlap; an operator never calls its own input.
 * I2  `open` comes before any input, `close` last and exactly once, also after a failure.
 * I3  Watermarks given to an operator never decrease; it forwards each after what it releases.
 * I4  After `endInput` no record comes; results may still be emitted from within `endInput`.
 * I5  What is in the context's states at the cut, and nothing else, comes back after a restore,
 *     before `open` returns: states fill when they are registered, in the constructor or `open`.
 */
import type { Clock, FileSystem, Logger, Rng, Timers } from '../core/index.ts';
import type { OperatorFacts, ReaderEvent, SourceEvent } from '../protocol/index.ts';
import type { HeapKeyedStateBackend, OperatorStateStore } from '../state/index.ts';
import type { AccumulatorContext } from './accumulator-registry.ts';
import type { CounterMetric, GaugeMetric, HistogramMetric, MeterMetric } from './metrics.ts';

/** Where an operator sends results: the next operator of the chain, or the task's edges. */
export interface Output<T> {
  /** `timestampMs` is `NO_TIMESTAMP_MS` for a record without event time. */
  collect(value: T, timestampMs: number): void;
  /** Sends to the side output with this tag id; dropped when nothing consumes that tag. */
  collectSide(tagId: string, value: unknown, timestampMs: number): void;
  emitWatermark(watermarkMs: number): void;
  /** Idle outputs do not hold back downstream watermarks. */
  emitIdle(idle: boolean): void;
}

export interface Operator {
  open(): void | Promise<void>;
  close(): void | Promise<void>;
  /** What must settle before this operator may be given more input; undefined when nothing. */
  suspension?(): Promise<void> | undefined;
  /**
   * False: it holds as much as it may and wants no more input. Unlike a suspension it holds back
   * neither snapshots nor the mailbox, which is what makes room again. @defaultValue true
   */
  hasRoom?(): boolean;
  /** Results of earlier input are still to come by themselves: the job must not hibernate. */
  isBusy?(): boolean;
  /** Called after `endInput`, before the end is passed on: what must settle to be complete. */
  finish?(): Promise<void>;
  /**
   * Before the barrier is sent on: emits or settles what belongs before it. No input comes until
   * the promise, if any, settles.
   */
  prepareSnapshot?(checkpointId: number): void | Promise<void>;
  /**
   * At the cut, after `prepareSnapshot`: puts into `ctx.operatorState` what it holds outside of
   * the context's states. Keyed and operator states themselves are snapshotted by the task.
   */
  snapshotState?(checkpointId: number): void;
  /** The checkpoint is in the log. Called in order; an id may be skipped. No input meanwhile. */
  notifyCheckpointComplete?(checkpointId: number): void | Promise<void>;
  notifyCheckpointAborted?(checkpointId: number): void;
  /** What it knows of why nothing comes out of it. Asked when counters are reported: cheap. */
  facts?(): OperatorFacts;
}

export interface Input<T> {
  /**
   * @param keyGroup the key group computed at the shuffle, or -1 where the input is not keyed or
   * it was not computed yet.
   */
  processElement(value: T, timestampMs: number, keyGroup: number): void;
  processWatermark(watermarkMs: number): void;
  processIdle(idle: boolean): void;
  endInput(): void;
}

export interface OneInputOperator<I> extends Operator, Input<I> {}

/** Two-input operators expose one {@link Input} a side; they combine watermarks and idleness. */
export interface TwoInputOperator<A, B> extends Operator {
  readonly first: Input<A>;
  readonly second: Input<B>;
}

/** The head of a source vertex. */
export interface SourceOperator extends Operator {
  /** Emits up to about `maxRecords` records; the task calls again while `more`. */
  poll(maxRecords: number): SourcePoll;
  /** Resolves when `poll` may have something after it answered `nothing`. */
  available(): Promise<void>;
  handleEvent(event: SourceEvent): void;
  /** How much of a bounded input was read, in the unit of the enumerator's total. */
  progress?(): number;
  /** When it has something next, if it knows; undefined: when something comes from outside. */
  idleUntilEpochMs?(): number | undefined;
}

export type SourcePoll = 'more' | 'nothing' | 'end';

/** BATCH: all input is there before results are wanted, and what is not final need not come out. */
export type JobType = 'STREAMING' | 'BATCH';

/** What an operator may use of the world; built by the task, one for each operator. */
export interface OperatorContext {
  /** 32 hex digits; the same in every attempt. */
  readonly jobId: string;
  readonly jobName: string;
  readonly operatorId: string;
  readonly operatorName: string;
  readonly subtaskIndex: number;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly attempt: number;
  /** From 0; grows when the subtask moves within an attempt. With `attempt`, names one start. */
  readonly lease: number;
  /** The operator's keyed state: one backend, made at the first call. Keyed operators only. */
  keyedState(): HeapKeyedStateBackend;
  readonly operatorState: OperatorStateStore;
  /** Undefined when the operator starts without earlier state. */
  readonly restoredCheckpointId: number | undefined;
  /** @defaultValue STREAMING */
  readonly jobType?: JobType;
  /** False: nothing will be snapshotted; what is complete at the end is final. */
  readonly checkpointing: boolean;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly logger: Logger;
  readonly fileSystem: FileSystem;
  /** For what waits outside the task's turn, as a source's rate limit does. */
  readonly timers: Timers;
  readonly metrics: OperatorMetrics;
  /** Of the subtask: all operators of the chain have the same. */
  readonly accumulators: AccumulatorContext;
  /** `pipeline.auto-watermark-interval`; 0 turns periodic emission off. */
  readonly autoWatermarkIntervalMs: number;
  /** `pipeline.watermark-alignment.allow-unaligned-source-splits`. */
  readonly allowUnalignedSplits: boolean;
  /**
   * Calls `callback` on the task's own turn (never inside another call) once processing time
   * reaches `atEpochMs`; returns the canceller. Pending calls are dropped at the end of input.
   */
  readonly processingTime: ProcessingTimeScheduler;
  readonly mailbox: MailboxExecutor;
  /** Sends a message to this source's enumerator (split requests). */
  sendToCoordinator(event: ReaderEvent): void;
  /** Writes lines for the user; the promise, if any, is back-pressure. */
  print(text: string): Promise<void> | undefined;
  /** Hands a value to the client of `executeAndCollect`. */
  deliver(collectId: string, value: unknown): Promise<void> | undefined;
}

export interface ProcessingTimeScheduler {
  nowEpochMs(): number;
  /**
   * @param matters false: it keeps something up that needs nobody while nothing comes, so a job may
   * hibernate over it. Asked while it waits. @defaultValue it does: a job that hibernates wakes
   */
  schedule(atEpochMs: number, callback: () => void, matters?: () => boolean): () => void;
}

/** How an operator emits outside of its turn: when a promise of its own has settled, say. */
export interface MailboxExecutor {
  /**
   * Calls `callback` on the task's own turn, never inside another call, before more input. Not
   * while a snapshot waits or the task is suspended; never once the input has ended, so what is to
   * be done all the same has to be done in `finish`. What it throws fails the task.
   */
  execute(callback: () => void): void;
}

export interface OperatorMetrics {
  counter(name: string): CounterMetric;
  gauge(name: string, read: () => number | string | boolean): GaugeMetric;
  histogram(name: string): HistogramMetric;
  /** Events a second, of the last minute. */
  meter(name: string): MeterMetric;
}

/**
 * How a graph node makes its operator. Runs in the slot. `output` is already connected.
 */
export type OneInputFactory<I, O> = (
  ctx: OperatorContext,
  output: Output<O>,
) => OneInputOperator<I>;
export type TwoInputFactory<A, B, O> = (
  ctx: OperatorContext,
  output: Output<O>,
) => TwoInputOperator<A, B>;
export type SourceFactory<O> = (ctx: OperatorContext, output: Output<O>) => SourceOperator;

export type { ReaderEvent, SourceEvent };
