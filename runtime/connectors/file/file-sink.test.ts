import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { NO_TIMESTAMP_MS, StreamError } from '../../core/index.ts';
import type { MemoryFileSystem } from '../../testing/index.ts';
import { ConnectorWorld } from '../connector-world.conformance.ts';
import { testSinkConformance } from '../sink.conformance.ts';
import { readSource } from '../source-run.conformance.ts';
import { csv } from './csv.ts';
import { type FileSinkOptions, fileSink } from './file-sink.ts';
import { fileSource } from './file-source.ts';
import { FileSinkWriter, MAX_OPEN_BUCKETS } from './file-writer.ts';
import { jsonLines } from './json-lines.ts';
import { textLines } from './text-lines.ts';
import { MAX_OUTSTANDING_BYTES } from './write-backlog.ts';

interface Row {
  readonly id: number;
  readonly day: string;
}

const ROWS: readonly Row[] = Array.from({ length: 10 }, (_, id) => ({ id, day: `d${id % 3}` }));

for (const compression of ['none', 'gzip', 'zstd'] as const) {
  const format = jsonLines<Row>();
  testSinkConformance({
    name: `files, ${compression}`,
    sink: () => fileSink({ directory: 'out', format, compression, append: true }),
    values: ROWS,
    visible: async (world) =>
      (await readSource(fileSource({ paths: 'out', format }), world)).values,
  });
}
testSinkConformance({
  name: 'files, csv in buckets, rolled after two records',
  sink: () =>
    fileSink({
      directory: 'out/',
      format: csv<Row>({ columns: ['id', 'day'], types: { id: 'int' } }),
      bucket: ({ day }) => `day=${day}`,
      rolling: { maxRecords: 2 },
      append: true,
    }),
  values: ROWS,
  visible: async (world) => {
    const format = csv<Row>({ columns: ['id', 'day'], types: { id: 'int' } });
    return (await readSource(fileSource({ paths: 'out', format }), world)).values;
  },
});

type Options<T> = Partial<FileSinkOptions<T>>;

async function run<T>(world: ConnectorWorld, values: readonly T[], options: Options<T> = {}) {
  const sink = fileSink<T>({ directory: 'out', format: jsonLines<T>(), ...options });
  await sink.validate?.({ fileSystem: world.fileSystem, restoring: false });
  const ctx = world.sinkContext();
  const writer = await sink.createWriter(ctx);
  try {
    for (const value of values) void writer.write(value, NO_TIMESTAMP_MS, 0);
    await writer.flush(true);
    await sink.createCommitter?.(ctx).commit(await writer.prepareCommit(), { restored: false });
  } finally {
    await writer.close();
  }
}

function names(fileSystem: MemoryFileSystem): string[] {
  return fileSystem.paths().map((path) => path.replace('/memory/out/', ''));
}

