import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import { type EncodedKey, encodeKey, hashKey, isStreamError, keyGroupOf } from '../core/index.ts';
import { CodecCache } from '../exchange/index.ts';
import type { KeyedSegmentRecord } from '../protocol/index.ts';
import { FixtureBlobs, FixtureTable } from './segment-fixture.ts';
import { decodeHeader, encodeHeader } from './segment-format.ts';
import { loadSegment } from './segment-reader.ts';
import { compareKeys } from './segment-sort.ts';
import { storeSegment } from './segment-store.ts';
import {
  type SerializedSegment,
  type SerializeOptions,
  serializeTables,
} from './segment-writer.ts';

const MAX_PARALLELISM = 128;
const ALL = { start: 0, end: MAX_PARALLELISM - 1 };
const BASE: SerializeOptions = { mode: 'BASE', maxParallelism: MAX_PARALLELISM, keyGroups: ALL };

function tableOf(entries: readonly (readonly [EncodedKey, unknown])[]): FixtureTable {
  const table = new FixtureTable('sums');
  for (const [key, value] of entries) table.set(key, undefined, value);
  return table;
}

function ints(count: number, first = 0): (readonly [number, unknown])[] {
  return Array.from({ length: count }, (_, i) => [first + i, { count: i, sum: i * 1.5 }]);
}

async function roundTrip(table: FixtureTable, options = BASE): Promise<FixtureTable> {
  const blobs = new FixtureBlobs();
  const record = await storeSegment(serializeTables([table], options), 1, blobs, 'x.seg');
  const restored = new FixtureTable(table.meta.name);
  const segment = await loadSegment(record, blobs, options.keyGroups);
  segment.fill(table.meta, restored, new CodecCache());
  return restored;
}

/** Restored keys come in the order of the segment. */
async function storedOrder(keys: readonly EncodedKey[]): Promise<EncodedKey[]> {
  const restored = await roundTrip(tableOf(keys.map((key) => [key, 1])));
  return [...restored.entries.values()].map(({ key }) => key);
}

async function big(): Promise<{ blobs: FixtureBlobs; record: KeyedSegmentRecord }> {
  const table = tableOf(ints(20_000));
  const serialized = serializeTables([table], { ...BASE, chunkRawBytes: 50_000 });
  const blobs = new FixtureBlobs();
  return { blobs, record: await storeSegment(serialized, 7, blobs, '/job/x.seg') };
}

