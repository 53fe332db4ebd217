/**
 * The states of one operator of one subtask: gives them back what was restored, and takes their
 * snapshots.
 *
 * Owns the operator's state backends and its chain of segments. A task calls `restore` before it
 * makes the operator, `snapshot` at the cut of a checkpoint, and `store` of what that gave at
 * once, also when the checkpoint was given up. Calls on one handler do not overlap, but for
 * `store`, of which several may be under way.
 *
 * I1  A delta goes into a chain only behind a segment that is stored or being stored; when that
 *     fails, so do the deltas behind it, and the next segment is a base.
 * I2  What a visit of the tables took leaves the changes of the next one: after a savepoint, whose
 *     base is in no chain, and after a visit that failed the next segment is a base.
 * I3  All entries of a chain are of this subtask's key groups, see {@link continuedChain}.
 */
import { type Clock, type KeyGroupRange, keyGroupRangeOf, StreamError } from '../core/index.ts';
import { CodecCache } from '../exchange/index.ts';
import {
  type CheckpointBarrier,
  isSavepoint,
  type KeyedSegmentRecord,
  type KeyedStateMetaRecord,
  type OperatorStateRecord,
  type OperatorSubtaskStateRecord,
  type RestoredOperatorState,
  type StateQueryRecord,
  type StateValueRecord,
} from '../protocol/index.ts';
import {
  HeapKeyedStateBackend,
  noKeyedState,
  OperatorStateBackend,
  queryTables,
} from '../state/index.ts';
import type { BlobStore } from './blob-store.ts';
import { storedSizeBytes } from './bytes-record.ts';
import { loadList, type SerializedList, serializeList, storeList } from './operator-state-codec.ts';
import { segmentLocation } from './paths.ts';
import { type ChainWeight, continuedChain, decideSegment, weightOf } from './segment-chain.ts';
import { loadSegment } from './segment-reader.ts';
import { inParallel, storeSegment } from './segment-store.ts';
import { SegmentWriter, type SerializedSegment } from './segment-writer.ts';

/** Segments loaded at a time. */
const LOAD_CONCURRENCY = 4;

export interface OperatorStateHandlerOptions {
  readonly operatorId: string;
  readonly operatorName: string;
  readonly subtaskIndex: number;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly attempt: number;
  /** The job checkpoints: keyed states list what changes. */
  readonly tracksChanges: boolean;
  /** Keyed states are of one key at a time. @defaultValue false */
  readonly keyByKey?: boolean;
  readonly blobs: BlobStore;
  readonly clock: Clock;
}

/** A snapshot that was serialised: later changes of the states do not change it. */
export interface OperatorStateSnapshotHandle {
  /** Keyed entries serialised in the synchronous part. */
  readonly syncEntries: number;
  /**
   * Compresses and stores. To be called once, at once.
   *
   * @throws {StreamError} as {@link BlobStore.put}; kind `unavailable`, code
   * `SEGMENT_CHAIN_BROKEN`, when a segment before this one could not be stored.
   */
  store(): Promise<StoredOperatorSnapshot>;
}

export interface StoredOperatorSnapshot {
  /** With absolute locations. */
  readonly record: OperatorSubtaskStateRecord;
  /** Written for this checkpoint. */
  readonly writtenBytes: number;
  /** Referred to, with segments of earlier checkpoints. */
  readonly stateSizeBytes: number;
}

/** A segment, stored or not, with all before it. */
interface ChainEnd {
  readonly weight: ChainWeight;
  status: 'serialized' | 'storing' | 'stored' | 'failed';
  /** Undefined before storing begins. */
  segments: Promise<readonly KeyedSegmentRecord[]> | undefined;
}

interface KeyedSnapshot {
  readonly states: readonly KeyedStateMetaRecord[];
  readonly serialized: SerializedSegment;
  readonly previous: ChainEnd | undefined;
  readonly end: ChainEnd;
}

/** See the header. */
export class OperatorStateHandler {
  readonly operatorState: OperatorStateBackend;
  readonly #options: OperatorStateHandlerOptions;
  readonly #keyGroups: KeyGroupRange;
  readonly #writer = new SegmentWriter();
  #keyed: HeapKeyedStateBackend | undefined;
  /** Undefined: the next segment is a base. */
  #end: ChainEnd | undefined;

