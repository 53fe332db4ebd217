import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type FileSystem, isStreamError, StreamError } from '../core/index.ts';
import { MemoryFileSystem } from '../testing/index.ts';
import { addAll, type TestRecord, takeAll, testSorter } from './sorter.conformance.ts';

/** Enough for several files in memory of 16 KiB: some 100 bytes each. */
function manyRecords(count: number): TestRecord[] {
  return Array.from({ length: count }, (_, i) => ({
    input: 0,
    key: `key ${(i * 7919) % 101}`,
    timestampMs: count - i,
    value: { i, text: 'x'.repeat(60) },
  }));
}

function withFailing(fileSystem: MemoryFileSystem, failing: Partial<FileSystem>): FileSystem {
  return new Proxy<FileSystem>(fileSystem, {
    get: (target, name) => {
      if (name in failing) return Reflect.get(failing, name);
      const found: unknown = Reflect.get(target, name);
      return typeof found === 'function' ? found.bind(target) : found;
    },
  });
}

function isCode(code: string, kind: string, ...parts: readonly string[]) {
  return (thrown: unknown): boolean => {
    assert.ok(isStreamError(thrown), String(thrown));
    assert.deepEqual([thrown.code, thrown.kind], [code, kind]);
    for (const part of parts) assert.ok(thrown.message.includes(part), thrown.message);
    return true;
  };
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('ExternalSorter', () => {
  it('keeps what fits in memory there, and writes no file', async () => {
    const { sorter } = testSorter({ memoryBytes: 1_000_000 });
    await addAll(sorter, manyRecords(500));
    assert.equal((await takeAll(sorter)).length, 500);
    assert.equal(sorter.spilledBytes, 0);
  });

  it('holds no more than its memory while it spills, and merges in several passes', async () => {
    const { sorter, fileSystem } = testSorter({ maxFanIn: 2 });
    let maxHeldBytes = 0;
    for (const { key, timestampMs, value } of manyRecords(3_000)) {
      sorter.add(0, key, timestampMs, value);
      maxHeldBytes = Math.max(maxHeldBytes, sorter.heldBytes);
      while (!sorter.hasRoom) await turns(1);
    }
    sorter.finish();
    const taken = await takeAll(sorter);
    assert.ok(maxHeldBytes < 20 * 1024, `held ${maxHeldBytes}`);
    // Each record at least three times: once from memory, twice from files.
    assert.ok(sorter.spilledBytes > 3 * 3_000 * 60, `spilled ${sorter.spilledBytes}`);
    assert.equal(taken.length, 3_000);
    await sorter.close();
    assert.deepEqual(fileSystem.paths(), []);
  });

  it('merges in turns of half a megabyte at most, however much there is', async () => {
    let turnsTaken = 0;
    const inTurn = (slice: () => void): void => {
      turnsTaken += 1;
      setImmediate(slice);
    };
    const { sorter } = testSorter({ memoryBytes: 6 * 1024 * 1024, inTurn });
    await addAll(sorter, manyRecords(70_000));
    assert.equal((await takeAll(sorter, 1_000)).length, 70_000);
    assert.ok(sorter.spilledBytes > 3 * 1024 * 1024, `spilled ${sorter.spilledBytes}`);
    assert.ok(turnsTaken >= sorter.spilledBytes / (600 * 1024), `${turnsTaken} turns`);
    await sorter.close();
  });

  it('leaves no file behind when it is closed at any moment', async () => {
    for (let after = 0; after < 60; after += 3) {
      const { sorter, fileSystem } = testSorter({ maxFanIn: 2 });
      const adding = addAll(sorter, manyRecords(2_000));
      await Promise.race([adding, turns(after)]);
      await sorter.close();
      await turns(5);
      assert.deepEqual([fileSystem.paths(), fileSystem.openFiles], [[], 0], `after ${after}`);
    }
  });

  it('says where space is missing, for which operator, and what to do', async () => {
    const full = new StreamError({
      kind: 'unavailable',
      code: 'FILE_NOT_WRITABLE',
      message: 'ENOSPC: no space left on device',
    });
    const openWrite = (): Promise<never> => Promise.reject(full);
    const fileSystem = withFailing(new MemoryFileSystem(), { openWrite });
    const { sorter, failures } = testSorter({ fileSystem });
    const without = isCode(
      ...(['SORT_WITHOUT_SPACE', 'unavailable'] as const),
      ...['operator=Test', 'directory=/spill', 'io.tmp.dirs', 'execution.sorted-inputs.memory'],
    );
    for (const { key, value } of manyRecords(400)) sorter.add(0, key, 0, value);
    // Nobody asks: the caller is told on a turn of its own.
    await turns(5);
    assert.equal(failures.length, 1);
    assert.ok(without(failures[0]));
    assert.throws(() => sorter.add(0, 'a', 0, 1), without);
    await sorter.close();
  });

  it('refuses a directory that may not be written to', async () => {
    const memory = new MemoryFileSystem();
    memory.deny('/spill/job-0-0.run');
    const { sorter, failures } = testSorter({ fileSystem: memory });
    await assert.rejects(
      async () => {
        await addAll(sorter, manyRecords(2_000));
        await takeAll(sorter);
      },
      isCode('SORT_WITHOUT_SPACE', 'user'),
    );
    await turns(1);
    assert.equal(failures.length, 1);
  });

  for (const [what, change] of [
    ['cut off', (bytes: Uint8Array) => bytes.slice(0, bytes.length - 100)],
    ['cut off between frames', (bytes: Uint8Array) => bytes.slice(0, 0)],
    ['longer', (bytes: Uint8Array) => Uint8Array.from([...bytes, 1])],
    [
      'changed in one byte',
      (bytes: Uint8Array) => bytes.map((byte, at) => (at === 700 ? byte ^ 1 : byte)),
    ],
  ] as const) {
    it(`notices that a file was ${what} meanwhile`, async () => {
      const { sorter, fileSystem } = testSorter();
      const records = manyRecords(300);
      for (const { key, timestampMs, value } of records) sorter.add(0, key, timestampMs, value);
      while (sorter.heldBytes >= 8_192) await turns(1);
      await turns(10);
      const [path = ''] = fileSystem.paths();
      fileSystem.put(path, change(fileSystem.bytes(path) ?? new Uint8Array()));
      sorter.finish();
      const lost = isCode('SORT_FILE_LOST', 'unavailable', 'operator=Test', `path=${path}`);
      await assert.rejects(takeAll(sorter), lost);
      await sorter.close();
      assert.deepEqual(fileSystem.paths(), []);
    });
  }

  it('refuses a record that its memory is too small for, and says how much is needed', () => {
    const { sorter } = testSorter({ memoryBytes: 16 * 1024 });
    const text = 'x'.repeat(5_000);
    assert.throws(
      () => {
        for (let i = 0; i < 100; i += 1) sorter.add(0, i, 0, text);
      },
      isCode('RECORD_TOO_LARGE_TO_SORT', 'invalid', 'operator=Test', 'memoryBytes=16384', 'raise'),
    );
  });

  it('refuses a value that cannot be written', () => {
    const { sorter } = testSorter();
    sorter.add(0, 'a', 0, () => 1);
    assert.throws(() => sorter.finish(), isCode('VALUE_NOT_ENCODABLE', 'user'));
  });
});
