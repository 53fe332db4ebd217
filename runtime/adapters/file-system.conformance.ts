/** What every file system must do; run by the tests of each adapter. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FileSystem } from '../core/index.ts';

/**
 * @param make a file system and an empty directory in it.
 * @param isTree names below a file are refused; an object store has nothing against them.
 */
export function testFileSystemConformance(
  name: string,
  make: () => Promise<{ readonly fileSystem: FileSystem; readonly directory: string }>,
  { isTree = true }: { readonly isTree?: boolean } = {},
): void {
  describe(`file system conformance: ${name}`, () => {
    it('reads what was written, from any offset, in pieces', async () => {
      const { fileSystem, directory } = await make();
      const path = `${directory}/deep/er/file.txt`;
      await put(fileSystem, path, ['hello ', 'world']);
      assert.equal(await read(fileSystem, path, 0, 4), 'hello world');
      assert.equal(await read(fileSystem, path, 6, 100), 'world');
      assert.equal(await read(fileSystem, path, 11, 100), '');
      assert.equal((await fileSystem.stat(path))?.sizeBytes, 11);
    });

    it('truncates a file that is written again', async () => {
      const { fileSystem, directory } = await make();
      await put(fileSystem, `${directory}/a`, ['long text']);
      await put(fileSystem, `${directory}/a`, ['x']);
      assert.equal(await read(fileSystem, `${directory}/a`, 0, 100), 'x');
    });

    it('writes in the order of the calls, without waiting between them', async () => {
      const { fileSystem, directory } = await make();
      const writer = await fileSystem.openWrite(`${directory}/a`);
      const writes = ['1', '2', '3'].map((text) => writer.write(Buffer.from(text)));
      await writer.close();
      await writer.close();
      await Promise.all(writes);
      assert.equal(await read(fileSystem, `${directory}/a`, 0, 100), '123');
    });

    it('lists direct children by name, joined to the path that was given', async () => {
      const { fileSystem, directory } = await make();
      for (const file of ['b', 'a', 'c/d', '.hidden']) {
        await put(fileSystem, `${directory}/${file}`, ['x']);
      }
      const names = (await fileSystem.list(`${directory}/`)).map(({ path, kind }) => [path, kind]);
      assert.deepEqual(names, [
        [`${directory}/.hidden`, 'file'],
        [`${directory}/a`, 'file'],
        [`${directory}/b`, 'file'],
        [`${directory}/c`, 'directory'],
      ]);
    });

    it('finds what a pattern matches, sorted', async () => {
      const { fileSystem, directory } = await make();
      for (const file of ['b.txt', 'a.csv', 'a.txt', 'c/d.txt', 'c/e/f.txt']) {
        await put(fileSystem, `${directory}/${file}`, ['x']);
      }
      const find = async (pattern: string) =>
        (await fileSystem.glob(`${directory}/${pattern}`)).map((path) =>
          path.slice(directory.length + 1),
        );
      assert.deepEqual(await find('*.txt'), ['a.txt', 'b.txt']);
      assert.deepEqual(await find('**/*.txt'), ['a.txt', 'b.txt', 'c/d.txt', 'c/e/f.txt']);
      assert.deepEqual(await find('a.{csv,txt}'), ['a.csv', 'a.txt']);
      assert.deepEqual(await find('[bc]*'), ['b.txt', 'c']);
      assert.deepEqual(await find('x*'), []);
    });

    it('publishes a file once, however often it is told to', async () => {
      const { fileSystem, directory } = await make();
      const [from, to] = [`${directory}/.from`, `${directory}/to`];
      await put(fileSystem, from, ['new']);
      assert.equal(await fileSystem.publish(from, to), 'done');
      assert.equal(await fileSystem.publish(from, to), 'done');
      assert.equal(await fileSystem.stat(from), undefined);
      assert.equal(await read(fileSystem, to, 0, 100), 'new');
      await fileSystem.remove(to);
      assert.equal(await fileSystem.publish(from, to), 'gone');
    });

    it('publishes a file once when two are told to at the same time', async () => {
      const { fileSystem, directory } = await make();
      const [from, to] = [`${directory}/.from`, `${directory}/to`];
      await put(fileSystem, from, ['new']);
      const both = [fileSystem.publish(from, to), fileSystem.publish(from, to)];
      assert.deepEqual(await Promise.all(both), ['done', 'done']);
      assert.equal(await fileSystem.stat(from), undefined);
      assert.equal(await read(fileSystem, to, 0, 100), 'new');
    });

    it('publishes no file over another', async () => {
      const { fileSystem, directory } = await make();
      await put(fileSystem, `${directory}/.from`, ['same']);
      await put(fileSystem, `${directory}/to`, ['same']);
      assert.equal(await fileSystem.publish(`${directory}/.from`, `${directory}/to`), 'exists');
      assert.equal(await read(fileSystem, `${directory}/.from`, 0, 100), 'same');
    });

    it('removes files, and nothing where nothing is', async () => {
      const { fileSystem, directory } = await make();
      await put(fileSystem, `${directory}/a`, ['x']);
      await fileSystem.remove(`${directory}/a`);
      await fileSystem.remove(`${directory}/a`);
      assert.equal(await fileSystem.stat(`${directory}/a`), undefined);
    });

    it('makes directories of any depth, more than once', async () => {
      const { fileSystem, directory } = await make();
      await fileSystem.makeDirectory(`${directory}/x/y`);
      await fileSystem.makeDirectory(`${directory}/x/y`);
      assert.equal((await fileSystem.stat(`${directory}/x/y`))?.kind, 'directory');
      assert.deepEqual(await fileSystem.list(`${directory}/x/y`), []);
    });

    it('knows nothing of a path below a file', async () => {
      const { fileSystem, directory } = await make();
      await put(fileSystem, `${directory}/a`, ['x']);
      assert.equal(await fileSystem.stat(`${directory}/a/b`), undefined);
    });

    it('names the path that is missing or cannot be written', async () => {
      const { fileSystem, directory } = await make();
      const missing = { code: 'FILE_NOT_FOUND', kind: 'user', message: /path=.*no-such/ };
      await assert.rejects(fileSystem.openRead(`${directory}/no-such`, 0), missing);
      await assert.rejects(fileSystem.list(`${directory}/no-such`), missing);
      await put(fileSystem, `${directory}/file`, ['x']);
      const refused = { code: 'FILE_NOT_WRITABLE', kind: 'user' };
      await assert.rejects(fileSystem.openWrite(directory), refused);
      if (!isTree) return;
      await assert.rejects(fileSystem.openWrite(`${directory}/file/below`), refused);
      await assert.rejects(fileSystem.makeDirectory(`${directory}/file/below`), refused);
    });
  });
}

async function put(fileSystem: FileSystem, path: string, texts: readonly string[]): Promise<void> {
  const writer = await fileSystem.openWrite(path);
  for (const text of texts) await writer.write(Buffer.from(text));
  await writer.close();
}

async function read(
  fileSystem: FileSystem,
  path: string,
  offsetBytes: number,
  maxBytes: number,
): Promise<string> {
  const reader = await fileSystem.openRead(path, offsetBytes);
  let text = '';
  for (;;) {
    const chunk = await reader.read(maxBytes);
    assert.ok(chunk.length <= maxBytes);
    if (chunk.length === 0) break;
    text += Buffer.from(chunk).toString();
  }
  await reader.close();
  await reader.close();
  return text;
}