  constructor(options: OperatorStateHandlerOptions) {
    const { maxParallelism, parallelism, subtaskIndex, operatorName } = options;
    this.#options = options;
    this.#keyGroups = keyGroupRangeOf(maxParallelism, parallelism, subtaskIndex);
    this.operatorState = new OperatorStateBackend(operatorName);
  }

  /** The operator's keyed states, made at the first call. */
  keyedState(): HeapKeyedStateBackend {
    const { operatorName, tracksChanges, keyByKey = false, clock } = this.#options;
    this.#keyed ??= new HeapKeyedStateBackend({ operatorName, tracksChanges, keyByKey, clock });
    return this.#keyed;
  }

  /**
   * Loads and checks all that is stored; keyed states fill as they are registered.
   *
   * @throws {StreamError} kind `data`, codes `SEGMENT_CORRUPT`, `SEGMENT_VERSION_NEWER`; as
   * {@link BlobStore.get}.
   */
  async restore(state: RestoredOperatorState): Promise<void> {
    const { blobs } = this.#options;
    for (const list of state.operatorStates) {
      this.operatorState.restore(list.name, list.mode, await loadList(list, blobs));
    }
    const records = state.keyedSegments.flat();
    if (records.length === 0) return;
    const codecs = new CodecCache();
    const segments = await inParallel(records, LOAD_CONCURRENCY, (record) =>
      loadSegment(record, blobs, this.#keyGroups),
    );
    for (const segment of segments) {
      for (const meta of segment.states()) {
        this.keyedState().restorePending(meta.name, meta, (target) => {
          segment.fill(meta, target, codecs);
        });
      }
    }
    const chain = continuedChain(state.keyedSegments, this.#keyGroups);
    this.#end = chain && {
      weight: weightOf(chain),
      status: 'stored',
      segments: Promise.resolve(chain),
    };
  }

  /**
   * The synchronous part.
   *
   * @throws {StreamError} kind `user`, code `STATE_NOT_SERIALIZABLE`.
   */
  snapshot(barrier: CheckpointBarrier): OperatorStateSnapshotHandle {
    const keyed = this.#keyed === undefined ? undefined : this.#snapshotKeyed(this.#keyed, barrier);
    const lists = this.operatorState.snapshot().map(serializeList);
    return {
      syncEntries: keyed?.serialized.entryCount ?? 0,
      store: () => this.#store(barrier, keyed, lists),
    };
  }

  /**
   * What a keyed state holds now. Changes nothing.
   *
   * @throws {StreamError} kind `invalid`, code `STATE_NOT_KEYED`; as `queryTables`.
   */
  query(query: StateQueryRecord): StateValueRecord {
    const { operatorName, clock } = this.#options;
    const tables = this.#keyed?.askedTables() ?? [];
    if (tables.length === 0) throw noKeyedState(operatorName, this.operatorState.names());
    return queryTables(tables, query, { operatorName, nowEpochMs: clock.nowEpochMs() });
  }

  #snapshotKeyed(keyed: HeapKeyedStateBackend, barrier: CheckpointBarrier): KeyedSnapshot {
    const { maxParallelism } = this.#options;
    const tables = keyed.tables();
    const savepoint = isSavepoint(barrier.type);
    const end = this.#end;
    const usable = end?.status === 'storing' || end?.status === 'stored';
    const mode = decideSegment({
      chain: usable ? end.weight : undefined,
      tracksChanges: keyed.tracksChanges,
      full: savepoint || barrier.full || keyed.needsFullSnapshot,
      changeCount: tables.reduce((sum, { changeCount }) => sum + changeCount, 0),
      entryCount: tables.reduce((sum, { size }) => sum + size, 0),
    });
    // I2, unless this visit leads on to a chain.
    this.#end = undefined;
    const options = { mode, maxParallelism, keyGroups: this.#keyGroups };
    const serialized = this.#writer.serialize(tables, options);
    if (mode === 'BASE') keyed.needsFullSnapshot = false;
    const previous = mode === 'DELTA' ? end : undefined;
    const next: ChainEnd = {
      weight: heavier(previous?.weight, serialized),
      status: 'serialized',
      segments: undefined,
    };
    if (!savepoint) this.#end = next;
    return { states: serialized.states, serialized, previous, end: next };
  }

  async #store(
    barrier: CheckpointBarrier,
    keyed: KeyedSnapshot | undefined,
    lists: readonly SerializedList[],
  ): Promise<StoredOperatorSnapshot> {
    // Both begin before the first await: who snapshots next relies on it (I1).
    const storing = keyed === undefined ? [] : this.#storeKeyed(barrier, keyed);
    const storingLists = inParallel(lists.entries().toArray(), LOAD_CONCURRENCY, ([i, list]) =>
      storeList(list, this.#options.blobs, this.#locationOf(barrier, `list-${i}`)),
    );
    const [keyedSegments, operatorStates] = await Promise.all([storing, storingLists]);
    const sizeOf = (records: readonly (KeyedSegmentRecord | OperatorStateRecord)[]): number =>
      records.reduce((sum, { bytes }) => sum + storedSizeBytes(bytes), 0);
    const own = (keyed?.serialized.chunks.length ?? 0) > 0 ? keyedSegments.slice(-1) : [];
    const { operatorId } = this.#options;
    const keyedStates = keyed?.states ?? [];
    return {
      record: { operatorId, keyedStates, keyedSegments, operatorStates },
      writtenBytes: sizeOf(own) + sizeOf(operatorStates),
      stateSizeBytes: sizeOf(keyedSegments) + sizeOf(operatorStates),
    };
  }

  #storeKeyed(
    barrier: CheckpointBarrier,
    { serialized, previous, end }: KeyedSnapshot,
  ): Promise<readonly KeyedSegmentRecord[]> {
    const store = async (): Promise<readonly KeyedSegmentRecord[]> => {
      try {
        const own = await this.#storeOwn(barrier, serialized);
        const before = await this.#segmentsBefore(previous);
        end.status = 'stored';
        return [...before, ...own];
      } catch (thrown) {
        end.status = 'failed';
        throw thrown;
      }
    };
    end.status = 'storing';
    end.segments = store();
    return end.segments;
  }

