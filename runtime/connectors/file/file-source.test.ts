import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { isStreamError, type StreamError } from '../../core/index.ts';
import { ConnectorWorld } from '../connector-world.conformance.ts';
import { testSourceConformance } from '../source.conformance.ts';
import { readSource, SourceRun } from '../source-run.conformance.ts';
import { csv } from './csv.ts';
import { FileSource, fileSource } from './file-source.ts';
import { MAX_BUFFERED_CHUNKS } from './read-ahead.ts';
import { textLines } from './text-lines.ts';

const LINES = ['Zürich', '', 'naïve 😀', 'plain', 'x'.repeat(50)];

function worldWith(files: Readonly<Record<string, string | Uint8Array>>): ConnectorWorld {
  const world = new ConnectorWorld();
  for (const [path, content] of Object.entries(files)) world.fileSystem.put(path, content);
  return world;
}

async function failureOf(promise: Promise<unknown>): Promise<StreamError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(isStreamError(error), 'expected a StreamError');
  return error;
}

testSourceConformance({
  name: 'lines of three files',
  prepare: (world) => {
    world.fileSystem.put('in/a.txt', `${LINES.join('\n')}\n`);
    world.fileSystem.put('in/b.txt', `\uFEFFone\r\ntwo\r\nthree`);
    world.fileSystem.put('in/sub/c.txt', '');
    world.fileSystem.put('in/sub/d.txt', 'last\n');
  },
  source: () => FileSource.forLines('in'),
  expected: [...LINES, 'one', 'two', 'three', 'last'],
});
for (const [suffix, compress] of [
  ['gz', gzipSync],
  ['zst', zstdCompressSync],
] as const) {
  testSourceConformance({
    name: `json lines, .${suffix} of two frames`,
    prepare: ({ fileSystem }) => {
      const parts = ['{"id":1}\n{"id"', ':2,"s":"ü"}\n\n{"id":3}\n'].map((part) => compress(part));
      fileSystem.put(`a.jsonl.${suffix}`, Buffer.concat(parts));
      fileSystem.put(`b.jsonl.${suffix}`, compress('{"id":4}'));
    },
    source: () => FileSource.forJsonLines([`a.jsonl.${suffix}`, `b.jsonl.${suffix}`]),
    expected: [{ id: 1 }, { id: 2, s: 'ü' }, { id: 3 }, { id: 4 }],
  });
}
testSourceConformance({
  name: 'csv with quoted newlines',
  prepare: ({ fileSystem }) => {
    fileSystem.put('a.csv', 'id,name\r\n1,"Ada\r\nLovelace"\r\n\r\n2,"say ""hi"", ü"\r\n3,\r\n');
    fileSystem.put('b.csv', 'name,id\nGrace,4');
  },
  source: () =>
    fileSource({ paths: '*.csv', format: csv({ columns: ['id', 'name'], types: { id: 'int' } }) }),
  expected: [
    { id: 1, name: 'Ada\r\nLovelace' },
    { id: 2, name: 'say "hi", ü' },
    { id: 3, name: '' },
    { id: 4, name: 'Grace' },
  ],
});
testSourceConformance({
  name: 'nothing but an empty directory',
  prepare: ({ fileSystem }) => fileSystem.put('in/_SUCCESS', ''),
  source: () => FileSource.forLines('in'),
  expected: [],
});

