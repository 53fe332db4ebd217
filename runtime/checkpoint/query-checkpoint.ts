/**
 * What a completed checkpoint or savepoint holds for a key of a state. Reads its manifest, and of
 * the state the chunks that hold the key's key group, no more. The job's code is not needed, nor
 * run: an aggregating state answers its accumulator.
 */
import {
  type EncodedKey,
  hashKey,
  keyGroupOf,
  nearestName,
  operatorIndexOfKeyGroup,
  StreamError,
} from '../core/index.ts';
import { CodecCache } from '../exchange/index.ts';
import {
  isEngineState,
  type KeyedSegmentRecord,
  type OperatorSubtaskStateRecord,
  type StateQueryRecord,
  type StateValueRecord,
} from '../protocol/index.ts';
import {
  askedMeta,
  checkQuery,
  encodeQueryKey,
  heldValue,
  noKeyedState,
  type RestoreTarget,
  splitSubKey,
} from '../state/index.ts';
import type { BlobStore } from './blob-store.ts';
import { readManifest } from './manifest-codec.ts';
import type { CheckpointManifest, ManifestOperator, ManifestVertex } from './manifest-record.ts';
import { manifestLocation } from './paths.ts';
import { loadSegment } from './segment-reader.ts';
import { inParallel } from './segment-store.ts';

const LOAD_CONCURRENCY = 4;

/** An operator that is asked, as people are shown it. */
export interface QueriedOperator {
  readonly operatorId: string;
  readonly uid?: string;
  readonly name: string;
  readonly keyGroup: number;
  readonly subtaskIndex: number;
}

export interface CheckpointedValue {
  readonly operator: QueriedOperator;
  readonly value: StateValueRecord;
  readonly checkpointId: number;
  /** The state is as of then. */
  readonly triggeredAtEpochMs: number;
}

/** Where the operators of a job are found by what people call them. */
export interface NamedOperators<V> {
  readonly vertex: V;
  readonly operators: readonly Pick<ManifestOperator, 'operatorId' | 'uid' | 'name'>[];
}

/**
 * @param path of the checkpoint or savepoint.
 * @param operator its uid or id.
 * @throws {StreamError} kind `invalid`: codes `OPERATOR_NOT_FOUND`,
 * `STATE_OPERATOR_FINISHED`, and those of `queryTables`;
 * kind `data` when what is stored cannot be read; as {@link BlobStore.get}.
 */
export async function queryCheckpoint(
  blobs: BlobStore,
  path: string,
  operator: string,
  query: StateQueryRecord,
  nowEpochMs: number,
): Promise<CheckpointedValue> {
  const manifest = await readManifest(blobs, manifestLocation(path));
  const { vertex, found } = operatorOf(manifest, operator);
  const key = encodeQueryKey(query.key, 'key');
  const place = placeOfKey(vertex, key);
  const { keyGroup, subtaskIndex } = place;
  if (vertex.subtasks[subtaskIndex]?.finished === true) throw finishedOperator(found.name);
  const shares = vertex.subtasks.flatMap(({ operators }) =>
    operators.filter(({ operatorId }) => operatorId === found.operatorId),
  );
  const metas = shares.flatMap((share) => share.keyedStates);
  if (metas.length === 0) throw noKeyedState(found.name, listsOf(shares));
  const meta = askedMeta(metas, query, found.name);
  const state = { meta, isPerWindow: isEngineState(meta.name) };
  checkQuery(query, state);
  const own = vertex.subtasks[subtaskIndex]?.operators.find(
    ({ operatorId }) => operatorId === found.operatorId,
  );
  const held = new HeldEntry(meta.kind === 'map', key, query.window);
  await fill(held, own?.keyedSegments ?? [], meta.name, keyGroup, blobs);
  return {
    operator: { ...found, ...place },
    value: heldValue(held.value, query, state, nowEpochMs),
    checkpointId: manifest.checkpointId,
    triggeredAtEpochMs: manifest.triggeredAtEpochMs,
  };
}

/** The key group of a key, and the subtask that owns it. Pure. */
export function placeOfKey(
  { maxParallelism, parallelism }: Pick<ManifestVertex, 'maxParallelism' | 'parallelism'>,
  key: EncodedKey,
): Pick<QueriedOperator, 'keyGroup' | 'subtaskIndex'> {
  const keyGroup = keyGroupOf(hashKey(key), maxParallelism);
  return { keyGroup, subtaskIndex: operatorIndexOfKeyGroup(maxParallelism, parallelism, keyGroup) };
}

/**
 * By uid, otherwise by id.
 *
 * @throws {StreamError} kind `invalid`, code `OPERATOR_NOT_FOUND`.
 */
