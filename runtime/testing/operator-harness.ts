/**
 * Drives one operator without a task: records, watermarks and processing time go in, everything
 * the operator emits is kept in order. The clock stands still until the test moves it. A snapshot
 * of one harness starts another, at the same or another parallelism.
 */
import type { FileSystem, LogLevel } from '../core/index.ts';
import { assert, NO_TIMESTAMP_MS, StreamError } from '../core/index.ts';
import {
  AccumulatorRegistry,
  type Input,
  type JobType,
  MetricRegistry,
  type MetricValue,
  type OneInputFactory,
  type Operator,
  type OperatorContext,
  type Output,
  type ReaderEvent,
  type SourceFactory,
  type SourceOperator,
  type TwoInputFactory,
} from '../operators/index.ts';
import { accumulatorResults } from '../protocol/index.ts';
import { type HarnessSnapshot, HarnessState } from './harness-state.ts';

/** What an operator emitted; `timestampMs` is absent where the record has none. */
export type Emitted<O> =
  | { readonly type: 'record'; readonly value: O; readonly timestampMs?: number }
  | {
      readonly type: 'side';
      readonly tagId: string;
      readonly value: unknown;
      readonly timestampMs?: number;
    }
  | { readonly type: 'watermark'; readonly watermarkMs: number }
  | { readonly type: 'idle'; readonly idle: boolean };

export interface HarnessOptions {
  readonly operatorName?: string;
  readonly subtaskIndex?: number;
  readonly parallelism?: number;
  /** @defaultValue 128 */
  readonly maxParallelism?: number;
  /** A checkpoint to start from: all subtasks of it when the parallelism is another. */
  readonly restore?: HarnessSnapshot | readonly HarnessSnapshot[];
  /** @defaultValue true, but in BATCH */
  readonly checkpointing?: boolean;
  /**
   * BATCH: keyed input comes sorted, key by key, and the test says where each ends: see
   * {@link OperatorHarness.endKey}. @defaultValue STREAMING
   */
  readonly jobType?: JobType;
  /** @defaultValue 0, no periodic watermarks */
  readonly autoWatermarkIntervalMs?: number;
  /** @defaultValue false */
  readonly allowUnalignedSplits?: boolean;
  readonly startEpochMs?: number;
  readonly fileSystem?: FileSystem;
}

/** Processing time that moves when told to; runs what is due in order. */
export class ManualProcessingTime {
  #nowMs: number;
  #queue: { readonly atEpochMs: number; readonly callback: () => void }[] = [];

  constructor(startEpochMs: number) {
    this.#nowMs = startEpochMs;
  }

  nowEpochMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  schedule(atEpochMs: number, callback: () => void): () => void {
    const entry = { atEpochMs, callback };
    this.#queue.push(entry);
    return () => {
      this.#queue = this.#queue.filter((other) => other !== entry);
    };
  }

  /** Stops at each call that is due on the way. */
  advanceTo(epochMs: number): void {
    for (;;) {
      const due = this.#queue
        .filter((entry) => entry.atEpochMs <= epochMs)
        .sort((left, right) => left.atEpochMs - right.atEpochMs)[0];
      if (due === undefined) break;
      this.#queue = this.#queue.filter((other) => other !== due);
      this.#nowMs = Math.max(this.#nowMs, due.atEpochMs);
      due.callback();
    }
    this.#nowMs = epochMs;
  }
}

export class OperatorHarness<OperatorT extends Operator, O> {
  readonly operator: OperatorT;
  readonly emitted: Emitted<O>[] = [];
  /** Messages to the enumerator. */
  readonly sent: ReaderEvent[] = [];
  readonly logged: { readonly level: LogLevel; readonly message: string }[] = [];
  printed = '';
  readonly delivered: unknown[] = [];
  readonly #metrics: MetricRegistry;
  readonly #accumulators = new AccumulatorRegistry();
  readonly #processingTime: ManualProcessingTime;
  readonly #mailbox: (() => void)[] = [];
  readonly #state: HarnessState;
  #checkpointId: number;