describe('serializeTables', () => {
  it('orders entries by key group, hash of the key and key', async () => {
    const keys = [...Array(500).keys(), 1.5, 2n ** 70n, true, 'a', 'Aa', 'BB', ''].map(encodeKey);
    const groupOf = (key: EncodedKey): number => keyGroupOf(hashKey(key), MAX_PARALLELISM);
    const expected = keys.toSorted(
      (a, b) => groupOf(a) - groupOf(b) || hashKey(a) - hashKey(b) || compareKeys(a, b),
    );
    assert.deepEqual(await storedOrder(keys.toReversed()), expected);
    assert.equal(hashKey('Aa'), hashKey('BB'));
  });

  it('orders negative ints before others', async () => {
    const keys = [-2147483648, -7, 0, 3, 2147483647];
    const order = await storedOrder(keys.toReversed());
    const one = { ...BASE, maxParallelism: 1, keyGroups: { start: 0, end: 0 } };
    const restored = await roundTrip(tableOf(keys.toReversed().map((key) => [key, 1])), one);
    assert.deepEqual(
      [...restored.entries.values()].map(({ key }) => key),
      keys,
    );
    assert.equal(order.length, keys.length);
  });

  it('cuts chunks between key groups once they are full', () => {
    const { chunks, entryCount, rawSizeBytes } = serializeTables([tableOf(ints(20_000))], {
      ...BASE,
      chunkRawBytes: 50_000,
    });
    assert.equal(entryCount, 20_000);
    assert.equal(
      rawSizeBytes,
      chunks.reduce((sum, { bytes }) => sum + bytes.length, 0),
    );
    assert.equal(chunks[0]?.firstKeyGroup, 0);
    assert.equal(chunks.at(-1)?.lastKeyGroup, 127);
    for (const [i, chunk] of chunks.entries()) {
      const before = chunks[i - 1];
      if (before !== undefined) assert.equal(chunk.firstKeyGroup, before.lastKeyGroup + 1);
      if (i < chunks.length - 1) assert.ok(chunk.bytes.length >= 50_000);
      assert.ok(chunk.bytes.length < 56_000, `${chunk.bytes.length}`);
    }
  });

  it('gives the same bytes in whatever order the entries of windows come', async () => {
    for (const windows of [
      ['0,10', '10,20', '9,19'],
      ['', 'zürich', 'a'.repeat(40)],
      [1, 2.5, -3],
    ]) {
      const entries = windows.flatMap((window) =>
        [...Array(50).keys()].map((key) => ({ key, window })),
      );
      const tableIn = (order: typeof entries): FixtureTable => {
        const table = new FixtureTable('windows');
        for (const { key, window } of order) table.set(key, window, { sum: key });
        return table;
      };
      const byKey = entries.toSorted((a, b) => a.key - b.key);
      const orders = [entries, entries.toReversed(), byKey].map(tableIn);
      const bytes = orders.map((table) =>
        serializeTables([table], BASE).chunks.map((c) => c.bytes),
      );
      assert.deepEqual(bytes[1], bytes[0]);
      assert.deepEqual(bytes[2], bytes[0]);
      for (const table of orders) {
        assert.deepEqual(
          new Map([...(await roundTrip(table)).entries].sort()),
          new Map([...table.entries].sort()),
        );
        for (const { key, window } of entries) table.delete(key, window);
        const chunks = serializeTables([table], { ...BASE, mode: 'DELTA' }).chunks;
        assert.equal(
          chunks.reduce((sum, { entryCount }) => sum + entryCount, 0),
          150,
        );
      }
    }
  });

  it('gives nothing for tables without entries, and no changes', () => {
    assert.deepEqual(serializeTables([tableOf([])], BASE).chunks, []);
    const table = tableOf(ints(3));
    serializeTables([table], BASE);
    assert.deepEqual(serializeTables([table], { ...BASE, mode: 'DELTA' }).chunks, []);
  });

  it('writes values of more layouts than it generates codecs for', async () => {
    const entries = Array.from({ length: 40 }, (_, i) => [i, { [`field${i % 20}`]: i }] as const);
    const table = tableOf(entries);
    assert.deepEqual((await roundTrip(table)).entries.size, 40);
    const restored = await roundTrip(table);
    for (const [id, entry] of table.entries) assert.deepEqual(restored.entries.get(id), entry);
  });

  it('widens a declared type for values it does not fit', async () => {
    const declared = new FixtureTable('sums');
    const meta = { ...declared.meta, type: { kind: 'int' } };
    const table = Object.assign(declared, { meta });
    for (const [key, value] of [1, 2.5, 'x', 7].entries()) table.set(key, undefined, value);
    const blobs = new FixtureBlobs();
    const record = await storeSegment(serializeTables([table], BASE), 1, blobs, 'x.seg');
    const restored = new FixtureTable('sums');
    (await loadSegment(record, blobs, ALL)).fill(meta, restored, new CodecCache());
    for (const [id, entry] of table.entries) assert.deepEqual(restored.entries.get(id), entry);
  });

  it('keeps text longer than one run', async () => {
    const text = 'wörter\ud800'.repeat(100_000);
    const table = tableOf(Array.from({ length: 12 }, (_, i) => [i, { text: text + i }] as const));
    const restored = await roundTrip(table);
    for (const [id, entry] of table.entries) assert.deepEqual(restored.entries.get(id), entry);
  });

  it('names state, key and field of a value that cannot be encoded', () => {
    const table = tableOf([...ints(3), [encodeKey({ id: 7 }), { f: { run: () => 1 } }]]);
    assert.throws(
      () => serializeTables([table], BASE),
      (thrown: unknown) => {
        assert.ok(isStreamError(thrown));
        assert.equal(thrown.kind, 'user');
        assert.equal(thrown.code, 'STATE_NOT_SERIALIZABLE');
        assert.match(thrown.message, /field f\.run is a function.*state=sums key=\{"id":7\}$/);
        return true;
      },
    );
  });

  it('refuses keys of key groups that are not its own', () => {
    const keyGroups = { start: 0, end: 63 };
    assert.throws(() => serializeTables([tableOf(ints(50))], { ...BASE, keyGroups }), {
      code: 'KEY_GROUP_NOT_OWNED',
    });
    const upper = { start: 64, end: 127 };
    assert.throws(() => serializeTables([tableOf(ints(50))], { ...BASE, keyGroups: upper }), {
      code: 'KEY_GROUP_NOT_OWNED',
    });
  });
});