describe('fileSink', () => {
  it('names part files by subtask and counter', async () => {
    const world = new ConnectorWorld();
    await run(world, ROWS, { rolling: { maxRecords: 4 } });
    assert.deepEqual(names(world.fileSystem), [
      'part-0-0.jsonl',
      'part-0-1.jsonl',
      'part-0-2.jsonl',
    ]);
    assert.equal(world.fileSystem.text('out/part-0-2.jsonl')?.split('\n').length, 3);
  });

  it('names them as it is told, with the suffix of format and compression', async () => {
    const world = new ConnectorWorld();
    await run(world, ['a'], { format: textLines(), compression: 'gzip', prefix: 'lines' });
    assert.deepEqual(names(world.fileSystem), ['lines-0-0.txt.gz']);
    const bytes = world.fileSystem.bytes('out/lines-0-0.txt.gz') ?? new Uint8Array();
    assert.equal(gunzipSync(bytes).toString(), 'a\n');
  });

  it('writes a compressed file as one frame, so that every reader sees all of it', async () => {
    const world = new ConnectorWorld();
    const lines = Array.from({ length: 50_000 }, (_, index) => `line ${index}`);
    await run(world, lines, { format: textLines(), compression: 'zstd' });
    const bytes = world.fileSystem.bytes('out/part-0-0.txt.zst') ?? new Uint8Array();
    assert.equal(zstdDecompressSync(bytes).toString(), `${lines.join('\n')}\n`);
  });

  it('rolls by size', async () => {
    const world = new ConnectorWorld();
    const values = Array.from({ length: 4 }, () => 'x'.repeat(600));
    await run(world, values, { rolling: { maxSizeBytes: 1000 } });
    assert.deepEqual(names(world.fileSystem), ['part-0-0.jsonl', 'part-0-1.jsonl']);
  });

  it('sorts records into buckets by value, timestamp and watermark', async () => {
    const world = new ConnectorWorld();
    const sink = fileSink<string>({
      directory: 'out',
      format: textLines(),
      bucket: (value, { timestampMs, watermarkMs }) => `${value}/${timestampMs}-${watermarkMs}`,
    });
    const writer = await sink.createWriter(world.sinkContext());
    void writer.write('a', 5, 1);
    void writer.write('a', 6, 1);
    await writer.flush(true);
    const committables = await writer.prepareCommit();
    assert.deepEqual(
      committables.map(({ finalPath, recordCount }) => [finalPath, recordCount]),
      [
        ['out/a/5-1/part-0-0.txt', 1],
        ['out/a/6-1/part-0-1.txt', 1],
      ],
    );
    await writer.close();
  });

  it('keeps few buckets open and loses none', async () => {
    const world = new ConnectorWorld();
    const values = Array.from({ length: MAX_OPEN_BUCKETS + 20 }, (_, index) => index);
    await run(world, [...values, ...values], { bucket: (value) => `b${value}` });
    const { values: seen } = await readSource(
      fileSource({ paths: 'out', format: jsonLines<number>() }),
      world,
    );
    assert.deepEqual(
      seen.sort((a, b) => a - b),
      [...values, ...values].sort((a, b) => a - b),
    );
  });

  it('keeps no more files open than the file system likes', async () => {
    const written = async (maxOpenFiles: number): Promise<number> => {
      const world = new ConnectorWorld();
      Object.assign(world.fileSystem, { maxOpenFiles });
      await run(world, [0, 1, 2, 0, 1, 2], { bucket: (value) => `b${value}` });
      return world.fileSystem.paths().length;
    };
    assert.equal(await written(3), 3);
    assert.equal(await written(2), 6);
  });

  it('refuses buckets that leave the directory or would be hidden', async () => {
    for (const bucket of ['..', 'a/../b', '/abs', 'a//b', '.hidden', '_x', 'a/', 'a\0', 5]) {
      const options = { bucket: () => bucket as string };
      await assert.rejects(run(new ConnectorWorld(), ROWS, options), {
        code: 'BAD_BUCKET',
        kind: 'user',
      });
    }
  });

  it('names a value it cannot write', async () => {
    await assert.rejects(run(new ConnectorWorld(), [undefined]), { code: 'VALUE_NOT_ENCODABLE' });
    await assert.rejects(run(new ConnectorWorld(), [{ a: Number.NaN }]), {
      code: 'PRECISION_LOST',
    });
    const texts = run(new ConnectorWorld(), [{ a: 1 }] as unknown as string[], {
      format: textLines(),
    });
    await assert.rejects(texts, { code: 'VALUE_NOT_ENCODABLE' });
  });

  it('refuses options that cannot be', () => {
    const bad: readonly Options<unknown>[] = [
      { directory: '' },
      { overwrite: true, append: true },
      { compression: 'brotli' as 'gzip' },
      { prefix: '.hidden' },
      { prefix: 'a/b' },
      { suffix: 'jsonl' },
      { rolling: { maxRecords: 0 } },
      { rolling: { maxSizeBytes: Number.NaN } },
    ];
    for (const options of bad) {
      assert.throws(() => fileSink({ directory: 'out', format: jsonLines(), ...options }), {
        code: 'BAD_FILE_SINK',
        kind: 'invalid',
      });
    }
  });
});

