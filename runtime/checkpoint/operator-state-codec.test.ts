import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import type { OperatorStateRecord } from '../protocol/index.ts';
import { loadList, serializeList, storeList } from './operator-state-codec.ts';
import { FixtureBlobs } from './segment-fixture.ts';

const LOCATION = '/job/list.seg';

async function stored(items: readonly unknown[]): Promise<[FixtureBlobs, OperatorStateRecord]> {
  const blobs = new FixtureBlobs();
  const list = serializeList({ name: 'offsets', mode: 'UNION', items });
  return [blobs, await storeList(list, blobs, LOCATION)];
}

/** Random enough not to become small when compressed. */
function noise(count: number): { at: number; name: string }[] {
  return Array.from({ length: count }, (_, i) => ({ at: Math.sin(i), name: `é${Math.cos(i)}` }));
}

describe('storeList and loadList', () => {
  it('give back any items, whole or in part', async () => {
    const items = [1, -0, 'a\ud800', { b: [undefined, null] }, new Map([[1n, new Date(5)]])];
    const [blobs, record] = await stored(items);
    assert.deepEqual(
      { ...record, bytes: undefined },
      {
        ...{ name: 'offsets', mode: 'UNION', itemCount: 5, bytes: undefined },
      },
    );
    assert.equal(blobs.blobs.size, 0);
    assert.deepEqual(await loadList({ ...record, from: 0, to: 5 }, blobs), items);
    assert.deepEqual(await loadList({ ...record, from: 2, to: 4 }, blobs), items.slice(2, 4));
    assert.deepEqual(await loadList({ ...record, from: 3, to: 3 }, blobs), []);
  });

  it('put many items into a blob', async () => {
    const items = noise(3000);
    const [blobs, record] = await stored(items);
    assert.deepEqual([...blobs.blobs.keys()], [LOCATION]);
    assert.deepEqual(await loadList({ ...record, from: 0, to: 3000 }, blobs), items);
  });

  it('serialise the items as they are now', async () => {
    const items = [{ a: 1 }];
    const list = serializeList({ name: 'l', mode: 'SPLIT_DISTRIBUTE', items });
    items[0] = { a: 2 };
    const blobs = new FixtureBlobs();
    const record = await storeList(list, blobs, LOCATION);
    assert.deepEqual(await loadList({ ...record, from: 0, to: 1 }, blobs), [{ a: 1 }]);
  });

  it('name state, item and field of what cannot be encoded', () => {
    const items = [1, { run: () => 1 }];
    assert.throws(() => serializeList({ name: 'l', mode: 'UNION', items }), {
      code: 'STATE_NOT_SERIALIZABLE',
      message: /field run is a function.*state=l item=1$/,
    });
  });

  it('refuse bytes changed or cut anywhere, inline and as a blob', async () => {
    const [, inline] = await stored([{ a: 1, b: 'two' }, 3]);
    const [blobs, blob] = await stored(noise(3000));
    const bytes = Buffer.from(blobs.blobs.get(LOCATION) ?? []);
    const text = 'inlineBase64' in inline.bytes ? inline.bytes.inlineBase64 : '';
    const refuses = async (record: OperatorStateRecord): Promise<void> => {
      const wanted = { ...record, from: 0, to: record.itemCount };
      await assert.rejects(loadList(wanted, blobs), { kind: 'data', code: 'SEGMENT_CORRUPT' });
    };
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 255 }), async (position, flip) => {
        const small = Buffer.from(text, 'base64');
        const at = position % small.length;
        const cut = small.toString('base64', 0, at);
        small[at] = (small[at] ?? 0) ^ flip;
        await refuses({ ...inline, bytes: { inlineBase64: small.toString('base64') } });
        await refuses({ ...inline, bytes: { inlineBase64: cut } });
        const large = Buffer.from(bytes);
        large[position % large.length] = (large[position % large.length] ?? 0) ^ flip;
        blobs.blobs.set(LOCATION, large);
        await refuses(blob);
        blobs.blobs.set(LOCATION, bytes.subarray(0, position % bytes.length));
        await refuses(blob);
      }),
      { numRuns: 60 },
    );
  });

  it('tell a newer version, foreign bytes and another list apart', async () => {
    const [blobs, record] = await stored([1, 2]);
    const rejects = async (change: (b: Buffer) => void, code: string, message: RegExp) => {
      const text = 'inlineBase64' in record.bytes ? record.bytes.inlineBase64 : '';
      const copy = Buffer.from(text, 'base64');
      change(copy);
      copy.writeUInt32LE(crc32(copy.subarray(0, 28)), 28);
      const bytes = { inlineBase64: copy.toString('base64') };
      const wanted = { ...record, bytes, from: 0, to: 2 };
      await assert.rejects(loadList(wanted, blobs), { code, message });
    };
    await rejects((b) => b.writeUInt16LE(9, 8), 'SEGMENT_VERSION_NEWER', /version=9/);
    await rejects((b) => b.write('????'), 'SEGMENT_CORRUPT', /is not an operator state/);
    await rejects((b) => b.writeUInt32LE(3, 12), 'SEGMENT_CORRUPT', /expected=2 items found=3/);
  });
});