  private constructor(
    create: (ctx: OperatorContext, output: Output<O>) => OperatorT,
    options: HarnessOptions,
  ) {
    this.#processingTime = new ManualProcessingTime(options.startEpochMs ?? 0);
    this.#metrics = new MetricRegistry(this.#processingTime);
    const restore = snapshotsOf(options);
    this.#checkpointId = restore[0]?.checkpointId ?? 0;
    this.#state = new HarnessState({
      operatorName: options.operatorName ?? 'Test',
      subtaskIndex: options.subtaskIndex ?? 0,
      parallelism: options.parallelism ?? 1,
      maxParallelism: options.maxParallelism ?? 128,
      tracksChanges: isCheckpointing(options),
      keyByKey: options.jobType === 'BATCH',
      clock: this.#processingTime,
      restore,
    });
    this.operator = create(this.#context(options), this.#output());
  }

  static oneInput<I, O>(
    factory: OneInputFactory<I, O>,
    options: HarnessOptions = {},
  ): OperatorHarness<ReturnType<OneInputFactory<I, O>>, O> {
    return new OperatorHarness(factory, options);
  }

  static twoInput<A, B, O>(
    factory: TwoInputFactory<A, B, O>,
    options: HarnessOptions = {},
  ): OperatorHarness<ReturnType<TwoInputFactory<A, B, O>>, O> {
    return new OperatorHarness(factory, options);
  }

  static source<O>(
    factory: SourceFactory<O>,
    options: HarnessOptions = {},
  ): OperatorHarness<SourceOperator, O> {
    return new OperatorHarness(factory, options);
  }

  async open(): Promise<this> {
    await this.operator.open();
    return this;
  }

  /**
   * In BATCH, a key has had all its records: its timers and windows fire, its states are dropped.
   *
   * @returns how many entries of state the key had left.
   */
  endKey(): number {
    const backend = this.#state.keyedState();
    const entries = backend.tables().reduce((sum, { size }) => sum + size, 0);
    backend.endKey();
    return entries;
  }

  /** Ends every input, then finishes and closes the operator, as a task does. */
  async finish(...inputs: Pick<Input<never>, 'endInput'>[]): Promise<void> {
    for (const input of inputs) input.endInput();
    await this.operator.finish?.();
    await this.operator.close();
  }

  /**
   * Takes a checkpoint as a task does, between two records.
   *
   * @param mode `delta` writes only what has changed since the last; the snapshot holds all.
   */
  async snapshot(mode: 'full' | 'delta' = 'full'): Promise<HarnessSnapshot> {
    this.#checkpointId += 1;
    await this.operator.prepareSnapshot?.(this.#checkpointId);
    return this.#cut(mode);
  }

  /** As {@link snapshot}, of an operator whose `prepareSnapshot` has nothing to wait for. */
  snapshotSync(mode: 'full' | 'delta' = 'full'): HarnessSnapshot {
    this.#checkpointId += 1;
    const prepared = this.operator.prepareSnapshot?.(this.#checkpointId);
    assert(prepared === undefined, 'snapshotSync is for operators that prepare synchronously');
    return this.#cut(mode);
  }

  #cut(mode: 'full' | 'delta'): HarnessSnapshot {
    this.operator.snapshotState?.(this.#checkpointId);
    return this.#state.snapshot(this.#checkpointId, mode === 'delta');
  }

  /** Runs what the operator has put into the mailbox, as a task does between its steps. */
  runMailbox(): void {
    for (const mail of this.#mailbox.splice(0)) mail();
  }

  setProcessingTime(epochMs: number): void {
    this.#processingTime.advanceTo(epochMs);
  }

  /** Values of the main output. */
  values(): O[] {
    return this.emitted.flatMap((one) => (one.type === 'record' ? [one.value] : []));
  }

  /** Main output as `[value, timestamp]`. */
  records(): [O, number | undefined][] {
    return this.emitted.flatMap((one): [O, number | undefined][] =>
      one.type === 'record' ? [[one.value, one.timestampMs]] : [],
    );
  }

  /** A side output as `[value, timestamp]`. */
  side(tagId: string): [unknown, number | undefined][] {
    return this.emitted.flatMap((one): [unknown, number | undefined][] =>
      one.type === 'side' && one.tagId === tagId ? [[one.value, one.timestampMs]] : [],
    );
  }

  watermarks(): number[] {
    return this.emitted.flatMap((one) => (one.type === 'watermark' ? [one.watermarkMs] : []));
  }

  /** What was emitted since the last call. */
  take(): Emitted<O>[] {
    return this.emitted.splice(0);
  }

  metrics(): Record<string, MetricValue> {
    return this.#metrics.read();
  }

  /** What functions have added, by name: `getLocalValue` of each. */
  accumulators(): Record<string, unknown> {
    return accumulatorResults(this.#accumulators.read());
  }

  #output(): Output<O> {
    const stamped = (timestampMs: number): { readonly timestampMs?: number } =>
      timestampMs === NO_TIMESTAMP_MS ? {} : { timestampMs };
    return {
      collect: (value, ms) => this.emitted.push({ type: 'record', value, ...stamped(ms) }),
      collectSide: (tagId, value, ms) =>
        this.emitted.push({ type: 'side', tagId, value, ...stamped(ms) }),
      emitWatermark: (watermarkMs) => this.emitted.push({ type: 'watermark', watermarkMs }),
      emitIdle: (idle) => this.emitted.push({ type: 'idle', idle }),
    };
  }

  #context(options: HarnessOptions): OperatorContext {
    const time = this.#processingTime;
    return {
      jobId: '0'.repeat(32),
      jobName: 'test job',
      operatorId: '0'.repeat(32),
      operatorName: options.operatorName ?? 'Test',
      subtaskIndex: options.subtaskIndex ?? 0,
      parallelism: options.parallelism ?? 1,
      maxParallelism: options.maxParallelism ?? 128,
      attempt: snapshotsOf(options).length === 0 ? 0 : 1,
      lease: 0,
      keyedState: this.#state.keyedState,
      operatorState: this.#state.operatorState,
      restoredCheckpointId: snapshotsOf(options)[0]?.checkpointId,
      checkpointing: isCheckpointing(options),
      jobType: options.jobType ?? 'STREAMING',
      clock: time,
      rng: { next: () => 0.5 },
      logger: { log: (level, message) => this.logged.push({ level, message }) },
      fileSystem: options.fileSystem ?? noFiles,
      timers: {
        schedule: (delayMs, callback) => time.schedule(time.nowEpochMs() + delayMs, callback),
      },
      metrics: this.#metrics,
      accumulators: this.#accumulators,
      autoWatermarkIntervalMs: options.autoWatermarkIntervalMs ?? 0,
      allowUnalignedSplits: options.allowUnalignedSplits ?? false,
      processingTime: time,
      mailbox: { execute: (callback) => this.#mailbox.push(callback) },
      sendToCoordinator: (event) => this.sent.push(event),
      print: (text) => {
        this.printed += text;
        return undefined;
      },
      deliver: (_collectId, value) => {
        this.delivered.push(value);
        return undefined;
      },
    };
  }
}

/**
 * Options of subtask `subtaskIndex` of `parallelism` that starts from a checkpoint taken at any
 * parallelism.
 */
export function restoreAt(
  snapshots: readonly HarnessSnapshot[],
  subtaskIndex: number,
  parallelism: number,
): HarnessOptions {
  return { restore: snapshots, subtaskIndex, parallelism };
}

/** A batch job takes none. */
function isCheckpointing({ checkpointing, jobType }: HarnessOptions): boolean {
  return checkpointing ?? jobType !== 'BATCH';
}

function snapshotsOf({ restore }: HarnessOptions): readonly HarnessSnapshot[] {
  if (restore === undefined) return [];
  return 'checkpointId' in restore ? [restore] : restore;
}

/** Stands for the file system of a test that names none. */
const noFiles = new Proxy<FileSystem>(Object.create(null), {
  get: (_target, name) => {
    throw new StreamError({
      kind: 'invalid',
      code: 'NO_FILE_SYSTEM',
      message: `the harness has no file system, give it one in its options: call=${String(name)}`,
    });
  },
});
