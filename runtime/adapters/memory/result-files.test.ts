/** Blocking results over a file system in memory. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { defined } from '../../core/index.ts';
import { ChannelReader, ChannelWriter, ResultReader, ResultWriter } from '../../exchange/index.ts';
import { MemoryFileSystem } from './memory-file-system.ts';

const PATH = '/results/0-0-0.result';
const producer = { vertexId: 'a'.repeat(32), subtaskIndex: 3 };
const wake = (): void => {};

/** Writes what each channel carries, a record at a time and in turns. */
async function store(
  fileSystem: MemoryFileSystem,
  channels: readonly (readonly string[])[],
  groupBytes?: number,
): Promise<ResultWriter> {
  const result = new ResultWriter({
    ...{ fileSystem, path: PATH, channelCount: channels.length, wake },
    ...(groupBytes === undefined ? {} : { groupBytes }),
  });
  const writers = channels.map(
    (_, index) => new ChannelWriter({ ring: result.channel(index), keyed: false, bufferBytes: 64 }),
  );
  const longest = Math.max(...channels.map(({ length }) => length));
  for (let at = 0; at <= longest; at += 1) {
    for (const [index, records] of channels.entries()) {
      const writer = defined(writers[index], 'a channel has a writer');
      const record = records[at];
      if (record !== undefined) writer.writeRecord(record, at, -1);
      if (at === records.length) {
        writer.writeEnd();
        writer.writeEndOfPartition();
      }
      while (!writer.drain()) {
        await turn();
        if (at === longest) break;
      }
    }
  }
  while (!writers.every((writer) => writer.drain())) await turn();
  return result;
}

async function load(fileSystem: MemoryFileSystem, channel: number): Promise<readonly string[]> {
  const ring = new ResultReader({ fileSystem, path: PATH, channel, producer, wake });
  const reader = new ChannelReader({ ring, keyed: false });
  const records: string[] = [];
  let isOver = false;
  const sink = {
    record: (value: unknown) => records.push(String(value)),
    watermark: () => undefined,
    idle: () => undefined,
    end: () => undefined,
    barrier: () => undefined,
    endOfPartition: () => {
      isOver = true;
    },
  };
  while (!isOver) if (reader.poll(sink, 1) === 0) await turn();
  assert.equal(reader.poll(sink, 1), 0);
  return records;
}

describe('blocking results', () => {
  it('give each channel what was written to it, in groups of any size', async () => {
    const channels = fc.array(fc.array(fc.string({ maxLength: 40 }), { maxLength: 30 }), {
      ...{ minLength: 1, maxLength: 5 },
    });
    await fc.assert(
      fc.asyncProperty(channels, fc.constantFrom(1, 200, 1000, undefined), async (all, bytes) => {
        const fileSystem = new MemoryFileSystem();
        await store(fileSystem, all, bytes);
        for (const [index, records] of all.entries()) {
          assert.deepEqual(await load(fileSystem, index), records);
        }
        assert.equal(fileSystem.openFiles, 0);
      }),
      { numRuns: 60 },
    );
  });

  it('are not there before they are complete, and leave nothing when given up', async () => {
    const fileSystem = new MemoryFileSystem();
    const result = new ResultWriter({
      fileSystem,
      path: PATH,
      channelCount: 2,
      groupBytes: 1,
      wake,
    });
    const writer = new ChannelWriter({ ring: result.channel(0), keyed: false });
    writer.writeRecord('a', 0, -1);
    writer.writeEnd();
    writer.writeEndOfPartition();
    for (let turns = 0; turns < 20; turns += 1) await turn();
    assert.equal(await fileSystem.stat(PATH), undefined);
    await result.close();
    assert.deepEqual(await fileSystem.list('/results'), []);
    assert.equal(fileSystem.openFiles, 0);
  });

  it('tell whose they are when they are gone, cut off or changed', async () => {
    const fileSystem = new MemoryFileSystem();
    const refusal = {
      code: 'RESULT_UNREADABLE',
      kind: 'unavailable',
      details: { path: PATH, ...producer },
    };
    await assert.rejects(load(fileSystem, 0), refusal);
    await store(fileSystem, [['first', 'second']]);
    const reader = await fileSystem.openRead(PATH, 0);
    const whole = await reader.read(10_000);
    await reader.close();
    assert.deepEqual(await load(fileSystem, 0), ['first', 'second']);
    for (let at = 0; at < whole.length; at += 1) {
      const damaged = Uint8Array.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      fileSystem.put(PATH, damaged);
      await assert.rejects(load(fileSystem, 0), refusal, `a bit at ${at}`);
      fileSystem.put(PATH, whole.subarray(0, at));
      await assert.rejects(load(fileSystem, 0), refusal, `cut off at ${at}`);
    }
  });

  it('tell at the next write that the disk is full', async () => {
    const fileSystem = new MemoryFileSystem();
    fileSystem.deny('/results');
    await assert.rejects(store(fileSystem, [['a', 'b']], 1), {
      code: 'RESULT_NOT_STORED',
      message: /io\.tmp\.dirs/,
    });
  });
});
