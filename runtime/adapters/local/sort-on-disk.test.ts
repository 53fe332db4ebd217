/** Goal: input is sorted on a real disk. Method: a sorter of little memory over the machine's files. */
import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { isStreamError } from '../../core/index.ts';
import { ExternalSorter, type ExternalSorterOptions } from '../../sort/index.ts';
import { NodeFileSystem } from './node-file-system.ts';
import { temporaryDirectory } from './temporary-directory.conformance.ts';

const COUNT = 20_000;

function sorterIn(directory: string, options: Partial<ExternalSorterOptions> = {}): ExternalSorter {
  return new ExternalSorter({
    fileSystem: new NodeFileSystem(),
    ...{ directory, prefix: 'test', operatorName: 'Test', memoryBytes: 128 * 1024, maxFanIn: 128 },
    inTurn: (slice) => {
      setImmediate(() => {
        try {
          slice();
        } catch (thrown) {
          assert.ok(isStreamError(thrown));
        }
      });
    },
    ...options,
  });
}

async function addAll(sorter: ExternalSorter): Promise<void> {
  for (let i = 0; i < COUNT; i += 1) {
    sorter.add(0, (i * 7919) % 1_009, COUNT - i, { i, text: `record ${i} äöü` });
    while (!sorter.hasRoom) await new Promise((resolve) => setImmediate(resolve));
  }
  sorter.finish();
}

async function takeAll(sorter: ExternalSorter): Promise<number[]> {
  const keys: number[] = [];
  let count = 0;
  const taker = {
    startKey: (key: unknown) => keys.push(Number(key)),
    record: () => {
      count += 1;
    },
  };
  for (;;) {
    const polled = sorter.poll(taker, 1_000);
    if (polled === 'end') break;
    if (polled === 'nothing') await sorter.available();
  }
  assert.equal(count, COUNT);
  return keys;
}

describe('sorting on disk', () => {
  it('merges files in several passes, and leaves none', async () => {
    const directory = await temporaryDirectory();
    const sorter = sorterIn(directory, { maxFanIn: 3 });
    await addAll(sorter);
    const keys = await takeAll(sorter);
    assert.deepEqual(keys, [...Array(1_009).keys()]);
    assert.ok(sorter.spilledBytes > 2 * COUNT * 30, `spilled ${sorter.spilledBytes}`);
    assert.ok((await readdir(directory)).length > 0);
    await sorter.close();
    assert.deepEqual(await readdir(directory), []);
  });

  it('names a directory that is none, and what to do', async () => {
    const file = `${await temporaryDirectory()}/file`;
    await writeFile(file, '');
    const sorter = sorterIn(file);
    await assert.rejects(
      addAll(sorter).then(() => takeAll(sorter)),
      {
        code: 'SORT_WITHOUT_SPACE',
        message: new RegExp(`io.tmp.dirs.*operator=Test directory=${file}`),
      },
    );
    await sorter.close();
  });
});
