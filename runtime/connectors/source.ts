/**
 * The source contract: FLIP-27's split model. An enumerator (one a job, beside the JobMaster)
 * finds splits and assigns them; readers (one a subtask) read them synchronously out of what
 * their own asynchronous reads have fetched.
 *
 * Splits, enumerator states and custom events are plain JSON values: they cross threads, and
 * later checkpoints, as they are. A split carries its own position: a reader's snapshot is the
 * list of its splits, each with the position reached.
 */
import type { Clock, FileSystem, Logger, Timers } from '../core/index.ts';
import type { OperatorMetrics, ReaderEvent, SourceEvent } from '../operators/index.ts';
import type { WakeOffer } from './wake-offer.ts';

export type Boundedness = 'BOUNDED' | 'CONTINUOUS_UNBOUNDED';

export interface Source<T, SplitT, EnumeratorStateT> {
  /** Shown in the plan, e.g. `files(orders/*.jsonl)`. */
  readonly name: string;
  readonly boundedness: Boundedness;
  /** Sources that must not run in parallel say 1. */
  readonly maxParallelism?: number;
  /** @param state as `snapshotState` gave it: splits in it are with no reader. */
  createEnumerator(
    ctx: EnumeratorContext<SplitT>,
    state?: EnumeratorStateT,
  ): SplitEnumerator<SplitT, EnumeratorStateT>;
  createReader(ctx: ReaderContext): SourceReader<T, SplitT>;
  /**
   * The id under which readers begin this split; by it a restored split goes on at its watermark.
   *
   * @defaultValue the split's own `id`, if that is a text
   */
  splitId?(split: SplitT): string;
  /**
   * Runs before a job is deployed to a cluster, in the client or where the cluster plans: refuses
   * input that is not there or may not be read, before anything has started. What is checked may
   * have changed when the enumerator looks for it.
   */
  validate?(ctx: SourceValidation): void | Promise<void>;
  /**
   * What wakes a job that hibernates when something has come to this source; without it the job is
   * woken by its options, or by whoever asks. Asked often, also while the job sleeps: the same each
   * time. Armed before readers look once more, so what comes in between is found or wakes.
   */
  wakeOffers?(): readonly WakeOffer[];
}

/** What a source may use of the world before the job is deployed. */
export interface SourceValidation {
  readonly fileSystem: FileSystem;
  /** The job starts from a savepoint or checkpoint, which has the splits that are not read yet. */
  readonly restoring: boolean;
}

export interface EnumeratorContext<SplitT> {
  readonly parallelism: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly fileSystem: FileSystem;
  assignSplits(subtaskIndex: number, splits: readonly SplitT[]): void;
  signalNoMoreSplits(subtaskIndex: number): void;
  sendEvent(subtaskIndex: number, payload: unknown): void;
}

export interface SplitEnumerator<SplitT, EnumeratorStateT> {
  /** Finds the first splits; a rejection fails the job. */
  start(): void | Promise<void>;
  addReader(subtaskIndex: number): void;
  handleSplitRequest(subtaskIndex: number): void;
  /** A rejection fails the job; the next event does not wait for the promise. */
  handleEvent?(subtaskIndex: number, payload: unknown): void | Promise<void>;
  /** Splits of a failed reader come back, with the positions of the last checkpoint. */
  addSplitsBack(splits: readonly SplitT[], subtaskIndex: number): void;
  /**
   * May be called at any time, also before `start` has settled. Requests that wait are no part of
   * it: restored readers ask again.
   */
  snapshotState(): EnumeratorStateT;
  /**
   * As `snapshotState`, for an enumerator that goes on with the readers of this one while they run:
   * what they have told is not told again, in contrast to restored ones.
   *
   * @defaultValue `snapshotState`
   */
  sleepState?(): EnumeratorStateT;
  close(): void | Promise<void>;
  /** Known size of all input in the unit readers report progress in; undefined: unknown. */
  totalProgress?(): number | undefined;
}

export interface ReaderContext {
  readonly subtaskIndex: number;
  readonly parallelism: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly fileSystem: FileSystem;
  readonly metrics: OperatorMetrics;
  sendToEnumerator(event: ReaderEvent): void;
}

export interface ReaderOutput<T> {
  /** `timestampMs` as the source knows it, or `NO_TIMESTAMP_MS`. */
  collect(value: T, timestampMs: number): void;
  /** Records that follow belong to this split (per-split watermarks). */
  beginSplit(splitId: string): void;
  /** The split is done and no longer holds back the watermark. */
  endSplit(splitId: string): void;
  /** Sends a record the reader could not understand, to a side output by tag id. */
  collectSide(tagId: string, value: unknown): void;
}

/** By the ids under which the reader begins them. */
export type PauseOrResumeSplits = (pause: readonly string[], resume: readonly string[]) => void;

export interface SourceReader<T, SplitT> {
  start(): void;
  /** Emits up to `maxRecords`; `nothing` when it must wait, `end` when all splits are read. */
  pollNext(output: ReaderOutput<T>, maxRecords: number): 'more' | 'nothing' | 'end';
  /** Resolves when `pollNext` may have more; rejects with what makes the subtask fail. */
  available(): Promise<void>;
  /** Restored splits come as `add-splits` before `start`, of any number and begun or not. */
  handleEvent(event: SourceEvent): void;
  /** The splits of this reader with the positions reached by what was emitted. */
  snapshotState(): readonly SplitT[];
  close(): void | Promise<void>;
  /**
   * Splits that are to emit nothing from the next poll on, and such that go on. A reader that reads
   * several at once needs it where watermarks are aligned; polls answer `nothing` when all that is
   * left is paused.
   *
   * @see Flink `SourceReader#pauseOrResumeSplits`
   */
  pauseOrResumeSplits?: PauseOrResumeSplits | undefined;
  /** How much of the input this reader has read, in the unit of `totalProgress`. */
  progress?(): number;
  /**
   * Asked while it has nothing: when it will have something by itself, as a generator with a rate
   * does; undefined: when something comes from outside. A job that hibernates is woken then.
   */
  idleUntilEpochMs?(): number | undefined;
}
