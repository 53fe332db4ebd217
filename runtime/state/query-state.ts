/**
 * What a keyed state holds for a key, read from outside. Changes nothing: no time to live begins
 * anew, nothing expired is removed, no key becomes current.
 */
import { decodeKey, defined, type EncodedKey } from '../core/index.ts';
import type {
  KeyedStateMetaRecord,
  StateQueryRecord,
  StateValueRecord,
} from '../protocol/index.ts';
import { PlainJson } from './plain-json.ts';
import { keyNotFound, queryUnfit, resultFailed, stateNotAsked } from './query-errors.ts';
import { encodeQueryKey } from './query-key.ts';
import type { AskedTable, HeldMap } from './state-tables.ts';
import type { TtlValue } from './ttl.ts';

/** What is known of an asked state besides its entries. */
export interface AskedState {
  readonly meta: KeyedStateMetaRecord;
  readonly isPerWindow: boolean;
  /** Absent: the job's code is not here. */
  readonly resultOf?: ((accumulator: unknown) => unknown) | undefined;
  /** Any key that has the state; undefined: none is at hand. */
  readonly exampleKey?: EncodedKey | undefined;
}

/**
 * Answers from the tables of a running operator.
 *
 * @throws {StreamError} kind `invalid`: codes `STATE_NOT_FOUND`, `STATE_NOT_QUERYABLE`,
 * `STATE_KEY_INVALID`, `STATE_KEY_NOT_FOUND`, `STATE_QUERY_INVALID`, `STATE_ANSWER_TOO_LARGE`;
 * kind `user`: code `STATE_RESULT_FAILED`.
 */
export function queryTables(
  tables: readonly AskedTable[],
  query: StateQueryRecord,
  { operatorName, nowEpochMs }: { readonly operatorName: string; readonly nowEpochMs: number },
): StateValueRecord {
  const metas = tables.map(({ meta }) => meta);
  const meta = askedMeta(metas, query, operatorName);
  const table = defined(tables[metas.indexOf(meta)], 'a meta is of a table');
  const key = encodeQueryKey(query.key, 'key');
  checkQuery(query, table);
  const { isPerWindow, resultOf } = table;
  const state = { meta, isPerWindow, resultOf, exampleKey: table.exampleKey() };
  return heldValue(table.heldOf(key, query.window), query, state, nowEpochMs);
}

/**
 * The state that is meant.
 *
 * @throws {StreamError} as {@link queryTables}.
 */
export function askedMeta(
  metas: readonly KeyedStateMetaRecord[],
  { name }: StateQueryRecord,
  operatorName: string,
): KeyedStateMetaRecord {
  const found = metas.find(({ queryable }) => queryable === name);
  if (found !== undefined) return found;
  throw stateNotAsked(operatorName, name, metas);
}

/** @throws {StreamError} kind `invalid`, code `STATE_QUERY_INVALID`. */
export function checkQuery(
  { name, mapKey, window, withAccumulator }: StateQueryRecord,
  { meta, isPerWindow }: Pick<AskedState, 'meta' | 'isPerWindow'>,
): void {
  if (isPerWindow && window === undefined) {
    throw queryUnfit(name, 'the state is one of each window: name it with window=start,end');
  }
  if (!isPerWindow && window !== undefined) {
    throw queryUnfit(name, 'the state is of keys, not of windows: leave out window');
  }
  if (mapKey !== undefined && meta.kind !== 'map') {
    throw queryUnfit(name, `only map states have a mapKey: leave it out; kind=${meta.kind}`);
  }
  if (withAccumulator === true && meta.kind !== 'aggregating') {
    const reason = 'only aggregating states have an accumulator: leave it out';
    throw queryUnfit(name, `${reason}; kind=${meta.kind}`);
  }
}

/**
 * @param held as snapshots hold it, of a map state a {@link HeldMap}; undefined: nothing.
 * @throws {StreamError} as {@link queryTables}.
 */
export function heldValue(
  held: unknown,
  query: StateQueryRecord,
  state: AskedState,
  nowEpochMs: number,
): StateValueRecord {
  const { kind, ttlMs } = state.meta;
  const seen = seenAt(ttlMs, nowEpochMs);
  if (held === undefined) throw keyNotFound(query, 'key', state.exampleKey);
  const json = new PlainJson();
  if (kind === 'map' && query.mapKey !== undefined) {
    const one = entryOf(held as HeldMap<unknown>, query, seen);
    return { kind, value: json.of(seen.bare(one)) };
  }
  if (kind === 'list' || kind === 'map') {
    const value = json.list(kind === 'list' ? elements(held, seen) : pairs(held, seen));
    if (value.length === 0) throw keyNotFound(query, 'key');
    return { kind, value };
  }
  if (!seen.isLive(held)) throw keyNotFound(query, 'key');
  if (kind !== 'aggregating') return { kind, value: json.of(seen.bare(held)) };
  return { kind, ...aggregated(seen.bare(held), query, state, json) };
}

/** What a time to live leaves to be seen. */
interface Seen {
  isLive(one: unknown): boolean;
  bare(one: unknown): unknown;
}

function seenAt(ttlMs: number | undefined, nowEpochMs: number): Seen {
  if (ttlMs === undefined) return { isLive: () => true, bare: (one) => one };
  return {
    isLive: (one) => (one as TtlValue<unknown>).lastAccessMs + ttlMs > nowEpochMs,
    bare: (one) => (one as TtlValue<unknown>).value,
  };
}

function elements(list: unknown, { isLive, bare }: Seen): Iterable<unknown> {
  return (list as readonly unknown[]).values().filter(isLive).map(bare);
}

function* pairs(map: unknown, { isLive, bare }: Seen): Iterable<unknown> {
  for (const [mapKey, one] of map as HeldMap<unknown>) {
    if (isLive(one)) yield [decodeKey(mapKey), bare(one)];
  }
}

function entryOf(entries: HeldMap<unknown>, query: StateQueryRecord, { isLive }: Seen): unknown {
  const mapKey = encodeQueryKey(query.mapKey ?? query.key, 'mapKey');
  const one = entries.get(mapKey);
  if (one !== undefined && isLive(one)) return one;
  const [example] = entries;
  throw keyNotFound(query, 'mapKey', example?.[0]);
}

/** Without the function there is no result: the accumulator is all that is known. */
function aggregated(
  accumulator: unknown,
  { name, withAccumulator }: StateQueryRecord,
  { resultOf }: AskedState,
  json: PlainJson,
): Omit<StateValueRecord, 'kind'> {
  if (resultOf === undefined) return { accumulator: json.of(accumulator) };
  const shown = withAccumulator === true ? { accumulator: json.of(accumulator) } : {};
  let result: unknown;
  try {
    result = resultOf(accumulator);
  } catch (thrown) {
    throw resultFailed(name, thrown);
  }
  return { value: json.of(result), ...shown };
}
