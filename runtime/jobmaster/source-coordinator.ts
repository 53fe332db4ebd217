/**
 * Runs the enumerator of one source beside the JobMaster, carries messages between it and its
 * readers, and remembers which splits no checkpoint of their reader covers yet.
 *
 * I1  Readers get events in the order the enumerator sent them, none before their slot runs.
 * I2  The enumerator hears of its readers, and of what they ask, once its `start` has settled.
 * I3  A split assigned after a checkpoint's snapshot is in the enumerator's share of it; one
 *     assigned before is in its reader's. A reader that goes back to a checkpoint gives back the
 *     splits assigned since.
 * I4  One that wakes does to its readers nothing that was done before it fell asleep.
 *
 * @see Flink `SourceCoordinator`, `SplitAssignmentTracker`
 */

import type { EnumeratorContext, Source, SplitEnumerator } from '../connectors/index.ts';
import {
  type Clock,
  type FileSystem,
  isStreamError,
  type Logger,
  StreamError,
  type Timers,
} from '../core/index.ts';
import type { ReaderEvent, SourceEvent } from '../protocol/index.ts';
import type { SleepingSource, SplitAssignment } from './sleeping-job.ts';

export interface SourceCoordinatorParts {
  readonly source: Source<unknown, unknown, unknown>;
  readonly parallelism: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly fileSystem: FileSystem;
  readonly send: (subtaskIndex: number, event: SourceEvent) => void;
  readonly fail: (error: Error) => void;
  /** What an earlier enumerator's snapshot gave; undefined: a fresh start. */
  readonly restored?: unknown;
  /** The checkpoint that the job starts from, whether this source is in it or not. */
  readonly restoredCheckpointId?: number;
  /** As an earlier coordinator left it; `restored` is its enumerator's state. */
  readonly asleep?: SleepingSource;
}

export class SourceCoordinator {
  readonly #parts: SourceCoordinatorParts;
  readonly #enumerator: SplitEnumerator<unknown, unknown>;
  #closed = false;
  #started = false;
  readonly #readers: Set<number>;
  readonly #early: { readonly subtaskIndex: number; readonly event: ReaderEvent }[] = [];
  readonly #asking: Set<number>;
  #assignments: SplitAssignment[];
  /** They were told that no more splits come. */
  readonly #told: Set<number>;
  #lastSnapshotId: number;
  /** What the enumerator does beyond its calls. */
  readonly #underWay = new Set<Promise<void>>();

  constructor(parts: SourceCoordinatorParts) {
    this.#parts = parts;
    const { asleep } = parts;
    this.#lastSnapshotId = asleep?.lastSnapshotId ?? parts.restoredCheckpointId ?? 0;
    this.#assignments = [...(asleep?.assignments ?? [])];
    this.#asking = new Set(asleep?.asking);
    this.#readers = new Set(asleep?.readers);
    this.#told = new Set(asleep?.told);
    const { parallelism, clock, timers, logger, fileSystem } = parts;
    const ctx: EnumeratorContext<unknown> = {
      parallelism,
      clock,
      timers,
      logger,
      fileSystem,
      assignSplits: (subtaskIndex, splits) => this.#assign(subtaskIndex, splits),
      signalNoMoreSplits: (subtaskIndex) => this.#signalNoMoreSplits(subtaskIndex),
      sendEvent: (subtaskIndex, payload) => this.#send(subtaskIndex, { type: 'custom', payload }),
    };
    this.#enumerator =
      parts.restored === undefined
        ? parts.source.createEnumerator(ctx)
        : parts.source.createEnumerator(ctx, plain(parts.restored));
  }