describe('fileSink, the directory', () => {
  it('is made when it is missing', async () => {
    const world = new ConnectorWorld();
    await run(world, [], { directory: 'deep/out' });
    assert.equal((await world.fileSystem.stat('deep/out'))?.kind, 'directory');
  });

  it('refuses to mix its output with files that are there', async () => {
    const world = new ConnectorWorld();
    world.fileSystem.put('out/day=1/notes.txt', 'mine');
    await assert.rejects(run(world, ROWS), (error: StreamError) => {
      assert.deepEqual([error.kind, error.code], ['user', 'OUTPUT_EXISTS']);
      assert.match(error.message, /overwrite: true .* directory=out file=out\/day=1\/notes\.txt$/);
      return true;
    });
  });

  it('takes a directory that holds only hidden files', async () => {
    const world = new ConnectorWorld();
    world.fileSystem.put('out/.part-0-0.jsonl.inprogress.0', 'left over');
    await run(world, ROWS);
    assert.deepEqual(names(world.fileSystem), ['.part-0-0.jsonl.inprogress.0', 'part-0-1.jsonl']);
  });

  it('takes any directory when the job goes on from a savepoint, and removes nothing', async () => {
    for (const options of [{}, { overwrite: true }, { append: true }]) {
      const world = new ConnectorWorld();
      const paths = ['.part-0-1.jsonl.inprogress.a-0', 'part-0-0.jsonl'];
      for (const path of paths) world.fileSystem.put(`out/${path}`, '{}');
      const sink = fileSink({ directory: 'out', format: jsonLines(), ...options });
      await sink.validate?.({ fileSystem: world.fileSystem, restoring: true });
      assert.deepEqual(names(world.fileSystem), paths);
    }
  });

  it('overwrite removes part files of earlier runs and nothing else', async () => {
    const world = new ConnectorWorld();
    const parts = ['part-7-3.csv.gz', 'part-0-1-89abcdef-4.csv', 'a/.part-0-9.jsonl.inprogress.2'];
    for (const name of [...parts, '.part-1-0-89abcdef-4.jsonl.inprogress.ff-4', 'notes-1-2.txt']) {
      world.fileSystem.put(`out/${name}`, 'old');
    }
    await run(world, ROWS, { overwrite: true });
    assert.deepEqual(names(world.fileSystem), ['notes-1-2.txt', 'part-0-0.jsonl']);
  });

  it('append goes on with the numbers', async () => {
    const world = new ConnectorWorld();
    await run(world, ROWS);
    await run(world, ROWS, { append: true });
    assert.deepEqual(names(world.fileSystem), ['part-0-0.jsonl', 'part-0-1.jsonl']);
  });

  it('says when it cannot be written to', async () => {
    const denied = new ConnectorWorld();
    denied.fileSystem.put('out/.keep', '');
    denied.fileSystem.deny('out');
    const isFile = new ConnectorWorld();
    isFile.fileSystem.put('out', 'a file');
    const belowFile = new ConnectorWorld();
    belowFile.fileSystem.put('out', 'a file');
    await assert.rejects(run(denied, ROWS), { code: 'OUTPUT_NOT_WRITABLE', kind: 'user' });
    await assert.rejects(
      run(isFile, ROWS),
      /it is a file; name a directory directory=\/memory\/out/,
    );
    await assert.rejects(run(belowFile, ROWS, { directory: 'out/x' }), {
      code: 'OUTPUT_NOT_WRITABLE',
    });
  });
});

describe('FileSinkWriter', () => {
  const block = 'x'.repeat(128 * 1024);

  it('suspends when too much is outstanding, and goes on when it was written', async () => {
    const world = new ConnectorWorld();
    const gate = Promise.withResolvers<void>();
    const { openWrite } = world.fileSystem;
    world.fileSystem.openWrite = async (path) => {
      await gate.promise;
      return openWrite.call(world.fileSystem, path);
    };
    const sink = fileSink<string>({ directory: 'out', format: textLines() });
    const writer = await sink.createWriter(world.sinkContext());
    assert.ok(writer instanceof FileSinkWriter);
    let written = 0;
    while (writer.suspension() === undefined) {
      void writer.write(block, NO_TIMESTAMP_MS, 0);
      written += 1;
    }
    assert.ok(writer.outstandingBytes > MAX_OUTSTANDING_BYTES);
    assert.ok(writer.outstandingBytes <= MAX_OUTSTANDING_BYTES + block.length + 1);
    gate.resolve();
    await writer.suspension();
    assert.ok(writer.outstandingBytes <= MAX_OUTSTANDING_BYTES);
    await writer.flush();
    assert.equal(writer.outstandingBytes, 0);
    const [committable] = await writer.prepareCommit();
    assert.equal(committable?.recordCount, written);
    await writer.close();
  });

  it('fails with what the file system failed with, and removes what it began', async () => {
    const world = new ConnectorWorld();
    const sink = fileSink<string>({ directory: 'out', format: textLines() });
    const writer = await sink.createWriter(world.sinkContext());
    const refused = new StreamError({ kind: 'user', code: 'FILE_NOT_WRITABLE', message: 'full' });
    const { openWrite } = world.fileSystem;
    world.fileSystem.openWrite = async (path) => {
      const file = await openWrite.call(world.fileSystem, path);
      return { write: () => Promise.reject(refused), close: () => file.close() };
    };
    void writer.write(block, NO_TIMESTAMP_MS, 0);
    await assert.rejects(async () => writer.flush(true), refused);
    await assert.rejects(async () => writer.suspension?.(), refused);
    await writer.close();
    assert.deepEqual(world.fileSystem.paths(), []);
    assert.equal(world.fileSystem.openFiles, 0);
  });
});
