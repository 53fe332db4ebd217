/**
 * A snapshot of a million keyed entries and its restore, run with
 * `node integration/bench/snapshot.bench.ts`. Entries are int -> {count, sum}, in an aggregating
 * state of the heap's backend, in one subtask.
 *
 *     (d) the synchronous part; all of it, with zstd and checksums; restore from the stored bytes
 *         into an empty backend; a delta of one percent of the keys beside the base; keys that
 *         came in random order, and strings as keys, for comparison
 *
 * Rounds of a kind follow each other, as garbage of one would be collected in the time of another.
 */
import {
  type BlobStore,
  loadSegment,
  SegmentWriter,
  storeSegment,
} from '../../runtime/checkpoint/index.ts';
import { CodecCache } from '../../runtime/exchange/index.ts';
import type { KeyedSegmentRecord } from '../../runtime/protocol/index.ts';
import {
  AggregatingStateDescriptor,
  HeapKeyedStateBackend,
  type SnapshotTable,
} from '../../runtime/state/index.ts';
import { median } from './median.ts';

const ENTRIES = 1_000_000;
const ROUNDS = 9;
const WARM_UP_ROUNDS = 3;
const MAX_PARALLELISM = 128;
const KEY_GROUPS = { start: 0, end: MAX_PARALLELISM - 1 };

interface Sum {
  count: number;
  sum: number;
}

const SUMS = new AggregatingStateDescriptor<number, Sum, number>('sums', {
  createAccumulator: () => ({ count: 0, sum: 0 }),
  add: (value, sum) => {
    sum.count++;
    sum.sum += value;
    return sum;
  },
  getResult: ({ sum }) => sum,
  merge: (a, b) => ({ count: a.count + b.count, sum: a.sum + b.sum }),
});

type Mode = 'BASE' | 'DELTA';

/** An operator's keyed state and what is left to do before each snapshot. */
interface Subject {
  readonly mode: Mode;
  readonly backend: HeapKeyedStateBackend;
  readonly touch: () => void;
}

const stored = new Map<string, Uint8Array>();
const blobs: BlobStore = {
  put: async (location, bytes) => void stored.set(location, bytes),
  get: async (location) => stored.get(location) ?? new Uint8Array(),
  list: async () => [],
  delete: async () => undefined,
};

function subject(mode: Mode, keys: Iterable<unknown>): Subject {
  const backend = new HeapKeyedStateBackend({ operatorName: 'sums', tracksChanges: true });
  const sums = backend.getAggregatingState(SUMS);
  for (const key of keys) {
    backend.setCurrentKey(key);
    sums.add(typeof key === 'number' ? key : 1);
  }
  const touch = (): void => {
    for (let key = 0; mode === 'DELTA' && key < ENTRIES; key += 100) {
      backend.setCurrentKey(key);
      sums.add(1);
    }
  };
  return { mode, backend, touch };
}

function tableOf(backend: HeapKeyedStateBackend): readonly SnapshotTable[] {
  return backend.tables();
}

/** The median, in ms, of what `run` says its rounds took. */
async function medianOf(run: () => Promise<number> | number): Promise<number> {
  const rounds: number[] = [];
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    const tookMs = await run();
    if (round >= 0) rounds.push(tookMs);
  }
  return median(rounds);
}

interface Measured {
  readonly syncMs: number;
  readonly allMs: number;
  readonly restoreMs: number;
  readonly bytes: number;
}

async function measure({ mode, backend, touch }: Subject): Promise<Measured> {
  const writer = new SegmentWriter();
  const options = { mode, maxParallelism: MAX_PARALLELISM, keyGroups: KEY_GROUPS };
  const syncMs = await medianOf(() => {
    touch();
    const start = performance.now();
    const serialized = writer.serialize(tableOf(backend), options);
    const tookMs = performance.now() - start;
    for (const chunk of serialized.chunks) serialized.release(chunk);
    return tookMs;
  });
  let record: KeyedSegmentRecord | undefined;
  const allMs = await medianOf(async () => {
    touch();
    const start = performance.now();
    record = await storeSegment(writer.serialize(tableOf(backend), options), 1, blobs, mode);
    return performance.now() - start;
  });
  if (record === undefined || !('location' in record.bytes)) throw new Error('a blob');
  const last = record;
  const restoreMs = await medianOf(() => restore(last));
  return { syncMs, allMs, restoreMs, bytes: record.bytes.sizeBytes };
}

async function restore(record: KeyedSegmentRecord): Promise<number> {
  const backend = new HeapKeyedStateBackend({ operatorName: 'sums', tracksChanges: true });
  const codecs = new CodecCache();
  const start = performance.now();
  const segment = await loadSegment(record, blobs, KEY_GROUPS);
  for (const meta of segment.states()) {
    backend.restorePending(meta.name, meta, (target) => {
      segment.fill(meta, target, codecs);
    });
  }
  backend.getAggregatingState(SUMS);
  const tookMs = performance.now() - start;
  const wanted = record.chunks.reduce((sum, { entryCount }) => sum + entryCount, 0);
  const [table] = tableOf(backend);
  if (table?.size !== wanted) throw new Error(`lost entries: ${table?.size} of ${wanted}`);
  return tookMs;
}

function* inOrder(): Iterable<number> {
  for (let key = 0; key < ENTRIES; key++) yield key;
}

/** Multiplying by an odd number permutes the numbers below a power of two. */
function* inRandomOrder(): Iterable<number> {
  for (let i = 0; i < 1 << 20; i++) {
    const key = Math.imul(i, 0x9e3779b1) & ((1 << 20) - 1);
    if (key < ENTRIES) yield key;
  }
}

function* strings(): Iterable<string> {
  for (const key of inOrder()) yield `customer-${key}`;
}

function line(name: string, { syncMs, allMs, restoreMs, bytes }: Measured): string {
  const ms = (value: number): string => value.toFixed(1).padStart(7);
  return (
    `    ${name.padEnd(20)} sync ${ms(syncMs)} ms  with zstd and crc ${ms(allMs)} ms  ` +
    `restore ${ms(restoreMs)} ms  ${(bytes / 1e6).toFixed(2).padStart(6)} MB\n`
  );
}

process.stdout.write(`(d) snapshot of ${ENTRIES} entries, median of ${ROUNDS}\n`);
const base = await measure(subject('BASE', inOrder()));
process.stdout.write(line('int keys', base));
const delta = await measure(subject('DELTA', inOrder()));
process.stdout.write(line('1 % of them dirty', delta));
process.stdout.write(line('int keys, shuffled', await measure(subject('BASE', inRandomOrder()))));
process.stdout.write(line('string keys', await measure(subject('BASE', strings()))));
const share = (part: number, all: number): string => ((100 * part) / all).toFixed(1);
process.stdout.write(
  `    the delta takes ${share(delta.bytes, base.bytes)} % of the bytes of the base, ` +
    `${share(delta.syncMs, base.syncMs)} % of its synchronous time and ` +
    `${share(delta.allMs, base.allMs)} % of all its time\n`,
);