  async #storeOwn(
    { checkpointId, directory }: CheckpointBarrier,
    serialized: SerializedSegment,
  ): Promise<readonly KeyedSegmentRecord[]> {
    if (serialized.chunks.length === 0) return [];
    const location = this.#locationOf({ checkpointId, directory }, 'keyed');
    return [await storeSegment(serialized, checkpointId, this.#options.blobs, location)];
  }

  async #segmentsBefore(previous: ChainEnd | undefined): Promise<readonly KeyedSegmentRecord[]> {
    try {
      return (await previous?.segments) ?? [];
    } catch (cause) {
      const { operatorName, subtaskIndex } = this.#options;
      throw new StreamError({
        kind: 'unavailable',
        code: 'SEGMENT_CHAIN_BROKEN',
        message: `the segment before this one could not be stored, the next checkpoint writes all state: operator=${operatorName} subtask=${subtaskIndex}`,
        details: { operator: operatorName, subtask: subtaskIndex },
        cause,
      });
    }
  }

  #locationOf(
    { checkpointId, directory }: Pick<CheckpointBarrier, 'checkpointId' | 'directory'>,
    part: string,
  ): string {
    const { operatorId: ownerId, subtaskIndex, attempt } = this.#options;
    return segmentLocation(directory, { ownerId, subtaskIndex, attempt, checkpointId, part });
  }
}

function heavier(before: ChainWeight | undefined, serialized: SerializedSegment): ChainWeight {
  const { kind, entryCount, chunks } = serialized;
  const { segments, baseEntries, deltaEntries } = before ?? weightOf([]);
  return {
    segments: segments + (chunks.length > 0 ? 1 : 0),
    baseEntries: baseEntries + (kind === 'BASE' ? entryCount : 0),
    deltaEntries: deltaEntries + (kind === 'DELTA' ? entryCount : 0),
  };
}