describe('storeSegment', () => {
  it('keeps few bytes inside the record and writes no blob', async () => {
    const blobs = new FixtureBlobs();
    const serialized = serializeTables([tableOf(ints(10))], BASE);
    const { bytes } = await storeSegment(serialized, 3, blobs, 'x.seg');
    assert.equal(blobs.blobs.size, 0);
    const stored = Buffer.from('inlineBase64' in bytes ? bytes.inlineBase64 : '', 'base64');
    assert.deepEqual(decodeHeader(stored, 'x'), {
      kind: 'BASE',
      maxParallelism: 128,
      chunkCount: 1,
      checkpointId: 3,
    });
  });

  it('records size and checksum of the blob and of its chunks', async () => {
    const { blobs, record } = await big();
    const bytes = blobs.blobs.get('/job/x.seg') ?? new Uint8Array();
    assert.deepEqual(record.bytes, {
      location: '/job/x.seg',
      sizeBytes: bytes.length,
      crc32: crc32(bytes),
    });
    let offset = 32;
    for (const { offsetBytes, sizeBytes, crc32: checksum } of record.chunks) {
      assert.equal(offsetBytes, offset);
      assert.equal(checksum, crc32(bytes.subarray(offsetBytes, offsetBytes + sizeBytes)));
      offset += sizeBytes;
    }
    assert.equal(offset, bytes.length);
  });

  it('compresses from memory that is used again', async () => {
    const released: unknown[] = [];
    const serialized = serializeTables([tableOf(ints(10))], BASE);
    const watched: SerializedSegment = { ...serialized, release: (c) => released.push(c) };
    await storeSegment(watched, 1, new FixtureBlobs(), 'x.seg');
    assert.deepEqual(released, [...serialized.chunks]);
  });
});

describe('loadSegment', () => {
  it('reads only the chunks of the key groups it wants', async () => {
    const { blobs, record } = await big();
    const wanted = record.chunks[3];
    assert.ok(wanted !== undefined);
    const ranges: unknown[] = [];
    const get = blobs.get.bind(blobs);
    blobs.get = (location, range) => {
      ranges.push(range);
      return get(location, range);
    };
    const { firstKeyGroup: start, offsetBytes, sizeBytes } = wanted;
    await loadSegment(record, blobs, { start, end: start });
    assert.deepEqual(ranges, [
      { offsetBytes: 0, sizeBytes: 32 },
      { offsetBytes, sizeBytes },
    ]);
  });

  it('names blob, chunk and checksums of damaged bytes, and what to do', async () => {
    const { blobs, record } = await big();
    const bytes = blobs.blobs.get('/job/x.seg') ?? new Uint8Array();
    const chunk = record.chunks[1];
    assert.ok(chunk !== undefined);
    bytes[chunk.offsetBytes + 5] = (bytes[chunk.offsetBytes + 5] ?? 0) ^ 1;
    const found = crc32(bytes.subarray(chunk.offsetBytes, chunk.offsetBytes + chunk.sizeBytes));
    const hex = (checksum: number): string => checksum.toString(16).padStart(8, '0');
    await assert.rejects(loadSegment(record, blobs, ALL), {
      kind: 'data',
      code: 'SEGMENT_CORRUPT',
      message: `stored state does not match its checksum, restore from another checkpoint or savepoint or bring back the blob from a copy: blob=/job/x.seg chunk=key groups ${chunk.firstKeyGroup}-${chunk.lastKeyGroup} offsetBytes=${chunk.offsetBytes} expected=${hex(chunk.crc32)} found=${hex(found)}`,
    });
  });

  it('tells foreign bytes, a newer version and another segment apart', async () => {
    const { blobs, record } = await big();
    const bytes = Buffer.from(blobs.blobs.get('/job/x.seg') ?? []);
    const rejects = async (change: (b: Buffer) => void, code: string, text: RegExp) => {
      const copy = Buffer.from(bytes);
      change(copy);
      blobs.blobs.set('/job/x.seg', copy);
      await assert.rejects(loadSegment(record, blobs, ALL), { code, message: text });
    };
    await rejects((b) => b.write('PK\u0003\u0004xxxx'), 'SEGMENT_CORRUPT', /is not a segment/);
    await rejects(
      (b) => {
        b.writeUInt16LE(2, 8);
        b.writeUInt32LE(crc32(b.subarray(0, 28)), 28);
      },
      'SEGMENT_VERSION_NEWER',
      /newer version.*blob=\/job\/x\.seg version=2 newestKnown=1$/,
    );
    const header = { ...decodeHeader(bytes, 'x'), checkpointId: 8 };
    await rejects((b) => b.set(encodeHeader(header)), 'SEGMENT_CORRUPT', /another segment/);
  });

  it('reports a segment that is longer than it was', async () => {
    const { blobs, record } = await big();
    const bytes = blobs.blobs.get('/job/x.seg') ?? new Uint8Array();
    blobs.blobs.set('/job/x.seg', Buffer.concat([bytes, bytes.subarray(0, 1)]));
    await assert.rejects(loadSegment(record, blobs, ALL), { message: /has another size/ });
  });

  it('fills in states by name and shape only', async () => {
    const { blobs, record } = await big();
    const segment = await loadSegment(record, blobs, ALL);
    const states = segment.states();
    assert.deepEqual(states, [{ name: 'sums', kind: 'value', version: 1 }]);
    const other = new FixtureTable('other');
    assert.equal(segment.fill(other.meta, other, new CodecCache()), 0);
    const version2 = { name: 'sums', kind: 'value', version: 2 };
    assert.equal(segment.fill(version2, other, new CodecCache()), 0);
    assert.equal(other.size, 0);
  });
});
