/**
 * Takes the snapshots of one subtask: cuts its stream, serialises its operators, stores in the
 * background and reports.
 *
 * I1  `prepareSnapshot` of all operators, head first; then the barrier into every output; then
 *     `snapshotState` and serialisation of all operators, in one go. No input in between.
 * I2  Each checkpoint is reported once at most, acknowledged or declined, and not at all once it
 *     was dropped.
 * I3  What was serialised is stored even if the checkpoint is dropped: later deltas build on it.
 */

import {
  type BlobStore,
  type OperatorStateSnapshotHandle,
  type StoredOperatorSnapshot,
  segmentLocation,
  storeBytes,
  storedSizeBytes,
} from '../checkpoint/index.ts';
import { type Clock, StreamError, toStreamError } from '../core/index.ts';
import { encodeFrames } from '../exchange/index.ts';
import type {
  ChannelStateRecord,
  CheckpointBarrier,
  SlotReport,
  SubtaskCheckpointStats,
  SubtaskRef,
} from '../protocol/index.ts';
import type { RecordedChannel, Recording } from './channel-recorder.ts';
import type { ChainLink } from './operator-chain.ts';
import type { RecordWriter } from './record-writer.ts';

export interface SnapshotTakerParts {
  readonly ref: SubtaskRef;
  readonly name: string;
  readonly parallelism: number;
  readonly attempt: number;
  readonly writers: readonly RecordWriter[];
  readonly clock: Clock;
  readonly blobs: BlobStore;
  readonly report: (report: SlotReport) => void;
}

export interface SnapshotRequest {
  readonly barrier: CheckpointBarrier;
  /** Operators that run, head first. */
  readonly links: readonly ChainLink[];
  readonly finished: boolean;
  readonly unaligned: boolean;
  readonly startDelayMs: number;
  readonly alignmentMs: number;
  readonly processedDuringAlignmentBytes: number;
  /** Called at the cut: starts to record what the barrier overtakes, if anything. */
  readonly record: () => Promise<Recording | undefined> | undefined;
}

interface Serialized {
  readonly link: ChainLink;
  readonly snapshot: OperatorStateSnapshotHandle;
}

interface Cut {
  readonly request: SnapshotRequest;
  readonly serialized: readonly Serialized[];
  readonly recording: Promise<Recording | undefined> | undefined;
  readonly syncMs: number;
}

export class SnapshotTaker {
  readonly #parts: SnapshotTakerParts;
  readonly #active = new Set<number>();
  #storing = 0;

  constructor(parts: SnapshotTakerParts) {
    this.#parts = parts;
  }