describe('fileSource', () => {
  it('joins lines and characters that straddle chunks', async () => {
    const lines = Array.from({ length: 400 }, (_, index) => `${index}:${'é€😀'.repeat(400)}`);
    const world = worldWith({ 'a.txt': lines.join('\n') });
    assert.ok((world.fileSystem.bytes('a.txt')?.length ?? 0) > 4 * 256 * 1024);
    const { values } = await readSource(FileSource.forLines('a.txt'), world);
    assert.deepEqual(values, lines);
  });

  it('reads a line longer than many chunks', async () => {
    const long = 'y'.repeat(1_000_000);
    const world = worldWith({ 'a.txt': `a\n${long}\nb\n` });
    const { values } = await readSource(FileSource.forLines('a.txt'), world);
    assert.deepEqual(values, ['a', long, 'b']);
  });

  it('fetches at most a few chunks ahead of what is polled', async () => {
    const world = worldWith({ 'a.txt': `${'z'.repeat(1023)}\n`.repeat(8192) });
    const run = new SourceRun(FileSource.forLines('a.txt'), world);
    await run.start();
    await run.readUpTo(1, 1);
    for (let turn = 0; turn < 100; turn += 1) await Promise.resolve();
    const chunkBytes = 256 * 1024;
    assert.ok(run.progress() <= (MAX_BUFFERED_CHUNKS + 1) * chunkBytes);
    await run.readAll();
    assert.equal(run.values.length, 8192);
    await run.close();
  });

  it('reads paths in their order, files once, and passes over hidden ones', async () => {
    const world = worldWith({
      'in/b.txt': 'b',
      'in/a/z.txt': 'z',
      'in/.part-0-0.txt.inprogress.0': 'no',
      'in/_SUCCESS': 'no',
      'in/_tmp/x.txt': 'no',
      'first.txt': 'first',
    });
    const source = FileSource.forLines(['first.txt', 'in', 'in/**/*.txt', 'first.txt']);
    const run = await readSource(source, world);
    assert.deepEqual(run.values, ['first', 'z', 'b']);
    const named = FileSource.forLines(['in/_tmp/*', 'in/_SUCCESS']);
    assert.deepEqual((await readSource(named, world)).values, ['no', 'no']);
  });

  it('hands files out one a request, so that slow readers take fewer', async () => {
    const world = worldWith({ a: 'a1\na2\na3\n', b: 'b\n', c: 'c\n', d: 'd\n' });
    const run = new SourceRun(FileSource.forLines(['a', 'b', 'c', 'd']), world, 2);
    await run.start();
    const ids = run.assigned.map(({ id }) => id);
    assert.deepEqual(ids, ['a', 'b']);
    await run.readAll();
    await run.close();
  });

  it('names a path that does not exist and where it was looked for', async () => {
    const reading = readSource(FileSource.forLines('data/no.txt'), new ConnectorWorld());
    const error = await failureOf(reading);
    assert.deepEqual([error.kind, error.code], ['user', 'FILE_NOT_FOUND']);
    assert.match(error.message, /path=data\/no\.txt workingDirectory=\/memory$/);
  });

  it('names a pattern that matches nothing', async () => {
    const reading = readSource(
      FileSource.forLines('data/*.jsonl'),
      worldWith({ 'data/a.csv': '' }),
    );
    const error = await failureOf(reading);
    assert.equal(error.code, 'FILE_NOT_FOUND');
    assert.match(error.message, /no file matches .* path=data\/\*\.jsonl workingDirectory=/);
  });

  it('names a file that may not be read, whether it was named or found', async () => {
    for (const path of ['in/a.txt', 'in']) {
      const world = worldWith({ 'in/a.txt': 'a' });
      world.fileSystem.deny('in/a.txt');
      const error = await failureOf(readSource(FileSource.forLines(path), world));
      assert.equal(error.code, 'FILE_NOT_READABLE');
      assert.match(error.message, /a\.txt/);
    }
  });

  it('refuses a damaged compressed file by name', async () => {
    const whole = gzipSync('{"id":1}\n'.repeat(1000));
    for (const bytes of [whole.subarray(0, -9), Buffer.from('{"id":1}\n')]) {
      const world = worldWith({ 'a.jsonl.gz': bytes });
      const error = await failureOf(readSource(FileSource.forJsonLines('a.jsonl.gz'), world));
      assert.deepEqual([error.kind, error.code], ['user', 'FILE_CORRUPT']);
      assert.match(error.message, /no gzip file: .* path=a\.jsonl\.gz$/);
    }
  });

  it('reads an empty file of any name as nothing', async () => {
    const world = worldWith({ 'a.gz': '', 'b.zst': '', 'c.txt': '' });
    const { values } = await readSource(FileSource.forLines(['a.gz', 'b.zst', 'c.txt']), world);
    assert.deepEqual(values, []);
  });

  it('refuses to go on in a file that became shorter', async () => {
    const world = worldWith({ 'a.txt': 'one\ntwo\nthree\n' });
    const first = new SourceRun(FileSource.forLines('a.txt'), world);
    await first.start();
    await first.readUpTo(2, 1);
    const snapshot = first.snapshot();
    await first.close();
    world.fileSystem.put('a.txt', 'one\n');
    const second = new SourceRun(FileSource.forLines('a.txt'), world, 1, snapshot);
    await second.start();
    const error = await failureOf(second.readAll());
    assert.deepEqual([error.kind, error.code], ['user', 'FILE_CHANGED']);
    await second.close();
  });

  it('fails on a record that never ends instead of keeping the file in memory', async () => {
    const world = worldWith({ 'a.csv': `id\n"${'1\n'.repeat(33 * 1024 * 1024)}` });
    const error = await failureOf(readSource(FileSource.forCsv('a.csv'), world));
    assert.deepEqual([error.kind, error.code], ['user', 'RECORD_TOO_LARGE']);
    assert.match(error.message, /path=a\.csv maxRecordBytes=\d+$/);
  });

  it('keeps line numbers right after it was restored', async () => {
    const world = worldWith({ 'a.jsonl': '{"id":1}\n\n{"id":2}\nnope\n' });
    const first = new SourceRun(FileSource.forJsonLines('a.jsonl'), world);
    await first.start();
    await first.readUpTo(2, 1);
    const second = new SourceRun(FileSource.forJsonLines('a.jsonl'), world, 1, first.snapshot());
    await first.close();
    await second.start();
    const error = await failureOf(second.readAll());
    assert.match(error.message, /file=a\.jsonl line=4 text=nope$/);
    await second.close();
  });

  it('fails on text that is not UTF-8, skips it when asked to', async () => {
    const bytes = Buffer.concat([
      Buffer.from('é \uFFFD\n'),
      Buffer.from([0xff]),
      Buffer.from('\nb'),
    ]);
    const error = await failureOf(readSource(FileSource.forLines('a'), worldWith({ a: bytes })));
    assert.deepEqual([error.kind, error.code], ['user', 'MALFORMED_TEXT']);
    assert.match(error.message, /file=a line=2/);
    const source = FileSource.forLines('a', { onError: 'skip' });
    const { values } = await readSource(source, worldWith({ a: bytes }));
    assert.deepEqual(values, ['é \uFFFD', 'b']);
  });

  it('refuses options that cannot be', () => {
    for (const paths of [[], '', ['a', '']]) {
      assert.throws(() => fileSource({ paths, format: textLines() }), { code: 'BAD_FILE_SOURCE' });
    }
    assert.throws(() => FileSource.forLines('a', { onError: { sideOutput: '' } }), {
      kind: 'invalid',
      code: 'BAD_FILE_SOURCE',
    });
  });
});