export function findOperator<V>(
  vertices: readonly NamedOperators<V>[],
  wanted: string,
): { readonly vertex: V; readonly found: Pick<ManifestOperator, 'operatorId' | 'uid' | 'name'> } {
  const all = vertices.flatMap(({ vertex, operators }) =>
    operators.map(({ operatorId, uid, name }) => ({
      vertex,
      found: { operatorId, name, ...(uid === undefined ? {} : { uid }) },
    })),
  );
  const match =
    all.find(({ found }) => found.uid === wanted) ??
    all.find(({ found }) => found.operatorId === wanted);
  if (match !== undefined) return match;
  const uids = all.flatMap(({ found }) => found.uid ?? []);
  const guess = nearestName(wanted, uids);
  const known = all.map(({ found: { uid, operatorId, name } }) => `${uid ?? operatorId} (${name})`);
  throw new StreamError({
    kind: 'invalid',
    code: 'OPERATOR_NOT_FOUND',
    message: `the job has no operator of this uid or id${guess === undefined ? '' : `, did you mean ${guess}?`}; uid=${wanted} operators=${known.join(', ')}`,
    details: { uid: wanted },
  });
}

function operatorOf(
  { vertices }: CheckpointManifest,
  wanted: string,
): {
  readonly vertex: ManifestVertex;
  readonly found: Pick<ManifestOperator, 'operatorId' | 'uid' | 'name'>;
} {
  const named = vertices.map((vertex) => ({ vertex, operators: vertex.operators }));
  return findOperator(named, wanted);
}

/** A subtask that has come to its end holds nothing any more. */
function finishedOperator(operator: string): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'STATE_OPERATOR_FINISHED',
    message: `the operator had come to the end of its input, its state is gone: ask for one that still runs; operator=${operator}`,
    details: { operator },
  });
}

function listsOf(shares: readonly OperatorSubtaskStateRecord[]): readonly string[] {
  const names = shares.flatMap(({ operatorStates }) => operatorStates.map(({ name }) => name));
  return [...new Set(names)].filter((name) => !isEngineState(name));
}

/** Puts together what segments say of the key, a base first. */
async function fill(
  held: HeldEntry,
  segments: readonly KeyedSegmentRecord[],
  name: string,
  keyGroup: number,
  blobs: BlobStore,
): Promise<void> {
  const codecs = new CodecCache();
  const concerned = segments.filter(({ chunks }) =>
    chunks.some((chunk) => chunk.firstKeyGroup <= keyGroup && chunk.lastKeyGroup >= keyGroup),
  );
  const keyGroups = { start: keyGroup, end: keyGroup };
  const loaded = await inParallel(concerned, LOAD_CONCURRENCY, (record) =>
    loadSegment(record, blobs, keyGroups),
  );
  for (const segment of loaded) {
    for (const stored of segment.states()) {
      if (stored.name === name) segment.fill(stored, held, codecs);
    }
  }
}

/** Takes the entries of one key, and of one window of it where there are some. */
class HeldEntry implements RestoreTarget {
  readonly #isMap: boolean;
  readonly #key: EncodedKey;
  readonly #window: string | undefined;
  readonly #map = new Map<EncodedKey, unknown>();
  #plain: unknown;

  constructor(isMap: boolean, key: EncodedKey, window: string | undefined) {
    this.#isMap = isMap;
    this.#key = key;
    this.#window = window;
  }

  get value(): unknown {
    if (!this.#isMap) return this.#plain;
    return this.#map.size === 0 ? undefined : this.#map;
  }

  restorePut(key: EncodedKey, subKey: EncodedKey | undefined, value: unknown): void {
    const mapKey = this.#mapKeyOf(key, subKey);
    if (mapKey === null) return;
    if (this.#isMap && mapKey !== undefined) this.#map.set(mapKey, value);
    else this.#plain = value;
  }

  restoreRemove(key: EncodedKey, subKey: EncodedKey | undefined): void {
    const mapKey = this.#mapKeyOf(key, subKey);
    if (mapKey === null) return;
    if (this.#isMap && mapKey !== undefined) this.#map.delete(mapKey);
    else this.#plain = undefined;
  }

  /** Null: the entry is of another key, or of another window. */
  #mapKeyOf(key: EncodedKey, subKey: EncodedKey | undefined): EncodedKey | undefined | null {
    if (key !== this.#key) return null;
    if (this.#window === undefined) return subKey;
    const [window, mapKey] = splitSubKey(subKey);
    return window === this.#window ? mapKey : null;
  }
}