  /** Finds the splits and greets the readers that run; a failure fails the job. */
  async start(): Promise<void> {
    try {
      await this.#enumerator.start();
      if (this.#closed) return;
      this.#started = true;
      for (const subtaskIndex of this.#readers) this.#enumerator.addReader(subtaskIndex);
      for (const subtaskIndex of [...this.#asking]) {
        this.#enumerator.handleSplitRequest(subtaskIndex);
      }
      for (const { subtaskIndex, event } of this.#early.splice(0)) this.handle(subtaskIndex, event);
    } catch (thrown) {
      this.#parts.fail(this.#named(thrown));
    }
  }

  /** The reader's slot runs. */
  readerStarted(subtaskIndex: number): void {
    this.#readers.add(subtaskIndex);
    if (this.#started) this.#guarded(() => this.#enumerator.addReader(subtaskIndex));
  }

  /**
   * The reader stopped and will start again from a checkpoint, or from the beginning: it has lost
   * the splits it got since (I3).
   */
  readerReset(subtaskIndex: number, checkpointId: number | undefined): void {
    this.#readers.delete(subtaskIndex);
    this.#asking.delete(subtaskIndex);
    this.#told.delete(subtaskIndex);
    const isLost = (a: SplitAssignment): boolean =>
      a.subtaskIndex === subtaskIndex && a.afterCheckpointId >= (checkpointId ?? 0);
    const splits = this.#assignments.filter(isLost).flatMap((assignment) => assignment.splits);
    this.#assignments = this.#assignments.filter((a) => a.subtaskIndex !== subtaskIndex);
    const early = this.#early.splice(0).filter((e) => e.subtaskIndex !== subtaskIndex);
    this.#early.push(...early);
    if (splits.length === 0) return;
    this.#guarded(() => this.#enumerator.addSplitsBack(splits, subtaskIndex));
  }

  /**
   * The enumerator's share of a checkpoint. What it assigns from now on must reach its readers
   * after the trigger.
   *
   * @throws {StreamError} `ENUMERATOR_NOT_READY` while the source still starts; what the
   * enumerator throws, named.
   */
  snapshot(checkpointId: number): unknown {
    const { name } = this.#parts.source;
    if (!this.#started) {
      throw new StreamError({
        kind: 'unavailable',
        code: 'ENUMERATOR_NOT_READY',
        message: `the enumerator of source "${name}" is still starting`,
        details: { source: name },
      });
    }
    const state = this.#snapshotEnumerator();
    this.#lastSnapshotId = checkpointId;
    return state;
  }

  #snapshotEnumerator(kind: 'sleepState' | 'snapshotState' = 'snapshotState'): unknown {
    const enumerator = this.#enumerator;
    try {
      if (kind === 'sleepState' && enumerator.sleepState) return enumerator.sleepState();
      return enumerator.snapshotState();
    } catch (thrown) {
      throw this.#named(thrown);
    }
  }

  checkpointComplete(checkpointId: number): void {
    this.#assignments = this.#assignments.filter((a) => a.afterCheckpointId >= checkpointId);
  }

  handle(subtaskIndex: number, event: ReaderEvent): void {
    if (this.#closed) return;
    if (!this.#started) {
      this.#early.push({ subtaskIndex, event });
      return;
    }
    this.#guarded(() => {
      if (event.type === 'request-split') {
        this.#asking.add(subtaskIndex);
        this.#enumerator.handleSplitRequest(subtaskIndex);
      } else if (event.type === 'custom') {
        const done = this.#enumerator.handleEvent?.(subtaskIndex, event.payload);
        if (done instanceof Promise) this.#track(done);
      }
    });
  }

  /** Resolves once the enumerator does nothing by itself that an event has set off. */
  async quiet(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  totalProgress(): number | undefined {
    return this.#enumerator.totalProgress?.();
  }

  /** Between events, once it has started. */
  sleep(): Omit<SleepingSource, 'vertexId' | 'operatorId'> {
    return {
      enumerator: plain(this.#snapshotEnumerator('sleepState')),
      readers: [...this.#readers],
      asking: [...this.#asking],
      told: [...this.#told],
      assignments: plain(this.#assignments),
      lastSnapshotId: this.#lastSnapshotId,
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#enumerator.close();
  }

  #assign(subtaskIndex: number, splits: readonly unknown[]): void {
    const afterCheckpointId = this.#lastSnapshotId;
    this.#assignments.push({ subtaskIndex, splits, afterCheckpointId });
    this.#asking.delete(subtaskIndex);
    this.#send(subtaskIndex, { type: 'add-splits', splits });
  }

  #signalNoMoreSplits(subtaskIndex: number): void {
    this.#asking.delete(subtaskIndex);
    // I4.
    if (this.#told.has(subtaskIndex)) return;
    this.#told.add(subtaskIndex);
    this.#send(subtaskIndex, { type: 'no-more-splits' });
  }

  #track(done: Promise<void>): void {
    const tracked = done
      .catch((thrown: unknown) => {
        if (!this.#closed) this.#parts.fail(this.#named(thrown));
      })
      .finally(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
  }

  #guarded(call: () => void): void {
    try {
      call();
    } catch (thrown) {
      this.#parts.fail(this.#named(thrown));
    }
  }

  #named(thrown: unknown): StreamError {
    if (isStreamError(thrown)) return thrown;
    const { name } = this.#parts.source;
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    return new StreamError({
      kind: 'user',
      code: 'ENUMERATOR_FAILED',
      message: `the enumerator of source "${name}" failed: ${reason}`,
      details: { source: name },
      cause: thrown,
    });
  }

  #send(subtaskIndex: number, event: SourceEvent): void {
    if (!this.#closed) this.#parts.send(subtaskIndex, event);
  }
}

/** What user code has made, as who reads it from a store will find it; nobody else has it. */
function plain<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}