  /**
   * Up to the cut. Undefined when it is done; rejects, as it throws, when an operator cannot
   * settle what belongs before the barrier: what it holds is then unknown and the task must fail.
   */
  take(request: SnapshotRequest): Promise<void> | undefined {
    const { checkpointId } = request.barrier;
    this.#active.add(checkpointId);
    const startMs = this.#parts.clock.monotonicMs();
    const prepared = this.#prepare(request, 0);
    if (prepared === undefined) {
      this.#cut(request, startMs);
      return undefined;
    }
    return prepared.then(() => {
      if (this.#active.has(checkpointId)) this.#cut(request, startMs);
    });
  }

  /** Snapshots that are being stored. */
  get storing(): number {
    return this.#storing;
  }

  /** The checkpoint was given up, or its subtask. */
  drop(checkpointId: number): void {
    this.#active.delete(checkpointId);
  }

  close(): void {
    this.#active.clear();
  }

  /** Declines a checkpoint that this subtask cannot take part in. */
  decline(checkpointId: number, error: StreamError): void {
    const { ref, report } = this.#parts;
    report({ type: 'checkpoint-declined', checkpointId, task: ref, error: error.toJSON() });
  }

  #prepare(request: SnapshotRequest, from: number): Promise<void> | undefined {
    const { links, barrier } = request;
    for (let i = from; i < links.length; i += 1) {
      const link = links[i];
      const failed = (thrown: unknown): never => {
        const error = this.#failure(barrier.checkpointId, link?.name, thrown);
        this.#declineActive(barrier.checkpointId, error);
        throw error;
      };
      try {
        const done = link?.operator.prepareSnapshot?.(barrier.checkpointId);
        if (done instanceof Promise) {
          return done.then(undefined, failed).then(() => this.#prepare(request, i + 1));
        }
      } catch (thrown) {
        failed(thrown);
      }
    }
    return undefined;
  }

  #cut(request: SnapshotRequest, startMs: number): void {
    const { barrier, links } = request;
    for (const writer of this.#parts.writers) writer.barrier(barrier);
    const serialized: Serialized[] = [];
    let failure: StreamError | undefined;
    for (const link of links) {
      try {
        link.operator.snapshotState?.(barrier.checkpointId);
        serialized.push({ link, snapshot: link.states.snapshot(barrier) });
      } catch (thrown) {
        failure = this.#failure(barrier.checkpointId, link.name, thrown);
        break;
      }
    }
    if (failure !== undefined) this.#declineActive(barrier.checkpointId, failure);
    const recording = failure === undefined ? request.record() : undefined;
    const syncMs = this.#parts.clock.monotonicMs() - startMs;
    // Nothing in it rejects: what fails is reported.
    void this.#store({ request, serialized, recording, syncMs });
  }

  async #store(cut: Cut): Promise<void> {
    const { checkpointId } = cut.request.barrier;
    const startMs = this.#parts.clock.monotonicMs();
    const outcomes = await this.#counted(
      Promise.allSettled(cut.serialized.map(async ({ snapshot }) => snapshot.store())),
    );
    const operators: StoredOperatorSnapshot[] = [];
    for (const [i, outcome] of outcomes.entries()) {
      if (outcome.status === 'fulfilled') operators.push(outcome.value);
      else {
        const name = cut.serialized[i]?.link.name;
        this.#declineActive(checkpointId, this.#failure(checkpointId, name, outcome.reason));
      }
    }
    try {
      const recording = await cut.recording;
      const channels = await this.#counted(
        this.#storeChannels(cut.request.barrier, recording?.channels ?? []),
      );
      if (!this.#active.delete(checkpointId)) return;
      const asyncMs = this.#parts.clock.monotonicMs() - startMs;
      this.#acknowledge(cut, operators, channels, recording, asyncMs);
    } catch (thrown) {
      this.#declineActive(checkpointId, this.#failure(checkpointId, undefined, thrown));
    }
  }

  async #counted<R>(storing: Promise<R>): Promise<R> {
    this.#storing += 1;
    try {
      return await storing;
    } finally {
      this.#storing -= 1;
    }
  }

  async #storeChannels(
    barrier: CheckpointBarrier,
    recorded: readonly RecordedChannel[],
  ): Promise<ChannelStateRecord[]> {
    const { ref, attempt, blobs } = this.#parts;
    const records: ChannelStateRecord[] = [];
    for (const { id, frames, recordFrames } of recorded) {
      if (!this.#active.has(barrier.checkpointId)) break;
      const location = segmentLocation(barrier.directory, {
        ownerId: ref.vertexId,
        subtaskIndex: ref.subtaskIndex,
        attempt,
        checkpointId: barrier.checkpointId,
        part: `channel-${id.edgeId}-${id.fromSubtask}`,
      });
      const bytes = await storeBytes(encodeFrames(frames), blobs, location);
      records.push({ ...id, frameCount: recordFrames, bytes });
    }
    return records;
  }

  #acknowledge(
    { request, syncMs }: Cut,
    operators: readonly StoredOperatorSnapshot[],
    channels: readonly ChannelStateRecord[],
    recording: Recording | undefined,
    asyncMs: number,
  ): void {
    const { ref, report } = this.#parts;
    const persisted = channels.reduce((sum, { bytes }) => sum + storedSizeBytes(bytes), 0);
    const stats: SubtaskCheckpointStats = {
      startDelayMs: request.startDelayMs,
      alignmentMs: recording?.alignmentMs ?? request.alignmentMs,
      syncMs,
      asyncMs,
      checkpointedSizeBytes: operators.reduce((sum, o) => sum + o.writtenBytes, persisted),
      stateSizeBytes: operators.reduce((sum, o) => sum + o.stateSizeBytes, persisted),
      processedDuringAlignmentBytes: request.processedDuringAlignmentBytes,
      persistedDuringAlignmentBytes: persisted,
      unaligned: request.unaligned,
    };
    const state = {
      ...ref,
      finished: request.finished,
      operators: operators.map(({ record }) => record),
      channels,
    };
    report({
      type: 'checkpoint-ack',
      checkpointId: request.barrier.checkpointId,
      state,
      stats,
    });
  }

  /** I2. */
  #declineActive(checkpointId: number, error: StreamError): void {
    if (this.#active.delete(checkpointId)) this.decline(checkpointId, error);
  }

  #failure(checkpointId: number, operatorName: string | undefined, thrown: unknown): StreamError {
    const { ref, name, parallelism } = this.#parts;
    const operator = operatorName ?? name;
    const cause = toStreamError(thrown);
    const at = `subtask ${ref.subtaskIndex + 1}/${parallelism}`;
    return new StreamError({
      kind: cause.kind,
      code: 'CHECKPOINT_FAILED_IN_TASK',
      message: `checkpoint failed in operator "${operator}" (${at}): ${cause.message}; checkpoint=${checkpointId}`,
      details: { operator, subtask: ref.subtaskIndex, checkpointId },
      cause,
    });
  }
}
