/** What every blob store must do; run by the tests of each adapter. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BlobStore } from '../checkpoint/index.ts';

/** @param make a store and a directory in it that has no blobs. */
export function testBlobStoreConformance(
  name: string,
  make: () => Promise<{ readonly blobs: BlobStore; readonly directory: string }>,
): void {
  describe(`blob store conformance: ${name}`, () => {
    it('gives back what was put, whole and in pieces', async () => {
      const { blobs, directory } = await make();
      const location = `${directory}/deep/er/a.seg`;
      await blobs.put(location, Buffer.from('hello world'));
      const piece = async (offsetBytes: number, sizeBytes: number) =>
        textOf(await blobs.get(location, { offsetBytes, sizeBytes }));
      assert.equal(textOf(await blobs.get(location)), 'hello world');
      assert.equal(await piece(0, 5), 'hello');
      assert.equal(await piece(6, 100), 'world');
      assert.equal(await piece(11, 1), '');
      assert.equal(await piece(50, 1), '');
    });

    it('keeps an empty blob', async () => {
      const { blobs, directory } = await make();
      await blobs.put(`${directory}/a`, new Uint8Array());
      assert.equal((await blobs.get(`${directory}/a`)).length, 0);
      const listed = await blobs.list(directory);
      assert.deepEqual(listed, [{ location: `${directory}/a`, sizeBytes: 0 }]);
    });

    it('never replaces a blob', async () => {
      const { blobs, directory } = await make();
      await blobs.put(`${directory}/a`, Buffer.from('first'));
      const second = blobs.put(`${directory}/a`, Buffer.from('second'));
      await assert.rejects(second, { code: 'BLOB_EXISTS', kind: 'conflict' });
      assert.equal(textOf(await blobs.get(`${directory}/a`)), 'first');
    });

    it('lets one of several that put at once win', async () => {
      const { blobs, directory } = await make();
      const puts = await Promise.allSettled(
        ['0', '1', '2', '3'].map((text) => blobs.put(`${directory}/a`, Buffer.from(text))),
      );
      const winners = puts.flatMap(({ status }, i) => (status === 'fulfilled' ? [String(i)] : []));
      assert.deepEqual(winners, [textOf(await blobs.get(`${directory}/a`))]);
    });

    it('is not changed by what becomes of the bytes it was given, or gave', async () => {
      const { blobs, directory } = await make();
      const bytes = Buffer.from('abc');
      await blobs.put(`${directory}/a`, bytes);
      bytes.fill(0);
      (await blobs.get(`${directory}/a`)).fill(0);
      assert.equal(textOf(await blobs.get(`${directory}/a`)), 'abc');
    });

    it('says that a blob is not there', async () => {
      const { blobs, directory } = await make();
      await blobs.put(`${directory}/a`, Buffer.from('x'));
      for (const missing of ['b', 'a/b', 'c/d']) {
        const location = `${directory}/${missing}`;
        const expected = { code: 'BLOB_NOT_FOUND', kind: 'data', details: { location } };
        await assert.rejects(blobs.get(location), expected);
      }
    });

    it('lists blobs at any depth by location, and no neighbours', async () => {
      const { blobs, directory } = await make();
      const names = ['job/b', 'job/a/z', 'job/a-b', 'jobs/c', 'job/.hidden', 'other'];
      for (const name of names) await blobs.put(`${directory}/${name}`, Buffer.from(name));
      assert.deepEqual(
        await blobs.list(`${directory}/job`),
        ['job/.hidden', 'job/a-b', 'job/a/z', 'job/b'].map((name) => ({
          location: `${directory}/${name}`,
          sizeBytes: name.length,
        })),
      );
      assert.deepEqual(await blobs.list(`${directory}/missing`), []);
      assert.deepEqual(await blobs.list(`${directory}/other`), []);
    });

    it('deletes blobs, and nothing where nothing is; the name is free again', async () => {
      const { blobs, directory } = await make();
      const location = `${directory}/a/b`;
      await blobs.put(location, Buffer.from('x'));
      await blobs.put(`${directory}/c`, Buffer.from('kept'));
      await blobs.delete(location);
      await blobs.delete(location);
      await blobs.delete(`${directory}/never/there`);
      await assert.rejects(blobs.get(location), { code: 'BLOB_NOT_FOUND' });
      assert.deepEqual(
        (await blobs.list(directory)).map((blob) => blob.location),
        [`${directory}/c`],
      );
      await blobs.put(location, Buffer.from('y'));
      assert.equal(textOf(await blobs.get(location)), 'y');
    });
  });
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
